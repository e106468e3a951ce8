"""A new gate fetches its keys and its certificate from the hub, with a one-time code.

The code names the hub's TLS key, so the gate knows whom it talks to before it has any
certificate: nothing is sent to anybody else, whatever certificate they show. The gate makes its
own key pair; its private half never leaves this machine. Files appear all or none; what they
replace is kept beside them.
"""

import contextlib
import http.client
import json
import ssl
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from gated.config import Config
from gated.contract.enrolment import (
    ENROL_PATH,
    Code,
    JoinAnswer,
    JoinRefused,
    JoinRequest,
    SiteSecrets,
    parse_code,
    seal_context,
)
from gated.core.trust import parse_trust
from gated.errors import ContractError, GatedError, StoreError
from gated.gate.file_set import hand_over, install, owner_of
from gated.store.keys import PUBLIC_MODE, SECRET_MODE
from gated.store.sealed_box import open_sealed

DEFAULT_PORT: Final = 8420
TIMEOUT_S: Final = 15.0
ANSWER_MAX: Final = 512 * 1024
OK: Final = 200
FORBIDDEN: Final = 403

SITE_KEY, REST_KEY, SEAL_PUBLIC, TRUST = "site.key", "rest.key", "seal.pub", "trust.json"
CA, CERTIFICATE, KEY = "ca.pem", "gate.pem", "gate.key"
KEY_FILES: Final = (SITE_KEY, REST_KEY, SEAL_PUBLIC, TRUST, CA, CERTIFICATE, KEY)
CONFIG: Final = "gated.toml"

_REFUSALS: Final = {
    "wrong_code": "the hub does not know this code, or it was guessed at too often; read it again,"
    " else ask the office for a new one",
    "used": "this code was used already; ask the office for a new one",
    "expired": "this code has expired: codes are valid for a day; ask the office for a new one",
    "busy": "the hub takes no codes for a moment; wait a minute and try again",
    "bad_request": "the hub did not understand this gate; both need the same version of gated",
    "no_authority": "the hub cannot sign certificates; its administrator must complete"
    " [authority] in hub.toml",
}


class JoinFailed(GatedError):
    """The gate did not join; nothing was changed here. The sentence says what to do.

    code: the same as one word, for who has sentences of their own.
    """

    def __init__(self, sentence: str, code: str = "failed") -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Joined:
    """What a gate has become. wrote_config: False when one was there and `lines` belong into it."""

    gate: str
    site: str
    keys: Path
    config: Path
    wrote_config: bool
    lines: str
    kept: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Own:
    """The gate's new keys. box: opens what the hub seals to this one request."""

    key: ec.EllipticCurvePrivateKey
    box: X25519PrivateKey


def join(
    address: str, code_text: str, folder: Path, *, force: bool = False, config_name: str = CONFIG
) -> Joined:
    """The gate's keys, certificate and configuration lie in folder; blocks up to a minute.

    folder: usually /etc/gated. force: replace key files that are there (they are kept beside the
    new ones). config_name: another name for the configuration, for who goes on with it.
    Raises JoinFailed; then nothing changed.
    """
    try:
        code = parse_code(code_text)
    except ValueError as error:
        raise JoinFailed(f"cannot join: {error}", "mistyped") from error
    _check_folder(folder, force=force)
    own = _Own(ec.generate_private_key(ec.SECP256R1()), X25519PrivateKey.generate())
    answer = _asked(address, code, own)
    files = _files(answer, own, folder)
    lines = _toml(answer, folder)
    config = folder / config_name
    wrote_config = not config.exists()
    if wrote_config:
        files[config] = (lines.encode(), PUBLIC_MODE)
    try:
        kept = install(files)
    except OSError as error:
        raise JoinFailed(
            f"cannot join: {error.filename} cannot be written ({error.strerror}); make room or"
            " check the card, then ask the office for a new code",
            "not_written",
        ) from error
    return Joined(answer.gate, answer.site, folder / "keys", config, wrote_config, lines, kept)


# Before anything is sent.


def _check_folder(folder: Path, *, force: bool) -> None:
    """The folder can take the files, so that no code is used up in vain. Raises JoinFailed."""
    place = folder / "keys"
    present = [name for name in KEY_FILES if (place / name).exists()]
    if present and not force:
        raise JoinFailed(
            f"cannot join: {', '.join(present)} exist in {place}; this gate has keys already. To"
            " replace them (they are kept beside the new ones) say --force",
            "keys_there",
        )
    try:
        if not place.exists():
            place.mkdir(mode=0o700, parents=True)
            hand_over(place, owner_of(folder))
        for where in (folder, place):
            with tempfile.TemporaryFile(dir=where):
                pass
    except OSError as error:
        raise JoinFailed(
            f"cannot join: {error.filename or place} cannot be written ({error.strerror}); run this"
            " with sudo, or name another folder with --dir",
            "not_written",
        ) from error


# The conversation.


def _asked(address: str, code: Code, own: _Own) -> JoinAnswer:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = request.sign(own.key, hashes.SHA256())
    body = JoinRequest(
        code=code.token,
        csr=signed.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        seal_to=own.box.public_key().public_bytes_raw().hex(),
    )
    status, payload = _posted(address, code, body.model_dump_json().encode())
    try:
        if status == OK:
            return JoinAnswer.decode(payload)
        refused = JoinRefused.decode(payload)
    except ContractError as error:
        raise JoinFailed(_strange_answer(address, status, error), "strange_answer") from error
    raise JoinFailed(f"cannot join: {_REFUSALS[refused.error]}", refused.error)


def _strange_answer(address: str, status: int, error: ContractError) -> str:
    if status == FORBIDDEN:
        return (
            f"cannot join: the hub at {address} does not answer to that name; use the name its"
            " pages are opened under, or add this one to [web] names in hub.toml"
        )
    return (
        f"cannot join: {address} answered with HTTP {status} and nothing a hub says ({error});"
        " check the address, and that both run the same version of gated"
    )


def _posted(address: str, code: Code, body: bytes) -> tuple[int, bytes]:
    """Return status and body of the hub's answer; nothing is sent to anybody else."""
    host, port = _host(address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # No authority is known yet: the code itself names the key that must answer.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    with contextlib.closing(connection):
        try:
            connection.connect()
            if not _holds_key(connection.sock, code.pin):
                raise JoinFailed(
                    f"cannot join: {host}:{port} is not the hub that made this code, or the code"
                    " was mistyped; nothing was sent. Read the code again; if it is right, another"
                    " server answers in the hub's place: tell the office",
                    "other_server",
                )
            headers = {"Content-Type": "application/json"}
            connection.request("POST", ENROL_PATH, body, headers)
            response = connection.getresponse()
            return response.status, response.read(ANSWER_MAX)
        except (OSError, http.client.HTTPException) as error:
            raise JoinFailed(
                f"cannot join: the hub at {host}:{port} cannot be reached"
                f" ({error or type(error).__name__}); check the cable, the address and that the"
                " hub's pages run",
                "unreachable",
            ) from error


def _holds_key(sock: object, pin: bytes) -> bool:
    """Return whether the other side proved to hold the key whose hash begins with pin."""
    assert isinstance(sock, ssl.SSLSocket), "connected over TLS"
    der = sock.getpeercert(binary_form=True)
    if der is None:
        return False
    try:
        public = x509.load_der_x509_certificate(der).public_key()
    except ValueError:
        return False
    spki = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return sha256(spki).digest().startswith(pin)


def _host(address: str) -> tuple[str, int]:
    """Return host and port of `https://host:port`, `host:port` or `host`. Raises JoinFailed."""
    try:
        link = urlsplit(address if "://" in address else f"https://{address}")
        host, port = link.hostname, link.port
    except ValueError:
        host = port = None
        link = urlsplit("")
    if link.scheme != "https" or not host:
        raise JoinFailed(
            f"cannot join: {address!r} is no address of a hub; write"
            f" https://hub.lan:{DEFAULT_PORT}",
            "bad_address",
        )
    return host, port or DEFAULT_PORT


# What came back.


def _files(answer: JoinAnswer, own: _Own, folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Return content and mode of every key file. Raises JoinFailed when a part does not fit."""
    try:
        plain = open_sealed(
            own.box.private_bytes_raw(), bytes.fromhex(answer.sealed), seal_context(answer.gate)
        )
        secrets = SiteSecrets.decode(plain)
        parse_trust(answer.trust)
        _check_certificate(answer, own.key)
    except (ValueError, StoreError, InvalidSignature, TypeError) as error:
        raise JoinFailed(
            "cannot join: what the hub sent does not fit together"
            f" ({type(error).__name__}); nothing was written. Ask the office for a new code and"
            " look at the hub's log"
        ) from error
    private = own.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    place = folder / "keys"
    return {
        place / SITE_KEY: (secrets.site_key.encode() + b"\n", SECRET_MODE),
        place / REST_KEY: (secrets.rest_key.encode() + b"\n", SECRET_MODE),
        place / SEAL_PUBLIC: (answer.hub_seal_public.encode() + b"\n", PUBLIC_MODE),
        place / TRUST: (answer.trust.encode(), PUBLIC_MODE),
        place / CA: (answer.ca.encode(), PUBLIC_MODE),
        place / CERTIFICATE: (answer.certificate.encode(), PUBLIC_MODE),
        place / KEY: (private, SECRET_MODE),
    }


def _check_certificate(answer: JoinAnswer, key: ec.EllipticCurvePrivateKey) -> None:
    certificate = x509.load_pem_x509_certificate(answer.certificate.encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(answer.ca.encode()))
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    named = [str(name.value) for name in names] == [answer.gate]
    if certificate.public_key() != key.public_key() or not named:
        raise ValueError("the certificate is for another key or gate")


def _toml(answer: JoinAnswer, folder: Path) -> str:
    """Return a configuration that makes this gate one of the hub's. Raises JoinFailed."""
    place = folder.absolute() / "keys"
    tables: dict[str, Mapping[str, str | int]] = {
        "gate": {
            "id": answer.gate,
            "site": answer.site,
            "name": answer.name,
            "name_en": answer.name_en,
            "direction": answer.direction,
            "timezone": answer.timezone,
        },
        "keys": {
            "site": str(place / SITE_KEY),
            "rest": str(place / REST_KEY),
            "trust": str(place / TRUST),
            "hub": str(place / SEAL_PUBLIC),
        },
        "broker": {
            "host": answer.broker.host,
            "port": answer.broker.port,
            "ca": str(place / CA),
            "cert": str(place / CERTIFICATE),
            "key": str(place / KEY),
            "roster": answer.roster,
        },
        "screen": {},
    }
    blocks = [
        "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())])
        for name, table in tables.items()
    ]
    text = "\n\n".join(blocks) + "\n"
    try:
        Config.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise JoinFailed(
            "cannot join: the hub sent settings this version does not take; update gated here and"
            " at the hub, then ask for a new code"
        ) from error
    return text


def _value(value: str | int) -> str:
    return json.dumps(value, ensure_ascii=False)  # such texts and numbers TOML writes the same way
