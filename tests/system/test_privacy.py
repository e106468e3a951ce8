"""Nobody's name, number or phone leaves the list: a canary looks through everything left behind.

Looked through: every file of the world (logs, journals, lists, the hub's database, their
write-ahead logs), every file name, every topic and payload on the broker, every address that a
browser of the office asked for, and the hub's tables one by one, the audit among them. Left out
are only the tables of people themselves, which the office wrote.
"""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from gated.cli.demo.people import Invented
from gated.cli.demo.world import TIMEZONE
from gated.hub.database import HubDatabase
from gated.hub.roles import Role
from gated.transport.mqtt import LinkEvent, MqttLink, Received, Subscribed, Welcomed
from tests.support.browser import DESKTOP, chromium
from tests.support.clerk import Clerk, clerk
from tests.support.two_sites import contents
from tests.support.waiting import wait_until
from tests.support.world import SystemWorld

TABLE = ".csv"
BIRTHDAY_END = 14  # area and birthday alone would tell who it is


def canaries(people: list[Invented], phones: dict[str, str]) -> Iterator[bytes]:
    for person in people:
        yield person.id_number.encode()
        yield person.id_number[:BIRTHDAY_END].encode()
        yield person.name.encode()
        yield json.dumps(person.name).strip('"').encode()
        if person.id_number in phones:
            yield phones[person.id_number].encode()


def found(needles: list[bytes], hay: bytes) -> bool:
    return any(needle in hay for needle in needles)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != TABLE]


@contextmanager
def listening(world: SystemWorld) -> Iterator[list[LinkEvent]]:
    """Everything the broker passes on, in the list that this yields."""
    events: list[LinkEvent] = []
    link = MqttLink(world.broker_settings, "canary", events.append)
    link.open()
    try:
        wait_until(lambda: any(isinstance(e, Welcomed) for e in events), what="the broker")
        link.subscribe([("#", 0)])
        wait_until(lambda: Subscribed(granted=True) in events, what="the subscription")
        yield events
    finally:
        link.close()


def messages(events: list[LinkEvent]) -> list[Received]:
    return [event for event in list(events) if isinstance(event, Received)]


def test_nobody_can_be_found_in_what_a_run_leaves_behind(world: SystemWorld) -> None:
    stranger = world.stranger()
    with listening(world) as events:
        phones = world.push()
        wait_until(
            lambda: any(message.topic.endswith("/mf") for message in messages(events)),
            what="the manifest to pass by",
        )
        world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
        world.play("in", "code A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
        world.play("in", "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER; register visitor", A=stranger)
        world.wait_drained("in")
        said = messages(events)
    needles = list(canaries([*world.listed, stranger], phones))
    assert sum(message.topic.endswith("u/ev") for message in said) >= 3
    # Only counts and file names may show in a failure, never the needle itself.
    assert sum(found(needles, message.topic.encode()) for message in said) == 0
    assert sum(found(needles, message.payload) for message in said) == 0
    left = files(world.folder)
    assert {"hub.db", "journal.db", "hub.log", "gate-in.log"} <= {path.name for path in left}
    assert any(path.match("roster-*.db") for path in left)
    assert [path.name for path in left if found(needles, path.read_bytes())] == []
    assert sum(found(needles, str(path).encode()) for path in left) == 0


NAME, STRANGER = "司马相如", "诸葛孔明"
PHONE, OTHER_PHONE, STRANGERS_PHONE = "13977665501", "13977665502", "13977665503"
CARD, PASSPORT = "88017701", "E77665504"
NOTE, READING, ANSWER = "咳嗽三天没有好转", "饭后补测一次", "已陪同去发热门诊"
TYPED = (NAME, STRANGER, PHONE, OTHER_PHONE, STRANGERS_PHONE, CARD, PASSPORT, NOTE, READING, ANSWER)


def spellings(text: str) -> Iterator[bytes]:
    """A text as UTF-8, in JSON, in an address, as hex, as Windows would write it."""
    yield text.encode()
    yield json.dumps(text).strip('"').encode()
    yield quote(text).encode()
    yield text.encode().hex().encode()
    yield text.encode("gb18030")
    yield text.encode("utf-16-le")


def a_day(one: Clerk, number: str) -> None:
    """An officer types everything about somebody that the pages take, and looks at it."""
    one.open("/roster/add")
    fields = {"id_number": number, "name": NAME, "phone": PHONE, "card": CARD}
    place = {"building": "8", "unit": "8", "room": "8808", "category": "tenant"}
    one.save("roster", fields | place, "roster.added")
    one.look_up(NAME)
    one.set_status("observation")
    one.page.get_by_role("link", name=one.t("roster.correct")).click()
    one.save("roster", {"phone": OTHER_PHONE}, "roster.changed")
    one.page.locator("main").get_by_role("link", name=one.t("roster.file_of")).click()
    one.save("note", {"text": NOTE}, "person.note_done")
    one.save("reading", {"value": "36.9", "note": READING}, "person.reading_done")
    one.press("person.show_identity")
    assert NAME in one.page.locator("main").inner_text()
    one.open("/records/late")
    minute = f"{datetime.now(ZoneInfo(TIMEZONE)):%Y-%m-%dT00:00}"
    line = {"paper_no": "77-1", "time": minute, "name": STRANGER, "phone": STRANGERS_PHONE}
    one.save("records-late", line | {"document": PASSPORT}, "records.late.done")
    for path, form in (("/records", "form.card"), ("/trace", "form"), ("/person", "form.card")):
        one.open(path)
        one.page.locator(f"main {form} [name=who]").fill(OTHER_PHONE)
        with one.page.expect_navigation():
            one.page.locator(f"main {form} [name=who]").press("Enter")


def answered(one: Clerk, stranger: str) -> None:
    """The newest registration is opened and answered."""
    one.open("/inbox?kind=registration")
    one.page.locator("main a[href*='/inbox/']").first.click()
    one.press("inbox.open_it")
    assert stranger in one.page.locator("main").inner_text()
    one.save("inbox", {"note": ANSWER}, "inbox.answered")


@pytest.mark.browser
def test_nobody_can_be_found_in_what_a_day_at_the_office_leaves_behind(
    world: SystemWorld, tmp_path: Path
) -> None:
    person, stranger = world.stranger(), world.stranger()
    with listening(world) as events, chromium() as browser:
        world.play("in", "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER; register visitor", A=stranger)
        with clerk(browser, world.demo.pages_url, Role.OFFICER, "zh", DESKTOP) as one:
            one.wrong_log_in(PHONE)
            a_day(one, person.id_number)
            world.wait_drained("in")
            answered(one, stranger.name)
            broken = tmp_path / f"{NAME}.csv"
            broken.write_text(
                f"身份证号,姓名,类别\n{person.id_number[:-1]}0,{NAME},居明\n", "utf-8"
            )
            one.offer(broken)
            urls = "\n".join(one.urls)
        said = messages(events)
    texts = (*TYPED, *(t for p in (person, stranger) for t in (p.id_number, p.id_number[:14])))
    needles = [spelled for text in (*texts, stranger.name) for spelled in spellings(text)]
    assert urls.count("/s/demo/") > len(TYPED)
    assert not found(needles, urls.encode())
    assert sum(found(needles, m.topic.encode() + m.payload) for m in said) == 0
    with closing(HubDatabase(world.demo.hub_url)) as database:
        held = contents(database)
    assert held["audit"]
    assert [name for name, rows in held.items() if found(needles, "\n".join(rows).encode())] == []
    left = files(world.folder)
    assert {"hub.db", "hub.db-wal", "hub.log"} <= {path.name for path in left}
    assert [path.name for path in left if found(needles, path.read_bytes())] == []
    assert sum(found(needles, str(path).encode()) for path in left) == 0
    world.listed.append(person)


def test_the_canary_sings_when_a_name_is_left_behind(world: SystemWorld, tmp_path: Path) -> None:
    person = world.named
    needles = list(canaries([person], {person.id_number: "13800110000"}))
    leaks = (person.name, json.dumps({"name": person.name}), person.id_number, "13800110000")
    assert [found(needles, leak.encode()) for leak in leaks] == [True] * len(leaks)
    assert not found(needles, b"nobody")
