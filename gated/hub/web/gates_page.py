"""The gates of a site: a card each, kept fresh; one gate with its messages and its names.

GET  /s/<site>/gates, /gates/fragment                 all of them; the part that changes
GET  /s/<site>/gates/{gate}, /gates/{gate}/fragment   one of them
POST /s/<site>/gates/{gate}/message, …/tips, …/rename, …/back
GET, POST /s/<site>/gates/{gate}/retire               asks once more; out of use
POST /s/<site>/gates/_all/message, …/tips             the same texts at every gate
"""

from typing import Final

from starlette.responses import Response

from gated.contract.command import EN_MAX, MINUTES_MAX, TIPS_MAX, ZH_MAX
from gated.core.text import Text
from gated.hub.commands import CommandNotMade, Commands
from gated.hub.gate_log import GateLog
from gated.hub.gates import NAME_MAX, NORMAL, Gates, GateView, RenameRefused, rename, roll_out
from gated.hub.local_time import form_time
from gated.hub.retirement import RetirementRefused, retire, take_back, usual_end_ms
from gated.hub.roles import Right
from gated.hub.web.asked import Unclear, instant_ms
from gated.hub.web.gate_log import line
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

NOT_FOUND: Final = 404
CONFLICT: Final = 409
MINUTES: Final = 60
PARTS: Final = frozenset(
    {"config", "card_reader", "camera", "thermometer", "barrier", "clock", "storage", "roster"}
    | {"policy", "keys", "broker", "hub", "screen", "power"}
)
"""Parts of a gate that have words; as the gate's self-test names them."""

MODES: Final = frozenset(
    {"closed", "out_of_service", "lockdown", "evacuate", "held_open", "reader_locked"}
)
LIMITS: Final = {
    "zh": ZH_MAX,
    "en": EN_MAX,
    "minutes": MINUTES_MAX,
    "name": NAME_MAX,
    "usual": MINUTES,
    "tips": TIPS_MAX,
}
BAR: Final = "|"  # between the Chinese and the English of a tip
_UNITS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


class Shown:
    """What the templates ask about gates; in the visitor's language."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    def name(self, view: GateView) -> str:
        """Return what people call the gate."""
        return view.name_en if self._visit.language == "en" else view.name

    def part(self, fault: str) -> str:
        """Return the words for a part that fails."""
        if fault not in PARTS:
            return self._visit.t("gates.part_unknown", part=fault)
        return self._visit.t(f"gates.part.{fault}")

    def remedy(self, fault: str) -> str:
        """Return what to do about a part that fails."""
        return self._visit.t(f"gates.remedy.{fault if fault in PARTS else 'config'}")

    def mode(self, view: GateView) -> str:
        """Return the words for a gate at which people do not pass as usual, else ""."""
        if view.mode in {"", NORMAL}:
            return ""
        if view.mode not in MODES:
            return self._visit.t("gates.mode_unknown", mode=view.mode)
        return self._visit.t(f"gates.mode.{view.mode}")

    def age(self, seconds: int) -> str:
        """Return how long something lasts, roughly."""
        for unit, size in _UNITS:
            if seconds >= 2 * size:
                return self._visit.t(f"gates.age.{unit}", n=seconds // size)
        return self._visit.t("gates.age.seconds", n=seconds)


def gates(visit: Visit) -> Response:
    """All gates of the site."""
    return _all(visit, "gates.html")


def fragment(visit: Visit) -> Response:
    """The part of the page that changes."""
    return _all(visit, "gates_cards.html")


def gate(visit: Visit) -> Response:
    """One gate with everything about it."""
    return _one(visit, "gate.html")


def gate_fragment(visit: Visit) -> Response:
    """The part of one gate's page that changes."""
    return _one(visit, "gate_state.html")


def message(visit: Visit) -> Response:
    """The typed text waits for the gate's screen."""
    view = _found(visit)
    if view is None:
        return visit.refused("gates.missing", NOT_FOUND)
    try:
        Commands(visit.office).send_message(visit.actor, view.gate, *_typed(visit))
    except CommandNotMade:
        return _one(visit, "gate.html", "gates.message_refused")
    done = "gates.message_cleared" if _empty(visit) else "gates.message_sent"
    return visit.redirect(f"/gates/{view.gate}", done)


def message_all(visit: Visit) -> Response:
    """The typed text waits for the screens of every gate of the site."""
    try:
        Commands(visit.office).send_to_all(visit.actor, *_typed(visit))
    except CommandNotMade:
        return _all(visit, "gates.html", "gates.message_refused")
    done = "gates.all_cleared" if _empty(visit) else "gates.all_sent"
    return visit.redirect("/gates", done)


def tips(visit: Visit) -> Response:
    """The typed tips wait for the gate's screen."""
    view = _found(visit)
    if view is None:
        return visit.refused("gates.missing", NOT_FOUND)
    try:
        Commands(visit.office).send_tips(visit.actor, view.gate, _tips(visit))
    except CommandNotMade:
        return _one(visit, "gate.html", "gates.tips_refused")
    return visit.redirect(f"/gates/{view.gate}", "gates.tips_sent")


def tips_all(visit: Visit) -> Response:
    """The typed tips wait for the screens of every gate of the site."""
    try:
        Commands(visit.office).send_tips_to_all(visit.actor, _tips(visit))
    except CommandNotMade:
        return _all(visit, "gates.html", "gates.tips_refused")
    return visit.redirect("/gates", "gates.tips_sent")


def retired(visit: Visit) -> Response:
    """GET: what retiring the gate means. POST: the gate is out of use."""
    view = _found(visit)
    if view is None:
        return visit.refused("gates.missing", NOT_FOUND)
    if visit.request.method != "POST":
        return _retirement(visit, view)
    try:
        at_ms = instant_ms(visit.form.get("at", ""), visit.site.zone)
        usual_ms = usual_end_ms(visit.office, view.gate)
        zone = visit.site.zone
        if at_ms is not None and form_time(at_ms, zone) == form_time(usual_ms, zone):
            at_ms = usual_ms  # a form knows no seconds
        retire(visit.office, visit.actor, view.gate, visit.form.get("reason", ""), at_ms)
    except Unclear:
        return _retirement(visit, view, "gates.retire_refused.time")
    except RetirementRefused as refusal:
        return _retirement(visit, view, f"gates.retire_refused.{refusal.code}")
    return visit.redirect(f"/gates/{view.gate}", "gates.retired")


def back(visit: Visit) -> Response:
    """The gate is in use again."""
    view = _found(visit)
    if view is None:
        return visit.refused("gates.missing", NOT_FOUND)
    try:
        take_back(visit.office, visit.actor, view.gate, visit.form.get("reason", ""))
    except RetirementRefused as refusal:
        return visit.refused(f"gates.retire_refused.{refusal.code}")
    return visit.redirect(f"/gates/{view.gate}", "gates.taken_back")


def renamed(visit: Visit) -> Response:
    """The pages call the gate as typed."""
    view = _found(visit)
    if view is None:
        return visit.refused("gates.missing", NOT_FOUND)
    names = [visit.form.get(field, "") for field in ("name", "name_en", "place")]
    try:
        rename(visit.office, visit.actor, view.gate, *names)
    except RenameRefused:
        return _one(visit, "gate.html", "gates.rename_refused")
    return visit.redirect(f"/gates/{view.gate}", "gates.renamed")


def _all(visit: Visit, template: str, problem: str = "") -> Response:
    gates = Gates(visit.office)
    views = gates.of(visit.site.id)
    return visit.page(
        template,
        status=CONFLICT if problem else 200,
        views=views,
        retired=gates.retired(visit.site.id) if template == "gates.html" else (),
        out=roll_out(views),
        shown=Shown(visit),
        problem=problem,
        typed=visit.form,
        limits=LIMITS,
        tips=_lines(visit) if template == "gates.html" else "",
    )


def _retirement(visit: Visit, view: GateView, problem: str = "") -> Response:
    usual = form_time(usual_end_ms(visit.office, view.gate), visit.site.zone)
    return visit.page(
        "gate_retire.html",
        status=CONFLICT if problem else 200,
        view=view,
        shown=Shown(visit),
        at=visit.form.get("at", usual),
        latest=form_time(visit.office.utc_ms(), visit.site.zone),
        problem=problem,
    )


def _one(visit: Visit, template: str, problem: str = "") -> Response:
    view = _found(visit)
    if view is None:
        return visit.refused("gates.missing", NOT_FOUND)
    log = GateLog(visit.office).newest(visit.actor, view.gate)
    return visit.page(
        template,
        status=CONFLICT if problem else 200,
        view=view,
        shown=Shown(visit),
        orders=Commands(visit.office).of_gate(visit.site.id, view.gate, 10),
        log=[(row, line(visit, row)) for row in log],
        tips=_lines(visit, view.gate) if template == "gate.html" else "",
        problem=problem,
        typed=visit.form,
        limits=LIMITS,
    )


def _typed(visit: Visit) -> tuple[str, str, int]:
    """Return the message of a form: Chinese, English, minutes."""
    form = visit.form
    return form.get("zh", ""), form.get("en", ""), _minutes(form.get("minutes", ""))


def _tips(visit: Visit) -> list[Text]:
    """Return the tips of a form, one a line; a line in plain letters alone is English."""
    found = []
    for typed in visit.form.get("tips", "").splitlines():
        zh, bar, en = typed.replace("\uff5c", BAR).partition(BAR)
        found.append(Text("", zh) if not bar and zh.isascii() else Text(zh, en))
    return [tip for tip in found if tip.zh.strip() or tip.en.strip()]


def _lines(visit: Visit, gate: str = "") -> str:
    """Return what the form of tips holds: what was typed, else what was sent last."""
    if "tips" in visit.form:
        return visit.form["tips"]
    sent = Commands(visit.office).tips(visit.site.id, gate)
    return "\n".join(f" {BAR} ".join(text for text in (tip.zh, tip.en) if text) for tip in sent)


def _empty(visit: Visit) -> bool:
    return not any(text.strip() for text in _typed(visit)[:2])


def _minutes(text: str) -> int:
    """Return the typed number, 0 (which nobody may send) for anything else."""
    text = text.strip()
    whole = text.isascii() and text.isdigit() and len(text) <= len(str(MINUTES_MAX))
    return int(text) if whole else 0


def _found(visit: Visit) -> GateView | None:
    return Gates(visit.office).one(visit.site.id, visit.request.path_params["gate"])


PAGES: Final[tuple[Page, ...]] = (
    Page("/gates", gates, Right.SEE_GATES),
    Page("/gates/fragment", fragment, Right.SEE_GATES),
    # No gate's id has a _ in it.
    Page("/gates/_all/message", message_all, Right.MESSAGE_GATE, ("POST",)),
    Page("/gates/_all/tips", tips_all, Right.MESSAGE_GATE, ("POST",)),
    Page("/gates/{gate}", gate, Right.SEE_GATES),
    Page("/gates/{gate}/fragment", gate_fragment, Right.SEE_GATES),
    Page("/gates/{gate}/message", message, Right.MESSAGE_GATE, ("POST",)),
    Page("/gates/{gate}/tips", tips, Right.MESSAGE_GATE, ("POST",)),
    Page("/gates/{gate}/rename", renamed, Right.NAME_GATE, ("POST",)),
    Page("/gates/{gate}/retire", retired, Right.ENROL_GATE, ("GET", "POST")),
    Page("/gates/{gate}/back", back, Right.ENROL_GATE, ("POST",)),
)
