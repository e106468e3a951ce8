"""Somebody of the office at a browser, doing on the pages what people do there.

Everything is found as a person finds it: by the words on the page, in the language of the log-in.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from gated.cli.demo.centre import PASSWORD
from gated.hub.accounts import Language
from gated.hub.roles import Role
from gated.hub.web.texts import load_texts

WAIT_MS = 20_000
REASON = {"zh": "住户来电", "en": "the resident rang up"}
TEXTS = load_texts()


class Clerk:
    """A logged-in browser. urls: every address it asked for, so that a test can look at them.

    pressed_s: when the last button of a form was pressed, monotonic.
    """

    def __init__(self, page: Page, home: str, language: Language) -> None:
        self.page = page
        self.home = home.rstrip("/")
        self.language = language
        self.urls: list[str] = []
        self.complaints: list[str] = []
        self.pressed_s = 0.0
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: self.urls.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def t(self, key: str, **values: object) -> str:
        return TEXTS.get(self.language, key, **values)

    def log_in(self, role: Role) -> None:
        """Through the form; the pages speak the clerk's language afterwards."""
        self.page.goto(f"{self.home}/login?language={self.language}")
        self.page.get_by_label(self.t("login.name")).fill(role.value)
        self.page.get_by_label(self.t("login.password")).fill(PASSWORD)
        self.press("login.enter")
        self.page.wait_for_url(f"{self.home}/s/**")
        if not self.page.locator(f"html[lang^={self.language}]").count():
            self.page.locator("header form[action$=language] button").click()
            expect(self.page.locator(f"html[lang^={self.language}]")).to_be_attached()

    def wrong_log_in(self, name: str) -> None:
        """Somebody types what is no account into the form of a second window."""
        browser = self.page.context.browser
        assert browser is not None
        with browser.new_context().new_page() as other:
            other.on("request", lambda request: self.urls.append(request.url))
            other.goto(f"{self.home}/login?language={self.language}")
            other.get_by_label(self.t("login.name")).fill(name)
            other.get_by_label(self.t("login.password")).fill(name)
            other.get_by_role("button", name=self.t("login.enter"), exact=True).click()
            expect(other.locator("main [role=alert]")).to_be_visible()

    def offer(self, table: Path) -> None:
        """A broken table is refused."""
        self.open("/roster/upload")
        self.page.locator("input[type=file]").set_input_files(table)
        self.press("roster.compare")
        expect(self.page.locator("main [role=alert]").first).to_be_visible()

    def open(self, path: str) -> None:
        """Open a page of the demo's site."""
        self.page.goto(f"{self.home}/s/demo{path}")

    def press(self, key: str) -> None:
        """Press the button with this text."""
        self.page.get_by_role("button", name=self.t(key), exact=True).click()

    def look_up(self, who: str) -> None:
        """The card of the one person whom these words mean is open."""
        self.open("/roster")
        form = self.page.locator("form[action$='/roster/search']")
        form.locator("[name=who]").fill(who)
        form.locator("[name=reason]").fill(REASON[self.language])
        form.get_by_role("button").click()
        self.page.wait_for_url("**/roster/person/*")

    def change(self, change: str, **fields: str) -> None:
        """One of the short forms of the open card is filled in and carried out."""
        self._carried_out(f"form:has(input[name=change][value={change}])", fields)

    def set_status(self, status: str, **fields: str) -> None:
        """By the form made for this status, else by the one for all."""
        form = "form:has(input[name=change][value=status])"
        own = f"{form}:has(input[name=status][value={status}])"
        if self.page.locator(own).count():
            self._carried_out(own, fields)
        else:
            choice = f"{form}:has(option[value={status}])"
            self._carried_out(choice, {"status": status, **fields})

    def _carried_out(self, selector: str, fields: Mapping[str, str]) -> None:
        form = self.page.locator(selector).first
        self.fill(form, fields)
        self.send(form)
        self.done("roster.changed")

    def send(self, form: Locator) -> None:
        """The form's first button is pressed."""
        self.pressed_s = time.monotonic()
        form.get_by_role("button").first.click()

    def fill(self, form: Locator, fields: Mapping[str, str]) -> None:
        """Each field of the form has its value."""
        for name, value in fields.items():
            field = form.locator(f"[name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def save(self, area: str, fields: Mapping[str, str], done: str) -> None:
        """The long form of this area is filled in and carried out."""
        form = self.page.locator(f"form[data-draft={area}]")
        self.page.locator("html[data-drafts=ready]").wait_for()
        self.fill(form, fields)
        self.send(form)
        self.done(done)

    def done(self, key: str) -> None:
        """The page says that this was done."""
        expect(self.page.locator("main > p.done")).to_have_text(self.t(key), timeout=WAIT_MS)

    def has_arrived(self, gates: int = 2) -> None:
        """The list's page says that every gate has the newest list."""
        self.open("/roster")
        said = self.t("roster.arrived", all=gates, n=gates)
        expect(self.page.locator("#rollout")).to_contain_text(said, timeout=WAIT_MS)

    def push(self, table: Path) -> list[int]:
        """The table is uploaded, its difference read and confirmed; return the four numbers."""
        self.open("/roster/upload")
        self.page.locator("input[type=file]").set_input_files(table)
        self.press("roster.compare")
        confirm = self.page.get_by_role("button", name=self.t("roster.push"), exact=True)
        confirm.wait_for()
        numbers = [int(text) for text in self.page.locator(".figure strong").all_inner_texts()]
        self.pressed_s = time.monotonic()
        confirm.click()
        self.done("roster.pushed")
        return numbers

    def ledger(self, day: str, kind: str) -> bytes:
        """The ledger of this day as a file of this kind."""
        self.open("/records")
        form = self.page.locator("form[action$='/records/ledger']")
        self.fill(form, {"day": day, "format": kind, "reason": REASON[self.language]})
        with self.page.expect_download() as waiting:
            form.get_by_role("button").click()
        return waiting.value.path().read_bytes()


@contextmanager
def clerk(
    browser: Browser, home: str, role: Role, language: Language, size: Mapping[str, int]
) -> Iterator[Clerk]:
    """Somebody with this role sits at a screen of this size; errors of scripts fail the test."""
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        locale="zh-CN" if language == "zh" else "en-GB",
    )
    one = Clerk(context.new_page(), home, language)
    one.log_in(role)
    yield one
    assert one.complaints == []
    context.close()
