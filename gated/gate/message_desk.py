"""Orders of the hub to this gate: believed once, recorded, shown. Engine thread only.

For each of them: event `command_result`, then what it asks for, then the small file. A power cut
between two of them shows and records it again when the hub repeats it, which harms nobody.
Whatever this gate does not know is refused, and whatever no trusted key signed for this gate is
only logged: a stranger gets no answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gated.contract.command import (
    EXPIRED,
    REFUSED,
    SHOWN,
    TIPS_MAX,
    AnsweredArgs,
    Command,
    CommandRefused,
    MessageArgs,
    OrderArgs,
    Standing,
    TipsArgs,
    verify_command,
)
from gated.core.canonical import Json
from gated.core.model import ClockState, Moment
from gated.core.text import Text
from gated.core.trust import TrustTable
from gated.errors import ContractError, StoreError
from gated.gate.recorder import Recorder
from gated.gate.uplink_events import CommandArrived
from gated.log import logger
from gated.store.small_file import read_small, write_small

FILE_NAME: Final = "orders"
MINUTE_MS: Final = 60_000

_log = logger("orders")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A text and until when. until_utc_ms 0: no clock could be believed when it came."""

    zh: str
    en: str
    boot: str
    until_mono_ms: int
    until_utc_ms: int


class MessageDesk:
    """Keeps the hub's texts for the screen and the number of the last order, across restarts.

    on_answered: told epoch and seq of a call's record and who at the centre answered the call.
    """

    def __init__(
        self,
        gate: str,
        boot: str,
        trust: TrustTable,
        recorder: Recorder,
        folder: Path,
        on_answered: Callable[[str, int, str], None] = lambda _epoch, _seq, _by: None,
    ) -> None:
        self._gate = gate
        self._boot = boot
        self._trust = trust
        self._recorder = recorder
        self._path = folder / FILE_NAME
        kept = read_small(self._path)
        self._last = _numbers(kept.get("last"))
        self._shown = _shown(kept.get("shown"))
        self._tips = _tips(kept.get("tips"))
        self._on_answered = on_answered

    @property
    def tips(self) -> tuple[Text, ...]:
        """Prevention advice to be shown in turn, at most TIPS_MAX; none until the hub sent some."""
        return self._tips

    def text(self, now: Moment) -> Text | None:
        """Return what is to be shown now, None for nothing.

        Within one boot the monotonic clock ends it; after a restart wall time does, if somebody
        vouches for it. A text whose age nobody knows is not shown.
        """
        shown = self._shown
        if shown is None or not (shown.zh or shown.en):
            return None
        if shown.boot == self._boot:
            left_ms = shown.until_mono_ms - now.mono_ms
        elif now.clock is ClockState.UNSURE:
            return None
        else:
            left_ms = shown.until_utc_ms - now.utc_ms
        return Text(shown.zh or shown.en, shown.en or shown.zh) if left_ms > 0 else None

    def arrived(self, event: CommandArrived, now: Moment) -> None:
        """Carry out an order once, or refuse it."""
        now_s = None if now.clock is ClockState.UNSURE else now.utc_ms // 1000
        standing = Standing(self._gate, self._last, now_s)
        try:
            command = verify_command(event.payload, self._trust, standing)
        except CommandRefused as refused:
            if refused.code == "repeated":  # the hub had not heard of the result yet
                _log.info("order.repeated")
            else:
                _log.warning("order.ignored", code=refused.code)
            return
        result, args = self._judged(command, event.at_mono_ms, now)
        fields: dict[str, Json] = {"id": command.id, "result": result}
        self._recorder.event("command_result", fields, now)
        self._last[command.kid] = command.n
        match args:
            case MessageArgs():
                self._shown = self._until(args, now)
            case TipsArgs():
                texts = (_text(tip.zh, tip.en) for tip in args.tips)
                self._tips = tuple(text for text in texts if text is not None)
            case AnsweredArgs():
                self._on_answered(args.epoch, args.seq, args.by)
            case None:
                pass
        self._keep()
        _log.info("order.done", id=command.id, result=result)

    def _judged(
        self, command: Command, at_mono_ms: int, now: Moment
    ) -> tuple[str, OrderArgs | None]:
        if now.mono_ms - at_mono_ms >= command.ttl_s * 1000:
            return EXPIRED, None
        try:
            return SHOWN, command.order()
        except ContractError as error:
            _log.warning("order.refused", cause=str(error))
            return REFUSED, None

    def _until(self, args: MessageArgs, now: Moment) -> _Shown:
        span_ms = args.minutes * MINUTE_MS
        sure = now.clock is not ClockState.UNSURE
        utc_ms = now.utc_ms + span_ms if sure else 0
        return _Shown(args.zh.strip(), args.en.strip(), self._boot, now.mono_ms + span_ms, utc_ms)

    def _keep(self) -> None:
        values: dict[str, Json] = {"last": self._last}
        if self._tips:
            values["tips"] = [{"zh": tip.zh, "en": tip.en} for tip in self._tips]
        if self._shown is not None:
            shown = self._shown
            values["shown"] = {
                "zh": shown.zh,
                "en": shown.en,
                "boot": shown.boot,
                "until_mono_ms": shown.until_mono_ms,
                "until_utc_ms": shown.until_utc_ms,
            }
        try:
            write_small(self._path, values)
        except StoreError as error:
            _log.error("order.unwritable", problem=str(error))


def _numbers(value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        return {}
    return {kid: n for kid, n in value.items() if isinstance(kid, str) and type(n) is int}


def _text(zh: str, en: str) -> Text | None:
    """Return both languages, one standing in for the other; None when neither says anything."""
    zh, en = zh.strip(), en.strip()
    return Text(zh or en, en or zh) if zh or en else None


def _tips(value: object) -> tuple[Text, ...]:
    rows = value[:TIPS_MAX] if isinstance(value, list) else []
    texts = ((row.get("zh"), row.get("en")) for row in rows if isinstance(row, dict))
    found = (_text(zh, en) for zh, en in texts if isinstance(zh, str) and isinstance(en, str))
    return tuple(text for text in found if text is not None)


def _shown(value: object) -> _Shown | None:
    if not isinstance(value, dict):
        return None
    texts = [value.get(name) for name in ("zh", "en", "boot")]
    times = [value.get(name) for name in ("until_mono_ms", "until_utc_ms")]
    zh, en, boot = (text if isinstance(text, str) else "" for text in texts)
    mono_ms, utc_ms = (time if type(time) is int else 0 for time in times)
    return _Shown(zh, en, boot, mono_ms, utc_ms)
