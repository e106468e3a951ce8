"""What is published: revisions that only rise, changes that add up, nothing kept for ever."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from gated.contract.bundle import Holding, Manifest, verify_manifest
from gated.contract.delta import ENCODED_MAX_BYTES, unpack_changes
from gated.contract.messages import Status as GateStatus
from gated.core.model import Category, Status, StatusCode
from gated.errors import StoreError
from gated.hub.database import HubDatabase
from gated.hub.published import REV_LEAP_MAX
from gated.hub.publisher import (
    DeltaTooLarge,
    add_prepared,
    base_rev,
    next_rev,
    prepare_snapshot,
    publish_delta,
    publish_snapshot,
)
from gated.hub.schema import GATE, SETTING
from gated.hub.store import HubStore
from gated.store.roster_build import RosterRow, reference
from tests.support.centre import Centre
from tests.support.rosters import KEYS, MADE_MS, people, signer, trust

ILL = (Status(StatusCode.HOME_QUARANTINE),)
DAY_MS = 24 * 3_600_000


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    made.set(*people(4))
    yield made
    made.close()


def manifest(centre: Centre) -> Manifest:
    return verify_manifest(centre.manifest, trust("hub"), Holding("main"))


def ill(number: int) -> RosterRow:
    (row,) = people(number + 1)[number:]
    return RosterRow(
        Category.RESIDENT, name=row.name, building="3", unit="2", room=row.room, statuses=ILL
    )


def heard(centre: Centre, rev: int, gate: str = "north-1", roster: str = "main") -> None:
    """A gate says which revision it has."""
    status = GateStatus(on=True, sid=1, roster={roster: rev}).model_dump_json()
    centre.store.greet(gate, {"status": status})


def next_of(centre: Centre) -> int:
    with centre.store.database.reading() as connection:
        return next_rev(connection, "main")


def base_of(centre: Centre) -> int:
    with centre.store.database.reading() as connection:
        return base_rev(connection, "main")


def test_revisions_rise_and_the_base_is_the_whole_list_below(centre: Centre) -> None:
    assert (next_of(centre), base_of(centre)) == (1, 0)
    assert centre.snapshot().rev == 1
    centre.set(ill(1))
    assert centre.delta().rev == 2
    assert (next_of(centre), base_of(centre)) == (3, 1)
    assert centre.snapshot().rev == 3
    assert base_of(centre) == 3


def test_changes_repeat_the_list_below_and_add_up(centre: Centre) -> None:
    centre.snapshot()
    snap = manifest(centre).snap
    for number in range(3):
        centre.set(ill(number))
        published = centre.delta()
    found = manifest(centre)
    assert found.snap == snap.model_copy(update={"rev": 1})
    assert (found.rev, found.snap_rev, found.start, published.changes) == (4, 1, 1, 3)
    assert found.delta is not None
    assert {put.ref for put in unpack_changes(found.delta).put} == {
        reference(ill(number), KEYS.site).hex() for number in range(3)
    }


def test_only_what_is_new_may_be_given_and_comes_to_the_same(centre: Centre) -> None:
    centre.snapshot()
    for number, removed in ((0, []), (1, [reference(ill(0), KEYS.site)])):
        with centre.store.database.writing("publish") as connection:
            publish_delta(
                connection,
                [(ill(number), ILL)],
                removed,
                KEYS,
                signer(),
                roster="main",
                site="site",
                rev=next_rev(connection, "main"),
                made_utc_ms=MADE_MS,
            )
    delta = manifest(centre).delta
    assert delta is not None
    found = unpack_changes(delta)
    assert [put.ref for put in found.put] == [reference(ill(1), KEYS.site).hex()]
    assert found.gone == (reference(ill(0), KEYS.site).hex(),)


def test_without_a_whole_list_no_change_can_be_published(centre: Centre) -> None:
    with pytest.raises(DeltaTooLarge, match="publish one first"):
        centre.delta()
    assert centre.rev == 0


def test_what_does_not_fit_is_refused_and_nothing_is_published(centre: Centre) -> None:
    centre.snapshot()
    centre.set(*people(400))
    with pytest.raises(DeltaTooLarge, match=f"at most {ENCODED_MAX_BYTES}"):
        centre.delta()
    assert centre.rev == 1


def test_a_person_too_long_for_a_change_is_refused_without_a_word_of_theirs(
    centre: Centre,
) -> None:
    centre.snapshot()
    centre.set(RosterRow(Category.VISITOR, name="王芳", building="王" * 9_000, room="1"))
    with pytest.raises(DeltaTooLarge, match="sealed of a person") as refused:
        centre.delta()
    assert "王" not in str(refused.value)


def test_a_hundred_changed_people_fit(centre: Centre) -> None:
    centre.snapshot()
    centre.set(*(ill(number) for number in range(100)))
    centre.delta()
    assert len(centre.manifest) < 64 * 1024


def test_the_next_revision_is_above_what_any_gate_has(centre: Centre) -> None:
    centre.snapshot()
    heard(centre, 500)
    heard(centre, 800, "south-1", roster="other")
    heard(centre, REV_LEAP_MAX + 2, "broken-1")
    centre.store.greet("silent-1", {"status": ""})
    assert next_of(centre) == 501


def test_after_a_gate_spoke_of_a_revision_nobody_published_a_whole_list_comes(
    centre: Centre,
) -> None:
    """A hub restored from a copy: 500 there and 500 here are not the same list."""
    centre.snapshot()
    heard(centre, 500)
    centre.set(ill(1))
    with pytest.raises(DeltaTooLarge):
        centre.delta()
    assert centre.snapshot(bridged=True).rev == 501
    assert manifest(centre).delta is None, "nothing leads on from what was published last"
    centre.set(ill(2))
    assert centre.delta().rev == 502


def test_another_generation_of_the_database_begins_with_a_whole_list(centre: Centre) -> None:
    centre.snapshot()
    line = centre.store.hubgen
    assert manifest(centre).line == line
    with centre.store.database.writing("raise the generation") as connection:
        connection.execute(update(SETTING).values(value=SETTING.c.value + 1))
    centre.set(ill(1))
    with pytest.raises(DeltaTooLarge):
        centre.delta()
    centre.snapshot()
    assert manifest(centre).line == line + 1


def test_a_database_nobody_named_yet_is_named(tmp_path: Path) -> None:
    database = HubDatabase(f"sqlite:///{tmp_path / 'new.db'}")
    with database.writing("publish") as connection:
        published = publish_snapshot(
            connection,
            people(2),
            KEYS,
            signer(),
            roster="main",
            site="site",
            rev=1,
            made_utc_ms=MADE_MS,
        )
    database.close()
    assert (published.rev, published.persons, published.changes) == (1, 2, 0)
    store = HubStore(f"sqlite:///{tmp_path / 'new.db'}")
    assert store.hubgen == MADE_MS
    store.close()


def test_an_older_list_may_become_the_base_of_a_newer_revision(centre: Centre) -> None:
    """Built while changes went on: gates that have those fetch nothing."""
    centre.snapshot()
    prepared = prepare_snapshot(
        people(4), KEYS, signer(), roster="main", site="site", rev=1, made_utc_ms=MADE_MS
    )
    with centre.store.database.writing("publish") as connection:
        published = add_prepared(connection, prepared, rev=2, puts=[(ill(1), ILL)])
    found = manifest(centre)
    assert (published.rev, found.snap_rev, found.start) == (2, 1, 1)
    many = [(row, ()) for row in people(400)]
    with centre.store.database.writing("publish") as connection, pytest.raises(DeltaTooLarge):
        add_prepared(connection, prepared, rev=3, puts=many)


def test_two_who_publish_at_once_cannot_share_a_revision(centre: Centre) -> None:
    centre.snapshot()
    prepared = prepare_snapshot(
        people(1), KEYS, signer(), roster="main", site="site", rev=1, made_utc_ms=MADE_MS
    )
    with (
        pytest.raises(StoreError),
        centre.store.database.writing("publish") as connection,
    ):
        add_prepared(connection, prepared)


def test_lists_replaced_a_day_ago_are_forgotten(centre: Centre) -> None:
    tags = []
    for day in (0, 0.5, 1, 1.2, 2.1):
        centre.made_ms = MADE_MS + int(day * DAY_MS)
        centre.snapshot()
        tags.append(manifest(centre).snap.tag)
        centre.set(ill(1))
        centre.delta()
    kept = [centre.store.piece(tag, 0) is not None for tag in tags]
    assert kept == [False, False, True, True, True]


def test_a_change_replaces_the_manifest_of_the_change_before(centre: Centre) -> None:
    centre.snapshot()
    for _ in range(5):
        centre.set(ill(1))
        centre.delta()
    with centre.store.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT rev FROM bundle ORDER BY rev").all() == [
            (1,),
            (6,),
        ]


def test_nobody_in_the_clear_stands_in_a_manifest(centre: Centre) -> None:
    centre.snapshot()
    centre.set(ill(1))
    centre.delta()
    body = centre.manifest.decode()
    delta = manifest(centre).delta
    assert delta is not None
    assert "张1" not in body + str(unpack_changes(delta))


def test_a_gate_without_a_status_counts_for_nothing(centre: Centre) -> None:
    with centre.store.database.writing("note") as connection:
        connection.execute(insert(GATE).values(gate="old-1", roster_rev=900))
    assert next_of(centre) == 1
