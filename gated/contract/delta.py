"""Single changes of a list, as they travel inside its signed manifest.

    {"start":R,"ops":N,"sha":HEX,"data":TEXT}     data = base64(zlib(raw)), sha = SHA-256(raw)

    raw = canonical JSON {"del":[REF ...],
                          "put":[{"ref":REF,"category":CODE,"sealed":HEX,"household":REF,
                                  "statuses":TEXT,"household_statuses":TEXT,"flags":TEXT,
                                  "appointment_start":MS,"appointment_end":MS,
                                  "appointment_uses":N,"valid_start":MS,"valid_end":MS,
                                  "cards":[[REF,STATE] ...]} ...]}

A put is a whole person with all their cards, a del takes person and cards away: whoever holds any
revision from start on gets to the manifest's revision by applying it, any number of times. What
is empty is left out. Texts are spelled as in the list's own
file (see store/roster_build.py); cards are valid as long as their person.
"""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gated.contract.messages import Sha256Hex
from gated.core.canonical import canonical
from gated.errors import BundleRejected

ENCODED_MAX_BYTES: Final = 40 * 1024  # leaves room for the rest of a 64 KiB manifest
RAW_MAX_BYTES: Final = 1024 * 1024
SPAN_FIELDS: Final = 3  # of one status: code, from, to

RefHex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
HomeHex = Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")]
SealedHex = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){1,1024}$")]
CodeWord = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
Instant = Annotated[int, Field(gt=-(2**53), lt=2**53)]


def _statuses_text(text: str) -> str:
    """Return text when it lists statuses as the list's own file does. Raises ValueError."""
    rows = json.loads(text) if text else []
    if not isinstance(rows, list) or not all(_is_status(row) for row in rows):
        raise ValueError("no list of statuses")
    return text


def _is_status(row: object) -> bool:
    if not isinstance(row, list) or len(row) != SPAN_FIELDS or not isinstance(row[0], str):
        return False
    return all(item is None or type(item) is int for item in row[1:])


def _flags_text(text: str) -> str:
    """Return text when it lists flags as the list's own file does. Raises ValueError."""
    flags = json.loads(text) if text else []
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        raise ValueError("no list of flags")
    return text


StatusesText = Annotated[str, AfterValidator(_statuses_text)]
FlagsText = Annotated[str, AfterValidator(_flags_text)]


class Put(BaseModel):
    """A person as they stand on the list from now on, with all their cards."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    ref: RefHex
    category: CodeWord
    sealed: SealedHex
    household: HomeHex = ""
    statuses: StatusesText = ""
    household_statuses: StatusesText = ""
    flags: FlagsText = ""
    appointment_start: Instant | None = None
    appointment_end: Instant | None = None
    appointment_uses: Instant | None = None
    valid_start: Instant | None = None
    valid_end: Instant | None = None
    cards: tuple[tuple[RefHex, CodeWord], ...] = ()

    @model_validator(mode="after")
    def _slot_is_whole(self) -> "Put":
        if (self.appointment_start is None) is not (self.appointment_end is None):
            raise ValueError("an appointment has a start and an end")
        return self


class Changes(BaseModel):
    """Everything that is different from the snapshot; nobody and no card stands in it twice."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    gone: tuple[RefHex, ...] = Field(default=(), alias="del")
    put: tuple[Put, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> "Changes":
        refs = [*self.gone, *(put.ref for put in self.put)]
        cards = [card for put in self.put for card, _ in put.cards]
        if len(set(refs)) != len(refs) or len(set(cards)) != len(cards):
            raise ValueError("a person or a card stands in it twice")
        return self

    @property
    def count(self) -> int:
        """How many people it speaks of."""
        return len(self.gone) + len(self.put)

    def then(self, later: "Changes") -> "Changes":
        """Return what holds after these changes and then the later ones."""
        touched = {*later.gone, *(put.ref for put in later.put)}
        gone = [*(ref for ref in self.gone if ref not in touched), *later.gone]
        puts = [*(put for put in self.put if put.ref not in touched), *later.put]
        return changes(gone, {put.ref: put for put in puts})


def changes(gone: list[str], puts: Mapping[str, Put]) -> Changes:
    """Return the changes in their one order. Raises ValueError when a person or card is twice."""
    ordered = tuple(puts[ref] for ref in sorted(puts))
    try:
        return Changes.model_validate({"del": tuple(sorted(gone)), "put": ordered})
    except ValidationError:  # the library's own would show what stands in the entries
        raise ValueError("a person or a card stands in the changes twice") from None


class Delta(BaseModel):
    """Changes as they stand in a manifest. ops: how many people; sha: of the inflated bytes.

    start: the first revision they lead on from; left out when that is the snapshot's.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    ops: Annotated[int, Field(ge=0, lt=2**31)]
    sha: Sha256Hex
    data: str
    start: Annotated[int, Field(ge=1, lt=2**63)] | None = None

    @property
    def size(self) -> int:
        """Bytes it takes in the manifest."""
        return len(self.data)


def pack_changes(held: Changes, start: int | None = None) -> Delta:
    """Return the changes for a manifest; the caller looks at the size."""
    raw = canonical(held.model_dump(by_alias=True, exclude_defaults=True))
    data = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
    return Delta(ops=held.count, sha=hashlib.sha256(raw).hexdigest(), data=data, start=start)


def unpack_changes(delta: Delta) -> Changes:
    """Return the changes a manifest carries. Raises BundleRejected bad_delta for any fault."""
    if delta.size > ENCODED_MAX_BYTES:
        raise BundleRejected("bad_delta", f"{delta.size} bytes, at most {ENCODED_MAX_BYTES}")
    inflater = zlib.decompressobj()
    try:
        packed = base64.b64decode(delta.data.encode("ascii"), validate=True)
        raw = inflater.decompress(packed, RAW_MAX_BYTES)
    except (binascii.Error, UnicodeEncodeError, zlib.error) as error:
        raise BundleRejected("bad_delta", "the changes do not unpack") from error
    if not inflater.eof or inflater.unused_data:
        raise BundleRejected("bad_delta", "the changes are cut short, too long or followed by more")
    if hashlib.sha256(raw).hexdigest() != delta.sha:
        raise BundleRejected("bad_delta", "the changes are not those that were signed")
    try:
        found = Changes.model_validate_json(raw)
    except (ValidationError, RecursionError):
        # the cause would show what stands in an entry
        raise BundleRejected("bad_delta", "an entry of the changes cannot be understood") from None
    if found.count != delta.ops:
        raise BundleRejected("bad_delta", f"{found.count} changes, {delta.ops} were signed")
    return found
