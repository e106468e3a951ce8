"""The auditor's page: what was done, by whom, and whether the audit is whole."""

import pytest
from sqlalchemy import update

from gated.hub.audit import Action
from gated.hub.schema_office import AUDIT
from gated.hub.web.audit_page import ROWS
from tests.support.hub_pages import PageClient, hidden, words
from tests.support.office import Desk


@pytest.fixture
def auditor(client: PageClient) -> PageClient:
    client.login("auditor")
    return client


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_of_row_has_words(client: PageClient, desk: Desk, language: str) -> None:
    client.login("auditor", language=language)
    for action in Action:
        desk.office.audit.note(desk.actor(), action, target="ab" * 16, reason="<b>why</b>")
    page = client.get("/s/east/audit")
    assert page.status_code == 200
    assert "&lt;b&gt;why" in page.text
    assert "<b>why" not in page.text
    assert "abababababababab" in page.text
    assert "ab" * 9 not in page.text, "enough to compare, short enough to read"


@pytest.mark.parametrize("role", ["officer", "property"])
def test_others_do_not_read_the_audit(client: PageClient, role: str) -> None:
    client.login(role)
    assert client.get("/s/east/audit").status_code == 403
    assert client.order("/s/east/audit", {"check": "yes"}).status_code == 403


def test_another_sites_rows_are_not_shown(auditor: PageClient, desk: Desk) -> None:
    desk.office.audit.note(desk.actor(site="west", name="west-only"), Action.SEARCH)
    assert "west-only" not in auditor.get("/s/east/audit").text
    assert auditor.get("/s/west/audit").status_code == 403


def test_rows_can_be_narrowed_to_an_account_and_a_kind(auditor: PageClient, desk: Desk) -> None:
    audit = desk.office.audit
    audit.note(desk.actor(name="one"), Action.TRACE, target="11" * 8)
    audit.note(desk.actor(name="two"), Action.TRACE, target="22" * 8)
    audit.note(desk.actor(name="two"), Action.EXPORT, target="33" * 8)
    page = auditor.order("/s/east/audit", {"actor": " two ", "action": "trace"})
    assert "22" * 8 in page.text
    assert "11" * 8 not in page.text
    assert "33" * 8 not in page.text
    assert '<option value="trace" selected>' in page.text
    empty = auditor.order("/s/east/audit", {"actor": "nobody"})
    assert "没有符合条件的记录" in words(empty)


def test_older_rows_are_a_tap_away(auditor: PageClient, desk: Desk) -> None:
    for number in range(ROWS + 5):
        desk.office.audit.note(desk.actor(name="busy"), Action.SEARCH, target=f"t{number:04d}")
    first = auditor.order("/s/east/audit", {"actor": "busy"})
    assert first.text.count("<tr>") == ROWS + 1
    form = {name: hidden(first, name) for name in ("actor", "action", "before")}
    second = auditor.order("/s/east/audit", form)
    assert second.text.count("<tr>") == 6
    assert "t0004" in second.text
    assert "更早的记录" not in second.text


@pytest.mark.parametrize(
    "form",
    [{"before": "x"}, {"before": "9" * 40}, {"before": "-1"}, {"before": "²"}, {"action": "x"}],
)
def test_a_form_that_was_tampered_with_shows_the_page(
    auditor: PageClient, form: dict[str, str]
) -> None:
    assert auditor.order("/s/east/audit", form).status_code == 200


def test_the_chain_is_checked_when_asked(auditor: PageClient, desk: Desk) -> None:
    for _ in range(3):
        desk.office.audit.note(desk.actor(), Action.SEARCH)
    assert "校验通过" not in words(auditor.get("/s/east/audit"))
    assert "校验通过" in words(auditor.order("/s/east/audit", {"check": "yes"}))
    with desk.office.database.writing("tamper") as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.id == 2).values(reason="another"))
    assert "第 2 条与前一条接不上" in words(auditor.order("/s/east/audit", {"check": "yes"}))


def test_who_types_at_the_hub_is_the_administrator(auditor: PageClient, desk: Desk) -> None:
    desk.office.audit.note(desk.actor(name="cli:root"), Action.TRACE)
    page = words(auditor.get("/s/east/audit"))
    assert "管理员" in page
    assert "社区工作人员" not in page
