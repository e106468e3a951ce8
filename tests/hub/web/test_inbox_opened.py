"""What gates sealed, opened on the inbox's pages: notes, words beside orders, lines from paper."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from gated.core.canonical import canonical
from gated.core.reports import Paper, PaperLine
from gated.hub.audit_words import result_words
from gated.hub.inbox import Inbox
from gated.hub.inbox_item import Kind
from gated.hub.projector import Projector
from gated.hub.roles import Role
from gated.hub.schema_records import INBOX, PASSAGE
from gated.hub.store import HubStore
from gated.hub.web.inbox_page import BADGES
from gated.hub.web.texts import load_texts
from gated.store.sealed_box import (
    note_context,
    order_context,
    paper_context,
    public_of,
    seal_to,
)
from tests.support.gate_events import PERSON, SentEvents
from tests.support.hub_pages import PageClient, where, words
from tests.support.office import NOON_MS, Desk
from tests.support.people import people, ref_of, take

SLIP = PaperLine(
    number="12-7",
    day="2020-02-10",
    time="09:12",
    direction="out",
    outcome="passed",
    name="欧阳娜娜",
    document_number="E12345678",
    phone="13812345678",
    room="3-2-101",
    temp_mc=36_500,
)
REASON = {"reason": "补录核对"}


@pytest.fixture
def store(desk: Desk) -> Iterator[HubStore]:
    opened = HubStore(desk.office.config.store.url)
    yield opened
    opened.close()


@pytest.fixture
def filled(desk: Desk, store: HubStore) -> dict[str, int]:
    """One item of each kind; return their addresses' numbers by code."""
    public = public_of(desk.office.seal_key)

    def box(text: str, context: bytes) -> str:
        return seal_to(public, canonical({"text": text}), context).hex()

    sent = SentEvents()
    sent.passage(
        NOON_MS,
        guard_ref="G017",
        guard_act="manual_pass",
        sealed=box("老人摔倒", order_context("north-1")),
    )
    sent.add("note", NOON_MS, what="parcel", sealed=box("药在岗亭 <b>", note_context("north-1")))
    sent.add("note", NOON_MS, what="weather", guard="G017")
    slip = seal_to(public, Paper(SLIP).plain(), paper_context("north-1")).hex()
    sent.add("paper", NOON_MS, direction="out", outcome="passed", guard="G017", sealed=slip)
    said: dict[str, Any] = {"reason": "drill", "approver": "G009", "guard": "G017"}
    sent.add("mode", NOON_MS, mode="lockdown", hours=4, **said)
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    return {item.code: item.id for item in Inbox(desk.office).items(desk.actor())}


def late(desk: Desk) -> list[Any]:
    with desk.office.database.reading() as connection:
        return list(connection.execute(select(PASSAGE).where(PASSAGE.c.late)).all())


@pytest.mark.parametrize("role", [Role.OFFICER, Role.PROPERTY])
def test_the_list_names_every_kind_in_words(
    client: PageClient, filled: dict[str, int], role: Role
) -> None:
    client.login(role)
    shown = words(client.get("/s/east/inbox"))
    for said in ("情况记录", "代收代放物品", "天气影响", "人工放行或拒绝时写的说明", "已放行"):
        assert said in shown
    assert "卡口开始封闭管理" in shown
    assert "演练，授权人 G009" in shown
    for hidden in ("药在岗亭", "老人摔倒", "欧阳娜娜"):
        assert hidden not in shown
    client.login(role, language="en")
    shown = words(client.get("/s/east/inbox"))
    for said in ("A parcel was left", "The gate is locked down", "drill, approved by G009"):
        assert said in shown


def test_a_notes_words_stand_on_its_page(client: PageClient, filled: dict[str, int]) -> None:
    client.login(Role.PROPERTY)
    page = client.get(f"/s/east/inbox/{filled['parcel']}")
    assert "值守人员的描述： 药在岗亭 &lt;b&gt;" in page.text
    assert "值守人员的描述" not in words(client.get(f"/s/east/inbox/{filled['weather']}"))


def test_words_beside_an_order_are_opened_with_a_reason_by_an_officer(
    desk: Desk, client: PageClient, filled: dict[str, int]
) -> None:
    path = f"/s/east/inbox/{filled['order_text']}"
    client.login(Role.PROPERTY)
    assert "只有社区工作人员可以打开" in words(client.get(path))
    refused = client.order(path, REASON)
    assert refused.status_code == 403
    assert "老人摔倒" not in refused.text
    client.login(Role.OFFICER)
    assert "老人摔倒" not in client.get(path).text
    assert "请先说明查询事由" in words(client.order(path))
    assert "老人摔倒" in words(client.order(path, REASON))
    rows = [row for row in desk.office.audit.rows("east") if row.action == "look_up"]
    assert [(row.actor, row.target, row.reason) for row in rows] == [
        ("officer-east", PERSON.hex(), "补录核对")
    ]


def test_a_line_from_paper_is_opened_and_added_with_one_press(
    desk: Desk, client: PageClient, filled: dict[str, int]
) -> None:
    path = f"/s/east/inbox/{filled['passed']}"
    client.login(Role.OFFICER)
    assert "欧阳娜娜" not in client.get(path).text
    opened = client.order(path, REASON)
    shown = words(opened)
    for said in ("12-7", "2020-02-10 09:12", "欧阳娜娜", "E12345678", "3-2-101", "36.5"):
        assert said in shown
    assert f'action="{path}/enter"' in opened.text
    done = client.order(f"{path}/enter")
    assert where(done) == "/s/east/inbox"
    (row,) = late(desk)
    assert (row.t_ms, row.direction, row.verdict) == (NOON_MS - 10_080_000, "out", "ALLOW")
    assert Inbox(desk.office).item(desk.actor(), filled["passed"]).acked_by == "officer-east"
    actions = {row.action for row in desk.office.audit.rows("east")}
    assert {"open_paper", "late_entry", "acknowledge"} <= actions


def test_a_line_that_is_refused_says_why_and_stays_open(
    desk: Desk, client: PageClient, filled: dict[str, int]
) -> None:
    path = f"/s/east/inbox/{filled['passed']}"
    client.login(Role.OFFICER)
    desk.clock.now_ms = NOON_MS - 12 * 3_600_000
    refused = client.order(f"{path}/enter")
    assert refused.status_code == 409
    assert "没有补录，本项仍未处理" in words(refused)
    assert late(desk) == []
    assert Inbox(desk.office).item(desk.actor(), filled["passed"]).acked_ms is None


def test_the_property_office_neither_opens_nor_adds_a_line(
    desk: Desk, client: PageClient, filled: dict[str, int]
) -> None:
    path = f"/s/east/inbox/{filled['passed']}"
    client.login(Role.PROPERTY)
    assert "只有社区工作人员可以打开" in words(client.get(path))
    for answer in (client.order(path, REASON), client.order(f"{path}/enter")):
        assert answer.status_code == 403
        assert "欧阳娜娜" not in answer.text
    assert late(desk) == []


def test_only_a_line_from_paper_is_added(
    desk: Desk, client: PageClient, filled: dict[str, int]
) -> None:
    client.login(Role.OFFICER)
    assert client.order(f"/s/east/inbox/{filled['parcel']}/enter").status_code == 404
    assert late(desk) == []


def test_the_persons_file_leads_to_the_words_about_them(
    desk: Desk, client: PageClient, filled: dict[str, int]
) -> None:
    client.login(Role.OFFICER)
    client.order("/s/east/reason", REASON)
    take(desk.office, desk.actor(), people(1))
    about = ref_of(desk.office, people(1)[0])
    with desk.office.database.writing("it was about somebody of the list") as connection:
        of_order = INBOX.c.id == filled["order_text"]
        connection.execute(update(INBOX).where(of_order).values(person=about))
    page = client.get(f"/s/east/person/{about.hex()}")
    assert page.status_code == 200
    assert f'href="/s/east/inbox/{filled["order_text"]}">值守人员的说明</a>' in page.text
    assert "老人摔倒" not in page.text


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_words_wherever_items_are_shown(kind: Kind) -> None:
    texts = load_texts()
    assert f"inbox.kinds.{kind.value}" in texts
    assert f"person.item.{kind.value}" in texts
    assert kind in BADGES
    assert result_words(f"{kind.value} 7", "zh") != f"{kind.value} 7"
