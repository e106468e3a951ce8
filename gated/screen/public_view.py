"""What the person in front of the gate may see: made of the guard's snapshot by an allow-list.

No name, room, category, status, temperature or count gets here, and of a reason only the text that
is meant for everybody (`public` in texts.toml). A new field of the snapshot stays out by itself.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from gated.core.reasons import Code
from gated.core.text import Language, Text
from gated.screen.snapshot import FaultView, GateView, PanelView, Snapshot, VerdictView
from gated.texts import Texts

Shown = Literal["idle", "measuring", "allow", "check", "stop", "fault"]
PublicSign = Literal[
    "card", "wrist", "allow", "check", "stop", "fault", "lockdown", "evacuate", "out_of_service"
]

_BANDS: Final[dict[str, tuple[Shown, PublicSign]]] = {
    "allow": ("allow", "allow"),
    "note": ("allow", "allow"),  # the note is for the guard
    "check": ("check", "check"),
    "stop": ("stop", "stop"),
    "fault": ("fault", "fault"),
}
_SIGNS: Final[dict[str, PublicSign]] = {
    "lockdown": "lockdown",
    "evacuate": "evacuate",
    "out_of_service": "out_of_service",
    "reader_locked": "out_of_service",
}
_OUT: Final = Code.SYS_OUT_OF_SERVICE
_MODES: Final = {
    "lockdown": Code.SYS_LOCKDOWN,
    "evacuate": Code.SYS_EVACUATE,
    "out_of_service": _OUT,
}


@dataclass(frozen=True, slots=True)
class PublicView:
    """One picture for the person in front. text: what to do now, empty while nobody is there.

    missing: what is still asked for. tips, notice: for everybody who waits.
    """

    gate: GateView
    language: Language
    clock: str
    shown: Shown
    sign: PublicSign
    text: Text = field(default_factory=Text)
    missing: Literal["", "temperature", "credential"] = ""
    progress_pct: int = 0
    notice: Text | None = None
    tips: tuple[Text, ...] = ()
    panel: PanelView = field(default_factory=PanelView)

    def to_json(self) -> bytes:
        """Return this view as one line of UTF-8 JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()


def public_view(snapshot: Snapshot, texts: Texts) -> PublicView:
    """Return what of this snapshot is for everybody."""
    shown, sign, text = _picture(snapshot, texts)
    measuring = snapshot.measuring if snapshot.mode == "measuring" else None
    return PublicView(
        gate=snapshot.gate,
        language=snapshot.language,
        clock=snapshot.clock.iso,
        shown=shown,
        sign=sign,
        text=text,
        missing=measuring.missing if measuring else "",
        progress_pct=measuring.progress_pct if measuring else 0,
        notice=snapshot.notice,
        tips=snapshot.tips,
        panel=snapshot.panel,
    )


def _picture(snapshot: Snapshot, texts: Texts) -> tuple[Shown, PublicSign, Text]:
    if snapshot.mode == "measuring" and snapshot.measuring is not None:
        wanted: PublicSign = "wrist" if snapshot.measuring.missing == "temperature" else "card"
        return "measuring", wanted, snapshot.measuring.prompt
    if snapshot.mode == "verdict" and snapshot.verdict is not None:
        return *_BANDS[snapshot.verdict.band], _said(snapshot.verdict, texts)
    if snapshot.mode == "fault":
        fault = snapshot.fault or FaultView(Text(), Text())
        said = fault.public if fault.public.zh else texts.public(_MODES.get(fault.sign, _OUT))
        return "fault", _SIGNS.get(fault.sign, "fault"), said
    return "idle", "card", Text()


def _said(verdict: VerdictView, texts: Texts) -> Text:
    if verdict.public.zh:
        return verdict.public
    known = verdict.code in Code.__members__
    return texts.public(Code[verdict.code]) if known else texts.of("public", verdict.verdict.value)
