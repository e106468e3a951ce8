"""The gates page: what it shows of each gate, messages, names, and how a new gate is added."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from gated.contract.enrolment import BODY_MAX, JoinAnswer, parse_code
from gated.contract.messages import Status
from gated.hub.commands import Commands
from gated.hub.enrolment import Enrolments, NewGate
from gated.hub.redemption import FAILURES_MAX
from gated.hub.roles import Role
from gated.hub.schema import BUNDLE
from gated.hub.schema_office import COMMAND
from gated.hub.web.gates_page import PARTS
from tests.support.enrol import Asking, open_enrol_desk
from tests.support.hub_pages import PageClient, pages, where, words
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant, plant_gate, plant_log
from tests.support.statements import statements

GATES = "/s/east/gates"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def enrolling(tmp_path: Path) -> Any:
    (tmp_path / "enrolling").mkdir()
    desk = open_enrol_desk(tmp_path / "enrolling")
    yield desk
    desk.office.database.close()


def told(**fields: Any) -> str:
    return Status.model_validate({"on": True, "sid": 1, **fields}).model_dump_json()


def there(desk: Desk, gate: str = "east-1", **values: Any) -> None:
    known = {"seen_ms": NOON_MS, "last": 5, "upto": 5, "status": told(q=2, mode="normal")}
    plant_gate(desk.office, gate, **(known | values))


def publish(desk: Desk, rev: int) -> None:
    with desk.office.database.writing("publish") as connection:
        row = {"roster": "east", "rev": rev, "sha": bytes(32), "manifest": b""}
        connection.execute(insert(BUNDLE).values(**row))


def cards(text: str) -> list[str]:
    """What each card says, in order."""
    found = re.findall(r"<article.*?</article>", text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", card).split()) for card in found]


# What is shown.


def test_a_site_without_gates_says_what_to_do(client: PageClient) -> None:
    client.login(Role.PROPERTY)
    assert "还没有卡口" in words(client.get(GATES))


def test_every_gate_has_a_card_with_its_state_in_words(desk: Desk, client: PageClient) -> None:
    publish(desk, 4)
    there(desk, "east-1", name="东门", name_en="East gate", roster_rev=4, upto=3, last=5)
    fetching = {"rev": 4, "have": 2, "n": 8}
    status = told(q=0, roster={"east": 3}, fetching=fetching, faults=("camera",), guard="G017")
    there(desk, "east-2", status=status)
    there(desk, "east-3", online=False, seen_ms=NOON_MS - 3_600_000)
    plant(desk.office, gate="east-1", t_ms=NOON_MS - 60_000)
    plant_log(desk.office, gate="east-1", kind="round", t_ms=NOON_MS - 13 * 3_600_000)
    client.login(Role.PROPERTY)
    first, second, third = cards(client.get(GATES).text)
    for shown in (
        "东门",
        "在线",
        "还有 2 条未传到",
        "最新，第 4 版",
        "2020-02-10 11:59",
        "消杀超时",
    ):
        assert shown in first
    for shown in ("第 3 版，最新为第 4 版", "正在接收：2/8", "摄像头故障", "时钟不准", "G017"):
        assert shown in second
    for shown in ("离线", "2020-02-10 11:00", "离线期间的记录存在卡口"):
        assert shown in third
    client.login(Role.PROPERTY, language="en")
    first, second, third = cards(client.get(GATES).text)
    for shown in ("East gate", "online", "2 not here yet", "newest, revision 4"):
        assert shown in first
    for shown in ("being fetched: 2 of 8", "camera", "clock unsure"):
        assert shown in second
    assert "offline" in third


def test_the_roll_out_counts_gates(desk: Desk, client: PageClient) -> None:
    publish(desk, 4)
    there(desk, "east-1", roster_rev=4)
    there(desk, "east-2", roster_rev=3)
    client.login(Role.OFFICER, language="en")
    answer = client.get(GATES)
    assert "1 of 2 gates have it" in words(answer)
    assert '<progress value="1" max="2"' in answer.text


def test_the_fragment_is_the_part_of_the_page_that_changes(desk: Desk, client: PageClient) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    part = client.get(f"{GATES}/fragment").text
    assert "<html" not in part
    assert part.strip() in client.get(GATES).text
    one = client.get(f"{GATES}/east-1/fragment").text
    assert "<form" not in one
    assert one.strip() in client.get(f"{GATES}/east-1").text


def test_one_gate_names_the_remedy_of_every_fault(desk: Desk, client: PageClient) -> None:
    there(desk, status=told(faults=tuple(sorted(PARTS)), q=0), software="0.3.1")
    client.login(Role.PROPERTY)
    said = words(client.get(f"{GATES}/east-1"))
    assert "修好之前请居民出示通行码" in said
    assert "连接网络或加装时钟模块" in said
    assert "软件版本 0.3.1" in said


def test_a_part_and_a_mode_nobody_has_words_for_are_shown_as_told(
    desk: Desk, client: PageClient
) -> None:
    there(desk, status=told(faults=(EVIL,), mode="party"))
    client.login(Role.PROPERTY, language="en")
    answer = client.get(f"{GATES}/east-1")
    assert EVIL not in answer.text
    assert f"part {EVIL}" in words(answer)
    assert "special mode: party" in words(answer)


def test_a_gate_that_never_came_or_whose_certificate_ends_says_what_to_do(
    enrolling: Desk,
) -> None:
    client = pages(enrolling)
    client.login(Role.PROPERTY)
    code = Enrolments(enrolling.office).make(enrolling.actor(), NewGate("east-1")).code
    joined(client, code.token)
    assert "还没有连上中心" in words(client.get(f"{GATES}/east-1"))
    enrolling.clock.now_ms += 720 * 86_400_000
    client.login(Role.OFFICER)
    said = words(client.get(f"{GATES}/east-1"))
    assert "证书到 2022-02-09 为止" in said


def test_gates_of_another_site_are_not_there(desk: Desk, client: PageClient) -> None:
    there(desk, "west-1", site="west")
    client.login(Role.OFFICER)
    assert "west-1" not in client.get(GATES).text
    assert client.get(f"{GATES}/west-1").status_code == 404
    assert client.order(f"{GATES}/west-1/message", {"zh": "a", "minutes": "5"}).status_code == 404
    assert client.order(f"{GATES}/west-1/rename", {"name": "a"}).status_code == 404
    assert client.get("/s/west/gates").status_code in {303, 403, 404}


def test_an_auditor_sees_no_gates(desk: Desk, client: PageClient) -> None:
    there(desk)
    client.login(Role.AUDITOR)
    for path in (GATES, f"{GATES}/fragment", f"{GATES}/east-1", f"{GATES}/enrol"):
        assert client.get(path).status_code == 403
    assert client.order(f"{GATES}/east-1/message", {"zh": "a"}).status_code == 403


def test_fifty_gates_cost_no_more_statements_than_one(desk: Desk, client: PageClient) -> None:
    asked = []
    client.login(Role.PROPERTY)
    for number in range(50):
        there(desk, f"gate-{number}", status=told(faults=("camera",), q=2))
        if number in {0, 49}:
            with statements() as heard:
                assert client.get(GATES).status_code == 200
            asked.append(len(heard))
    assert asked[0] == asked[1]


# Messages and names.


def test_a_message_goes_to_the_gate_and_its_fate_is_shown(desk: Desk, client: PageClient) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    form = {"zh": "今晚消杀", "en": "Disinfection tonight", "minutes": "30"}
    answer = client.order(f"{GATES}/east-1/message", form, follow=True)
    for shown in ("消息已交给卡口", "今晚消杀", "Disinfection tonight", "等待卡口上线"):
        assert shown in words(answer)
    (order,) = Commands(desk.office).of_gate("east", "east-1")
    assert (order.zh, order.minutes, order.by) == ("今晚消杀", 30, "property-east")
    with desk.office.database.writing("show") as connection:
        connection.execute(update(COMMAND).values(state="shown"))
    assert "已显示" in words(client.get(f"{GATES}/east-1"))


def test_an_empty_message_takes_the_last_one_away(desk: Desk, client: PageClient) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    answer = client.order(f"{GATES}/east-1/message", {"minutes": "1"}, follow=True)
    assert "已通知卡口撤下消息" in words(answer)
    assert "（撤下屏幕上的消息）" in words(answer)


@pytest.mark.parametrize(
    "form",
    [
        {"zh": "a", "minutes": "0"},
        {"zh": "a", "minutes": "1441"},
        {"zh": "a", "minutes": "٣"},
        {"zh": "a", "minutes": "soon"},
        {"zh": "a"},
        {"zh": "长" * 81, "minutes": "5"},
        {"en": "x" * 161, "minutes": "5"},
        {"zh": "找 110105194912310" + "02X", "minutes": "5"},
    ],
)
def test_a_message_that_cannot_be_sent_keeps_what_was_typed(
    desk: Desk, client: PageClient, form: dict[str, str]
) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    answer = client.order(f"{GATES}/east-1/message", form)
    assert answer.status_code == 409
    assert "消息没有发出" in words(answer)
    assert f'value="{form.get("zh", "")}"' in answer.text
    assert Commands(desk.office).of_gate("east", "east-1") == []


def test_a_message_with_markup_is_text(desk: Desk, client: PageClient) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    answer = client.order(f"{GATES}/east-1/message", {"zh": EVIL, "minutes": "5"}, follow=True)
    assert EVIL not in answer.text
    assert EVIL in words(answer)


def test_a_gate_is_renamed(desk: Desk, client: PageClient) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    form = {"name": "东门", "name_en": EVIL}
    assert "名称已保存" in words(client.order(f"{GATES}/east-1/rename", form, follow=True))
    (card,) = cards(client.get(GATES).text)
    assert card.startswith("东门")
    client.login(Role.PROPERTY, language="en")
    assert EVIL not in client.get(GATES).text
    refused = client.order(f"{GATES}/east-1/rename", {"name": "门" * 33})
    assert refused.status_code == 409
    assert "not saved" in words(refused)


def test_a_property_office_names_gates_and_neither_enrols_nor_retires_them(
    desk: Desk, client: PageClient
) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    for path, hidden in ((GATES, f"{GATES}/enrol"), (f"{GATES}/east-1", f"{GATES}/east-1/retire")):
        assert hidden not in client.get(path).text
        assert client.get(hidden).status_code == 403
    assert client.order(f"{GATES}/enrol", {"gate": "east-2"}).status_code == 403
    assert client.order(f"{GATES}/east-1/back", {"reason": "换门"}).status_code == 403
    assert f"{GATES}/east-1/rename" in client.get(f"{GATES}/east-1").text
    client.login(Role.OFFICER)
    for path, shown in ((GATES, f"{GATES}/enrol"), (f"{GATES}/east-1", f"{GATES}/east-1/retire")):
        assert shown in client.get(path).text


# A new gate.


def joined(client: PageClient, token: str, asking: Asking | None = None) -> JoinAnswer:
    body = (asking or Asking.new()).request(token).model_dump_json()
    answer = client.post("/enrol", content=body, headers={"Origin": ""})
    assert answer.status_code == 200, answer.text
    return JoinAnswer.decode(answer.content)


def test_a_code_is_made_shown_once_and_redeemed(enrolling: Desk) -> None:
    client = pages(enrolling)
    client.login(Role.OFFICER)
    assert "新卡口入网" in words(client.get(GATES))
    form = {"gate": "East-1", "name": "东门", "name_en": "East gate", "direction": "out"}
    answer = client.order(f"{GATES}/enrol", form)
    assert answer.status_code == 200
    found = re.search(r"sudo gated join (\S+) (\S+)", words(answer))
    assert found is not None
    assert found[1] == "https://hub.test"
    code = parse_code(found[2])
    assert "data:image/svg+xml" in answer.text
    page = client.get(f"{GATES}/enrol")
    assert code.token[3:] not in page.text.replace("-", "")
    assert "有效至 2020-02-11 12:00，由 Officer east 生成" in words(page)
    given = joined(client, code.token)
    assert (given.gate, given.name, given.direction) == ("east-1", "东门", "out")
    assert "未使用的入网码" not in words(client.get(f"{GATES}/enrol"))
    assert "从未上线" in words(client.get(GATES))


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"gate": "hub"}, "编号只能用小写字母"),
        ({"gate": "a b"}, "编号只能用小写字母"),
        ({"gate": "east-1", "name": "门" * 33}, "名称最多 32 个字"),
    ],
)
def test_a_code_that_cannot_be_made_says_why_and_keeps_the_form(
    enrolling: Desk, form: dict[str, str], sentence: str
) -> None:
    client = pages(enrolling)
    client.login(Role.OFFICER)
    answer = client.order(f"{GATES}/enrol", form)
    assert answer.status_code == 400
    assert sentence in words(answer)
    assert f'value="{form["gate"]}"' in answer.text


def test_a_hub_without_authority_says_so(desk: Desk, client: PageClient) -> None:
    client.login(Role.OFFICER)
    answer = client.order(f"{GATES}/enrol", {"gate": "east-1"})
    assert answer.status_code == 400
    assert "[authority]" in words(answer)


def test_an_open_code_is_withdrawn(enrolling: Desk) -> None:
    client = pages(enrolling)
    client.login(Role.OFFICER)
    client.order(f"{GATES}/enrol", {"gate": "east-1"})
    (code,) = Enrolments(enrolling.office).open_codes("east")
    answer = client.order(f"{GATES}/enrol/withdraw", {"number": code.number})
    assert where(answer) == f"{GATES}/enrol"
    assert Enrolments(enrolling.office).open_codes("east") == []
    again = client.order(f"{GATES}/enrol/withdraw", {"number": code.number})
    assert again.status_code == 409


def test_a_blocked_code_is_shown_as_such(enrolling: Desk) -> None:
    client = pages(enrolling)
    client.login(Role.OFFICER)
    code = Enrolments(enrolling.office).make(enrolling.actor(), NewGate("east-1")).code
    for _ in range(5):
        body = Asking.new().request(code.token[:3] + "ZZZZZ").model_dump_json()
        assert client.post("/enrol", content=body).json() == {"v": 1, "error": "wrong_code"}
    assert "已锁定" in words(client.get(f"{GATES}/enrol"))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b'{"v": 1, "code": 5}', 400),
        (b"z\x00", 400),
        (b"x" * (BODY_MAX + 1), 413),
    ],
)
def test_rubbish_is_refused_without_a_word_more(enrolling: Desk, body: bytes, status: int) -> None:
    answer = pages(enrolling).post("/enrol", content=body)
    assert (answer.status_code, answer.json()) == (status, {"v": 1, "error": "bad_request"})
    assert answer.headers["cache-control"] == "no-store"


def test_who_keeps_guessing_is_not_listened_to(enrolling: Desk) -> None:
    client = pages(enrolling)
    body = Asking.new().request("00000000").model_dump_json()
    answers = [client.post("/enrol", content=body).status_code for _ in range(FAILURES_MAX + 1)]
    assert answers == [403] * FAILURES_MAX + [429]


def test_a_hub_without_authority_gives_nothing(desk: Desk, client: PageClient) -> None:
    body = Asking.new().request("00000000").model_dump_json()
    assert client.post("/enrol", content=body).json()["error"] == "wrong_code"
    assert client.get("/enrol").status_code in {404, 405}
