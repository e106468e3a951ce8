"""A property office learns nothing of anybody's health: not here, not there, not by counting."""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gated.core import rules_status
from gated.core.model import Status, StatusCode
from gated.core.reasons import Code
from gated.hub import record_words as words
from gated.hub.changes import Changes
from gated.hub.day_ledger import DayLedger, Order
from gated.hub.difference_shown import visible
from gated.hub.inbox import Inbox
from gated.hub.late_entry import LateEntries, PaperLine
from gated.hub.records import Filter, Records, SearchRefused
from gated.hub.roles import PROPERTY_STATUSES, Role
from gated.hub.schema_records import INBOX
from gated.hub.upload import Uploads
from gated.store.roster_build import RosterRow
from gated.texts import shipped
from tests.support.hub_pages import PageClient, pages
from tests.support.hub_pages import words as read
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.people import line, people, person, ref_of, table, take
from tests.support.records import plant, plant_gate
from tests.support.townsfolk import enter

WHY = {"reason": "核查通行"}
OF_FEVER = {"TEMP_HIGH", "TEMP_HIGH_RETRY", "TEMP_CLINICAL_HIGH", "TEMP_CLINICAL_OK"}
OF_HOSTS = {"STAT_HOST_QUARANTINE", "STAT_OBSERVATION_DUE"}  # of a household, of a reading due
SILENT = {"GUARD_DURESS"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


def kept() -> set[str]:
    """Return every code behind a status a property office may not set, fever and duress."""
    behind = {
        code.value
        for status, (_, _, code) in rules_status._EFFECTS.items()
        if status not in PROPERTY_STATUSES
    }
    return behind | OF_FEVER | OF_HOSTS | SILENT


@pytest.mark.parametrize("code", [code.value for code in Code])
def test_every_reason_tells_a_property_office_what_it_may_know(code: str) -> None:
    calls: dict[words.Language, str] = {"zh": "请联系社区", "en": "Call the station"}
    for language, call in calls.items():
        said = words.reason(code, language, health=False)
        told = shipped().reason(Code(code)).text.shown(language)
        assert said == (call if code in kept() else told)
    assert (code in words.reason_codes(health=False)) is (code not in kept())
    assert code in words.reason_codes(health=True)
    assert words.reason_code(code, health=False) == ("STAT_*" if code in kept() else code)


def test_a_status_of_a_later_version_is_kept_too() -> None:
    assert words.reason("STAT_NEW", "en", health=False) == "Call the station"
    assert words.reason("STAT_NEW", "en", health=True) == "STAT_NEW"


@pytest.mark.parametrize("code", sorted(kept()))
def test_records_show_a_property_office_neither_reason_nor_temperature(
    desk: Desk, code: str
) -> None:
    plant(desk.office, gate="north", t_ms=NOON_MS, verdict="STOP", reason=code, temp_mc=38_400)
    (mine,) = Records(desk.office).search(desk.actor(), Filter(), "核查").lines
    (theirs,) = Records(desk.office).search(desk.actor(Role.PROPERTY), Filter(), "核查").lines
    assert (mine.record.reason, mine.record.temp_mc) == (code, 38_400)
    assert (theirs.record.reason, theirs.record.temp_mc) == ("STAT_*", None)
    assert code not in repr(theirs)
    with pytest.raises(SearchRefused):
        Records(desk.office).search(desk.actor(Role.PROPERTY), Filter(reason=code), "核查")


@pytest.mark.parametrize(
    "more", [{"reasons": ["GUARD_MEDICAL", "TEMP_HIGH"]}, {"temp_state": "high"}]
)
def test_a_manual_pass_in_front_of_a_fever_does_not_tell_its_temperature(
    desk: Desk, more: dict[str, Any]
) -> None:
    plant(desk.office, gate="north", t_ms=NOON_MS, reason="GUARD_MEDICAL", temp_mc=38_400, **more)
    (shown,) = Records(desk.office).search(desk.actor(Role.PROPERTY), Filter(), "核查").lines
    assert (shown.record.reason, shown.record.temp_mc) == ("GUARD_MEDICAL", None)


@pytest.mark.parametrize("silent", ["STAT_WATCH", "GUARD_DURESS"])
def test_a_silent_code_leaves_a_record_as_any_other(desk: Desk, silent: str) -> None:
    common: dict[str, Any] = {"gate": "north", "reason": "OK_RESIDENT", "temp_mc": 36_500}
    plant(desk.office, t_ms=NOON_MS, reasons=["OK_RESIDENT", silent], **common)
    (shown,) = Records(desk.office).search(desk.actor(Role.PROPERTY), Filter(), "核查").lines
    assert (shown.record.reason, shown.record.temp_mc) == ("OK_RESIDENT", 36_500)
    assert silent not in repr(shown)


def test_the_ledger_of_a_property_office_says_no_more_than_its_records(desk: Desk) -> None:
    day = date(2020, 2, 10)
    plant(desk.office, gate="n", t_ms=NOON_MS, verdict="STOP", reason="TEMP_HIGH", temp_mc=38_400)
    plant(desk.office, gate="n", t_ms=NOON_MS + 1, reason="STAT_RELEASED", temp_mc=36_400)
    plant(desk.office, gate="n", t_ms=NOON_MS + 2, temp_mc=36_500)

    def shown(role: Role) -> list[tuple[str, str]]:
        made = DayLedger(desk.office).export(desk.actor(role), Order(day), "上报")
        rows = csv.DictReader(io.StringIO(made.body.decode("utf-8-sig"), newline=""))
        return [(row["原因"], row["体温(℃)"]) for row in rows]

    assert shown(Role.OFFICER) == [("发热", "38.4"), ("已解除", "36.4"), ("居民放行", "36.5")]
    assert shown(Role.PROPERTY) == [("请联系社区", ""), ("请联系社区", ""), ("居民放行", "36.5")]


@pytest.mark.parametrize("temp_mc", [36_500, 38_400])
def test_a_temperature_typed_in_from_paper_is_the_officers(desk: Desk, temp_mc: int) -> None:
    plant_gate(desk.office, "north")
    line = PaperLine("north", NOON_MS, "in", "ALLOW", "12-7", name="李大伟", temp_mc=temp_mc)
    LateEntries(desk.office).add(desk.actor(Role.PROPERTY), line)
    day = Order(date(2020, 2, 10))
    said = words.temperature(temp_mc)
    for role, shown in ((Role.OFFICER, said), (Role.PROPERTY, "")):
        lines = Records(desk.office).search(desk.actor(role), Filter(), "核查").lines
        (late,) = [one.record for one in lines if one.record.late]
        assert words.temperature(late.temp_mc) == shown
        made = DayLedger(desk.office).export(desk.actor(role), day, "上报")
        rows = list(csv.DictReader(io.StringIO(made.body.decode("utf-8-sig"), newline="")))
        assert [row["体温(℃)"] for row in rows] == [shown]
    assert said not in as_property(desk).order("/s/east/records", WHY).text


def test_the_page_of_records_shows_a_property_office_no_fever(desk: Desk) -> None:
    plant(desk.office, gate="n", t_ms=NOON_MS, verdict="STOP", reason="TEMP_HIGH", temp_mc=38_400)
    client = as_property(desk)
    shown = client.order("/s/east/records", WHY)
    assert "请联系社区" in read(shown)
    assert "38.4" not in shown.text
    assert "TEMP_HIGH" not in shown.text


def as_property(desk: Desk) -> PageClient:
    client = pages(desk)
    client.login(Role.PROPERTY)
    return client


# -- the inbox ----------------------------------------------------------------------------------


def call(desk: Desk, reason: str, ref: bytes) -> int:
    values = {
        "source": f"call/{reason}", "site": "east", "gate": "north", "epoch": "e", "seq": 1,
        "kind": "call", "code": reason, "t_ms": NOON_MS, "certain": True, "person": ref,
        "sealed": None, "fields": '{"guard":"G7"}',
    }  # fmt: skip
    with desk.office.database.writing("plant a call") as connection:
        done = connection.execute(INBOX.insert().values(**values))
        assert done.inserted_primary_key is not None
        return int(done.inserted_primary_key[0])


@pytest.mark.parametrize("reason", ["fever", "contact"])
def test_a_call_about_health_is_a_call_without_reason_and_person(desk: Desk, reason: str) -> None:
    ref = enter(desk.office, ("王小明", "3-2-101"))[0]
    number = call(desk, reason, ref)
    inbox = Inbox(desk.office)
    assert [(i.code, i.person) for i in inbox.items(desk.actor())] == [(reason, ref)]
    for item in (
        *inbox.items(desk.actor(Role.PROPERTY)),
        inbox.item(desk.actor(Role.PROPERTY), number),
    ):
        assert (item.kind, item.code, item.person) == ("call", "unsaid", None)
    client = as_property(desk)
    for path in ("/s/east/inbox", f"/s/east/inbox/{number}"):
        shown = client.get(path)
        assert "值守呼叫：请联系社区" in read(shown)
        assert not [w for w in ("发热", "密接", "王*明", ref.hex()[:8]) if w in shown.text]


def test_any_other_call_is_read_by_a_property_office_as_it_is(desk: Desk) -> None:
    ref = enter(desk.office, ("王小明", "3-2-101"))[0]
    call(desk, "dispute", ref)
    (item,) = Inbox(desk.office).items(desk.actor(Role.PROPERTY))
    assert (item.code, item.person) == ("dispute", ref)


# -- tables -------------------------------------------------------------------------------------

QUARANTINE = StatusCode.HOME_QUARANTINE


@pytest.fixture
def full(desk: Desk) -> Desk:
    take(desk.office, desk.actor(), people(30))
    Changes(desk.office).quarantine(desk.actor(), ref_of(desk.office, person(3)), None, None)
    return desk


def lines_without_3() -> bytes:
    return table(*(line(index) for index in range(30) if index != 3))


def test_whom_a_table_may_not_remove_is_a_number_to_a_property_office(full: Desk) -> None:
    ref = ref_of(full.office, person(3))
    staged = Uploads(full.office).stage(full.actor(Role.PROPERTY), "t.csv", lines_without_3())
    assert staged.counts["kept"] == 1
    assert [row["ref"] for row in staged.shown["kept"]] == [ref.hex()]
    name = staged.shown["kept"][0]["name"]
    theirs = as_property(full).get(f"/s/east/roster/upload/{staged.id}")
    assert theirs.status_code == 200
    assert name not in theirs.text
    assert "1" in read(theirs)
    client = pages(full)
    client.login(Role.OFFICER)
    assert name in client.get(f"/s/east/roster/upload/{staged.id}").text


def test_who_is_kept_is_not_told_by_the_card_they_lose(full: Desk) -> None:
    their_card = person(3).cards[0].number
    others = [line(index) for index in range(30) if index not in {3, 4}]
    mine = table(*others, line(4, card=their_card))
    staged = Uploads(full.office).stage(full.actor(Role.PROPERTY), "t.csv", mine)
    ref = ref_of(full.office, person(3)).hex()
    shown = {
        codes: [row["ref"] for row in visible(staged.shown, codes, staged.counts)["card"]]
        for codes in (PROPERTY_STATUSES, frozenset(StatusCode))
    }
    assert staged.counts["changed_card"] == 2
    assert [ref in refs for refs in shown.values()] == [False, True]
    answer = as_property(full).get(f"/s/east/roster/upload/{staged.id}")
    assert (answer.status_code, ref in answer.text) == (200, False)


def test_statuses_not_taken_are_counted_alike_whether_they_stand_or_not(desk: Desk) -> None:
    rows = people(30)
    sick: list[RosterRow] = []
    for index, row in enumerate(rows):
        held = (Status(QUARANTINE),) if index in {3, 4} else ()
        sick.append(RosterRow(**{n: getattr(row, n) for n in row.__slots__} | {"statuses": held}))
    take(desk.office, desk.actor(), [*rows[:4], sick[4], *rows[5:]])
    compared = Uploads(desk.office).compared(desk.actor(Role.PROPERTY), sick)
    assert compared.difference.not_taken == 2, "one stands already, one does not"
