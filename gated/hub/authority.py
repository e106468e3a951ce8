"""The site's own certificate authority: who may speak as which gate, as the hub, as a server.

`make` writes a first set into a folder: the authority, certificates of broker and pages, the
hub's own. `Authority` signs what a new gate asks for: the name in the certificate is the one the
office gave, never the one the request asks for. Keys are ECDSA on P-256.
"""

import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gated.errors import ConfigError, ContractError
from gated.store import keys

YEARS_DAYS: Final = 3650
WEB_DAYS: Final = 825
"""Browsers refuse a server's certificate that is valid for longer."""
BACK: Final = timedelta(days=1)
"""Certificates count from a day ago: a new gate's clock may be behind."""

AUTHORITY: Final = "authority"
HUB_NAME: Final = "hub"
"""The hub's name at the broker, as the broker's access list has it."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate for a gate. until_ms: when it ends, UTC."""

    pem: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates of gates."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> str:
        """The authority's own certificate: what everybody checks the others with."""
        return _pem(self.certificate).decode("ascii")

    def issue(self, csr_pem: str, gate: str, now: datetime, days: int) -> Issued:
        """Return a certificate that lets the asking key speak as this gate, and do nothing else.

        Subject and wishes of the request are ignored. Raises ContractError for a request that is
        none, whose signature does not hold or whose key is not on P-256.
        """
        assert gate != HUB_NAME, "the broker gives that name every right"
        request = _request(csr_pem)
        public = request.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(
            public.curve, ec.SECP256R1
        ):
            raise ContractError("certificate request: its key is not ECDSA on P-256")
        until = min(now + timedelta(days=days), self.certificate.not_valid_after_utc)
        builder = _builder(gate, self.certificate.subject, public, (now - BACK, until))
        builder = _for_use(builder, ExtendedKeyUsageOID.CLIENT_AUTH)
        builder = _signed_by(builder, self.key.public_key())
        pem = _pem(builder.sign(self.key, hashes.SHA256())).decode("ascii")
        return Issued(pem, round(until.timestamp() * 1000))


def open_authority(certificate: Path, key: Path) -> Authority:
    """Return the authority of these two files. Raises ConfigError with the remedy."""
    pem = keys.read_private(key)
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            f"key of the authority {key}: not an unencrypted key in PEM; restore it from your"
            " backup, or make a new authority with: gated hub ca init DIR"
        ) from error
    found = read_certificate(certificate)
    own = isinstance(private, ec.EllipticCurvePrivateKey)
    if not own or found.public_key() != private.public_key():
        raise ConfigError(
            f"authority: {key} is not the key of {certificate}; name two files of one set in"
            " [authority]"
        )
    assert isinstance(private, ec.EllipticCurvePrivateKey), "just compared"
    return Authority(found, private)


def read_certificate(path: Path) -> x509.Certificate:
    """Return the first certificate of a PEM file. Raises ConfigError with the remedy."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"cannot read certificate {path}: {error.strerror}; copy it there, or make a set with:"
            " gated hub ca init DIR"
        ) from error
    except ValueError as error:
        raise ConfigError(f"certificate {path}: no certificate in PEM; copy it again") from error


def spki_hash(certificate: x509.Certificate) -> bytes:
    """Return the SHA-256 of the certificate's public key, as SubjectPublicKeyInfo."""
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return digest.finalize()


def make(
    folder: Path, broker_hosts: Sequence[str], web_hosts: Sequence[str], now: datetime
) -> list[str]:
    """The folder holds a complete first set; return the names of its files.

    Keys have mode 0600, certificates 0644; nothing is overwritten. Raises ConfigError.
    """
    names = [AUTHORITY, "broker", "web", "hub"]
    files = [f"{name}.{kind}" for name in names for kind in ("pem", "key")]
    present = [name for name in files if (folder / name).exists()]
    if present:
        raise ConfigError(
            f"cannot make certificates in {folder}: {', '.join(present)} exist and are never"
            " overwritten; name an empty folder"
        )
    hosts = {"broker": list(broker_hosts), "web": list(web_hosts)}
    for name, given in hosts.items():
        _names(name, given)
    authority = _new_authority(folder, now)
    for name, days in (("broker", YEARS_DAYS), ("web", WEB_DAYS)):
        _write_server(authority, folder, name, hosts[name], (now, days))
    span = (now - BACK, authority.certificate.not_valid_after_utc)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(HUB_NAME, authority.certificate.subject, key.public_key(), span)
    builder = _for_use(builder, ExtendedKeyUsageOID.CLIENT_AUTH)
    _write(folder, HUB_NAME, key, _signed_by(builder, authority.key.public_key()), authority.key)
    return files


def make_server(
    folder: Path, name: str, hosts: Sequence[str], now: datetime, days: int = WEB_DAYS
) -> list[str]:
    """The folder of an authority holds one more server certificate; return its files' names.

    name: of the two files, which must not exist. Raises ConfigError.
    """
    _names(name, list(hosts))
    authority = open_authority(folder / f"{AUTHORITY}.pem", folder / f"{AUTHORITY}.key")
    _write_server(authority, folder, name, list(hosts), (now, days))
    return [f"{name}.pem", f"{name}.key"]


def _request(pem: str) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(pem.encode("ascii"))
        holds = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise ContractError("certificate request: no PKCS#10 request in PEM") from error
    if not holds:
        raise ContractError("certificate request: its signature does not hold")
    return request


def _new_authority(folder: Path, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"gated authority {now:%Y-%m-%d}")])
    span = (now - BACK, now + timedelta(days=YEARS_DAYS))
    builder = _builder(name, name, key.public_key(), span)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    certificate = _write(folder, AUTHORITY, key, builder, key)
    return Authority(certificate, key)


def _write_server(
    authority: Authority, folder: Path, name: str, hosts: list[str], span: tuple[datetime, int]
) -> None:
    now, days = span
    until = min(now + timedelta(days=days), authority.certificate.not_valid_after_utc)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = authority.certificate.subject
    builder = _builder(hosts[0][:64], subject, key.public_key(), (now - BACK, until))
    builder = _for_use(builder, ExtendedKeyUsageOID.SERVER_AUTH)
    alternatives = x509.SubjectAlternativeName(_names(name, hosts))
    builder = builder.add_extension(alternatives, critical=False)
    _write(folder, name, key, _signed_by(builder, authority.key.public_key()), authority.key)


def _names(what: str, hosts: list[str]) -> list[x509.GeneralName]:
    """Return hosts as a certificate has them. Raises ConfigError for one that is none."""
    if not hosts:
        raise ConfigError(f"certificate of {what}: name at least one host or address")
    found: list[x509.GeneralName] = []
    for host in hosts:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(host)))
            continue
        except ValueError:
            pass
        try:
            found.append(x509.DNSName(host))
        except ValueError as error:
            raise ConfigError(
                f"certificate of {what}: {host!r} is neither a host name nor an address"
            ) from error
    return found


def _builder(
    name: str | x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    span: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    if isinstance(name, str):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin, end = span
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin.astimezone(UTC))
        .not_valid_after(end.astimezone(UTC))
        .add_extension(identifier, critical=False)
    )


def _for_use(
    builder: x509.CertificateBuilder, use: x509.ObjectIdentifier
) -> x509.CertificateBuilder:
    none = x509.BasicConstraints(ca=False, path_length=None)
    return (
        builder.add_extension(none, critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    )


def _signed_by(
    builder: x509.CertificateBuilder, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
    return builder.add_extension(identifier, critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(
    folder: Path,
    name: str,
    key: ec.EllipticCurvePrivateKey,
    builder: x509.CertificateBuilder,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """Both files are there; a certificate whose key could not be written is not left behind."""
    certificate = builder.sign(signer, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    keys.write_new(folder / f"{name}.pem", _pem(certificate), keys.PUBLIC_MODE)
    try:
        keys.write_new(folder / f"{name}.key", private)
    except ConfigError:
        with suppress(OSError):
            (folder / f"{name}.pem").unlink()
        raise
    return certificate


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
