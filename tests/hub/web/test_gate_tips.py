"""Prevention tips from the gates' pages, and the special modes they show."""

import pytest

from gated.contract.messages import Status
from gated.hub.commands import Commands
from gated.hub.roles import Role
from tests.support.hub_pages import PageClient, where, words
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant_gate

GATES = "/s/east/gates"


def there(desk: Desk, gate: str = "east-1", mode: str = "normal") -> None:
    status = Status.model_validate({"on": True, "sid": 1, "q": 2, "mode": mode})
    plant_gate(desk.office, gate, seen_ms=NOON_MS, status=status.model_dump_json())


def test_tips_are_typed_one_a_line_and_stand_there_to_be_changed(
    desk: Desk, client: PageClient
) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    typed = "勤洗手 | Wash your hands\n\n通风｜Air\n戴口罩\nKeep apart\n"
    done = client.order(f"{GATES}/east-1/tips", {"tips": typed})
    assert where(done) == f"{GATES}/east-1"
    (order,) = Commands(desk.office).of_gate("east", "east-1")
    assert [(tip.zh, tip.en) for tip in order.tips] == [
        ("勤洗手", "Wash your hands"),
        ("通风", "Air"),
        ("戴口罩", ""),
        ("", "Keep apart"),
    ]
    page = client.get(f"{GATES}/east-1")
    assert "勤洗手 | Wash your hands\n通风 | Air\n戴口罩\nKeep apart</textarea>" in page.text
    assert "勤洗手 通风 戴口罩 Keep apart" in words(page)
    assert "勤洗手 | Wash your hands" in client.get(GATES).text


def test_tips_go_to_all_gates_and_are_taken_away(desk: Desk, client: PageClient) -> None:
    there(desk, "east-1")
    there(desk, "east-2")
    client.login(Role.OFFICER)
    assert where(client.order(f"{GATES}/_all/tips", {"tips": "勤洗手"})) == GATES
    desk.clock.now_ms += 1
    assert where(client.order(f"{GATES}/_all/tips", {"tips": " \n"})) == GATES
    for gate in ("east-1", "east-2"):
        newest, former = Commands(desk.office).of_gate("east", gate)
        assert (newest.tips, [tip.zh for tip in former.tips]) == ((), ["勤洗手"])
    assert "（撤下防疫提示）" in words(client.get(f"{GATES}/east-1"))


@pytest.mark.parametrize("place", ["_all", "east-1"])
def test_tips_that_are_refused_stay_in_their_form(
    desk: Desk, client: PageClient, place: str
) -> None:
    there(desk)
    client.login(Role.PROPERTY)
    typed = "\n".join(["勤洗手"] * 11)
    answer = client.order(f"{GATES}/{place}/tips", {"tips": typed})
    assert answer.status_code == 409
    assert "提示没有发出：最多 10 条" in words(answer)
    assert typed in answer.text
    assert Commands(desk.office).of_gate("east", "east-1") == []


@pytest.mark.parametrize(
    ("mode", "zh", "en"),
    [
        ("open", "常开", "held open"),
        ("lockdown", "封闭", "lockdown"),
        ("evacuate", "疏散", "evacuation"),
        ("out_of_service", "停用", "out of service"),
    ],
)
def test_a_special_mode_is_shown_in_words(
    desk: Desk, client: PageClient, mode: str, zh: str, en: str
) -> None:
    there(desk, mode=mode)
    client.login(Role.PROPERTY)
    page = words(client.get(GATES))
    assert zh in page
    assert "开放" not in page
    client.login(Role.PROPERTY, language="en")
    assert en in words(client.get(GATES))
