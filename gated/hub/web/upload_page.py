"""A table pushed: read and compared behind a page that shows how far it is, then said yes to."""

import json
from collections.abc import Callable
from typing import Final

from starlette.responses import Response

from gated.core.model import StatusCode
from gated.errors import StoreError, TableError
from gated.hub.difference import Kind
from gated.hub.difference_shown import visible
from gated.hub.roles import PROPERTY_STATUSES, Right
from gated.hub.sheet import Column, csv_text, xlsx_bytes
from gated.hub.upload import Staged, State, UploadRefused, Uploads
from gated.hub.upload_large import Told
from gated.hub.upload_shelf import Broken
from gated.hub.web.pages import note_failure
from gated.hub.web.paging import Page
from gated.hub.web.roster_words import Words
from gated.hub.web.visit import Visit
from gated.hub.web.works import Interrupted, Said, Work, afterwards
from gated.store import table_template, table_words
from gated.store.table_template import heading

NOT_FOUND: Final = 404
REFUSED: Final = 409
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PATH: Final = "/roster/upload/{number}"
DIGITS_MAX: Final = 9  # no list has more people


def upload(v: Visit) -> Response:
    """The form for a table; what is sent is read behind the page the answer leads to."""
    if v.request.method == "GET":
        return _form(v)
    chosen = v.upload("table")
    if chosen is None:
        return _form(v, v.t("roster.no_file"))
    uploads = Uploads(v.office)
    number = uploads.begin(v.actor)
    work = v.front.works.begin(v.site.id, number, "read")
    if work is None:
        return _form(v, v.t("roster.busy"))
    name, content = chosen

    def read(told: Told) -> None:
        uploads.stage(v.actor, name, content, number, told)

    return _begun(v, work, read)


def template(v: Visit) -> Response:
    """The headings and an example line as a file to fill in; its columns are text."""
    name = "名单模板" if v.language == "zh" else "roster-template"
    columns = [Column(heading, 16) for heading in table_template.headings(v.language)]
    rows = [table_template.example(v.language)]
    if v.query.get("format") == "csv":
        return v.send(csv_text(columns, rows).encode(), "text/csv; charset=utf-8", f"{name}.csv")
    body = xlsx_bytes(name, columns, rows, as_text=True)
    return v.send(body, XLSX, f"{name}.xlsx")


def table(v: Visit) -> Response:
    """How far a table is: being read, broken, what it would change, being pushed, or pushed."""
    uploads, number = Uploads(v.office), _number(v)
    work = v.front.works.of(v.site.id, number)
    if work is not None:
        return v.page("roster_progress.html", work=work, number=number)
    said = v.front.works.said(number)
    error = "" if said is None else v.t(said.key, **said.values)
    try:
        match uploads.state(v.actor, number):
            case State.READING:
                sentence = error or v.t("roster.interrupted_reading")
                return _form(v, sentence)
            case State.BROKEN:
                return _broken_page(v, number)
            case State.APPLIED:
                return v.redirect("/roster", done="roster.pushed")
            case State.APPLYING:
                error = error or v.t("roster.interrupted_pushing")
        return _difference_page(v, uploads.staged(v.actor, number), error)
    except UploadRefused as refused:
        return v.refused(f"roster.upload_refused.{refused.key}", NOT_FOUND)


def confirm(v: Visit) -> Response:
    """The difference that was looked at is done and published, behind the page that follows."""
    uploads, number = Uploads(v.office), _number(v)
    try:
        staged = uploads.staged(v.actor, number)
    except UploadRefused as error:
        return v.refused(f"roster.upload_refused.{error.key}", NOT_FOUND)
    seen = v.form.get("seen", "")
    if seen != staged.seen:  # a colleague, or another tab, had it compared again
        return _difference_page(v, staged, v.t("roster.upload_refused.stale"))
    typed = v.form.get("removes", "").strip()
    number_typed = typed.isascii() and typed.isdecimal() and len(typed) <= DIGITS_MAX
    removes = int(typed) if number_typed else None
    if staged.guarded and removes != staged.counts["removes"]:
        sentence = v.t("roster.upload_refused.guard", n=staged.counts["removes"])
        return _difference_page(v, staged, sentence)
    work = v.front.works.begin(v.site.id, number, "compare")
    if work is None:
        return _difference_page(v, staged, v.t("roster.busy"))

    def push(told: Told) -> None:
        uploads.mark(v.actor, number, State.APPLYING)
        try:
            uploads.confirm(v.actor, number, removes, told, seen=seen)
        except Interrupted:
            raise  # the row says so
        except UploadRefused as refused:
            if refused.key == "stale":
                uploads.again(v.actor, number, told)
            else:
                uploads.mark(v.actor, number, State.STAGED)
            raise
        except Exception:
            uploads.mark(v.actor, number, State.STAGED)
            raise

    return _begun(v, work, push)


def progress(v: Visit) -> Response:
    """How far the work on a table is, for the page that shows it."""
    work = v.front.works.of(v.site.id, _number(v))
    told: dict[str, object] = {"done": work is None}
    if work is not None:
        told |= {"said": v.t(f"roster.step.{work.step}"), "share": work.share}
    return v.send(json.dumps(told).encode(), "application/json", "progress.json")


def discard(v: Visit) -> Response:
    """The table is forgotten."""
    try:
        Uploads(v.office).discard(v.actor, _number(v))
    except UploadRefused as error:
        return v.refused(f"roster.upload_refused.{error.key}", NOT_FOUND)
    return v.redirect("/roster", done="roster.discarded")


def _number(v: Visit) -> str:
    return str(v.request.path_params["number"])


def _begun(v: Visit, work: Work, act: Callable[[Told], None]) -> Response:
    """Return the way to the table's page; the work goes on behind it."""
    works = v.front.works

    def run() -> None:
        said: Said | None = None
        try:
            act(lambda step, share: works.tell(work, step, share))
        except (Interrupted, TableError):
            pass  # the row on the shelf says it
        except UploadRefused as error:
            said = Said(f"roster.upload_refused.{error.key}", {"n": "…"})
        except StoreError:
            said = Said("base.store")
        except Exception as error:  # noqa: BLE001 - note_failure says why
            said = Said("base.failed", {"number": note_failure(PATH, error)})
        finally:
            works.end(work, said)

    return afterwards(v.redirect(f"/roster/upload/{work.number}"), run)


def _form(v: Visit, error: str = "", bad: Broken | None = None) -> Response:
    both = [(name, heading(name, "zh"), heading(name, "en")) for name in table_words.HEADINGS]
    required = [(zh, en) for name, zh, en in both if name in table_words.HEADINGS_REQUIRED]
    optional = [(zh, en) for name, zh, en in both if name not in table_words.HEADINGS_REQUIRED]
    return v.page(
        "roster_upload.html",
        REFUSED if error or bad else 200,
        bad=bad,
        error=error,
        columns={"required": required, "optional": optional},
        categories=table_template.categories(v.language),
    )


def _broken_page(v: Visit, number: str) -> Response:
    bad = Uploads(v.office).broken(v.actor, number)
    if bad.why is None:
        return _form(v, bad=bad)
    error = v.t("roster.bad_file", cause=bad.why.said(v.language))
    return _form(v, error)


def _difference_page(v: Visit, staged: Staged, error: str = "") -> Response:
    codes = frozenset(StatusCode) if v.may(Right.SET_HEALTH_STATUS) else PROPERTY_STATUSES
    return v.page(
        "roster_difference.html",
        REFUSED if error else 200,
        staged=staged,
        shown=visible(staged.shown, codes, staged.counts),
        kinds=[kind.value for kind in Kind if f"changed_{kind}" in staged.counts],
        words=Words(v),
        error=error,
    )


def _order(v: Visit) -> Response:
    return confirm(v) if v.request.method == "POST" else table(v)


PAGES: Final = (
    Page("/roster/upload", upload, Right.EDIT_ROSTER, ("GET", "POST")),
    Page("/roster/upload/template", template, Right.EDIT_ROSTER),
    Page(PATH, _order, Right.EDIT_ROSTER, ("GET", "POST")),
    Page(f"{PATH}/progress", progress, Right.EDIT_ROSTER),
    Page(f"{PATH}/discard", discard, Right.EDIT_ROSTER, ("POST",)),
)
