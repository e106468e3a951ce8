"""A hub that can enrol gates: keys, an authority, certificates for broker and pages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gated.config import AuthoritySection, WebSection
from gated.contract.enrolment import JoinRequest
from gated.hub.authority import make
from gated.hub.office import open_office
from tests.support.office import Clock, Desk, hub_config, with_tables


def open_enrol_desk(
    folder: Path, *, now_ms: int | None = None, web_port: int = 8420, broker_port: int = 8883
) -> Desk:
    """Everything serves on 127.0.0.1. now_ms: the office's clock; the certificates are made then."""
    clock = Clock() if now_ms is None else Clock(now_ms)
    ca = folder / "ca"
    ca.mkdir()
    made = datetime.fromtimestamp(clock.now_ms / 1000, UTC)
    make(ca, ["127.0.0.1", "localhost"], ["127.0.0.1", "localhost"], made)
    web = WebSection(port=web_port, cert=ca / "web.pem", key=ca / "web.key")
    authority = AuthoritySection(
        cert=ca / "authority.pem",
        key=ca / "authority.key",
        broker_host="127.0.0.1",
        broker_port=broker_port,
    )
    config = hub_config(folder).model_copy(update={"web": web, "authority": authority})
    return Desk(open_office(with_tables(config), clock), clock)


@dataclass
class Asking:
    """A new gate's own keys and what it sends."""

    key: ec.EllipticCurvePrivateKey
    box: X25519PrivateKey

    @classmethod
    def new(cls) -> "Asking":
        return cls(ec.generate_private_key(ec.SECP256R1()), X25519PrivateKey.generate())

    @property
    def csr(self) -> str:
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        request = builder.sign(self.key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def request(self, code: str) -> JoinRequest:
        public = self.box.public_key().public_bytes_raw().hex()
        return JoinRequest(code=code, csr=self.csr, seal_to=public)
