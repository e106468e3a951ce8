"""The certificate authority: what it makes, what it signs, and how broker and clients take it."""

import contextlib
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.errors import ConfigError, ContractError
from gated.hub.authority import (
    Authority,
    make,
    make_server,
    open_authority,
    read_certificate,
    spki_hash,
)

NOW = datetime(2020, 2, 10, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca")
    make(path, ["broker.lan", "127.0.0.1"], ["hub.lan"], NOW)
    return path


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return open_authority(folder / "authority.pem", folder / "authority.key")


def request(
    name: str = "anything",
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | None = None,
    *,
    wish: x509.ExtensionType | None = None,
) -> str:
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    if wish is not None:
        builder = builder.add_extension(wish, critical=True)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


def issued(authority: Authority, csr: str, gate: str = "east-1") -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.issue(csr, gate, NOW, 730).pem.encode())


def name_of(certificate: x509.Certificate) -> str:
    (attribute,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attribute.value)


def test_a_first_set_has_every_file_with_its_mode(folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    names = ("authority", "broker", "hub", "web")
    keys, certificates = {f"{n}.key": 0o600 for n in names}, {f"{n}.pem": 0o644 for n in names}
    assert {name: modes[name] for name in keys | certificates} == keys | certificates


def test_nothing_is_overwritten(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ConfigError, match=r"authority\.pem.*never overwritten"):
        make(folder, ["broker.lan"], ["hub.lan"], NOW)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("hosts", [[], ["münchen"]])
def test_a_host_that_is_none_is_refused_before_anything_is_written(
    tmp_path: Path, hosts: list[str]
) -> None:
    with pytest.raises(ConfigError, match="certificate of broker"):
        make(tmp_path, hosts, ["hub.lan"], NOW)
    with pytest.raises(ConfigError, match="certificate of web"):
        make(tmp_path, ["broker.lan"], hosts, NOW)
    assert list(tmp_path.iterdir()) == []


def test_every_certificate_is_signed_by_the_authority_for_its_one_use(folder: Path) -> None:
    own = read_certificate(folder / "authority.pem")
    uses = {
        "broker": ExtendedKeyUsageOID.SERVER_AUTH,
        "web": ExtendedKeyUsageOID.SERVER_AUTH,
        "hub": ExtendedKeyUsageOID.CLIENT_AUTH,
    }
    for name, use in uses.items():
        certificate = read_certificate(folder / f"{name}.pem")
        certificate.verify_directly_issued_by(own)
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(found) == [use]
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert name_of(read_certificate(folder / "hub.pem")) == "hub"


def test_the_pages_certificate_is_short_enough_for_browsers(folder: Path) -> None:
    certificate = read_certificate(folder / "web.pem")
    assert certificate.not_valid_after_utc == NOW + timedelta(days=825)


def test_a_gate_gets_the_name_the_office_gave_whatever_it_asks_for(authority: Authority) -> None:
    assert name_of(issued(authority, request("hub"), "east-1")) == "east-1"


def test_a_gate_cannot_wish_to_be_an_authority_or_a_server(authority: Authority) -> None:
    wish = x509.BasicConstraints(ca=True, path_length=None)
    certificate = issued(authority, request(wish=wish))
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert not usage.key_cert_sign
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_gates_certificate_counts_from_yesterday_for_the_days_configured(
    authority: Authority,
) -> None:
    found = authority.issue(request(), "east-1", NOW, 30)
    certificate = x509.load_pem_x509_certificate(found.pem.encode())
    assert certificate.not_valid_before_utc == NOW - timedelta(days=1)
    assert certificate.not_valid_after_utc == NOW + timedelta(days=30)
    assert found.until_ms == round((NOW + timedelta(days=30)).timestamp() * 1000)


def test_no_certificate_outlives_its_authority(authority: Authority) -> None:
    late = NOW + timedelta(days=3600)
    pem = authority.issue(request(), "east-1", late, 730).pem
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
    ],
)
def test_only_keys_on_p256_are_signed(
    authority: Authority,
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
) -> None:
    with pytest.raises(ContractError, match="P-256"):
        authority.issue(request(key=key), "east-1", NOW, 30)


def test_a_request_that_somebody_altered_is_refused(authority: Authority) -> None:
    der = bytearray(x509.load_pem_x509_csr(request("east-1").encode()).public_bytes(
        serialization.Encoding.DER))  # fmt: skip
    at = bytes(der).index(b"east-1")
    der[at] ^= 1
    pem = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(ContractError, match="signature does not hold"):
        authority.issue(pem, "east-1", NOW, 30)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=126), max_size=300))
def test_rubbish_is_a_contract_error(authority: Authority, text: str) -> None:
    with pytest.raises(ContractError):
        authority.issue(text, "east-1", NOW, 30)


def test_a_further_server_certificate_has_another_key(folder: Path) -> None:
    assert make_server(folder, "web2", ["hub.lan", "::1"], NOW) == ["web2.pem", "web2.key"]
    certificate = read_certificate(folder / "web2.pem")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.lan"]
    assert spki_hash(certificate) != spki_hash(read_certificate(folder / "web.pem"))
    with pytest.raises(ConfigError, match="never overwritten"):
        make_server(folder, "web2", ["hub.lan"], NOW)


def test_keys_and_certificates_that_do_not_belong_together_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not the key of"):
        open_authority(folder / "authority.pem", folder / "hub.key")


def test_a_missing_or_broken_file_is_named_with_its_remedy(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.pem.*gated hub ca init"):
        read_certificate(tmp_path / "nothing.pem")
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="no certificate in PEM"):
        read_certificate(tmp_path / "no.pem")
    (tmp_path / "no.key").write_text("no key")
    (tmp_path / "no.key").chmod(0o600)
    with pytest.raises(ConfigError, match="not an unencrypted key"):
        open_authority(folder / "authority.pem", tmp_path / "no.key")
    (tmp_path / "no.key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        open_authority(folder / "authority.pem", tmp_path / "no.key")


def test_the_pin_is_the_hash_of_the_key_that_the_handshake_shows(folder: Path) -> None:
    """Whatever the server's certificate says, client and office hash the same bytes."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "web.pem", folder / "web.key")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    asking = client.wrap_bio(to_client, to_server)
    for side in (asking, answering, asking, answering):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    der = asking.getpeercert(binary_form=True)
    assert der is not None
    shown = x509.load_der_x509_certificate(der)
    assert spki_hash(shown) == spki_hash(read_certificate(folder / "web.pem"))
