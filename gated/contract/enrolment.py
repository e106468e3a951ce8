"""How a new gate asks the hub for its keys: the one-time code, the request and the answer. Pure.

A code is 24 characters of an alphabet without I, L, O and U, shown in groups of four:

    characters  bits  meaning
    1-3         15    which code it is
    4-8         25    secret
    9-24        80    the start of the SHA-256 of the hub's public key (its certificate's SPKI)

The last part lets a gate know the hub before it has any certificate: it talks on only when the
other side proves, in the TLS handshake, to hold the key the code names. Only the first eight
characters are sent. The answer's secrets are sealed to a key of the request, so that a server
that ends TLS before the hub never sees them.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from gated.contract.messages import Message, Word

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISREAD: Final = str.maketrans({"I": "1", "L": "1", "O": "0"})
CODE_CHARACTERS: Final = 24
NUMBER_CHARACTERS: Final = 3
TOKEN_CHARACTERS: Final = 8
PIN_BYTES: Final = 10
GROUP: Final = 4
BITS: Final = 5
ENROL_PATH: Final = "/enrol"
BODY_MAX: Final = 16 * 1024
"""A request has less than 2 kB, an answer with a full trust table less than 100."""

KeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Pem = Annotated[str, Field(min_length=64, max_length=8192, pattern=r"^[\x0a\x0d\x20-\x7e]*$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


@dataclass(frozen=True, slots=True)
class Code:
    """A code in use. token: what is sent to the hub; pin: start of the hash of the hub's key."""

    token: str
    pin: bytes

    @property
    def shown(self) -> str:
        """The whole code in groups of four."""
        text = self.token + spelled(self.pin)
        return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


class JoinRequest(Message):
    """What a new gate sends. code: the first eight characters; seal_to: X25519 public key."""

    code: Annotated[str, Field(max_length=32)]
    csr: Pem
    seal_to: KeyHex


class JoinRefused(Message):
    """Why the hub gives nothing."""

    error: Literal["wrong_code", "used", "expired", "busy", "bad_request", "no_authority"]


class Broker(Message):
    """Where the broker is."""

    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)]


class JoinAnswer(Message):
    """Everything a new gate needs. sealed: a SiteSecrets, opened with the request's key."""

    gate: Name
    site: Name
    name: Word = ""
    name_en: Word = ""
    direction: Literal["in", "out"] = "in"
    timezone: Word
    roster: Name
    broker: Broker
    certificate: Pem
    ca: Pem
    trust: Annotated[str, Field(max_length=256 * 1024)]
    hub_seal_public: KeyHex
    sealed: Annotated[str, Field(max_length=4096, pattern=r"^[0-9a-f]+$")]


class SiteSecrets(Message):
    """The two secrets of a gate's site, as hex."""

    site_key: KeyHex
    rest_key: KeyHex


def seal_context(gate: str) -> bytes:
    """Return the context under which a gate's secrets are sealed to it."""
    return b"gated enrolment" + gate.encode("ascii")


def spelled(data: bytes) -> str:
    """Return bytes as characters of the alphabet; whole groups of five bits only."""
    count, rest = divmod(len(data) * 8, BITS)
    assert rest == 0, "codes hold whole characters"
    number = int.from_bytes(data, "big")
    return "".join(ALPHABET[number >> BITS * at & 31] for at in reversed(range(count)))


def token(number: int) -> str:
    """Return the eight characters of a number below 2^40."""
    return spelled(number.to_bytes(TOKEN_CHARACTERS * BITS // 8, "big"))


def normal(text: str) -> str:
    """Return what was meant: capitals, no dashes or spaces, misread letters as digits."""
    return "".join(text.upper().replace("-", " ").split()).translate(MISREAD)


def parse_code(text: str) -> Code:
    """Return the code a person typed. Raises ValueError with a sentence."""
    meant = normal(text)
    if strange := sorted(set(meant) - set(ALPHABET)):
        shown = " ".join(strange[:3])
        raise ValueError(f"a code has digits and letters but no {shown}; read it again")
    if len(meant) != CODE_CHARACTERS:
        raise ValueError(
            f"a code has {CODE_CHARACTERS} characters, this one has {len(meant)}; read it again"
        )
    number = 0
    for character in meant[TOKEN_CHARACTERS:]:
        number = number << BITS | ALPHABET.index(character)
    return Code(meant[:TOKEN_CHARACTERS], number.to_bytes(PIN_BYTES, "big"))


def parse_scanned(text: str) -> tuple[str, str] | None:
    """Return address and code of what the QR picture holds, or None when it is something else."""
    address, mark, code = text.strip().partition(f"{ENROL_PATH}#")
    return (address, code) if mark and address.startswith("https://") else None


def scanned(address: str, code: Code) -> str:
    """Return what the QR picture holds. address: `https://host:port`."""
    return f"{address}{ENROL_PATH}#{code.shown}"
