"""Key files on a real file system: modes, atomicity, and errors that name file and remedy."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from gated.core.cose import Algorithm
from gated.core.trust import TrustTable, format_trust, key_id, parse_trust
from gated.errors import ConfigError
from gated.store import keys
from tests.support.passes import ISSUER, P256_ISSUER


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def error_of(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        keys.read_secret(path)
    return str(refused.value)


def secret_file(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_written_secret_is_64_hex_digits_that_only_the_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "site.key"
    secret = keys.write_secret(path)
    assert path.read_text() == secret.hex() + "\n"
    assert len(secret) == 32
    assert mode_of(path) == 0o600
    assert keys.read_secret(path) == secret


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    for umask in (0, 0o777):
        previous = os.umask(umask)
        try:
            keys.write_secret(tmp_path / f"{umask}.key")
            keys.append_trust(tmp_path / f"{umask}.json", ISSUER.trusted())
        finally:
            os.umask(previous)
        assert mode_of(tmp_path / f"{umask}.key") == 0o600
        assert mode_of(tmp_path / f"{umask}.json") == 0o644


def test_two_secrets_differ(tmp_path: Path) -> None:
    assert keys.write_secret(tmp_path / "a") != keys.write_secret(tmp_path / "b")


@pytest.mark.parametrize(
    "write",
    [keys.write_secret, lambda path: keys.write_signing_key(path, "Ed25519")],
    ids=["secret", "signing"],
)
def test_a_key_is_never_written_over_anything(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    path = tmp_path / "site.key"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="never overwritten") as refused:
        write(path)
    assert str(path) in str(refused.value)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_dangling_link_is_not_followed_into_a_new_key(tmp_path: Path) -> None:
    path = tmp_path / "site.key"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="never overwritten"):
        keys.write_secret(path)
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_left_beside_a_written_key(tmp_path: Path) -> None:
    keys.write_secret(tmp_path / "site.key")
    keys.append_trust(tmp_path / "trust.json", ISSUER.trusted())
    assert {path.name for path in tmp_path.iterdir()} == {"site.key", "trust.json"}


def test_a_folder_that_is_missing_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write .*; choose a folder"):
        keys.write_secret(tmp_path / "missing" / "site.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601, 0o777])
def test_a_secret_that_others_may_read_is_refused_with_the_command(
    tmp_path: Path, mode: int
) -> None:
    path = secret_file(tmp_path / "site.key", "ab" * 32, mode)
    assert f"mode {mode:04o} lets others in; run: chmod 600 {path}" in error_of(path)
    path.chmod(0o600)
    assert keys.read_secret(path) == b"\xab" * 32


def test_an_owner_may_also_have_read_only_keys(tmp_path: Path) -> None:
    assert keys.read_secret(secret_file(tmp_path / "k", "AB" * 32, 0o400)) == b"\xab" * 32


@pytest.mark.parametrize(
    "text",
    ["", "ab" * 31, "ab" * 33, "xy" * 32, "é" * 64, "ab" * 31 + "a", "\n", "0x" + "ab" * 31],
)
def test_a_file_without_64_hex_digits_is_refused_without_showing_it(
    tmp_path: Path, text: str
) -> None:
    path = secret_file(tmp_path / "site.key", text)
    with pytest.raises(ConfigError) as refused:
        keys.read_secret(path)
    assert str(path) in str(refused.value)
    assert "expected 64 hex digits" in str(refused.value)
    assert len(text) < 4 or text not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_missing_key_is_named_with_the_way_to_make_one(tmp_path: Path) -> None:
    said = error_of(tmp_path / "site.key")
    assert f"cannot read key file {tmp_path}/site.key: it does not exist" in said
    assert "gated keys init" in said


def test_a_folder_in_place_of_a_key_is_refused(tmp_path: Path) -> None:
    assert "Is a directory" in error_of(tmp_path)


def test_a_file_too_large_for_a_key_is_refused(tmp_path: Path) -> None:
    path = secret_file(tmp_path / "site.key", "ab" * keys.FILE_BYTES_MAX)
    assert "larger than" in error_of(path)


def test_both_site_keys_are_read_and_every_problem_is_reported(tmp_path: Path) -> None:
    site, rest = tmp_path / "site.key", tmp_path / "rest.key"
    with pytest.raises(ConfigError) as refused:
        keys.read_site_keys(site, rest)
    assert [line.split(": ")[0] for line in lines(refused)] == [
        f"cannot read key file {path}" for path in (site, rest)
    ]
    found = keys.SiteKeys(keys.write_secret(site), keys.write_secret(rest))
    assert keys.read_site_keys(site, rest) == found


def lines(refused: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return str(refused.value).splitlines()


def test_one_key_for_both_purposes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.key"
    keys.write_secret(path)
    with pytest.raises(ConfigError, match="hold the same key"):
        keys.read_site_keys(path, path)


def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    secret = keys.write_secret(tmp_path / "site.key")
    assert repr(keys.SiteKeys(secret, secret)) == "SiteKeys()"
    signing = keys.write_signing_key(tmp_path / "pass.pem", "Ed25519")
    assert "sign=" not in repr(signing)


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_signing_key_comes_back_and_signs_what_its_row_verifies(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    path = tmp_path / "pass.pem"
    made = keys.write_signing_key(path, algorithm)
    assert mode_of(path) == 0o600
    found = keys.read_signing_key(path)
    assert found == made
    assert found.kid == key_id(found.public)
    row = found.trusted(frozenset({"pass"}), issuer="north", zones=frozenset({1}), valid_from=5)
    for _ in range(20):  # ES256 numbers of less than 32 bytes appear now and then
        signature = found.sign(b"message")
        assert len(signature) == 64
        assert row.verify(signature, b"message")
    assert parse_trust(format_trust(TrustTable((row,)))).keys == (row,)


def test_a_signing_key_made_elsewhere_is_read(tmp_path: Path) -> None:
    for signer in (ISSUER, P256_ISSUER):
        path = tmp_path / f"{signer.algorithm}.pem"
        path.write_bytes(pem(signer.private))
        path.chmod(0o600)
        found = keys.read_signing_key(path)
        assert (found.kid, found.public) == (signer.kid, signer.public)


def pem(private: PrivateKeyTypes, password: bytes | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not an unencrypted PKCS#8"),
        (b"ab" * 32, "not an unencrypted PKCS#8"),
        (pem(ISSUER.private)[:-30], "not an unencrypted PKCS#8"),
        (pem(ISSUER.private, b"secret"), "not an unencrypted PKCS#8"),
        (pem(rsa.generate_private_key(65537, 2048)), "neither Ed25519 nor ECDSA"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "neither Ed25519 nor ECDSA"),
        (pem(x25519.X25519PrivateKey.generate()), "neither Ed25519 nor ECDSA"),
    ],
    ids=["empty", "hex", "cut", "encrypted", "rsa", "p384", "x25519"],
)
def test_a_file_that_holds_no_signing_key_is_refused(
    tmp_path: Path, data: bytes, says: str
) -> None:
    path = tmp_path / "pass.pem"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=says) as refused:
        keys.read_signing_key(path)
    assert str(path) in str(refused.value)
    assert "gated pass keygen" in str(refused.value)


def test_a_signing_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pass.pem"
    keys.write_signing_key(path, "Ed25519")
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.read_signing_key(path)


def test_the_trust_table_grows_row_by_row_and_may_be_read_by_all(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    assert keys.append_trust(path, ISSUER.trusted()) == TrustTable((ISSUER.trusted(),))
    grown = keys.append_trust(path, P256_ISSUER.trusted())
    assert grown.keys == (ISSUER.trusted(), P256_ISSUER.trusted())
    assert keys.read_trust(path) == grown
    assert mode_of(path) == 0o644


def test_a_key_is_not_added_twice_for_one_use(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    keys.append_trust(path, ISSUER.trusted())
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="already there for pass"):
        keys.append_trust(path, ISSUER.trusted())
    assert path.read_bytes() == before
    keys.append_trust(path, ISSUER.trusted(uses=frozenset({"roster"})))


def test_a_table_with_bad_rows_is_neither_loaded_nor_grown(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_text('{"v": 1, "keys": [{}, {"kid": "zz"}]}')
    with pytest.raises(ConfigError) as refused:
        keys.read_trust(path)
    found = lines(refused)
    assert [line.split(": ")[2] for line in found[:2]] == ["keys[0]", "keys[1] (kid 'zz')"]
    assert all(line.startswith(str(path)) for line in found[:2])
    with pytest.raises(ConfigError):
        keys.append_trust(path, ISSUER.trusted())
    assert path.read_text() == '{"v": 1, "keys": [{}, {"kid": "zz"}]}'


def test_a_missing_trust_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read trust table .*trust\.json"):
        keys.read_trust(tmp_path / "trust.json")


def test_a_table_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path: Path) -> None:
    """A folder stands where the table should go: the last step fails, nothing is left behind."""
    path = tmp_path / "trust.json"
    path.mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        keys.append_trust(path, ISSUER.trusted())
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_cut_short_leaves_the_place_empty(tmp_path: Path) -> None:
    """The limit on file size stops the write half way, as a full card does."""
    import resource
    import signal

    path = tmp_path / "site.key"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(ConfigError, match=r"cannot write .*: File too large"):
            keys.write_secret(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert list(tmp_path.iterdir()) == []
