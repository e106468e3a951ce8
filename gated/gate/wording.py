"""What the guard reads: which text of the gate says what is so. Pure."""

from collections.abc import Iterable

from gated import __version__
from gated.core.gate_mode import READER_LOCKED, Special
from gated.core.model import Category, Holder, Measurement, TemperatureState, Verdict
from gated.core.policy import Decision
from gated.core.reasons import FAULT_CODES, HEALTH_CODES, REASONS, Code
from gated.core.text import Text
from gated.gate.health import FAULT_CODES as PART_FAULTS
from gated.gate.health import Part
from gated.screen.snapshot import Band, FaultView, PartView, StatusView, TemperatureView
from gated.texts import Texts

_BANDS: dict[Verdict, Band] = {
    Verdict.ALLOW: "allow",
    Verdict.ALLOW_NOTE: "note",
    Verdict.CHECK: "check",
    Verdict.STOP: "stop",
}

_SPECIAL: dict[Special, Code] = {
    "evacuate": Code.SYS_EVACUATE,
    "lockdown": Code.SYS_LOCKDOWN,
    "out_of_service": Code.SYS_OUT_OF_SERVICE,
}

# Their texts say "call the station"; a code behind the tap would say why.
_NOT_FOR_GUARDS = HEALTH_CODES | {Code.STAT_HOST_QUARANTINE}

# What a reading can come to and still be shown.
_SHOWN = (
    *(TemperatureState.NORMAL, TemperatureState.IN_LINE, TemperatureState.ELEVATED),
    *(TemperatureState.IMPLAUSIBLE, TemperatureState.TYPED),
)


def band(decision: Decision) -> Band:
    """Return the colour band: blue where nobody in front of the gate is at fault."""
    if decision.reason in FAULT_CODES:
        return "fault"
    return _BANDS[decision.verdict]


def codes(decision: Decision) -> tuple[str, ...]:
    """Return the codes behind the tap; words for a health status are not for guards."""
    return tuple(code.value for code in decision.reasons if code not in _NOT_FOR_GUARDS)


def degrees(value_mc: int) -> str:
    """Return thousandths as degrees with one digit, never rounded up over a limit."""
    tenths = value_mc // 100
    return f"{tenths // 10}.{tenths % 10}"


class Wording:
    """Says it in the words of one gate's texts. Pure."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def word(self, decision: Decision) -> Text:
        """Return the one huge word."""
        fault = decision.reason in FAULT_CODES
        return self._texts.of("word", (decision.reason if fault else decision.verdict).value)

    def reason(self, code: Code) -> Text:
        """Return the guard's text of a reason; a health status stays "call the station"."""
        return self._texts.reason(code).text

    def advice(self, code: Code) -> Text:
        """Return what to do now about a reason."""
        return self._texts.reason(code).advice

    def cue(self, code: Code) -> Text:
        """Return a reason and what to do about it in one line."""
        return _joined((self.reason(code), self.advice(code)))

    def note(self, decision: Decision) -> Text | None:
        """Return the text of the amber stripe of a pass with a note, else None."""
        if decision.verdict is not Verdict.ALLOW_NOTE:
            return None
        notes = [code for code in decision.reasons if REASONS[code].verdict is Verdict.ALLOW_NOTE]
        return _joined(self.reason(code) for code in (notes or [decision.reason])[:2])

    def category(self, holder: Holder) -> Text:
        """Return who somebody is to the compound."""
        person = holder.person
        known = Category.UNKNOWN if person is None else person.category
        return self._texts.of("category", known.value)

    def part(self, part: Part) -> PartView:
        """Return how a part is, and in both languages what to do when it fails."""
        remedies = self._texts.section("remedy")
        remedy = remedies.get(part.name, Text(part.remedy, part.remedy))
        device = self._texts.device(PART_FAULTS.get(part.name, ""))
        if part.state == "fail" and device.text.zh:
            remedy = device.advice
        labels = self._texts.section("part")
        label = labels.get(part.name, Text(part.name, part.name))
        state = self._texts.of("part_state", part.state)
        return PartView(part.name, label, part.state, state, remedy)

    def roster(self, revision: int, made_h: int | None) -> Text:
        """Return which list serves and how many hours ago it was made; None: nobody knows."""
        if not revision:
            return Text()
        number = str(revision)
        filled = {"n": Text(number, number)}
        if made_h is None:
            return self._texts.of("detail", "roster").filled(filled)
        age = Text(str(made_h), str(made_h))
        return self._texts.of("detail", "roster_age").filled(filled | {"h": age})

    def policy(self, days: int | None) -> Text:
        """Return which rules decide, and for how many days they have; None: nobody knows."""
        filled = {"n": Text(__version__, __version__)}
        if days is None:
            return self._texts.of("detail", "policy").filled(filled)
        age = Text(str(days), str(days))
        return self._texts.of("detail", "policy_age").filled(filled | {"d": age})

    @property
    def unstored(self) -> Text:
        """What a restart would lose while the card refuses the mode's file."""
        return self._texts.of("detail", "mode_unstored")

    def status(self, decision: Decision) -> tuple[StatusView, ...]:
        """Return the reasons of health behind "call the station", in words: for supervisors."""
        hidden = (code for code in decision.reasons if code in _NOT_FOR_GUARDS)
        return tuple(StatusView(c.value, self._texts.of("status", c.value)) for c in hidden)

    def prompt(self, key: str) -> Text:
        """Return what is to be done now, by its key in [prompt]."""
        return self._texts.of("prompt", key)

    def public(self, code: Code) -> Text:
        """Return what the person in front of the gate reads; nothing of health, list or room."""
        return self._texts.public(code)

    def special(self, mode: Special) -> FaultView:
        """Return what stands on the screen in a special mode while nobody is there."""
        word = self._texts.of("special", mode)
        code = _SPECIAL.get(mode)
        if mode == READER_LOCKED:
            reason, advice = self.prompt(mode), self.prompt("by_hand")
            public = self._texts.of("public", Verdict.CHECK.value)
            return FaultView(word, reason, advice, mode, public)
        if code is None:
            return FaultView(word, Text(), sign=mode)
        return FaultView(word, self.reason(code), self.advice(code), mode, self.public(code))

    def banner(self, key: str) -> Text:
        """Return a line about the whole gate, by its key in [banner]."""
        return self._texts.of("banner", key)

    def temperature(
        self, taken: Measurement | None, tries: int, decision: Decision
    ) -> TemperatureView | None:
        """Return the reading as the guard sees it; raw skin is never shown as a body's."""
        if decision.reason is Code.TEMP_SENSOR_FAULT:
            return TemperatureView("", Text(), self._texts.of("temperature", "not_this_person"))
        if taken is None:
            return None
        value = taken.decision_mc if taken.decision_mc is not None else taken.skin_mc
        if taken.state not in _SHOWN or value is None:
            return None
        state = self._reading(taken.state, tries, decision)
        site = "wrist"
        if taken.state is TemperatureState.TYPED:
            site = "clinical"
        elif taken.decision_mc is None:
            site = "wrist_skin"
        return TemperatureView(degrees(value), self._texts.of("site", site), state)

    def _reading(self, state: TemperatureState, tries: int, decision: Decision) -> Text:
        if Code.TEMP_LOW in decision.reasons:
            return self._texts.of("temperature", "low")
        high = {Code.TEMP_HIGH, Code.TEMP_HIGH_RETRY} & set(decision.reasons)
        if high and state is TemperatureState.NORMAL:
            number = Text(str(tries), str(tries))
            return self._texts.of("temperature", "high").filled({"n": number})
        return self._texts.of("temperature", state.value)


def _joined(texts: Iterable[Text]) -> Text:
    listed = list(texts)
    return Text(
        " · ".join(text.zh for text in listed if text.zh),
        " · ".join(text.en for text in listed if text.en),
    )
