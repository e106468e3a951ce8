"""The inbox as officers and property offices use it."""

import re
from collections.abc import Iterator

import pytest

from gated.core.canonical import canonical
from gated.hub.gates import rename
from gated.hub.inbox import Inbox
from gated.hub.projector import Projector
from gated.hub.store import HubStore
from gated.hub.web.inbox_page import FOLDED_FROM
from gated.store.sealed_box import anomaly_context, public_of, registration_context, seal_to
from tests.support.gate_events import PERSON, UNSURE, SentEvents
from tests.support.hub_pages import PageClient, where, words
from tests.support.office import NOON_MS, Desk

VISITOR = {"name": "欧阳娜娜", "phone": "13812345678", "to": "3-2-101", "from": "<b>武汉</b>"}


@pytest.fixture
def store(desk: Desk) -> Iterator[HubStore]:
    opened = HubStore(desk.office.config.store.url)
    yield opened
    opened.close()


@pytest.fixture
def filled(desk: Desk, store: HubStore) -> dict[str, int]:
    """One item of most kinds; return their ids."""
    public = public_of(desk.office.seal_key)
    sent = SentEvents()
    sent.passage(NOON_MS, verdict="STOP", reason="TEMP_HIGH")
    sent.add("call", NOON_MS, reason="help", guard="G017")
    box = seal_to(public, canonical({"text": "道闸坏了 <script>"}), anomaly_context("north-1"))
    sent.add("anomaly", NOON_MS, what="damage", sealed=box.hex())
    box = seal_to(public, canonical(VISITOR), registration_context("north-1"))
    sent.add("registration", NOON_MS, form="visitor", direction="up", sealed=box.hex())
    sent.add("alert", NOON_MS, code="GUARD_DURESS", clock=UNSURE)
    sent.add("alert", NOON_MS, code="UNHEARD_OF")
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    return {item.kind.value: item.id for item in Inbox(desk.office).items(desk.actor())}


def test_an_empty_inbox_says_so(client: PageClient) -> None:
    client.login("officer")
    assert "没有待处理的事项" in words(client.get("/s/east/inbox"))
    assert "还没有处理过" in words(client.get("/s/east/inbox?state=done"))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "zh",
            [
                "发热",
                "值守呼叫：需要帮助",
                "胁迫",
                "名单外人员",
                "值守 G017",
                "欧**娜",
                "UNHEARD_OF",
            ],
        ),
        ("en", ["Fever", "The guard calls: help needed", "Duress", "guard G017", "north-1"]),
    ],
)
def test_open_items_stand_newest_first_in_words(
    client: PageClient, filled: dict[str, int], language: str, said: list[str]
) -> None:
    client.login("officer", language=language)
    page = client.get("/s/east/inbox")
    shown = words(page)
    assert [text for text in said if text not in shown] == []
    numbers = [int(number) for number in re.findall(r'<h3 id="item-(\d+)"', page.text)]
    assert numbers == sorted(filled.values(), reverse=True)
    assert f"/s/east/person/{PERSON.hex()}" in page.text
    assert "欧阳娜娜" not in page.text


def test_the_property_office_sees_no_alerts_and_no_files(
    client: PageClient, filled: dict[str, int]
) -> None:
    client.login("property")
    page = client.get("/s/east/inbox")
    assert "发热" not in words(page)
    assert "胁迫" not in words(page)
    assert "/person/" not in page.text
    assert client.get(f"/s/east/inbox/{filled['fever']}").status_code == 404
    answer = client.order(f"/s/east/inbox/{filled['fever']}/ack")
    assert answer.status_code == 404
    assert "看不到它" in words(answer)


def test_others_have_no_inbox(client: PageClient, filled: dict[str, int]) -> None:
    client.login("auditor")
    assert client.get("/s/east/inbox").status_code == 403
    client.login("officer", "west")
    assert client.get("/s/east/inbox").status_code == 403
    assert "没有待处理" in words(client.get("/s/west/inbox"))
    assert client.get(f"/s/west/inbox/{filled['call']}").status_code == 404


def test_a_kind_can_be_picked(client: PageClient, filled: dict[str, int]) -> None:
    client.login("officer")
    page = client.get("/s/east/inbox?kind=call")
    assert re.findall(r'<h3 id="item-(\d+)"', page.text) == [str(filled["call"])]
    nonsense = client.get("/s/east/inbox?kind=nonsense&before=x&state=y")
    assert len(re.findall("<h3", nonsense.text)) == len(filled)


def test_one_press_answers_an_item_and_a_second_one_is_told(
    client: PageClient, filled: dict[str, int]
) -> None:
    client.login("officer")
    path = f"/s/east/inbox/{filled['call']}/ack"
    answer = client.order(path, {"note": "去了现场", "kind": "call"})
    assert where(answer) == "/s/east/inbox"
    assert answer.headers["location"].endswith("?kind=call")
    assert "已记为处理完毕" in words(client.get("/s/east/inbox"))
    again = client.order(path)
    assert again.status_code == 409
    assert "Officer east 于 2020-02-10 12:00 处理" in words(again)
    done = words(client.get("/s/east/inbox?state=done"))
    assert "Officer east 于 2020-02-10 12:00 处理" in done
    assert "备注：去了现场" in done


def test_a_registration_is_opened_with_a_reason(
    desk: Desk, client: PageClient, filled: dict[str, int]
) -> None:
    client.login("officer")
    path = f"/s/east/inbox/{filled['registration']}"
    assert "欧阳娜娜" not in client.get(path).text
    asked = client.order(path)
    assert "请先说明查询事由" in words(asked)
    opened = client.order(path, {"reason": "访客核对"})
    assert opened.status_code == 200
    assert "欧阳娜娜" in words(opened)
    assert "&lt;b&gt;武汉&lt;/b&gt;" in opened.text
    assert f"/s/east/roster/add?registration={filled['registration']}" in opened.text
    rows = [row for row in desk.office.audit.rows("east") if row.action == "open_registration"]
    assert [(row.actor, row.reason) for row in rows] == [("officer-east", "访客核对")]


def test_the_property_office_cannot_open_a_registration(
    client: PageClient, filled: dict[str, int]
) -> None:
    client.login("property")
    path = f"/s/east/inbox/{filled['registration']}"
    assert "只有社区工作人员可以打开" in words(client.get(path))
    refused = client.order(path, {"reason": "访客核对"})
    assert refused.status_code == 403
    assert "欧阳娜娜" not in refused.text


def test_what_cannot_be_opened_says_so(client: PageClient, desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("registration", NOON_MS, form="nonsense", sealed="00ff")
    sent.add("anomaly", NOON_MS, what="damage", sealed="00ff")
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    anomaly, registration = (item.id for item in Inbox(desk.office).items(desk.actor()))
    client.login("officer")
    assert "nonsense" in words(client.get(f"/s/east/inbox/{registration}"))
    answer = client.order(f"/s/east/inbox/{registration}", {"reason": "核对"})
    assert "打不开" in words(answer)
    assert "打不开" in words(client.get(f"/s/east/inbox/{anomaly}"))


def test_a_guards_words_are_text_and_nothing_else(
    client: PageClient, filled: dict[str, int]
) -> None:
    client.login("property")
    page = client.get(f"/s/east/inbox/{filled['anomaly']}")
    assert "道闸坏了 <script>" in words(page)
    assert "<script> " not in page.text


def test_many_items_come_in_pages(client: PageClient, desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    for _ in range(60):
        sent.add("call", NOON_MS, reason="help")
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    client.login("officer")
    first = client.get("/s/east/inbox")
    (link,) = re.findall(r'href="([^"]*before=\d+)"', first.text)
    second = client.get(link.replace("&amp;", "&"))
    shown = [re.findall(r'<h3 id="item-(\d+)"', page.text) for page in (first, second)]
    assert [len(numbers) for numbers in shown] == [50, 10]
    assert not set(shown[0]) & set(shown[1])


@pytest.mark.parametrize("number", ["0", "999", "x", "-1", "9" * 30, "１"])
def test_a_number_that_is_no_item_is_refused(client: PageClient, number: str) -> None:
    client.login("officer")
    assert client.get(f"/s/east/inbox/{number}").status_code == 404
    assert client.order(f"/s/east/inbox/{number}/ack").status_code == 404


def test_a_gate_stands_there_by_its_name(
    client: PageClient, desk: Desk, filled: dict[str, int]
) -> None:
    rename(desk.office, desk.actor(), "north-1", "北门", "North gate")
    for language, said in (("zh", "北门"), ("en", "North gate")):
        client.login("officer", language=language)
        for path in ("/s/east/inbox", f"/s/east/inbox/{filled['call']}"):
            shown = words(client.get(path))
            assert said in shown
            assert "north-1" not in shown


def test_items_of_two_gates_stand_by_time_and_pages_go_on_by_time(
    client: PageClient, desk: Desk, store: HubStore
) -> None:
    """The gate that was offline sends an afternoon late: its calls take their places."""
    minute = 60_000
    for gate, first in (("north-1", 1), ("south-1", 0)):
        sent = SentEvents(gate)
        sent.passage(NOON_MS)
        for number in range(30):
            sent.add("call", NOON_MS + (2 * number + first) * minute, reason="help")
        sent.send(store, NOON_MS + 3_600_000)
        Projector(desk.office).catch_up()
    client.login("officer")
    first_page = client.get("/s/east/inbox")
    (link,) = re.findall(r'href="([^"]*before=\d+)"', first_page.text)
    second = client.get(link.replace("&amp;", "&"))
    times = [re.findall(r"<p>(\d\d:\d\d) ", page.text) for page in (first_page, second)]
    assert [len(found) for found in times] == [50, 10]
    assert times[0] + times[1] == sorted(times[0] + times[1], reverse=True)
    assert len(set(times[0] + times[1])) == 60


def test_many_registrations_of_a_day_are_one_line_until_it_is_opened(
    client: PageClient, desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("call", NOON_MS, reason="help")
    for _ in range(FOLDED_FROM):
        sent.add("registration", NOON_MS, form="visitor")
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    client.login("officer")
    page = client.get("/s/east/inbox").text
    folded = page.partition("<details>")[2].partition("</details>")[0]
    assert f"登记 {FOLDED_FROM} 项" in folded
    assert folded.count("<article") == FOLDED_FROM
    assert page.count("<article") == FOLDED_FROM + 1
    assert "<details>" not in client.get("/s/east/inbox?kind=registration").text
