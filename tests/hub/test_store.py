"""The hub's store: once, all or nothing, chained, and the same after reopening."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from sqlalchemy import insert, text

from gated.contract.batch import Batch, Event, SideRow
from gated.core.canonical import chain, digest, genesis
from gated.errors import StoreBusy, StoreError
from gated.hub import database
from gated.hub import store as hub_store
from gated.hub.database import HubDatabase
from gated.hub.published import newest_rev
from gated.hub.schema import SETTING
from gated.hub.store import HubStore, Outcome, StoredBundle
from tests.support.bundles import plant_bundle
from tests.support.effort import examples

EPOCH = "00ff"


def event(seq: int, text: str = "", fault: str = "") -> Event:
    body = f"{seq}{text}".encode()
    return Event(seq, body, digest(body), "k", 5, fault)


def head_at(seq: int) -> bytes:
    head = genesis(EPOCH)
    for number in range(1, seq + 1):
        head = chain(head, event(number).digest)
    return head


def batch(first: int, end: int, *events: Event, previous: bytes | None = None) -> Batch:
    plain = events or tuple(event(seq) for seq in range(first, end))
    return Batch(EPOCH, first, 1, previous or head_at(first - 1), plain)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hub.db'}"


@pytest.fixture
def store(url: str) -> Iterator[HubStore]:
    opened = HubStore(url)
    yield opened
    opened.close()


def take(store: HubStore, *batches: Batch, gate: str = "north-1") -> list[Outcome]:
    return store.commit([(gate, item) for item in batches], 7)


def test_a_store_that_cannot_be_read_names_itself_and_the_remedy(url: str, store: HubStore) -> None:
    database = HubDatabase(url)
    with database.writing("lose a table") as connection:
        connection.execute(text("DROP TABLE person"))
    with pytest.raises(StoreError) as failed, database.reading() as connection:
        connection.execute(text("SELECT * FROM person"))
    database.close()
    assert str(failed.value).startswith(f"cannot read the hub's store {url}: OperationalError; ")
    assert "check that its disk or server is there and that the hub may read it" in str(
        failed.value
    )


def test_a_store_of_another_version_is_refused_by_table_and_column(url: str) -> None:
    HubStore(url).close()
    with closing(HubDatabase(url)) as made, made.writing("go back") as connection:
        connection.execute(text("ALTER TABLE person DROP COLUMN digest"))
    for opening in (HubDatabase, HubStore):
        with pytest.raises(StoreError) as refused:
            opening(url)
        assert str(refused.value).startswith(
            f"cannot open the hub's store {url}: its table person lacks the column digest; "
        )
        assert "made by another version of gated" in str(refused.value)


def test_a_batch_is_stored_and_promised_with_its_chain_hash(store: HubStore) -> None:
    (outcome,) = take(store, batch(1, 101))
    assert outcome == Outcome("north-1", EPOCH, 100, head_at(100), stored=100)
    assert [row[0] for row in store.events("north-1", EPOCH)] == list(range(1, 101))
    assert store.promise("north-1", EPOCH) == Outcome("north-1", EPOCH, 100, head_at(100))


def test_what_was_promised_is_there_after_reopening(store: HubStore, url: str) -> None:
    take(store, batch(1, 11))
    store.close()
    again = HubStore(url)
    assert again.promise("north-1", EPOCH).upto == 10
    assert take(again, batch(11, 21))[0].head == head_at(20)
    again.close()


def test_a_duplicate_is_recognised_and_promised_again(store: HubStore) -> None:
    first, second, third = take(store, batch(1, 51), batch(1, 51), batch(31, 61))
    assert (first.stored, second.stored, third.stored) == (50, 0, 10)
    assert (second.upto, third.upto, third.head) == (50, 60, head_at(60))
    assert len(store.events("north-1", EPOCH)) == 60


def test_batches_in_any_order_end_in_the_same_chain(store: HubStore) -> None:
    later, last, first = take(store, batch(11, 21), batch(31, 41), batch(1, 11))
    assert (later.upto, later.want, later.head) == (0, 1, genesis(EPOCH))
    assert (first.upto, first.want, first.head) == (20, 21, head_at(20))
    assert last.want == 1
    (whole,) = take(store, batch(21, 31))
    assert (whole.upto, whole.want, whole.head) == (40, None, head_at(40))


def test_other_content_under_a_stored_seq_is_a_fork_and_nothing_of_it_is_kept(
    store: HubStore,
) -> None:
    take(store, batch(1, 11))
    other = batch(10, 13, event(10, "other"), event(11), event(12))
    assert take(store, other)[0] == Outcome("north-1", EPOCH, 10, head_at(10), fork=True)
    assert len(store.events("north-1", EPOCH)) == 10


def test_another_history_is_a_fork(store: HubStore) -> None:
    take(store, batch(1, 11))
    assert take(store, batch(11, 21, previous=b"\x00" * 32))[0].fork


def test_gates_and_epochs_do_not_mix(store: HubStore) -> None:
    take(store, batch(1, 11))
    take(store, batch(1, 6), gate="south-1")
    assert store.promise("north-1", EPOCH).upto == 10
    assert store.promise("south-1", EPOCH).upto == 5
    assert store.promise("north-1", "other").head == genesis("other")


def test_a_bad_event_is_parked_named_and_passed(store: HubStore) -> None:
    bad = batch(1, 4, event(1), event(2, fault="schema"), event(3))
    (outcome,) = take(store, bad)
    assert (outcome.upto, outcome.rejected) == (3, ((2, "schema"),))
    assert outcome.head == head_at(3)
    assert [row[3] for row in store.events("north-1", EPOCH)] == ["", "schema", ""]
    assert take(store, bad)[0].rejected == ((2, "schema"),)


def test_side_values_are_kept_once_and_refused_ones_named(store: HubStore) -> None:
    rows = (SideRow(2, b"s" * 16, b'{"raw_mc":36500}'),)
    whole = Batch(EPOCH, 1, 1, genesis(EPOCH), (event(1), event(2)), rows, (1,))
    assert take(store, whole)[0].rejected == ((1, "bad_side"),)
    take(store, whole)
    assert store.sides("north-1", EPOCH) == {2: {"raw_mc": 36_500}}


def test_a_group_is_stored_whole_or_not_at_all(store: HubStore) -> None:
    broken = batch(11, 13, event(11), event(11))  # one seq twice: the database refuses it
    with pytest.raises(StoreError, match="cannot store events"):
        take(store, batch(1, 11), broken)
    assert store.events("north-1", EPOCH) == []
    assert store.promise("north-1", EPOCH).upto == 0


def test_a_locked_store_says_so_and_is_usable_afterwards(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.01)
    one, other = HubStore(url), HubStore(url)
    with one._database.writing("hold it"), pytest.raises(StoreBusy, match="nothing else holds it"):
        take(other, batch(1, 2))
    assert take(other, batch(1, 2))[0].upto == 1
    one.close()
    other.close()


def test_a_writer_may_be_less_patient_than_others_and_later_ones_are_not(url: str) -> None:
    one, other = HubDatabase(url), HubDatabase(url)
    assert database.BUSY_TIMEOUT_S >= 10, "a great list holds up other writers for seconds"
    with (
        one.writing("hold it"),
        pytest.raises(StoreBusy),
        other.writing("wait", patience_s=0.01),
    ):
        pass
    with other.writing("write") as connection:
        patience_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert patience_ms == database.BUSY_TIMEOUT_S * 1000
    one.close()
    other.close()


def test_what_a_full_or_broken_database_refuses_is_no_waiting(store: HubStore) -> None:
    with pytest.raises(StoreError) as caught, store.database.writing("break it") as connection:
        connection.exec_driver_sql("INSERT INTO nothing VALUES (1)")
    assert not isinstance(caught.value, StoreBusy)


def test_a_database_is_named_though_other_settings_stand_in_it(url: str) -> None:
    office = HubDatabase(url)
    with office.writing("set something") as connection:
        connection.execute(insert(SETTING).values(name="audit_rows", value=3))
    opened = HubStore(url, lambda: 77)
    assert opened.hubgen == 77
    opened.close()
    office.close()


def test_a_store_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open the hub's store"):
        HubStore(f"sqlite:///{tmp_path / 'missing' / 'hub.db'}")


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("postgresql+no_driver://hub:secret@db/gates", "check"),
        ("postgresql+no_driver:///gates?user=hub&password=secret", "check"),
        ("postgresql+psycopg2cffi://hub:secret@db/gates", "psycopg[binary]"),
        ("nonsense", "check [store] url"),
    ],
)
def test_a_database_without_its_driver_is_named_with_a_remedy(url: str, remedy: str) -> None:
    with pytest.raises(StoreError) as caught:
        HubStore(url)
    said = str(caught.value)
    assert remedy in said
    assert "secret" not in said
    assert "\n" not in said


def test_what_a_gate_sent_beyond_its_last_word_counts_as_heard(store: HubStore) -> None:
    store.greet("north-1", {"online": True, "sid": 1, "epoch": EPOCH, "last": 5})
    take(store, batch(1, 11), batch(31, 41))
    (row,) = store.gates()
    assert (row["last"], row["upto"]) == (40, 10)


def test_messages_nobody_can_use_are_kept_once_and_bounded(
    store: HubStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_store, "PARKED_MAX", 2)
    for payload in (b"a", b"a", b"b", b"c"):
        store.park("north-1", "not JSON", payload, 5)
    assert store.parked() == 2


def test_gates_are_listed_with_the_watermark_of_their_epoch(store: HubStore) -> None:
    store.greet("south-1", {"online": True, "sid": 3, "epoch": EPOCH})
    store.greet("north-1", {"online": True, "sid": 1, "epoch": EPOCH, "last": 12})
    store.greet("north-1", {"online": False})
    take(store, batch(1, 11))
    north, south = store.gates()
    assert (north["gate"], north["online"], north["last"], north["upto"]) == (
        "north-1",
        False,
        12,
        10,
    )
    assert (south["gate"], south["upto"]) == ("south-1", None)


def newest(store: HubStore) -> int:
    with store.database.reading() as connection:
        return newest_rev(connection, "main")


def test_the_newest_bundle_of_every_list_and_each_piece_are_found(store: HubStore) -> None:
    assert newest(store) == 0
    tag = plant_bundle(store.database, "main", 1, {-1: b"list", 0: b"piece"}, manifest=b"m1")
    plant_bundle(store.database, "main", 2, {0: b"p"}, sha=b"x" * 32, manifest=b"m2")
    plant_bundle(store.database, "other", 1, {0: b"p"}, sha=b"y" * 32, manifest=b"o1")
    assert newest(store) == 2
    found = sorted(store.newest_bundles(), key=lambda bundle: bundle.roster)
    assert found == [StoredBundle("main", 2, b"m2"), StoredBundle("other", 1, b"o1")]
    assert (store.piece(tag, -1), store.piece(tag, 0)) == (b"list", b"piece")
    assert store.piece(tag, 1) is None


@settings(max_examples=examples(15), deadline=None)
@given(st.permutations(range(8)), st.lists(st.integers(0, 7), max_size=6))
def test_any_order_with_any_repeats_ends_the_same(order: list[int], repeats: list[int]) -> None:
    """Eight batches of five events, in any order, some twice: one chain, each event once."""
    opened = HubStore("sqlite://")
    for number in [*order, *repeats]:
        take(opened, batch(number * 5 + 1, number * 5 + 6))
    assert opened.promise("north-1", EPOCH) == Outcome("north-1", EPOCH, 40, head_at(40))
    assert [row[0] for row in opened.events("north-1", EPOCH)] == list(range(1, 41))
    opened.close()
