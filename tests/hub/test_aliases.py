"""A corrected identity number makes another pseudonym, and still it is one person with one past."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from gated.core.model import StatusCode
from gated.hub.aliases import Aliases, current
from gated.hub.changes import Changes, Correction
from gated.hub.late_entry import LateEntries, PaperLine
from gated.hub.person_file import File, PersonFile
from gated.hub.projector import Projector
from gated.hub.records import Filter, Records
from gated.hub.register import Register
from gated.hub.reindex import reindex
from gated.hub.roles import Role
from gated.hub.schema_records import INBOX, PASSAGE
from gated.hub.schema_register import NOTE, PERSON_ALIAS
from gated.hub.store import HubStore
from gated.hub.trace_query import Question, Tracer
from tests.support.effort import examples
from tests.support.gate_events import SentEvents
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.people import number, people, person, ref_of, take
from tests.support.records import plant, plant_gate

HOUR = 3_600_000
WRONG, RIGHT = 3, 60  # indexes of invented people; the first one's number was typed wrong


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    take(opened.office, opened.actor(), people(6))
    plant_gate(opened.office, "north-1", seen_ms=NOON_MS)
    yield opened
    opened.office.database.close()


def ref(desk: Desk, index: int = WRONG) -> bytes:
    return ref_of(desk.office, person(index))


def correct(desk: Desk, old: bytes, index: int = RIGHT) -> bytes:
    entry = Register(desk.office).entry("east", old)
    assert entry is not None
    change = Correction(id_number=number(index))
    return Changes(desk.office).correct(desk.actor(), old, change, version=entry.version).ref


def opened(desk: Desk, who: bytes) -> File:
    return PersonFile(desk.office).of(desk.actor(), who, "follow-up")


def passages_of(desk: Desk, who: bytes) -> list[int]:
    query = select(PASSAGE.c.t_ms).where(PASSAGE.c.person == who).order_by(PASSAGE.c.t_ms)
    with desk.office.database.reading() as connection:
        return list(connection.execute(query).scalars())


def sent(store: HubStore, who: bytes, *stamps: int, gate: str = "north-1") -> SentEvents:
    events = SentEvents(gate)
    for t_ms in stamps:
        events.passage(t_ms, person_ref=who.hex())
    events.send(store, max(stamps))
    return events


def test_everything_that_was_held_moves(desk: Desk) -> None:
    old, office = ref(desk), desk.office
    plant(office, gate="north-1", t_ms=NOON_MS - HOUR, person=old, temp_mc=36_500)
    file = PersonFile(office)
    file.add_note(desk.actor(), old, "独居老人")
    file.add_reading(desk.actor(), old, NOON_MS - HOUR, 38_200)
    line = PaperLine("north-1", NOON_MS - 2 * HOUR, "in", "ALLOW", "1-1", person=old, guard="G1")
    LateEntries(office).add(desk.actor(Role.PROPERTY), line)
    Changes(office).quarantine(desk.actor(), old, None, None)
    new = correct(desk, old)
    assert new == ref(desk, RIGHT) != old
    found = opened(desk, new)
    assert [note.text for note in found.notes if note.text] == ["独居老人"]
    assert {one.value_mc for one in found.temperatures} == {36_500, 38_200}
    assert len(found.passages) == 2, "the gate's and the paper's"
    assert [item.kind for item in found.inbox] == ["fever"]
    assert found.standing == (StatusCode.HOME_QUARANTINE.value,)
    assert passages_of(desk, old) == []


def test_the_former_pseudonym_and_number_lead_to_the_person(desk: Desk) -> None:
    old = ref(desk)
    new = correct(desk, old)
    register = Register(desk.office)
    for words in (number(WRONG), number(RIGHT), old.hex()[:8], new.hex()[:8], person(WRONG).name):
        assert register.find("east", words) == [new]
    assert opened(desk, old).ref == new
    PersonFile(desk.office).add_note(desk.actor(), old, "a tab that was open before")
    assert [note.text for note in opened(desk, new).notes] == ["a tab that was open before"]
    targets = {row.target for row in desk.office.audit.rows("east") if row.action == "look_up"}
    assert targets == {new.hex()}


def test_searches_and_traces_find_what_was_recorded_before(desk: Desk, store: HubStore) -> None:
    old, other = ref(desk), ref(desk, 5)
    plant(desk.office, gate="north-1", t_ms=NOON_MS, person=old)
    plant(desk.office, gate="north-1", t_ms=NOON_MS + 60_000, person=other)
    new = correct(desk, old)
    for asked in (old, new):
        question = Question(asked, NOON_MS - HOUR, NOON_MS + HOUR, 600_000)
        trace = Tracer(desk.office).trace(desk.actor(), question, "密接排查")
        assert (len(trace.own), [one.person for one in trace.contacts]) == (1, [other])
    question = Question(other, NOON_MS - HOUR, NOON_MS + HOUR, 600_000)
    found = Tracer(desk.office).trace(desk.actor(), question, "密接排查")
    assert [one.person for one in found.contacts] == [new]
    people = tuple(Register(desk.office).find("east", number(WRONG)))
    records = Records(desk.office).search(desk.actor(), Filter(people), "查")
    (line,) = records.lines
    assert line.shown is not None


def test_a_gate_that_sends_late_or_still_has_the_old_list_is_understood(
    desk: Desk, store: HubStore
) -> None:
    old = ref(desk)
    new = correct(desk, old)
    desk.clock.now_ms += HOUR
    events = sent(store, old, NOON_MS - HOUR, NOON_MS + 60_000)
    events.add("call", NOON_MS + 90_000, reason="fever", person_ref=old.hex(), guard="G1")
    events.send(store, NOON_MS + 90_000)
    Projector(desk.office).catch_up()
    assert passages_of(desk, new) == [NOON_MS - HOUR, NOON_MS + 60_000]
    with desk.office.database.reading() as connection:
        items = connection.execute(select(INBOX.c.person).where(INBOX.c.kind == "call"))
        assert items.scalars().all() == [new]


def test_making_everything_searchable_again_gives_the_same_rows(
    desk: Desk, store: HubStore
) -> None:
    old = ref(desk)
    sent(store, old, NOON_MS - HOUR)
    Projector(desk.office).catch_up()
    new = correct(desk, old)
    reindex(desk.office)
    assert passages_of(desk, new) == [NOON_MS - HOUR]
    assert passages_of(desk, old) == []


def test_somebody_else_with_the_former_number_has_a_past_of_their_own(
    desk: Desk, store: HubStore
) -> None:
    """The wrong number was a neighbour's, who moves in later."""
    old = ref(desk)
    Changes(desk.office).quarantine(desk.actor(), old, None, None)
    PersonFile(desk.office).add_note(desk.actor(), old, "of the first")
    new = correct(desk, old)
    desk.clock.now_ms = NOON_MS + HOUR
    neighbour = person(WRONG, name="赵新来", phone="13911112222", cards=())
    assert Changes(desk.office).add(desk.actor(), neighbour).ref == old
    sent(store, old, NOON_MS, NOON_MS + 2 * HOUR)
    Projector(desk.office).catch_up()
    assert passages_of(desk, new) == [NOON_MS]
    assert passages_of(desk, old) == [NOON_MS + 2 * HOUR]
    theirs = opened(desk, old)
    assert (theirs.ref, theirs.standing, theirs.notes) == (old, (), ())
    assert Register(desk.office).find("east", number(WRONG)) == [old]


def test_corrected_twice_and_back_again(desk: Desk, store: HubStore) -> None:
    first = ref(desk)
    sent(store, first, NOON_MS - HOUR)
    Projector(desk.office).catch_up()
    second = correct(desk, first, 60)
    third = correct(desk, second, 61)
    assert {opened(desk, one).ref for one in (first, second, third)} == {third}
    assert passages_of(desk, third) == [NOON_MS - HOUR]
    again = correct(desk, third, WRONG)
    assert again == first
    assert {opened(desk, one).ref for one in (first, second, third)} == {first}
    reindex(desk.office)
    assert passages_of(desk, first) == [NOON_MS - HOUR]


def test_another_site_knows_nothing_of_it(desk: Desk) -> None:
    old = ref(desk)
    plant(desk.office, gate="hill", t_ms=NOON_MS, person=old, site="west")
    new = correct(desk, old)
    assert passages_of(desk, old) == [NOON_MS]
    with desk.office.database.reading() as connection:
        assert current(connection, "west", [old]) == [old]
        assert current(connection, "east", [old, new]) == [new]


def test_a_correction_that_is_refused_leaves_no_alias(desk: Desk) -> None:
    with pytest.raises(Exception, match="number"):
        correct(desk, ref(desk), 5)  # somebody on the list has it
    with desk.office.database.reading() as connection:
        assert connection.execute(select(PERSON_ALIAS)).all() == []
        assert connection.execute(select(NOTE)).all() == []


@settings(
    max_examples=examples(60, 1_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    cuts=st.lists(st.integers(1, 1_000), min_size=0, max_size=4, unique=True),
    asked=st.lists(st.integers(0, 1_100), min_size=1, max_size=5),
)
def test_every_instant_of_a_reused_pseudonym_is_one_persons(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], asked: list[int]
) -> None:
    """A pseudonym reused and corrected again and again: each owner has their stretch of time."""
    opened = open_desk(tmp_path_factory.mktemp("aliases"))
    edges = [0, *sorted(cuts)]
    owners = [bytes([number]) * 16 for number in range(1, len(edges) + 1)]
    shared = bytes(16)
    rows = [
        {"site": "east", "old": shared, "ref": owner, "since_ms": since, "until_ms": until}
        for owner, since, until in zip(owners, edges, [*edges[1:], None], strict=True)
    ]
    with opened.office.database.writing("plant") as connection:
        connection.execute(insert(PERSON_ALIAS), rows)
        aliases = Aliases(connection, "east")
    for t_ms in asked:
        place = max(at for at, edge in enumerate(edges) if edge <= t_ms)
        assert aliases.then(shared, t_ms) == owners[place]
    assert aliases.then(None, 5) is None
    assert aliases.now(shared) == owners[-1]
    assert aliases.now(owners[0]) == owners[0]
    opened.office.database.close()
