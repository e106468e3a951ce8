"""Retiring a gate on the pages, messages to all gates, and whether a gate is open."""

import re
from typing import Any

import pytest

from gated.contract.messages import Status
from gated.hub.commands import Commands
from gated.hub.gates import Gates
from gated.hub.roles import Role
from tests.support.hub_pages import PageClient, where, words
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant_gate

GATES = "/s/east/gates"
SEEN_MS = NOON_MS - 26 * 3_600_000


def told(**fields: Any) -> str:
    return Status.model_validate({"on": True, "sid": 1, **fields}).model_dump_json()


def there(desk: Desk, gate: str = "east-1", **values: Any) -> None:
    known = {"seen_ms": NOON_MS, "last": 5, "upto": 5, "status": told(q=2, mode="normal")}
    plant_gate(desk.office, gate, **(known | values))


def away(desk: Desk, gate: str = "east-2", **values: Any) -> None:
    there(desk, gate, online=False, seen_ms=SEEN_MS, **values)


def form_of(text: str) -> dict[str, str]:
    """What the confirmation's form holds before anybody types."""
    return {"at": re.findall(r'name="at" value="([^"]*)"', text)[0]}


def test_a_gate_is_retired_after_a_second_look(desk: Desk, client: PageClient) -> None:
    there(desk)
    away(desk, name="南门", name_en="South gate", last=9)
    client.login(Role.OFFICER, language="en")
    asked = client.get(f"{GATES}/east-2/retire")
    for shown in ("Retire South gate?", "Last heard of 2020-02-09 10:00", "4 of its records"):
        assert shown in words(asked)
    form = form_of(asked.text)
    assert form == {"at": "2020-02-09T10:00"}
    done = client.order(f"{GATES}/east-2/retire", form | {"reason": "taken down"}, follow=True)
    assert "The gate is retired." in words(done)
    assert "retired 2020-02-09 10:00" in words(done)
    (view,) = Gates(desk.office).retired("east")
    assert (view.gate, view.retired_ms) == ("east-2", SEEN_MS), "not a minute's rounding"
    listed = client.get(GATES).text
    assert "Retired gates (1)" in listed
    assert len(re.findall("<article", listed)) == 1


def test_a_retired_gate_is_taken_back_with_a_reason(desk: Desk, client: PageClient) -> None:
    away(desk)
    client.login(Role.OFFICER)
    client.order(f"{GATES}/east-2/retire", {"at": "", "reason": "拆除"})
    page = client.get(f"{GATES}/east-2").text
    assert "/message" not in page, "nobody sends it anything"
    assert "恢复使用" in page
    done = client.order(f"{GATES}/east-2/back", {"reason": "重新启用"}, follow=True)
    assert "卡口已恢复使用" in words(done)
    assert Gates(desk.office).retired("east") == []
    results = [(row.reason, row.result) for row in desk.office.audit.rows("east", 2)]
    assert results == [("重新启用", "taken back"), ("拆除", "retired")]


@pytest.mark.parametrize(
    ("at", "shown"), [("2020-02-11T09:00", "时间不能晚于现在"), ("soon", "看不懂停用时间")]
)
def test_a_time_that_cannot_be_is_refused_and_kept(
    desk: Desk, client: PageClient, at: str, shown: str
) -> None:
    away(desk)
    client.login(Role.OFFICER)
    answer = client.order(f"{GATES}/east-2/retire", {"at": at, "reason": "拆除"})
    assert answer.status_code == 409
    assert shown in words(answer)
    assert form_of(answer.text) == {"at": at}
    assert 'value="拆除"' in answer.text, "the reason just typed, not the one before"
    assert Gates(desk.office).retired("east") == []


def test_an_online_gate_is_warned_about(desk: Desk, client: PageClient) -> None:
    there(desk)
    client.login(Role.OFFICER, language="en")
    assert "It is online now" in words(client.get(f"{GATES}/east-1/retire"))


def test_nothing_is_done_without_a_reason(desk: Desk, client: PageClient) -> None:
    away(desk)
    client.login(Role.OFFICER)
    assert "请写明原因" in words(client.order(f"{GATES}/east-2/retire", {"at": ""}))
    assert Gates(desk.office).retired("east") == []


@pytest.mark.parametrize("page", ["retire", "back"])
def test_a_property_office_and_a_foreign_site_retire_nothing(
    desk: Desk, client: PageClient, page: str
) -> None:
    away(desk)
    client.login(Role.PROPERTY)
    refused = client.order(f"{GATES}/east-2/{page}", {"at": "", "reason": "x"})
    assert refused.status_code == 403
    client.login(Role.OFFICER, "west")
    foreign = client.order(f"/s/west/gates/east-2/{page}", {"at": "", "reason": "x"})
    assert foreign.status_code == 404
    assert Gates(desk.office).retired("east") == []


def test_what_was_done_already_is_said(desk: Desk, client: PageClient) -> None:
    away(desk)
    client.login(Role.OFFICER)
    client.order(f"{GATES}/east-2/retire", {"at": "", "reason": "拆除"})
    twice = client.order(f"{GATES}/east-2/retire", {"at": "", "reason": "拆除"})
    assert "已经停用" in words(twice)
    client.order(f"{GATES}/east-2/back", {"reason": "x"})
    assert "正在使用" in words(client.order(f"{GATES}/east-2/back", {"reason": "x"}))


def test_one_message_goes_to_all_gates(desk: Desk, client: PageClient) -> None:
    there(desk)
    away(desk)
    client.login(Role.PROPERTY, language="en")
    assert "Send a message to all gates" in client.get(GATES).text
    form = {"zh": "明天停电", "en": "no power tomorrow", "minutes": "60"}
    answer = client.order(f"{GATES}/_all/message", form)
    assert where(answer) == GATES
    for gate in ("east-1", "east-2"):
        (sent,) = Commands(desk.office).of_gate("east", gate)
        assert (sent.zh, sent.en, sent.minutes) == ("明天停电", "no power tomorrow", 60)
    refused = client.order(f"{GATES}/_all/message", form | {"minutes": "0"})
    assert refused.status_code == 409
    assert 'value="明天停电"' in refused.text, "nothing typed is lost"
    assert "<details" in refused.text
    assert " open>" in refused.text
    cleared = client.order(f"{GATES}/_all/message", {"minutes": "5"}, follow=True)
    assert "Every gate is told to take its message away" in words(cleared)


@pytest.mark.parametrize(
    ("mode", "zh", "en"),
    [
        ("normal", "开放", "open"),
        ("closed", "关闭", "closed"),
        ("lockdown", "封闭", "lockdown"),
        ("evacuate", "疏散", "evacuation"),
        ("out_of_service", "停用", "out of service"),
    ],
)
def test_whether_a_gate_is_open_is_said_in_words(
    desk: Desk, client: PageClient, mode: str, zh: str, en: str
) -> None:
    there(desk, status=told(q=2, mode=mode))
    for language, shown in (("zh", zh), ("en", en)):
        client.login(Role.PROPERTY, language=language)
        card = client.get(f"{GATES}/fragment").text
        assert shown in re.sub(r"<[^>]*>", " ", card).split("证书")[0].replace("\n", " ")
