"""The daily ledger (台账): every record of one local day of a site as a table, CSV or .xlsx.

One line per record, oldest first; a record that follows up an earlier one of the same visit is
marked. People are masked; full identity needs the right to it. Every export has a reason and is
audited with it. The plate column stands empty: gates do not read plates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from gated.core import masking
from gated.errors import GatedError
from gated.hub import record_words as words
from gated.hub.audit import NOT_WRITTEN, Action
from gated.hub.completeness import gate_names
from gated.hub.late_entry import LateEntries, PaperPerson
from gated.hub.local_time import day_bounds, local
from gated.hub.office import Office
from gated.hub.records import Record, day_query, record_of, seen_by
from gated.hub.register import Entry, Register, Shown
from gated.hub.roles import Actor, Right
from gated.hub.sheet import Cell, Column, csv_text, xlsx_bytes

Format = Literal["csv", "xlsx"]
Place: TypeAlias = "tuple[str, str, int]"  # gate, epoch, seq: what makes a record one

YEARS: Final = (1970, 2100)  # no record is of an earlier or later one
NOBODY: Final = Shown("", "", "", "")
GROUP: Final = 500  # records whose people are looked up at once

_COLUMNS: Final = (
    (("日期", "date"), 12),
    (("时间", "time"), 10),
    (("进出", "direction"), 8),
    (("姓名", "name"), 12),
    (("证件号", "document"), 22),
    (("手机", "phone"), 14),
    (("楼栋房号", "building and room"), 14),
    (("类别", "category"), 14),
    (("体温(℃)", "temperature (°C)"), 10),
    (("结果", "verdict"), 14),
    (("原因", "reason"), 24),
    (("卡口", "gate"), 14),
    (("车牌", "plate"), 10),
    (("值守", "guard"), 10),
    (("备注", "remark"), 24),
)

_REMARKS: Final = {
    "late": ("纸质补录", "entered later from paper"),
    "follow_up": ("同一次通行的后续记录", "follows up the same visit"),
    "shadow": ("试运行", "practice"),
    "uncertain": ("时间不确定", "time not certain"),
}


class ExportRefused(GatedError, ValueError):
    """An export that is not made. code: word for the page's text of it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Order:
    """What is exported. full: with whole names, numbers and rooms."""

    day: date
    format: Format = "csv"
    language: words.Language = "zh"
    full: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """A finished file. name: of the file, says site and day and nothing of people."""

    name: str
    media_type: str
    body: bytes
    lines: int


class DayLedger:
    """Makes ledgers for who may; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._register = Register(office)
        self._late = LateEntries(office)

    def export(self, actor: Actor, order: Order, reason: str) -> Export:
        """Return the ledger of a day as a file, audited. Raises ExportRefused with a sentence."""
        if not actor.may(Right.SEE_RECORDS):
            raise ExportRefused("no_right", f"the role {actor.role} may not see records")
        if order.full and not actor.may(Right.SEE_IDENTITY):
            raise ExportRefused(
                "no_identity", "only a community officer may export full identities"
            )
        if not reason.strip():
            raise ExportRefused("no_reason", "an export needs a reason: say what it is for")
        if not YEARS[0] <= order.day.year <= YEARS[1]:
            raise ExportRefused("bad_day", f"there are no records of {order.day}: choose a day")
        rows = list(self._rows(actor, order))
        self._note(actor, order, reason, f"{len(rows)} lines")
        name = f"ledger-{actor.site}-{order.day.isoformat()}{'-full' if order.full else ''}"
        return _file(name, order, rows)

    def not_written(self, actor: Actor, order: Order, reason: str) -> None:
        """The audit says that the file of this export came to nothing."""
        self._note(actor, order, reason, NOT_WRITTEN)

    def _note(self, actor: Actor, order: Order, reason: str, result: str) -> None:
        kind = "full" if order.full else "masked"
        target = f"ledger:{order.day.isoformat()}:{kind}"
        self._office.audit.note(
            actor, Action.EXPORT, target=target, reason=reason.strip(), result=result
        )

    def _rows(self, actor: Actor, order: Order) -> Iterator[list[Cell]]:
        zone = self._office.site(actor.site).zone
        health = actor.may(Right.SET_HEALTH_STATUS)
        gates = gate_names(self._office, actor.site, english=order.language == "en")
        for group in self._groups(actor.site, *day_bounds(zone, order.day)):
            identities = self._identities(actor.site, group, full=order.full)
            for record in (seen_by(record, health=health) for record in group):
                identity = identities.get(place_of(record), NOBODY)
                gate = gates.get(record.key.gate, record.key.gate)
                yield _line(record, identity, gate, zone, order.language, health=health)

    def _groups(self, site: str, start_ms: int, end_ms: int) -> Iterator[list[Record]]:
        with self._office.database.reading() as connection:
            found = connection.execute(day_query(site, start_ms, end_ms))
            for rows in found.partitions(GROUP):
                yield [record_of(row) for row in rows]

    def _identities(
        self, site: str, records: Sequence[Record], *, full: bool
    ) -> dict[Place, Shown]:
        refs = {record.person for record in records if record.person is not None}
        entries = self._register.entries(site, refs) if refs else {}
        known = {ref: self._of_entry(entry, full=full) for ref, entry in entries.items()}
        numbers = [r.key.seq for r in records if r.late and r.person is None]
        papers = self._late.people(site, numbers) if numbers else {}
        found: dict[Place, Shown] = {}
        for record in records:
            key = place_of(record)
            if record.person is not None:
                found[key] = known.get(record.person, NOBODY)
            elif record.late and record.key.seq in papers:
                found[key] = _of_paper(papers[record.key.seq], full=full)
        return found

    def _of_entry(self, entry: Entry, *, full: bool) -> Shown:
        return entry.whole if full else self._register.shown(entry)


def place_of(record: Record) -> Place:
    """Return what tells a record from every other: a paper line's number may be a passage's too."""
    return record.key.gate, record.key.epoch, record.key.seq


def columns(language: words.Language) -> list[Column]:
    """Return the columns of the ledger in one language."""
    return [Column(texts[language == "en"], width) for texts, width in _COLUMNS]


def _line(
    record: Record,
    identity: Shown,
    gate: str,
    zone: ZoneInfo,
    language: words.Language,
    *,
    health: bool,
) -> list[Cell]:
    at = local(record.key.t_ms, zone)
    temperature: Cell = words.temperature(record.temp_mc)
    return [
        f"{at:%Y-%m-%d}",
        f"{at:%H:%M:%S}",
        words.direction(record.direction, language),
        identity.name,
        identity.document,
        identity.phone,
        identity.room,
        words.category(record.category, language),
        float(temperature) if temperature else "",
        words.verdict(record.verdict, language),
        words.reason(record.reason, language, health=health),
        gate,
        "",
        record.guard,
        _remark(record, language),
    ]


def _remark(record: Record, language: words.Language) -> str:
    marks = {
        "late": record.late,
        "follow_up": record.follow_up,
        "shadow": record.shadow,
        "uncertain": not record.certain,
    }
    said = [_REMARKS[name][language == "en"] for name, holds in marks.items() if holds]
    return ("; " if language == "en" else ";").join(said)


def _of_paper(paper: PaperPerson, *, full: bool) -> Shown:
    if full:
        return Shown(paper.name, "", paper.phone, paper.document)
    return Shown(
        masking.mask_name(paper.name),
        "",
        masking.mask_phone(paper.phone),
        masking.mask_document(paper.document),
    )


def _file(name: str, order: Order, rows: Sequence[Sequence[Cell]]) -> Export:
    heads = columns(order.language)
    if order.format == "csv":
        body = csv_text(heads, rows).encode("utf-8")
        return Export(f"{name}.csv", "text/csv; charset=utf-8", body, len(rows))
    title = f"{order.day.isoformat()}"
    body = xlsx_bytes(title, heads, rows)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Export(f"{name}.xlsx", kind, body, len(rows))
