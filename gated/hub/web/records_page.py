"""Records on a page: the search, the ledger of a day as a file, lines typed in from paper."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from starlette.responses import Response

from gated.core.model import Direction, Verdict
from gated.hub import record_words as words
from gated.hub.day_ledger import DayLedger, ExportRefused, Order
from gated.hub.late_entry import LateEntries, LateEntryRefused, PaperLine
from gated.hub.local_time import form_time, local_day
from gated.hub.records import Filter, Key, Records, SearchRefused
from gated.hub.roles import Right
from gated.hub.web.asked import Someone, Unclear, gates, household, instant_ms, people
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

REFUSED: Final = 409
FIELDS: Final = ("who", "room", "gate", "start", "end", "verdict", "code", "after")
LATE_FIELDS: Final = (
    "time", "gate", "direction", "verdict", "paper_no", "who", "name", "document", "phone",
    "temperature", "guard",
)  # fmt: skip
_TEMPERATURE: Final = re.compile(r"\d{2}([.,]\d)?")
_KEY: Final = re.compile(r"(\d{1,16}) ([a-z0-9-]{1,32}) ([0-9a-z]{1,64}) (\d{1,18})")


def records(v: Visit) -> Response:
    """The form; a POST shows the records that fit it, newest first."""
    if v.request.method == "GET":
        return _records(v, {})
    form = {name: v.form.get(name, "").strip() for name in FIELDS}
    try:
        someone = people(v, form["who"], "records") if form["who"] else []
        if form["who"] and not someone:
            return _records(v, form, problem="records.nobody", status=REFUSED)
        wanted = Filter(
            people=tuple(one.ref for one in someone),
            household=household(v, form["room"]),
            gate=form["gate"],
            start_ms=instant_ms(form["start"], v.site.zone),
            end_ms=instant_ms(form["end"], v.site.zone),
            verdict=form["verdict"],
            reason=form["code"],
        )
        found = Records(v.office).search(v.actor, wanted, v.reason(), after=_key(form["after"]))
    except Unclear as unclear:
        return _records(v, form, problem=unclear.key, status=REFUSED)
    except SearchRefused as refused:
        problem = f"records.refused.{refused.code}"
        return _records(v, form, problem=problem, status=REFUSED)
    after = found.after
    following = "" if after is None else f"{after.t_ms} {after.gate} {after.epoch} {after.seq}"
    return _records(v, form, found=found, someone=someone, following=following)


def _records(
    v: Visit, form: Mapping[str, str], *, problem: str = "", status: int = 200, **more: object
) -> Response:
    values = {"found": None, "someone": (), "following": ""} | more
    return v.page(
        "records.html",
        status=status,
        form=dict.fromkeys(FIELDS, "") | dict(form),
        problem=problem,
        gates=gates(v),
        verdicts=[verdict.value for verdict in Verdict],
        codes=words.reason_codes(health=v.may(Right.SET_HEALTH_STATUS)),
        words=words,
        health=v.may(Right.SET_HEALTH_STATUS),
        today=_today(v).isoformat(),
        **values,
    )


def ledger(v: Visit) -> Response:
    """The ledger of a day as a file."""
    try:
        day = date.fromisoformat(v.form.get("day", ""))
    except ValueError:
        return v.refused("records.bad_day", REFUSED)
    full = "full" in v.form
    order = Order(
        day=day,
        format="csv" if v.form.get("format") == "csv" else "xlsx",
        language=v.language,
        full=full,
    )
    try:
        made = DayLedger(v.office).export(v.actor, order, v.reason())
    except ExportRefused as refused:
        return v.refused(f"records.export.{refused.code}", 403)
    return v.send(made.body, made.media_type, made.name)


def late(v: Visit) -> Response:
    """The form for a line from paper; a POST stores it."""
    form = {name: v.form.get(name, "").strip() for name in LATE_FIELDS}
    if v.request.method == "GET":
        return _late(v, {"time": form_time(v.office.utc_ms(), v.site.zone)})
    try:
        known = people(v, form["who"], "paper") if form["who"] else []
        if form["who"] and not known:
            return _late(v, form, problem="records.nobody")
        if len(known) > 1:
            return _late(v, form, problem="records.late.several", known=known)
        LateEntries(v.office).add(v.actor, _line(v, form, known))
    except Unclear as unclear:
        return _late(v, form, problem=unclear.key)
    except LateEntryRefused as refused:
        return _late(v, form, problem=f"records.late.refused.{refused.code}", field=refused.field)
    return v.redirect("/records/late", done="records.late.done")


def _late(
    v: Visit,
    form: Mapping[str, str],
    *,
    problem: str = "",
    field: str = "",
    known: list[Someone] | None = None,
) -> Response:
    return v.page(
        "records_late.html",
        status=REFUSED if problem else 200,
        form=dict.fromkeys(LATE_FIELDS, "") | dict(form),
        problem=problem,
        field=field,
        known=known or (),
        gates=gates(v),
        directions=[direction.value for direction in Direction],
        verdicts=[verdict.value for verdict in Verdict],
        words=words,
    )


def _line(v: Visit, form: Mapping[str, str], known: list[Someone]) -> PaperLine:
    t_ms = instant_ms(form["time"], v.site.zone)
    if t_ms is None:
        raise Unclear("records.bad_time")
    return PaperLine(
        gate=form["gate"],
        t_ms=t_ms,
        direction=form["direction"],
        verdict=form["verdict"],
        paper_no=form["paper_no"],
        person=known[0].ref if known else None,
        name=form["name"],
        document=form["document"],
        phone=form["phone"],
        temp_mc=_temperature_mc(form["temperature"]),
        guard=form["guard"],
    )


def _temperature_mc(text: str) -> int | None:
    """Return degrees such as 36.5 as thousandths, None for "". Raises Unclear."""
    if not text:
        return None
    if not _TEMPERATURE.fullmatch(text):
        raise Unclear("records.bad_temperature")
    whole, _, tenth = text.replace(",", ".").partition(".")
    return int(whole) * 1000 + int(tenth or 0) * 100


def _key(text: str) -> Key | None:
    """Return where the next page begins; a changed one begins at the newest record."""
    parts = _KEY.fullmatch(text)
    return None if parts is None else Key(int(parts[1]), parts[2], parts[3], int(parts[4]))


def _today(v: Visit) -> date:
    return local_day(v.office.utc_ms(), v.site.zone)


PAGES = (
    Page("/records", records, Right.SEE_RECORDS, ("GET", "POST")),
    Page("/records/ledger", ledger, Right.SEE_RECORDS, ("POST",)),
    Page("/records/late", late, Right.ENTER_LATE, ("GET", "POST")),
)
