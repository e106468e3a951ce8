"""Key files: written once and whole, read only when nobody else can.

Secrets (site, rest, people and seal key): 32 bytes as 64 hex digits and a newline; the public
half of the seal key likewise. Signing keys: PKCS#8 in PEM, unencrypted. All secret files have mode
0600; one that group or others may read is refused, since it must be taken for known. The trust
table and the public half hold no secret and may be read by everyone.

A file is written beside its place, synchronised, then put there in one step: a power cut leaves
the old state or the new one. A secret is never written over another. Nothing here retries.
"""

import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gated.core.cose import Algorithm, raw_es256
from gated.core.trust import TrustedKey, TrustTable, format_trust, key_id, parse_trust
from gated.errors import ConfigError

SECRET_BYTES: Final = 32
SECRET_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
FILE_BYTES_MAX: Final = 256 * 1024
"""A trust table of 256 keys has 80 kB; anything past this is not a key file."""

_Private = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """The two secrets of a gate: site makes pseudonyms, rest seals what the card stores."""

    site: bytes = field(repr=False)
    rest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in use. `sign` returns 64 raw bytes; kid and public as in the trust table."""

    kid: bytes
    algorithm: Algorithm
    public: bytes
    sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    def trusted(
        self,
        uses: frozenset[str],
        *,
        issuer: str = "",
        zones: frozenset[int] = frozenset(),
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> TrustedKey:
        """Return the row of the trust table that makes others believe this key."""
        return TrustedKey(
            self.kid, uses, self.algorithm, self.public, valid_from, valid_to, zones, issuer
        )


def write_secret(path: Path) -> bytes:
    """Write a new 32-byte secret to path (mode 0600) and return it. Raises ConfigError."""
    secret = secrets.token_bytes(SECRET_BYTES)
    write_new(path, secret.hex().encode("ascii") + b"\n")
    return secret


def read_secret(path: Path) -> bytes:
    """Return the 32 bytes path holds as 64 hex digits. Raises ConfigError with the remedy."""
    text = read_private(path).strip()
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:  # the cause would quote the secret
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise ConfigError(
            f"key file {path}: expected {2 * SECRET_BYTES} hex digits, found something else; "
            "restore it from your backup (docs/keys.md says what losing it means)"
        )
    return secret


def read_site_keys(site_path: Path, rest_path: Path) -> SiteKeys:
    """Return both secrets of this gate. Raises ConfigError with every problem, one per line."""
    found: list[bytes] = []
    problems: list[str] = []
    for path in (site_path, rest_path):
        try:
            found.append(read_secret(path))
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    site, rest = found
    if site == rest:
        raise ConfigError(
            f"key files {site_path} and {rest_path} hold the same key; make a new rest key: "
            "gated keys init in an empty folder"
        )
    return SiteKeys(site, rest)


def write_public(path: Path, public: bytes) -> None:
    """Write a public key of 32 bytes to path (mode 0644). Raises ConfigError."""
    write_new(path, public.hex().encode("ascii") + b"\n", PUBLIC_MODE)


def read_public(path: Path) -> bytes:
    """Return the public key of 32 bytes that path holds as hex. Raises ConfigError."""
    data, _ = _read(path, "public key")
    try:
        public = bytes.fromhex(data.decode("ascii").strip())
    except ValueError:
        public = b""
    if len(public) != SECRET_BYTES:
        raise ConfigError(
            f"public key {path}: expected {2 * SECRET_BYTES} hex digits, found something else; "
            "copy the hub's seal.pub here again"
        )
    return public


def write_signing_key(path: Path, algorithm: Algorithm) -> SigningKey:
    """Write a new private key to path (PKCS#8 PEM, mode 0600), return it. Raises ConfigError."""
    private: _Private
    if algorithm == "Ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
    elif algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        assert_never(algorithm)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_new(path, pem)
    return _signing_key(private)


def read_signing_key(path: Path) -> SigningKey:
    """Return the private key of path, ready to sign. Raises ConfigError with the remedy."""
    pem = read_private(path)
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # TypeError: the file is encrypted and asks for a password.
        raise ConfigError(
            f"signing key {path}: not an unencrypted PKCS#8 key in PEM; "
            "make one with: gated pass keygen"
        ) from error
    if isinstance(private, ed25519.Ed25519PrivateKey) or (
        isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1)
    ):
        return _signing_key(private)
    raise ConfigError(
        f"signing key {path}: neither Ed25519 nor ECDSA on P-256; make one with: gated pass keygen"
    )


def read_trust(path: Path) -> TrustTable:
    """Return the trust table of path. Raises ConfigError naming every bad row."""
    data, _ = _read(path, "trust table")
    try:
        return parse_trust(data)
    except ValueError as error:
        lines = "\n".join(f"{path}: {line}" for line in str(error).splitlines())
        raise ConfigError(
            f"{lines}\ncorrect or remove the rows named; nothing was loaded"
        ) from error


def append_trust(path: Path, key: TrustedKey) -> TrustTable:
    """Add key to the table of path, made if missing, in one step. Raises ConfigError.

    For one person at a keyboard: two at once may lose a row, never the file.
    """
    table = read_trust(path) if path.exists() else TrustTable()
    taken = [use for use in sorted(key.uses) if table.find(key.kid, use)]
    if taken:
        raise ConfigError(
            f"trust table {path}: key {key.kid.hex()} is already there for {', '.join(taken)}; "
            "remove its row first"
        )
    grown = TrustTable((*table.keys, key))
    with _written_beside(path, format_trust(grown).encode(), PUBLIC_MODE) as beside:
        beside.replace(path)
    return grown


def _signing_key(private: _Private) -> SigningKey:
    if isinstance(private, ed25519.Ed25519PrivateKey):
        raw = private.public_key().public_bytes_raw()
        return SigningKey(key_id(raw), "Ed25519", raw, private.sign)
    point = private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )

    def sign(message: bytes) -> bytes:
        return raw_es256(private.sign(message, ec.ECDSA(hashes.SHA256())))

    return SigningKey(key_id(point), "ES256", point, sign)


def read_private(path: Path) -> bytes:
    """Return what a key file holds that only its owner may read. Raises ConfigError."""
    data, mode = _read(path, "key file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"key file {path}: mode {mode:04o} lets others in; run: chmod 600 {path} "
            "and, if others use this machine, make a new key"
        )
    return data


def _read(path: Path, what: str) -> tuple[bytes, int]:
    """Return the bytes and the mode of one and the same open file."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            f"cannot read {what} {path}: it does not exist; "
            "copy it here, or make a first set with: gated keys init DIR"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"cannot read {what} {path}: {error.strerror}; it must belong to the user that "
            f"runs this program: chown gated {path}"
        ) from error
    if len(data) > FILE_BYTES_MAX:
        raise ConfigError(f"{what} {path}: larger than {FILE_BYTES_MAX} bytes; not a key file")
    return data, mode


def write_new(path: Path, data: bytes, mode: int = SECRET_MODE) -> None:
    """The file is there with this content and mode, on disk. Raises ConfigError if it existed."""
    with _written_beside(path, data, mode) as beside:
        try:
            # A link, unlike a rename, cannot replace what is already there.
            path.hardlink_to(beside)
        except FileExistsError as error:
            raise ConfigError(
                f"key file {path} exists and is never overwritten; "
                "move it away first if you are sure (docs/keys.md says what losing it means)"
            ) from error


@contextmanager
def _written_beside(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """Yield a synchronised file beside path; afterwards it is gone and the folder is on disk."""
    try:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            yield beside
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}; choose a folder on the card or disk "
            "(not a FAT stick) that you may write to"
        ) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
