"""The report of one day, to be read and to be printed; the same tables as CSV."""

from datetime import date, timedelta

from starlette.responses import Response

from gated.hub.daily_report import EARLIEST, DailyReport, Report, ReportRefused
from gated.hub.daily_table import Section, csv_of, sections
from gated.hub.roles import Right
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

BAD_REQUEST = 400
A_DAY = timedelta(days=1)


def report(v: Visit) -> Response:
    """The day that was asked for, today when none was."""
    made = _made(v)
    if isinstance(made, Response):
        return made
    today = DailyReport(v.office).today(v.site.id)
    tables = _tables(v, made)
    return v.page(
        "report.html",
        report=made,
        tables=tables,
        alarms=[table for table in tables if table.alarm],
        previous=made.day - A_DAY if made.day > EARLIEST else None,
        following=made.day + A_DAY if made.day < today else None,
        today=today,
    )


def as_csv(v: Visit) -> Response:
    """The same as a file for a spreadsheet program."""
    made = _made(v)
    if isinstance(made, Response):
        return made
    text = csv_of(v.t("report.of", site=v.site_name(), day=made.day), _tables(v, made))
    return v.send(text.encode(), "text/csv; charset=utf-8", f"report-{v.site.id}-{made.day}.csv")


def _made(v: Visit) -> Report | Response:
    maker = DailyReport(v.office)
    asked = v.query.get("day", "")
    try:
        day = date.fromisoformat(asked) if asked else maker.today(v.site.id)
    except ValueError:
        return v.refused("report.bad_day", BAD_REQUEST)
    try:
        return maker.of(v.actor, day)
    except ReportRefused as refusal:
        return v.refused(f"report.refused.{refusal.code}")


def _tables(v: Visit, made: Report) -> list[Section]:
    def when(ms: int | None) -> str:
        return v.when(ms, day=ms is None or not made.start_ms <= ms < made.until_ms)

    return sections(made, v.language, when)


PAGES = (
    Page("/report", report, Right.SEE_REPORT),
    Page("/report/csv", as_csv, Right.SEE_REPORT),
)
