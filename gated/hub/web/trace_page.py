"""A trace on a page: who was near whom, what is still missing, a drawing, and a table to keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from gated.hub import record_words as words
from gated.hub.local_time import form_time
from gated.hub.roles import Right
from gated.hub.trace import MINUTE_MS
from gated.hub.trace_drawing import draw
from gated.hub.trace_query import Question, Trace, Tracer, TraceRefused
from gated.hub.trace_table import Names, minutes, trace_csv
from gated.hub.web.asked import Someone, Unclear, gates, instant_ms, people
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

REFUSED: Final = 409
DAYS: Final = 14  # as long as somebody exposed is watched
WITHIN: Final = "10"
FIELDS: Final = ("who", "start", "end", "within", "gate")


@dataclass(frozen=True, slots=True)
class Made:
    """A finished trace with the names it shows."""

    trace: Trace
    names: Names


def trace(v: Visit) -> Response:
    """The form; a POST shows the trace, or whom the words may mean."""
    if v.request.method == "GET":
        return _form(v, {"who": _pseudonym(v.query.get("person", ""))})
    form = {name: v.form.get(name, "").strip() for name in FIELDS}
    someone = people(v, form["who"], "trace")
    if not someone:
        return _form(v, form, problem="records.nobody")
    if len(someone) > 1:
        return _form(v, form, someone=someone)
    made = _made(v, form, someone[0])
    return made if isinstance(made, Response) else _result(v, form, made)


def as_csv(v: Visit) -> Response:
    """The same trace as a table, masked."""
    form = {name: v.form.get(name, "").strip() for name in FIELDS}
    someone = people(v, form["who"], "trace")
    if len(someone) != 1:
        return _form(v, form, problem="records.nobody")
    made = _made(v, form, someone[0])
    if isinstance(made, Response):
        return made
    table = trace_csv(made.trace, made.names, gates(v), v.site.zone, v.language)
    return v.send(table.encode(), "text/csv; charset=utf-8", f"trace-{v.site.id}.csv")


def _made(v: Visit, form: Mapping[str, str], person: Someone) -> Made | Response:
    """Return the trace, or the form with what to correct."""
    try:
        question = _question(v, form, person.ref)
        tracer, reason = Tracer(v.office), v.reason()
        found = tracer.trace(v.actor, question, reason)
        return Made(found, tracer.names(v.actor, found, reason))
    except Unclear as unclear:
        return _form(v, form, problem=unclear.key)
    except TraceRefused as refused:
        return _form(v, form, problem=f"trace.refused.{refused.code}")


def _question(v: Visit, form: Mapping[str, str], person: bytes) -> Question:
    now_ms = v.office.utc_ms()
    start_ms = instant_ms(form["start"], v.site.zone)
    end_ms = instant_ms(form["end"], v.site.zone)
    within = form["within"] or WITHIN
    if not (within.isascii() and within.isdigit() and len(within) <= len("240")):
        raise Unclear("trace.bad_window")
    return Question(
        person=person,
        start_ms=now_ms - DAYS * 24 * 60 * MINUTE_MS if start_ms is None else start_ms,
        end_ms=now_ms if end_ms is None else end_ms,
        within_ms=int(within) * MINUTE_MS,
        gate=form["gate"],
    )


def _form(
    v: Visit, form: Mapping[str, str], *, problem: str = "", someone: list[Someone] | None = None
) -> Response:
    now_ms = v.office.utc_ms()
    empty = {
        "who": "",
        "start": form_time(now_ms - DAYS * 24 * 60 * MINUTE_MS, v.site.zone),
        "end": "",
        "within": WITHIN,
        "gate": "",
    }
    return v.page(
        "trace.html",
        status=REFUSED if problem else 200,
        form=empty | dict(form),
        problem=problem,
        someone=someone or (),
        gates=gates(v),
    )


def _result(v: Visit, form: Mapping[str, str], made: Made) -> Response:
    found = made.trace
    return v.page(
        "trace_result.html",
        form=dict(form) | {"who": found.question.person.hex()},
        found=found,
        names=made.names,
        gates=gates(v),
        drawing=draw(found.own, found.contacts, found.question.within_ms),
        minutes=minutes,
        words=words,
    )


def _pseudonym(text: str) -> str:
    """Return the pseudonym a link names, "" for anything else: no words stand in addresses."""
    return text if len(text) == len("00" * 16) and set(text) <= set("0123456789abcdef") else ""


PAGES = (
    Page("/trace", trace, Right.TRACE, ("GET", "POST")),
    Page("/trace/csv", as_csv, Right.TRACE, ("POST",)),
)
