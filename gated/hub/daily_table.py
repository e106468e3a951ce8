"""The daily report as tables that people read: the same for page, terminal and CSV. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from gated.hub import record_words
from gated.hub.daily_cases import ARRIVALS
from gated.hub.daily_figures import Count, FeverState, GuardCount
from gated.hub.daily_gates import FaultTime
from gated.hub.daily_report import Report
from gated.hub.daily_words import word
from gated.hub.record_words import Language
from gated.hub.sheet import Cell, Column, csv_text
from gated.hub.status_words import status
from gated.texts import shipped

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
_INSTANTS: Final = frozenset({"from", "to", "time", "last_round", "known_until"})
When = Callable[[int | None], str]


@dataclass(frozen=True, slots=True)
class Section:
    """One table. instants: columns that hold local times; alarm: somebody must look at it.

    Without rows a page says "none".
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    alarm: bool = False
    instants: frozenset[int] = frozenset()

    def is_number(self, place: int) -> bool:
        """Return whether a column holds figures, or nothing; the first one names the row."""
        cells = [row[place] for row in self.rows if row[place] != ""]
        return place > 0 and bool(cells) and all(isinstance(cell, int | float) for cell in cells)


def sections(report: Report, language: Language, when: When) -> list[Section]:
    """Return every table of the report in the order it is read. when: local time of the site."""
    maker = _Maker(report, language, when)
    return [
        *([maker.incomplete()] if report.incomplete else []),
        maker.traffic(),
        maker.fevers(),
        maker.cases(),
        maker.due(),
        maker.arrivals(),
        maker.counted("refusals", report.traffic.refusals, "reason", maker.reason),
        maker.guards("overrides", report.traffic.overrides),
        maker.guards("guard_refusals", report.traffic.guard_refusals),
        *([] if report.over else [maker.not_open()]),
        maker.duty(),
        maker.rounds(),
        maker.faults(),
        maker.counted("by_gate", report.traffic.by_gate, "gate", maker.gate),
        maker.counted("by_band", report.traffic.by_band, "hours", str),
        maker.counted("by_reason", report.traffic.by_reason, "reason", maker.reason),
    ]


def csv_of(title: str, found: Iterable[Section]) -> str:
    """Return the tables below each other as CSV text under one title line."""
    listed = list(found)
    width = max((len(section.columns) for section in listed), default=1)
    rows: list[tuple[Cell, ...]] = []
    for section in listed:
        rows += [(), (section.title,), section.columns, *section.rows]
    columns = [Column(title), *(Column("") for _ in range(width - 1))]
    return csv_text(columns, rows)


class _Maker:
    """Makes the tables of one report in one language."""

    def __init__(self, report: Report, language: Language, when: When) -> None:
        self._report = report
        self._language: Language = language
        self._when = when

    def word(self, key: str) -> str:
        return word(key, self._language)

    def gate(self, name: str) -> str:
        return self._report.names.get(name, (name, name))[self._language == "en"]

    def reason(self, code: str) -> str:
        return record_words.reason(code, self._language, health=True)

    def section(
        self, key: str, columns: str, rows: Iterable[tuple[Cell, ...]], *, alarm: bool = False
    ) -> Section:
        keys = columns.split()
        headings = tuple(self.word(column) for column in keys)
        instants = frozenset(place for place, column in enumerate(keys) if column in _INSTANTS)
        return Section(key, self.word(key), headings, tuple(rows), alarm, instants)

    def counted(
        self, key: str, counts: Iterable[Count], first: str, named: Callable[[str], str]
    ) -> Section:
        rows = [(named(one.name), one.inward, one.outward, one.total) for one in counts]
        return self.section(key, f"{first} in out total", rows)

    def incomplete(self) -> Section:
        rows = [
            (
                self.gate(one.gate),
                self.word("retired" if one.retired_ms else "yes" if one.online else "no"),
                self.word("never") if one.upto_ms is None else self._when(one.upto_ms),
                one.missing,
            )
            for one in self._report.incomplete
        ]
        return self.section("incomplete", "gate link known_until missing", rows, alarm=True)

    def traffic(self) -> Section:
        traffic = self._report.traffic
        split = {
            "visits_line": traffic.visits,
            "passed": traffic.passed,
            "waiting": traffic.waiting,
            "refused": traffic.refused,
        }
        rows: list[tuple[Cell, ...]] = [
            (self.word(key), one.inward, one.outward, one.total) for key, one in split.items()
        ]
        whole = {
            "passages": traffic.passages,
            "persons": traffic.persons,
            "unknown": traffic.unknown,
            "late": traffic.late,
            "typed_in": self._report.typed_in,
            "uncertain": traffic.uncertain,
            "shadow": traffic.shadow,
        }
        rows += [(self.word(key), "", "", count) for key, count in whole.items()]
        return self.section("traffic", "item in out total", rows)

    def fevers(self) -> Section:
        found = self._report.traffic.fevers
        rows: list[tuple[Cell, ...]] = [
            (
                one.number,
                self._when(one.t_ms) + ("" if one.certain else " ?"),
                self.gate(one.gate),
                record_words.direction(one.direction, self._language),
                f"{one.gate}/{one.seq}",
                self.word(one.state.value),
                record_words.verdict(one.verdict, self._language),
            )
            for one in found
        ]
        alarm = any(one.state is not FeverState.CLEARED for one in found)
        columns = "number time gate direction record clinical verdict"
        return self.section("fevers", columns, rows, alarm=alarm)

    def cases(self) -> Section:
        rows: list[tuple[Cell, ...]] = [
            (status(one.code, self._language), one.standing, one.new, one.ended)
            for one in self._report.cases
        ]
        rows.append((self.word("released"), "", self._report.released, ""))
        return self.section("cases", "status standing new ended", rows)

    def due(self) -> Section:
        due = self._report.due
        rows = [
            (self.word("due_line"), due.due),
            (self.word("done_line"), due.done),
            (self.word("overdue_line"), due.overdue),
            (self.word("overdue_people"), due.overdue_people),
            (self.word("fever_readings"), self._report.fever_readings),
        ]
        return self.section("due", "item count", rows, alarm=due.overdue > 0)

    def arrivals(self) -> Section:
        arrivals = self._report.arrivals
        forms = {"visitor": 0, "returnee": 0} | arrivals.registrations
        rows = [(self.word(form), count) for form, count in forms.items()]
        rows += [
            (status(code.value, self._language), arrivals.statuses[code.value]) for code in ARRIVALS
        ]
        return self.section("arrivals", "item people", rows)

    def guards(self, key: str, counts: Iterable[GuardCount]) -> Section:
        rows = [
            (one.guard or self.word("nobody"), self.word(one.reason or "other"), one.count)
            for one in counts
        ]
        return self.section(key, "guard reason count", rows)

    def not_open(self) -> Section:
        rows = [(self.gate(gate), self.word(mode)) for gate, mode in self._report.not_open]
        return self.section("not_open", "gate state", rows, alarm=bool(rows))

    def duty(self) -> Section:
        rows: list[tuple[Cell, ...]] = []
        for one in self._report.duty:
            if not one.reported:
                rows.append((self.gate(one.gate), self.word("not_reported"), "", ""))
            if one.never:
                rows.append((self.gate(one.gate), self.word("never_manned"), "", one.unstaffed))
                continue
            rows += [
                (self.gate(one.gate), self._when(gap.start_ms), self._end(gap.end_ms), gap.visits)
                for gap in one.gaps
            ]
        alarm = any(one.unstaffed for one in self._report.unstaffed)
        return self.section("duty", "gate from to visits", rows, alarm=alarm)

    def _end(self, ms: int) -> str:
        """Return a local time; the end of the day as that, and not as the beginning of the next."""
        midnight = self._report.over and ms == self._report.until_ms
        return "24:00" if midnight else self._when(ms)

    def rounds(self) -> Section:
        rows: list[tuple[Cell, ...]] = []
        for one in self._report.rounds:
            hours = round(one.overdue_ms / HOUR_MS, 1)
            last = self._when(one.last_ms) if one.reported else self.word("not_reported")
            rows.append((self.gate(one.gate), one.done, last, hours if one.reported else ""))
        alarm = any(one.overdue_ms for one in self._report.rounds)
        return self.section("rounds", "gate done last_round overdue_h", rows, alarm=alarm)

    def faults(self) -> Section:
        rows: list[tuple[Cell, ...]] = [
            (
                self.gate(one.gate),
                self._fault(one.code),
                one.times,
                round(one.lasted_ms / MINUTE_MS),
                self._still(one),
            )
            for one in self._report.faults
        ]
        alarm = any(one.standing for one in self._report.faults)
        return self.section("faults", "gate fault count minutes still", rows, alarm=alarm)

    def _still(self, one: FaultTime) -> str:
        if one.standing:
            return self.word("still_failing")
        return self.word("mended") if one.lasted_ms else ""

    def _fault(self, code: str) -> str:
        return shipped().device(code).text.shown(self._language) or code
