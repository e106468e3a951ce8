"""What gate and hub say to each other: JSON in UTF-8, each object with `v` = 1.

First byte of a body: `{` is JSON, `z` is zlib (level 1) of JSON, used above 1 kB. A body never
inflates beyond 4 MiB. Unknown fields are ignored; an unknown `v` refuses the message whole.
A block (`blk`) is binary: tag 16 bytes, index 4 bytes big-endian, then the chunk itself.

    offset  size  meaning
    0       16    first half of the SHA-256 that names the object
    16      4     chunk index, big-endian; 0xffffffff is the list of chunk hashes
    20      n     the chunk, at most 64 KiB (the list: 32 bytes per chunk)

Everything that breaks a rule here raises ContractError; nothing else is raised for input.
"""

import json
import zlib
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gated.errors import ContractError

VERSION = 1
COMPRESS_ABOVE_BYTES = 1_000  # below this zlib costs more time than the link saves
INFLATED_LIMIT_BYTES = 4 * 1024 * 1024
TAG_BYTES = 16
LIST_INDEX = -1  # asks for the list of chunk hashes instead of a chunk
BLOCK_HEAD_BYTES = TAG_BYTES + 4
CHUNKS_PER_GET = 8
SHOWN = 5  # bad fields named in one error; more of them say nothing new

Seq = Annotated[int, Field(ge=0, lt=2**63)]
Counter = Annotated[int, Field(ge=0, lt=2**63)]
Epoch = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9a-z-]+$")]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
TagHex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Word = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]  # what every database takes
RosterRevs = Annotated[
    dict[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")], Counter], Field(max_length=16)
]
Code = Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9_]+$")]


class Message(BaseModel):
    """A body of version 1: types are exact, unknown fields are ignored, values are frozen."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    v: Literal[1] = 1

    def encode(self) -> bytes:
        """Return the body for the wire, compressed when that pays."""
        return pack(self.model_dump_json(exclude_none=True).encode())

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Return the message in a body. Raises ContractError."""
        return validated(cls, json_object(payload))


class Hello(Message):
    """Who a gate is and what it holds; sent after every connect."""

    epoch: Epoch
    boot: Word
    sid: Counter
    first: Seq
    last: Seq
    acked: Seq
    hubgen: Counter
    roster: RosterRevs = Field(default_factory=dict)
    sw: Word = ""
    why: Literal["boot", "reconnect", "fork", "replay"] = "reconnect"


class Rejected(BaseModel):
    """One event the hub parked: it counts as acknowledged and is shown to people."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    seq: Seq
    code: Code


class Ack(Message):
    """Everything up to `upto` is committed or parked at the hub; `h` is its chain hash there."""

    epoch: Epoch
    upto: Seq
    h: Sha256Hex
    hubgen: Counter
    fork: bool = False
    rej: tuple[Rejected, ...] = Field(default=(), max_length=1000, strict=False)
    want: Seq | None = None
    now: Counter = 0
    retry_ms: Counter | None = None


class Fetching(BaseModel):
    """How far a gate is with a list it is fetching: `have` of `n` chunks of revision `rev`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    rev: Counter
    have: Counter
    n: Counter


class Status(Message):
    """How a gate is; retained, and with `on` false the gate's will.

    guard: who is on duty, a staff number and never a name. fetching: None when no list comes in.
    """

    on: bool
    sid: Counter
    boot: Word = ""
    epoch: Word = ""
    t: Counter = 0
    q: Annotated[int, Field(ge=0, le=2)] = 0
    sw: Word = ""
    roster: RosterRevs = Field(default_factory=dict)
    backlog: Counter = 0
    last: Seq = 0
    oldest_s: Counter = 0
    mode: Word = ""
    faults: tuple[Word, ...] = Field(default=(), max_length=64, strict=False)
    guard: Word = ""
    fetching: Fetching | None = None


class HubStatus(Message):
    """Whether the hub is there. start: UTC ms of its start, so a restart can be told."""

    on: bool
    hubgen: Counter
    start: Counter
    now: Counter = 0


class Get(Message):
    """Ask for chunks i ... i+n-1 of an object; i = -1 asks for the list of chunk hashes."""

    id: Counter
    sha: TagHex
    i: Annotated[int, Field(ge=LIST_INDEX, lt=2**31)]
    n: Annotated[int, Field(ge=1, le=CHUNKS_PER_GET)] = 1


class Block:
    """One chunk of an object on its way to a gate. index -1 is the list of chunk hashes."""

    __slots__ = ("data", "index", "tag")

    def __init__(self, tag: bytes, index: int, data: bytes) -> None:
        self.tag = tag
        self.index = index
        self.data = data

    def encode(self) -> bytes:
        """Return the binary body drawn at the top of this file."""
        return self.tag + (self.index & 0xFFFFFFFF).to_bytes(4, "big") + self.data

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Return the block in a body. Raises ContractError when its head is cut."""
        if len(payload) < BLOCK_HEAD_BYTES:
            raise ContractError(f"blk: {len(payload)} bytes, its head alone has {BLOCK_HEAD_BYTES}")
        index = int.from_bytes(payload[TAG_BYTES:BLOCK_HEAD_BYTES], "big", signed=True)
        return cls(payload[:TAG_BYTES], index, payload[BLOCK_HEAD_BYTES:])


M = TypeVar("M", bound=BaseModel)


def pack(body: bytes) -> bytes:
    """Return body as it goes on the wire: itself, or `z` and its zlib form above 1 kB."""
    return body if len(body) <= COMPRESS_ABOVE_BYTES else b"z" + zlib.compress(body, 1)


def unpack(payload: bytes) -> bytes:
    """Return the JSON text of a body. Raises ContractError; inflates to at most 4 MiB."""
    match payload[:1]:
        case b"{":
            return payload
        case b"z":
            return _inflated(payload[1:])
        case _:
            raise ContractError(f"first byte {payload[:1].hex() or 'missing'}: neither JSON nor z")


def json_object(payload: bytes) -> dict[str, object]:
    """Return the object in a body, its version checked. Raises ContractError."""
    try:
        value = json.loads(unpack(payload))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ContractError):
            raise
        raise ContractError(f"not JSON: {type(error).__name__}") from error
    if not isinstance(value, dict):
        raise ContractError("not a JSON object")
    version = value.get("v")
    if version is not None and type(version) is not int:
        raise ContractError("v: not a whole number")
    if version != VERSION:
        raise ContractError(f"contract version {version}, this side speaks {VERSION}; upgrade it")
    return value


def validated(model: type[M], value: object) -> M:
    """Return value as this model. Raises ContractError naming the fields, never their values."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        places = {".".join(map(str, row["loc"])): row["type"] for row in error.errors()}
        what = ", ".join(f"{place} {kind}" for place, kind in sorted(places.items())[:SHOWN])
        raise ContractError(f"{model.__name__.strip('_').lower()}: {what}") from None


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(data, INFLATED_LIMIT_BYTES)
    except zlib.error as error:
        raise ContractError(f"zlib: {error}") from error
    if inflater.unconsumed_tail:
        raise ContractError(f"inflates beyond {INFLATED_LIMIT_BYTES} bytes")
    if not inflater.eof or inflater.unused_data:
        raise ContractError("zlib: cut short or followed by rubbish")
    return body
