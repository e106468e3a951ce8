"""A signed order of the hub to one gate: made, signed, checked. Pure.

    {"v":1,"id":HEX,"n":N,"cmd":"message","args":{"zh":TEXT,"en":TEXT,"minutes":M},
     "ttl_s":S,"iss":SITE,"kid":HEX,"sig":HEX}

sig covers the canonical JSON of everything but sig, as sent, and of the gate's id beside it: an
order for one gate is worth nothing at another. n rises strictly per signing key and gate, so an
order works once; ttl_s counts from its arrival, so it works with a wrong clock.

    message   {zh, en, minutes}    a text on the guard's screen; an empty one takes it away
    tips      {tips: [{zh, en}]}   prevention advice, shown in turn; an empty list takes it away
    answered  {epoch, seq, by}     somebody at the centre has answered the call recorded there
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from gated.contract.messages import Message, json_object, validated
from gated.core.canonical import canonical
from gated.core.trust import TrustTable
from gated.errors import ContractError

USE: Final = "command"
MESSAGE: Final = "message"
TIPS: Final = "tips"
ANSWERED: Final = "answered"
COMMAND_BYTES_MAX: Final = 8192
ZH_MAX: Final = 80  # two lines of the guard's screen
EN_MAX: Final = 160
MINUTES_MAX: Final = 1440
TIPS_MAX: Final = 10
BY_MAX: Final = 32
TTL_MAX_S: Final = 7 * 86_400
SHOWN, EXPIRED, REFUSED = "shown", "expired", "refused"

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class MessageArgs(BaseModel):
    """A text for the guard's screen, shown for `minutes`; empty in both languages: take it away."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    zh: Annotated[str, Field(max_length=ZH_MAX)] = ""
    en: Annotated[str, Field(max_length=EN_MAX)] = ""
    minutes: Annotated[int, Field(ge=1, le=MINUTES_MAX)]

    @property
    def shown(self) -> str:
        """All of it that people will read."""
        return self.zh + self.en


class Tip(BaseModel):
    """One piece of advice; one that says nothing in either language is left out."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    zh: Annotated[str, Field(max_length=ZH_MAX)] = ""
    en: Annotated[str, Field(max_length=EN_MAX)] = ""


class TipsArgs(BaseModel):
    """Advice for the screen while nobody is there, in place of all that was there before."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    tips: Annotated[list[Tip], Field(max_length=TIPS_MAX)]

    @property
    def shown(self) -> str:
        """All of it that people will read."""
        return "".join(tip.zh + tip.en for tip in self.tips)


class AnsweredArgs(BaseModel):
    """Which call was answered, by its record at the gate, and by whom at the centre."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    epoch: Annotated[str, Field(pattern=r"^[0-9a-z]{1,64}$")]
    seq: Annotated[int, Field(ge=1, lt=2**63)]
    by: Annotated[str, Field(max_length=BY_MAX)] = ""

    @property
    def shown(self) -> str:
        """All of it that people will read."""
        return self.by


OrderArgs: TypeAlias = MessageArgs | TipsArgs | AnsweredArgs
_ARGS: Final[dict[str, type[MessageArgs] | type[TipsArgs] | type[AnsweredArgs]]] = {
    MESSAGE: MessageArgs,
    TIPS: TipsArgs,
    ANSWERED: AnsweredArgs,
}


class Command(Message):
    """One order as it travels."""

    id: Id
    n: Annotated[int, Field(ge=1, lt=2**63)]
    cmd: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    args: dict[str, Any] = Field(default_factory=dict, max_length=16)
    ttl_s: Annotated[int, Field(ge=1, le=TTL_MAX_S)]
    iss: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    kid: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    sig: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){0,72}$")] = ""

    def order(self) -> OrderArgs:
        """Return what is to be done. Raises ContractError when this is another or a bad order."""
        kind = _ARGS.get(self.cmd)
        if kind is None:
            raise ContractError(f"this gate knows no order {self.cmd}; upgrade it")
        args: OrderArgs = validated(kind, self.args)
        if not args.shown.isprintable():
            raise ContractError("the text holds characters that cannot be shown")
        return args


class CommandRefused(ContractError):
    """An order is not believed. code: malformed, unknown_key, key_not_valid, bad_signature ...

    ... or repeated: its number is not above the last one believed from this key.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Standing:
    """What a gate knows when an order arrives.

    last: highest n believed so far, by kid. now_s: Unix seconds, None when nobody vouches.
    """

    gate: str
    last: Mapping[str, int] = field(default_factory=dict)
    now_s: int | None = None


def sign_command(command: Command, gate: str, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the order as it goes to this gate, signed."""
    body = command.model_dump(exclude={"sig"})
    signature = sign(_signed_bytes(body, gate)).hex()
    return canonical({**body, "sig": signature})


def verify_command(payload: bytes, trust: TrustTable, standing: Standing) -> Command:
    """Return the order when a trusted key signed it for this gate and it is new.

    Raises CommandRefused. The signature is checked before anything else is believed.
    """
    if len(payload) > COMMAND_BYTES_MAX:
        raise CommandRefused("malformed", f"{len(payload)} bytes, at most {COMMAND_BYTES_MAX}")
    try:
        body = json_object(payload)
        command = validated(Command, body)
        body.pop("sig", None)
        signed = _signed_bytes(body, standing.gate)
    except (ContractError, TypeError, ValueError, RecursionError) as error:
        raise CommandRefused("malformed", "this is no order of version 1") from error
    key = trust.find(bytes.fromhex(command.kid), USE)
    if key is None:
        raise CommandRefused("unknown_key", f"no trusted key {command.kid} may sign orders")
    now_s = standing.now_s
    if now_s is not None and (key.ended(now_s) or not key.begun(now_s)):
        raise CommandRefused("key_not_valid", f"key {command.kid} is not valid now")
    if not key.verify(bytes.fromhex(command.sig), signed):
        raise CommandRefused("bad_signature", f"key {command.kid} did not sign this for us")
    if command.n <= standing.last.get(command.kid, 0):
        raise CommandRefused("repeated", f"number {command.n} came before")
    return command


def _signed_bytes(body: Mapping[str, object], gate: str) -> bytes:
    return canonical({"command": dict(body), "gate": gate})
