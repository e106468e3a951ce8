"""One authenticated request at one site: what a page's handler gets, and how it answers."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from urllib.parse import quote, urlsplit

import jinja2
from markupsafe import Markup
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gated.hub.accounts import Accounts, Language, shown_names
from gated.hub.audit import REASON_MAX
from gated.hub.local_time import local
from gated.hub.logins import Login, Logins, Once, new_mark
from gated.hub.office import Office, Site
from gated.hub.roles import AT_THE_HUB, Actor, Right, Role
from gated.hub.web.live import Live, open_inbox
from gated.hub.web.texts import Texts
from gated.hub.web.works import Works

DONE_COOKIE: Final = "gated_done"
DONE_S: Final = 60
SILENT: Final = "-"
"""Value of the cookie when something was done that no sentence is shown for."""

"""Before the system user of somebody who works at the hub's own command line."""

NO_STORE: Final = {"Cache-Control": "no-store"}


class ReasonMissing(Exception):
    """The page needs a stated purpose and the visitor has not given one yet."""


@dataclass(frozen=True, slots=True)
class Link:
    """A page in the header. key: its name among the texts."""

    key: str
    path: str
    right: Right


NAVIGATION: Final = (
    Link("base.gates", "/gates", Right.SEE_GATES),
    Link("base.roster", "/roster", Right.SEE_ROSTER),
    Link("base.records", "/records", Right.SEE_RECORDS),
    Link("base.trace", "/trace", Right.TRACE),
    Link("base.person", "/person", Right.SEE_PERSON),
    Link("base.inbox", "/inbox", Right.SEE_INBOX),
    Link("base.report", "/report", Right.SEE_REPORT),
    Link("base.audit", "/audit", Right.SEE_AUDIT),
)


@dataclass(frozen=True, slots=True)
class Front:
    """What all pages share. secure: served over TLS; links: the header's pages that exist."""

    office: Office
    accounts: Accounts
    logins: Logins
    once: Once
    texts: Texts
    templates: jinja2.Environment
    live: Live
    secure: bool
    links: tuple[Link, ...] = NAVIGATION
    works: Works = field(default_factory=Works)

    def render(self, template: str, language: Language, values: Mapping[str, object]) -> str:
        """Return a template filled in; `t` speaks the language."""

        def t(key: str, **filled: object) -> str:
            return self.texts.get(language, key, **filled)

        return self.templates.get_template(template).render(
            {"t": t, "language": language, "v": None, **values}
        )

    def home(self, actor: Actor) -> str:
        """Return the first page that this role may see at its site."""
        path = next((link.path for link in self.links if actor.may(link.right)), "/account")
        return f"/s/{actor.site}{path}"

    def draft_key(self, account: str) -> str:
        """Return the key under which a browser keeps what this account typed, as hex."""
        secret = self.office.word_key
        return hmac.new(secret, f"gated draft {account}".encode(), hashlib.sha256).hexdigest()


@dataclass
class Visit:
    """One authenticated request at one site. POST: csrf and once are already checked."""

    front: Front
    request: Request
    site: Site
    actor: Actor
    login: Login
    form: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, UploadFile] = field(default_factory=dict)

    @property
    def office(self) -> Office:
        """The hub's tools."""
        return self.front.office

    @property
    def language(self) -> Language:
        """The account's language."""
        return self.login.account.language

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the ? of the address."""
        return self.request.query_params

    def values(self, name: str) -> Sequence[str]:
        """Return every value of a form's field, for boxes that are ticked one by one."""
        return self.fields.get(name, ())

    def upload(self, name: str) -> tuple[str, bytes] | None:
        """Return file name and content of an uploaded file, None when none was chosen."""
        file = self.files.get(name)
        if file is None or not file.filename:
            return None
        file.file.seek(0)
        return file.filename, file.file.read()

    # What templates use.

    def t(self, key: str, **values: object) -> str:
        """Return a text in the visitor's language."""
        return self.front.texts.get(self.language, key, **values)

    def path(self, where: str) -> str:
        """Return the address of a page of this site."""
        return f"/s/{self.site.id}{where}"

    def may(self, right: Right | str) -> bool:
        """Return whether the visitor has the right, given as one or by its name."""
        return self.actor.may(Right(right))

    def hidden(self) -> Markup:
        """Return the fields that every form carries."""
        return Markup(
            '<input type="hidden" name="csrf" value="{}">'
            '<input type="hidden" name="once" value="{}">'
        ).format(self.login.csrf, new_mark())

    def when(self, ms: int | None, *, day: bool = True, uncertain: bool = False) -> str:
        """Return the site's local time, with a question mark when the clock was unsure."""
        if ms is None:
            return "—"
        shown = local(ms, self.site.zone).strftime("%Y-%m-%d %H:%M" if day else "%H:%M")
        return f"{shown} ?" if uncertain else shown

    @cached_property
    def _shown_names(self) -> Mapping[str, str]:
        return shown_names(self.office)

    def who(self, name: str) -> str:
        """Return what people call who did something; an account that is gone keeps its name."""
        if name.startswith(AT_THE_HUB):
            return self.t("base.at_the_hub", name=name.removeprefix(AT_THE_HUB))
        return self._shown_names.get(name, name)

    def site_name(self, site: Site | None = None) -> str:
        """Return what the pages call a site, this one when none is given."""
        shown = site or self.site
        return shown.name_en if self.language == "en" else shown.name

    @property
    def sites(self) -> list[Site]:
        """Every site where the visitor has a role."""
        return [site for site in self.office.sites.values() if site.id in self.login.account.roles]

    @property
    def links(self) -> list[Link]:
        """The pages of the header that the visitor may see."""
        return [link for link in self.front.links if self.actor.may(link.right)]

    @property
    def here(self) -> str:
        """Path of the page below its site."""
        return self.request.url.path.removeprefix(f"/s/{self.site.id}") or "/"

    @property
    def role_key(self) -> str:
        """Key of the text that names the visitor's role."""
        return f"base.role.{Role(self.actor.role).value}"

    @cached_property
    def open_inbox(self) -> int:
        """How many open items of the inbox the visitor may see."""
        return open_inbox(self.office, self.actor)

    @property
    def draft_key(self) -> str:
        """Key under which this browser keeps what the visitor types."""
        return self.front.draft_key(self.login.account.name)

    @cached_property
    def done(self) -> str | None:
        """Sentence about what was just done, "" for done without words, None for nothing."""
        key = self.request.cookies.get(DONE_COOKIE)
        if key is None:
            return None
        return self.t(key) if key in self.front.texts else ""

    @property
    def back(self) -> str:
        """Page that the visitor came from, or the first page of the site."""
        return came_from(self.request) or self.front.home(self.actor)

    # Answers.

    def page(self, template: str, /, status: int = 200, **values: object) -> Response:
        """Return a page made from a template, which gets v, t and the values."""
        body = self.front.render(template, self.language, {"v": self, **values})
        answer = HTMLResponse(body, status_code=status, headers=NO_STORE)
        if self.done is not None:
            answer.delete_cookie(DONE_COOKIE)
        return answer

    def redirect(self, where: str, done: str = "") -> Response:
        """Return the way to another page of this site, which says once what was done.

        done: key of a text; what a form with a draft had kept is forgotten there.
        """
        assert where.startswith("/"), "a path below the site"
        assert not done or done in self.front.texts, f"no text {done}"
        answer = RedirectResponse(self.path(where), status_code=303, headers=NO_STORE)
        return set_done(self.front, answer, done)

    def refused(self, key: str, status: int = 409, **values: object) -> Response:
        """Return a page with one sentence: what, why, what now."""
        return self.page("refused.html", status=status, sentence=self.t(key, **values))

    def send(self, body: bytes, media_type: str, file_name: str) -> Response:
        """Return a download that nobody keeps."""
        named = f"attachment; filename*=UTF-8''{quote(file_name)}"
        headers = {**NO_STORE, "Content-Disposition": named}
        return Response(body, media_type=media_type, headers=headers)

    def reason(self) -> str:
        """Return the stated purpose: of this form, else the one stated last; never of an address.

        Raises ReasonMissing when there is none: the visitor is asked and comes back.
        """
        reason = self.purpose
        if not reason:
            raise ReasonMissing
        if reason != self.login.purpose:
            self.front.logins.remember_purpose(self.login, reason)
        return reason

    @property
    def purpose(self) -> str:
        """What is stated by this form, else what was stated last; "" for nothing."""
        stated = self.form.get("reason")
        reason = self.login.purpose if stated is None else " ".join(stated.split())
        return reason[:REASON_MAX]


def set_done(front: Front, answer: Response, done: str) -> Response:
    """The next page says this once."""
    answer.set_cookie(
        DONE_COOKIE,
        done or SILENT,
        max_age=DONE_S,
        httponly=True,
        samesite="strict",
        secure=front.secure,
    )
    return answer


def came_from(request: Request) -> str:
    """Return path and query of our own page that sent this request, "" for none."""
    link = urlsplit(request.headers.get("referer", ""))
    if link.netloc.lower() != request.headers.get("host", "").lower():
        return ""
    return local_path(f"{link.path}?{link.query}" if link.query else link.path)


def local_path(where: str) -> str:
    """Return the path when it leads to a page of this server, "" for anything else."""
    inside = where.startswith("/s/") and "\\" not in where and where.isprintable()
    return where if inside else ""
