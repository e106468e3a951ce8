"""The hub over a real PostgreSQL server: everything works, and many at once lose nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest
from sqlalchemy import Column, func, insert, select

from gated.core.model import StatusCode
from gated.errors import StoreBusy
from gated.hub.accounts import Accounts
from gated.hub.audit import Action
from gated.hub.changes import Changes
from gated.hub.commands import Commands
from gated.hub.daily_report import DailyReport
from gated.hub.database import HubDatabase
from gated.hub.day_ledger import DayLedger, Order
from gated.hub.gates import Gates
from gated.hub.inbox import Inbox
from gated.hub.late_entry import LateEntries, PaperLine
from gated.hub.logins import Once
from gated.hub.office import open_office
from gated.hub.person_file import PersonFile
from gated.hub.projector import Projector
from gated.hub.records import Filter, Records
from gated.hub.register import Register
from gated.hub.reindex import reindex
from gated.hub.roles import Role
from gated.hub.rollout import Rollout
from gated.hub.schema import BUNDLE, EVENT, SETTING
from gated.hub.schema_office import AUDIT, COMMAND
from gated.hub.schema_records import GATE_LOG, PASSAGE
from gated.hub.store import HubStore
from gated.hub.trace_query import Question, Tracer
from gated.hub.upload import Uploads
from tests.support.gate_events import SentEvents
from tests.support.hub_pages import PASSWORD, cheap, pages
from tests.support.office import NOON_MS, Clock, Desk, hub_config
from tests.support.people import line, people, person, ref_of, table, take
from tests.support.postgres import PostgreSQL, needs_postgresql
from tests.support.records import plant, plant_gate

pytestmark = needs_postgresql
THREADS = 4
Answer = TypeVar("Answer")
CODES = (
    StatusCode.MEDICINE_BUYER,
    StatusCode.CHECKIN_MISSING,
    StatusCode.TEST_DUE,
    StatusCode.OBSERVATION,
    StatusCode.SECOND_CONTACT,
    StatusCode.HOME_QUARANTINE,
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with PostgreSQL() as running:
        yield running


@pytest.fixture
def url(server: PostgreSQL) -> str:
    return server.database()


@pytest.fixture
def desk(tmp_path: Path, url: str) -> Iterator[Desk]:
    config = hub_config(tmp_path)
    store = config.store.model_copy(update={"url": url})
    clock = Clock()
    opened = Desk(open_office(config.model_copy(update={"store": store}), clock), clock)
    yield opened
    opened.office.database.close()


@pytest.fixture
def store(url: str) -> Iterator[HubStore]:
    opened = HubStore(url)
    yield opened
    opened.close()


def at_once(works: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Return what these works, all begun at the same moment, return; raises what one raises."""
    begin = Barrier(len(works))

    def run(work: Callable[[], Answer]) -> Answer:
        begin.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def count(database: HubDatabase, column: Column[Any]) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count(column))).scalar_one()


# Many at once.


def test_hubs_that_open_a_new_database_at_once_name_it_once(url: str) -> None:
    numbers = iter(range(1, 10))

    def opened() -> int:
        store = HubStore(url, lambda: next(numbers))
        store.close()
        return store.hubgen

    assert len(set(at_once([opened] * THREADS))) == 1


def test_the_audit_stays_one_chain(desk: Desk) -> None:
    def noting(name: str) -> Callable[[], None]:
        def note() -> None:
            for _ in range(25):
                desk.office.audit.note(desk.actor(name=name), Action.LOOK_UP, target="x")

        return note

    at_once([noting(f"a{number}") for number in range(THREADS)])
    assert desk.office.audit.first_broken() is None
    assert desk.office.audit.head().rows == 100
    assert desk.office.audit.cut_off() == 0


def test_simultaneous_changes_all_succeed_each_under_its_own_revision(desk: Desk) -> None:
    office, actor = desk.office, desk.actor()
    take(office, actor, people(12))

    def changing(number: int) -> Callable[[], list[int]]:
        def change() -> list[int]:
            ref = ref_of(office, person(number))
            return [Changes(office).set_status(actor, ref, code).rev for code in CODES]

        return change

    found = at_once([changing(number) for number in range(THREADS)])
    revs = [rev for of_one in found for rev in of_one]
    assert sorted(revs) == list(range(2, 26))
    assert office.audit.first_broken() is None
    for number in range(THREADS):
        entry = Register(office).entry("east", ref_of(office, person(number)))
        assert entry is not None
        assert {status.code for status in entry.statuses} == {str(code) for code in CODES}


def test_changes_of_one_person_by_several_officers_all_count(desk: Desk) -> None:
    office = desk.office
    take(office, desk.actor(), people(12))
    ref = ref_of(office, person(1))

    def changing(code: StatusCode) -> Callable[[], int]:
        return lambda: Changes(office).set_status(desk.actor(name=code.lower()), ref, code).rev

    assert sorted(at_once([changing(code) for code in CODES])) == list(range(2, 8))
    entry = Register(office).entry("east", ref)
    assert entry is not None
    assert len(entry.statuses) == len(CODES)


def test_two_workers_that_take_the_same_new_epochs_store_every_event_once(url: str) -> None:
    gates = [SentEvents(f"north-{number}") for number in range(6)]
    for gate in gates:
        for number in range(40):
            gate.passage(NOON_MS + number)
    first = [(gate.gate, batch) for gate in gates for batch in gate.batches(10)]
    workers = [HubStore(url) for _ in range(THREADS)]

    def taking(worker: HubStore, backwards: bool) -> Callable[[], None]:
        def take_all() -> None:
            ordered = first[::-1] if backwards else first
            for start in range(0, len(ordered), 8):
                worker.commit(ordered[start : start + 8], NOON_MS)

        return take_all

    at_once([taking(worker, index % 2 == 1) for index, worker in enumerate(workers)])
    assert count(workers[0].database, EVENT.c.seq) == 240
    for gate in gates:
        promised = [worker.promise(gate.gate, gate.epoch) for worker in workers]
        assert {(one.upto, one.want, one.fork) for one in promised} == {(40, None, False)}
    for worker in workers:
        worker.close()


def test_a_new_gate_may_greet_several_workers_at_once(url: str) -> None:
    workers = [HubStore(url) for _ in range(THREADS)]

    def greeting(worker: HubStore) -> Callable[[], None]:
        def greet() -> None:
            for number in range(20):
                worker.greet(f"north-{number}", {"online": True, "sid": 1})
                worker.park(f"north-{number}", "bad", b"same", NOON_MS)

        return greet

    at_once([greeting(worker) for worker in workers])
    assert len(workers[0].gates()) == 20
    assert workers[0].parked() == 20
    for worker in workers:
        worker.close()


def test_events_become_searchable_once_while_gates_go_on_sending(
    desk: Desk, store: HubStore
) -> None:
    sent = [SentEvents(f"north-{number}", f"00f{number}") for number in range(2)]

    def sending(gate: SentEvents) -> Callable[[], None]:
        def send() -> None:
            own = HubStore(desk.office.config.store.url)
            for number in range(10):
                for second in range(30):
                    gate.passage(NOON_MS + (number * 30 + second) * 1000)
                gate.send(own, NOON_MS)
            own.close()

        return send

    def projecting() -> None:
        for _ in range(20):
            Projector(desk.office).catch_up()

    at_once([sending(sent[0]), sending(sent[1]), projecting, projecting])
    Projector(desk.office).catch_up()
    assert count(desk.office.database, PASSAGE.c.seq) == 600
    reindex(desk.office)
    assert count(desk.office.database, PASSAGE.c.seq) == 600


def test_of_several_claims_of_one_mark_one_succeeds(desk: Desk) -> None:
    once = Once(desk.office)
    for number in range(5):
        claim = partial(once.claim, f"mark-{number}", "a")
        claims = at_once([claim] * THREADS)
        assert Counter(answer is None for answer in claims) == {True: 1, False: THREADS - 1}


def test_orders_to_one_gate_have_numbers_of_their_own(desk: Desk) -> None:
    for gate in ("north-1", "north-2"):
        plant_gate(desk.office, gate, seen_ms=NOON_MS)
    actor = desk.actor()

    def sending() -> None:
        for _ in range(5):
            Commands(desk.office).send_to_all(actor, "开会", "meeting", 5)

    at_once([sending] * THREADS)
    with desk.office.database.reading() as connection:
        numbers = connection.execute(select(COMMAND.c.gate, COMMAND.c.n)).all()
    assert len(set(numbers)) == len(numbers) == 40


def test_a_whole_list_and_single_changes_at_once_leave_the_register_on_the_gates(
    desk: Desk,
) -> None:
    office, actor = desk.office, desk.actor()
    take(office, actor, people(20))

    def folding() -> int:
        return Uploads(office).fold(actor).rev

    def changing(number: int) -> Callable[[], int]:
        ref = ref_of(office, person(number))
        return lambda: Changes(office).set_status(actor, ref, CODES[number]).rev

    revs = at_once([folding, *(changing(number) for number in range(3))])
    assert sorted(revs) == [2, 3, 4, 5]
    assert office.audit.first_broken() is None
    assert count(office.database, BUNDLE.c.rev) >= 1


# One state, and patience.


def test_a_reader_sees_one_state_of_everything(desk: Desk) -> None:
    database = desk.office.database
    with database.reading() as connection:
        before = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
        desk.office.audit.note(desk.actor(), Action.LOOK_UP, target="x")
        after = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
    assert before == after
    assert count(database, AUDIT.c.id) == before + 1


def test_a_writer_that_waits_too_long_is_told_so_and_wrote_nothing(desk: Desk, url: str) -> None:
    other = HubDatabase(url)
    with (
        other.writing("hold it"),
        pytest.raises(StoreBusy, match="nothing else holds it"),
        desk.office.database.writing("wait", patience_s=0.05) as connection,
    ):
        connection.execute(insert(SETTING).values(name="x", value=1))
    with desk.office.database.writing("write", patience_s=0.05) as connection:
        connection.execute(insert(SETTING).values(name="x", value=2))
    other.close()


def test_the_office_does_not_hold_up_the_gates(desk: Desk, url: str) -> None:
    impatient = HubStore(url, patience_s=0.05)
    sent = SentEvents()
    sent.passage(NOON_MS)
    with desk.office.database.writing("push a great list"):
        sent.send(impatient, NOON_MS)
        impatient.greet("north-1", {"online": True})
    assert impatient.promise("north-1", "00ff").upto == 1
    impatient.close()


# Everything works.


def test_the_register_is_filled_changed_and_found(desk: Desk) -> None:
    office, actor = desk.office, desk.actor()
    published = take(office, actor, people(3_000)).published
    assert published is not None
    assert published.persons == 3_000
    rows = table(*[line(index) for index in range(3_001)])
    staged = Uploads(office).stage(actor, "a.csv", rows)
    assert staged.counts["adds"] == 1
    ref = ref_of(office, person(1))
    assert Register(office).find("east", person(1).id_number) == [ref]
    assert Changes(office).quarantine(actor, ref, None, None, "contact").changed
    assert Rollout(office).of(office.site("east")).people == 3_000


def test_what_gates_sent_is_searched_traced_and_reported(desk: Desk, store: HubStore) -> None:
    office, actor = desk.office, desk.actor()
    take(office, actor, people(8))
    ref = ref_of(office, person(1))
    plant_gate(office, "north-1", seen_ms=NOON_MS)
    sent = SentEvents("north-2")
    sent.passage(NOON_MS - 60_000, person_ref=ref.hex())
    sent.add("call", NOON_MS - 50_000, reason="help", guard="7")
    sent.add("passage", NOON_MS - 40_000, verdict="x\x00", reason="\x00", lane="\x00")
    sent.passage(NOON_MS - 30_000, lane="\x00", of_seq=2**62, visit=2**62)
    sent.send(store, NOON_MS)
    assert Projector(office).catch_up() == 4
    assert count(office.database, GATE_LOG.c.seq) == 2
    plant(office, gate="north-1", t_ms=NOON_MS - 1_000, person=ref)
    found = Records(office).search(actor, Filter(people=(ref,)), "contact")
    assert len(found.lines) == 2
    question = Question(ref, NOON_MS - 3_600_000, NOON_MS, 600_000)
    assert len(Tracer(office).trace(actor, question, "contact").own) == 2
    assert len(PersonFile(office).of(actor, ref, "contact").course) > 0
    paper = PaperLine("north-1", NOON_MS - 90_000, "in", "ALLOW", "7-1", name="A")
    LateEntries(office).add(actor, paper)
    day = date(2020, 2, 10)
    assert DailyReport(office).of(actor, day).traffic.passages >= 3
    assert DayLedger(office).export(actor, Order(day), "duty").lines >= 3
    assert {gate.gate for gate in Gates(office).of("east")} == {"north-1", "north-2"}
    inbox = Inbox(office)
    assert {item.gate for item in inbox.items(actor)} >= {"north-2"}
    for item in inbox.items(actor):
        inbox.acknowledge(actor, item.id)
    assert inbox.open_count(actor) == 0
    assert office.audit.first_broken() is None


def test_accounts_are_made_and_checked(desk: Desk) -> None:
    accounts = Accounts(desk.office, cheap())
    accounts.add(desk.actor(), "wang", "王主任", PASSWORD, Role.OFFICER)
    assert accounts.check("wang", "wrong") is None
    assert accounts.check("wang", PASSWORD) is not None
    assert desk.office.audit.first_broken() is None


def test_the_pages_are_served(desk: Desk) -> None:
    take(desk.office, desk.actor(), people(3))
    browser = pages(desk)
    browser.login(Role.OFFICER, language="en")
    for page in ("gates", "roster", "inbox", "report", "records", "account", "person/observation"):
        assert browser.get(f"/s/east/{page}").status_code in (200, 303), page
