"""A gate's log on its page: every kind of event in words, as far as a role may read it."""

from collections.abc import Iterator
from typing import Any

import pytest

from gated.hub.projector import Projector
from gated.hub.roles import Role
from gated.hub.store import HubStore
from tests.support.gate_events import SentEvents
from tests.support.hub_pages import PageClient, words
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant_gate, plant_log

PAGE = "/s/east/gates/north-1"


@pytest.fixture
def store(desk: Desk) -> Iterator[HubStore]:
    opened = HubStore(desk.office.config.store.url)
    yield opened
    opened.close()


def said(desk: Desk, store: HubStore, kind: str, **fields: Any) -> None:
    """The gate recorded this, and it is searchable."""
    sent = SentEvents()
    sent.passage(NOON_MS - 1)
    sent.add(kind, NOON_MS, **fields)
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()


def log(client: PageClient, role: Role = Role.OFFICER, language: str = "zh") -> str:
    client.login(role, language=language)
    page = words(client.get(PAGE))
    _, _, told = page.partition("卡口日志" if language == "zh" else "What it recorded besides")
    return told


EVENTS: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "mode",
        {"mode": "lockdown", "reason": "drill", "hours": 4, "guard": "G017", "approver": "G009"},
        "开始封闭管理，演练，4 小时，授权人 G009，值守 G017",
        "lockdown began, drill, 4 h, approved by G009, guard G017",
    ),
    (
        "mode",
        {"mode": "normal", "former": "evacuate", "by": "time"},
        "结束疏散，到时自动结束",
        "evacuation ended, ended by the time",
    ),
    ("mode", {"mode": "open", "reason": "crowding", "hours": 1}, "开始常开，人员聚集", "held open"),
    (
        "vehicle",
        {"act": "begin", "plate_ref": "00" * 16, "people": 3, "guard": "G017"},
        "车辆停车查验，车内 3 人，值守 G017",
        "a vehicle stopped, 3 people in it",
    ),
    (
        "vehicle",
        {"act": "pass", "plate_ref": "00" * 16, "people": 3, "visits": [4, 5, 6]},
        "车辆放行，车内 3 人，已查验 3 人",
        "let through, 3 people in it, 3 looked at",
    ),
    ("vehicle", {"act": "abandon", "by": "time"}, "车辆查验取消", "the vehicle was given up"),
    (
        "vehicle",
        {"act": "abandon", "by": "restart", "people": 2},
        "车辆查验取消，车内 2 人，卡口程序重启",
        "given up, 2 people in it, the gate's program was restarted",
    ),
    (
        "vehicle",
        {"act": "drop", "people": 1, "visits": [4], "reason": "on_foot", "guard": "G017"},
        "一人下车，车内 1 人，已查验 1 人，下车步行，值守 G017",
        "somebody left the vehicle, 1 people in it, 1 looked at, went on foot, guard G017",
    ),
    ("direction", {"direction": "out"}, "通道改为出", "passed outwards"),
    (
        "direction",
        {"direction": "in", "reason": "rush"},
        "通道改为进，人流变化",
        "the flow of people",
    ),
    (
        "mode",
        {"mode": "normal", "former": "reader_locked", "reason": "over"},
        "结束锁定读卡，情况解除",
        "card and code readers locked ended, no longer needed",
    ),
    ("sound_test", {"heard": 1}, "听得到", "sound test: heard"),
    ("sound_test", {"heard": 0}, "听不到，请检查扬声器", "not heard, look at the speaker"),
    ("look_up", {"by": "room", "found": 2}, "按房号查人，查到 2 人", "by room, 2 found"),
    ("look_up", {"by": "visit", "found": 0}, "查同住人员，查到 0 人", "lives with somebody, 0"),
    (
        "shift",
        {
            "act": "begin",
            "guard": "G017",
            "checked": ["thermometer", "protective", "keys", "open_cases"],
            "open": ["disinfectant", "paper_ledger"],
        },
        "G017 上岗，交接时未就绪：消毒用品，纸质登记本",
        "not in order at the hand-over: disinfectant, paper ledger",
    ),
    (
        "shift",
        {"act": "end", "guard": "G017", "by": "time"},
        "G017 下岗，到时自动结束",
        "G017 went",
    ),
    (
        "shift",
        {"act": "end", "guard": "G017", "by": "next"},
        "G017 下岗，由下一班人员接岗",
        "G017 went off duty, relieved by the next guard",
    ),
    ("round", {"place": "gate", "agent": "alcohol"}, "消杀：卡口通道，酒精", "gate lane, alcohol"),
    ("call", {"reason": "help", "guard": "G017"}, "值守呼叫：需要帮助，值守 G017", "help needed"),
    ("anomaly", {"what": "animal"}, "异常：动物", "Anomaly: Animal"),
    ("note", {"what": "parcel", "sealed": "00"}, "情况记录：代收代放物品", "Note: A parcel"),
    ("paper", {"outcome": "refused", "sealed": "00"}, "纸质登记，未放行", "from paper: refused"),
    ("registration", {"form": "visitor", "sealed": "00"}, "访客登记", "Visitor"),
    ("roster_switched", {"rev": 7, "persons": 9}, "启用名单第 7 版", "list revision 7 in use"),
    ("records_lost", {"count": 4}, "有 4 条记录未能保存", "4 records could not be kept"),
    (
        "device",
        {"code": "UNHEARD_OF", "state": "cleared"},
        "UNHEARD_OF：已恢复",
        "UNHEARD_OF: mend",
    ),
    ("alert", {"code": "GUARD_DURESS"}, "胁迫", "under threat"),
    ("alert", {"code": "LOG_IN_LOCKED", "guard": ""}, "登录已暂时锁定", "log-ins locked"),
    (
        "alert",
        {"code": "LOG_IN_LOCKED_NETWORK", "guard": ""},
        "网络登录已暂时锁定",
        "network log-ins locked",
    ),
    ("something_later", {"x": 1}, "something_later", "something_later"),
    ("mode", {"mode": "party"}, "开始party", "party began"),
]


@pytest.mark.parametrize(("kind", "fields", "zh", "en"), EVENTS)
def test_every_event_stands_there_in_words(
    desk: Desk,
    store: HubStore,
    client: PageClient,
    kind: str,
    fields: dict[str, Any],
    zh: str,
    en: str,
) -> None:
    said(desk, store, kind, **fields)
    assert zh in log(client)
    assert en in log(client, language="en")


def test_a_hand_over_without_a_list_or_in_order_says_nothing_of_it(
    desk: Desk, store: HubStore, client: PageClient
) -> None:
    every = ["thermometer", "disinfectant", "protective", "paper_ledger", "keys", "open_cases"]
    said(desk, store, "shift", act="begin", guard="G017", checked=every, open=[])
    plant_log(desk.office, gate="north-1", t_ms=NOON_MS + 1, kind="shift", state="end")
    told = log(client)
    assert "G017 上岗" in told
    assert "未登录人员 下岗" in told
    assert "未就绪" not in told


def test_the_property_office_reads_neither_duress_nor_a_health_reason(
    desk: Desk, store: HubStore, client: PageClient
) -> None:
    said(desk, store, "alert", code="GUARD_DURESS")
    plant_log(desk.office, gate="north-1", t_ms=NOON_MS, kind="call", code="fever")
    assert "胁迫" in log(client)
    told = log(client, Role.PROPERTY)
    assert "胁迫" not in told
    assert "发热" not in told
    assert "请联系社区" in told


def test_the_newest_lines_come_first_and_only_of_this_gate(
    desk: Desk, store: HubStore, client: PageClient
) -> None:
    plant_gate(desk.office, "north-1")
    for at in range(40):
        fields = {"act": "begin", "people": at}
        more = {"t_ms": NOON_MS + at, "kind": "vehicle", "code": "begin", "fields": fields}
        plant_log(desk.office, gate="north-1", certain=at != 39, **more)
    plant_log(desk.office, gate="north-2", t_ms=NOON_MS, kind="direction", code="out")
    plant_log(desk.office, gate="north-1", t_ms=NOON_MS, kind="command_result", code="ab")
    told = log(client)
    assert told.index("车内 39 人") < told.index("车内 38 人") < told.index("车内 10 人")
    assert "车内 9 人" not in told
    assert "通道改为" not in told
    assert "command_result" not in told
    assert "2020-02-10 12:00 ?" in told
