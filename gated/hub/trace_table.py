"""A trace as rows for a spreadsheet and as fields for programs. Pure.

What is still missing stands first: a table that leaves the house must say that it is not whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gated.hub import record_words as words
from gated.hub.local_time import local
from gated.hub.register_entry import Shown
from gated.hub.sheet import Cell, Column, csv_text
from gated.hub.trace import MINUTE_MS, Meeting, Passage
from gated.hub.trace_query import Trace

Names = Mapping[bytes, Shown]

NOBODY: Final = Shown("", "", "", "")
SHORT: Final = 8  # hex digits of a pseudonym that people see and may type

_COLUMNS: Final = (
    (("类型", "kind"), 14),
    (("编号", "id"), 10),
    (("姓名", "name"), 12),
    (("楼栋房号", "room"), 14),
    (("手机", "phone"), 14),
    (("同户", "household"), 8),
    (("卡口", "gate"), 12),
    (("本人时间", "own time"), 20),
    (("本人进出", "own direction"), 10),
    (("对方时间", "other time"), 20),
    (("对方进出", "other direction"), 10),
    (("间隔(分钟)", "gap (minutes)"), 10),
    (("时间可靠", "time certain"), 10),
    (("备注", "remark"), 30),
)

_KINDS: Final = {
    "incomplete": ("数据不全", "incomplete"),
    "own": ("本人通行", "own passage"),
    "contact": ("同卡口接触", "contact at a gate"),
    "unknown": ("身份不明", "unknown person"),
    "household": ("同户人员", "household"),
    "visitor": ("来访人员", "visitor of the household"),
    "host": ("到访住户", "host visited"),
}

_MISSING: Final = (
    "{upto} 前的记录已到齐，至少还有 {missing} 条未到",
    "complete up to {upto}; at least {missing} records to come",
)
_RETIRED: Final = (
    "已于 {retired} 停用；{upto} 前的记录已到齐，之后有 {missing} 条未收到",
    "retired {retired}; complete up to {upto}, {missing} records never received",
)


def trace_csv(
    trace: Trace,
    names: Names,
    gates: Mapping[str, str],
    zone: ZoneInfo,
    language: words.Language,
) -> str:
    """Return the trace as CSV text: one line per gate that owes records, passage and meeting.

    gates: what people call each gate, by id.
    """
    english = language == "en"
    columns = [Column(texts[english], width) for texts, width in _COLUMNS]
    return csv_text(columns, _Rows(trace, names, gates, zone, language).all())


class _Rows:
    """Makes the rows of one trace in one language."""

    def __init__(
        self,
        trace: Trace,
        names: Names,
        gates: Mapping[str, str],
        zone: ZoneInfo,
        language: words.Language,
    ) -> None:
        self._trace = trace
        self._names = names
        self._gates = gates
        self._zone = zone
        self._language = language

    def all(self) -> Iterator[list[Cell]]:
        """Yield every row."""
        trace = self._trace
        for gate in trace.incomplete:
            upto = "—" if gate.upto_ms is None else self._when(gate.upto_ms)
            sentence = (_MISSING if gate.retired_ms is None else _RETIRED)[self._language == "en"]
            retired = "" if gate.retired_ms is None else self._when(gate.retired_ms)
            remark = sentence.format(upto=upto, missing=gate.missing, retired=retired)
            yield self._row("incomplete", None, gate=gate.gate, remark=remark)
        for one in trace.own:
            yield self._passage("own", trace.question.person, one)
        for contact in trace.contacts:
            for met in contact.meetings:
                yield self._meeting(contact.person, met, household=contact.household)
        for one in trace.unknown:
            yield self._passage("unknown", None, one)
        yield from self._at_home()

    def _at_home(self) -> Iterator[list[Cell]]:
        """Yield household, visitors and hosts; somebody who never passed has a row all the same."""
        for kind, group in (
            ("household", self._trace.household),
            ("visitor", self._trace.visitors),
        ):
            for related in group:
                yield from self._passed(kind, related.person, related.passages)
        for host in self._trace.hosts:
            for ref in host.members:
                yield from self._passed("host", ref, host.visits)

    def _passed(self, kind: str, ref: bytes, found: Sequence[Passage]) -> Iterator[list[Cell]]:
        if not found:
            yield self._row(kind, ref)
        for one in found:
            yield self._passage(kind, ref, one)

    def _passage(self, kind: str, ref: bytes | None, one: Passage) -> list[Cell]:
        mine = kind in ("own", "host")
        when = self._when(one.start_ms)
        way = words.direction(one.direction, self._language)
        return self._row(
            kind,
            ref,
            gate=one.gate,
            own=(when, way) if mine else ("", ""),
            other=("", "") if mine else (when, way),
            certain=one.certain,
        )

    def _meeting(self, ref: bytes, met: Meeting, *, household: bool) -> list[Cell]:
        return self._row(
            "contact",
            ref,
            gate=met.own.gate,
            own=self._time_and_way(met.own),
            other=self._time_and_way(met.other),
            gap=minutes(met.gap_ms),
            certain=met.certain,
            household=household,
        )

    def _row(
        self,
        kind: str,
        ref: bytes | None,
        *,
        gate: str = "",
        own: tuple[str, str] = ("", ""),
        other: tuple[str, str] = ("", ""),
        gap: Cell = "",
        certain: bool | None = None,
        household: bool = False,
        remark: str = "",
    ) -> list[Cell]:
        shown = NOBODY if ref is None else self._names.get(ref, NOBODY)
        sure = "" if certain is None else self._yes_or_no(certain)
        return [
            _KINDS[kind][self._language == "en"],
            "" if ref is None else ref.hex()[:SHORT],
            shown.name,
            shown.room,
            shown.phone,
            self._yes_or_no(household) if kind == "contact" else "",
            self._gates.get(gate, gate),
            *own,
            *other,
            gap,
            sure,
            remark,
        ]

    def _time_and_way(self, one: Passage) -> tuple[str, str]:
        return self._when(one.start_ms), words.direction(one.direction, self._language)

    def _when(self, ms: int) -> str:
        return f"{local(ms, self._zone):%Y-%m-%d %H:%M:%S}"

    def _yes_or_no(self, value: bool) -> str:  # noqa: FBT001 - the word for a value
        return {"zh": ("否", "是"), "en": ("no", "yes")}[self._language][value]


def minutes(gap_ms: int) -> float:
    """Return a gap as signed minutes with one digit."""
    return round(gap_ms / MINUTE_MS, 1)


def trace_fields(trace: Trace, names: Names) -> dict[str, Any]:
    """Return the trace as JSON holds it: times in UTC, people by pseudonym and shown name."""
    question = trace.question
    return {
        "person": _person(question.person, names),
        "from": iso(question.start_ms),
        "to": iso(question.end_ms),
        "within_minutes": minutes(question.within_ms),
        "gate": question.gate,
        "incomplete": [
            {
                "gate": gate.gate,
                "complete_up_to": None if gate.upto_ms is None else iso(gate.upto_ms),
                "online": gate.online,
                "missing": gate.missing,
                "retired": None if gate.retired_ms is None else iso(gate.retired_ms),
            }
            for gate in trace.incomplete
        ],
        "passages": [_passage(one) for one in trace.own],
        "contacts": [
            {
                **_person(contact.person, names),
                "household": contact.household,
                "certain": contact.certain,
                "nearest_minutes": minutes(contact.nearest.gap_ms),
                "meetings": [
                    {
                        "gate": met.own.gate,
                        "own": _passage(met.own),
                        "other": _passage(met.other),
                        "gap_minutes": minutes(met.gap_ms),
                        "certain": met.certain,
                    }
                    for met in contact.meetings
                ],
            }
            for contact in trace.contacts
        ],
        "unknown": [_passage(one) for one in trace.unknown],
        "household": [
            {**_person(one.person, names), "passages": [_passage(p) for p in one.passages]}
            for one in trace.household
        ],
        "visitors": [
            {**_person(one.person, names), "passages": [_passage(p) for p in one.passages]}
            for one in trace.visitors
        ],
        "hosts": [
            {
                "members": [_person(ref, names) for ref in host.members],
                "visits": [_passage(one) for one in host.visits],
            }
            for host in trace.hosts
        ],
    }


def iso(utc_ms: int) -> str:
    """Return UTC ms as ISO 8601 with seconds and Z."""
    return f"{datetime.fromtimestamp(utc_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _person(ref: bytes, names: Names) -> dict[str, str]:
    shown = names.get(ref, NOBODY)
    return {"id": ref.hex(), "name": shown.name, "room": shown.room, "phone": shown.phone}


def _passage(one: Passage) -> dict[str, Any]:
    return {
        "gate": one.gate,
        "time": iso(one.start_ms),
        "direction": one.direction,
        "verdict": one.verdict,
        "certain": one.certain,
        "late": one.late,
    }
