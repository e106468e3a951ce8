"""A pushed roster reaches a gate over a real broker, or is refused with its reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gated.contract.bundle import Manifest, sign_manifest
from gated.contract.topics import manifest_topic
from gated.gate.fetch import HeldRoster
from gated.gate.uplink_events import RosterChanged, RosterFetched, RosterRefused
from gated.hub.publisher import Published, next_rev, publish_delta, publish_snapshot
from gated.hub.store import HubStore
from gated.store.roster import RosterStore
from tests.support.broker import Broker
from tests.support.peer import Peer
from tests.support.rosters import KEYS, MADE_MS, people, signer, trust
from tests.support.sync import Gate, Worker, hub
from tests.support.waiting import promised_s, wait_until

pytestmark = pytest.mark.broker
NEVER_MS = 10**15


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as running:
        yield running


def push(
    folder: Path, count: int, signed_by: str = "hub", good_for_ms: int = NEVER_MS
) -> Published:
    store = HubStore(f"sqlite:///{folder / 'hub.db'}")
    try:
        with store.database.writing("publish") as connection:
            return publish_snapshot(
                connection,
                people(count),
                KEYS,
                signer(signed_by),
                roster="main",
                site="site",
                rev=next_rev(connection, "main"),
                made_utc_ms=MADE_MS,
                good_for_ms=good_for_ms,
            )
    finally:
        store.close()


class Held:
    """What the gate's engine would serve."""

    def __init__(self) -> None:
        self.roster = HeldRoster()

    def __call__(self) -> HeldRoster:
        return self.roster


def fetched(gate: Gate, rev: int) -> RosterFetched | None:
    gate.pump()
    found = [item for item in gate.events if isinstance(item, RosterFetched) and item.rev == rev]
    return found[0] if found else None


def test_a_pushed_roster_arrives_and_switches(tmp_path: Path, broker: Broker) -> None:
    held = Held()
    with (
        Worker(hub(tmp_path, broker.settings)),
        Gate(tmp_path / "g", broker.settings, trust=trust("hub"), held=held) as gate,
    ):
        gate.record(3)
        wait_until(gate.drained, what="the link")
        published = push(tmp_path, 20_000)
        assert published.chunks > 8, "the test wants more chunks than one request brings"
        wait_until(lambda: fetched(gate, 1), what="the roster")
        found = fetched(gate, 1)
        assert found is not None
        store = RosterStore(tmp_path / "g", KEYS)
        store.install(found.path, found.info, found.kid, found.rev, found.info.sha256)
        current = store.current()
        assert current is not None
        assert (current.rev, current.persons) == (1, 20_000)
        assert len(current.by_room("3", "2", "77")) == 1
        store.close()
        held.roster = HeldRoster(1, found.kid, {found.kid: 1})
        push(tmp_path, 10)
        wait_until(lambda: fetched(gate, 2), what="the next roster")
        assert not [item for item in gate.events if isinstance(item, RosterRefused)]
        assert not (tmp_path / "g" / "incoming.part").exists()


def change(folder: Path, count: int) -> Published:
    """Publish the first people as changed, above the list pushed last."""
    store = HubStore(f"sqlite:///{folder / 'hub.db'}")
    try:
        with store.database.writing("publish") as connection:
            return publish_delta(
                connection,
                [(row, ()) for row in people(count)],
                [],
                KEYS,
                signer(),
                roster="main",
                site="site",
                rev=next_rev(connection, "main"),
                made_utc_ms=MADE_MS,
                good_for_ms=NEVER_MS,
            )
    finally:
        store.close()


def test_a_single_change_arrives_without_a_fetch_and_the_hub_hears_that_it_serves(
    tmp_path: Path, broker: Broker
) -> None:
    """The gate's spread of a minute concerns whole lists only."""
    push(tmp_path, 10)
    held = Held()
    with (
        Worker(hub(tmp_path, broker.settings)),
        Gate(tmp_path / "g", broker.settings, trust=trust("hub"), held=held) as gate,
    ):
        wait_until(lambda: fetched(gate, 1), what="the roster")
        found = fetched(gate, 1)
        assert found is not None
        held.roster = HeldRoster(1, found.kid, {found.kid: 1}, found.line, 1)
        change(tmp_path, 1)
        wait_until(lambda: changed(gate, 2), what="the change")
        held.roster = HeldRoster(2, found.kid, {found.kid: 2}, found.line, 1, 1)
        gate.uplink.report({"mode": "", "faults": []})
        wait_until(lambda: revision(tmp_path) == 2, what="the hub to hear", limit_s=promised_s(3.0))


def changed(gate: Gate, rev: int) -> bool:
    gate.pump()
    return any(isinstance(item, RosterChanged) and item.patch.rev == rev for item in gate.events)


def revision(folder: Path) -> int:
    """Return the revision the hub believes the gate has."""
    store = HubStore(f"sqlite:///{folder / 'hub.db'}")
    try:
        return int(store.gates()[0]["roster_rev"])
    finally:
        store.close()


def test_the_file_of_a_roster_the_engine_could_not_install_goes(
    tmp_path: Path, broker: Broker
) -> None:
    push(tmp_path, 5)
    with (
        Worker(hub(tmp_path, broker.settings)),
        Gate(tmp_path / "g", broker.settings, trust=trust("hub")) as gate,
    ):
        wait_until(lambda: fetched(gate, 1), what="the roster")
        found = fetched(gate, 1)
        assert found is not None
        gate.uplink.roster_not_installed(1)
        wait_until(lambda: not found.path.exists(), what="the useless file to go")


def test_a_roster_nobody_heard_of_again_is_offered_at_the_next_connection(
    tmp_path: Path, broker: Broker
) -> None:
    push(tmp_path, 5)
    with (
        Worker(hub(tmp_path, broker.settings)),
        Gate(tmp_path / "g", broker.settings, trust=trust("hub")) as gate,
    ):
        wait_until(lambda: fetched(gate, 1), what="the roster")
        gate.events.clear()
        broker.kill()
        broker.start()
        wait_until(lambda: fetched(gate, 1), what="the roster once more")


def test_a_roster_that_was_pushed_while_the_gate_was_away_is_offered_again(
    tmp_path: Path, broker: Broker
) -> None:
    push(tmp_path, 5)
    with Worker(hub(tmp_path, broker.settings)):
        with Gate(tmp_path / "g", broker.settings, trust=trust("hub")) as gate:
            wait_until(lambda: fetched(gate, 1), what="the roster")
        with Gate(tmp_path / "g", broker.settings, trust=trust("hub")) as gate:
            wait_until(lambda: fetched(gate, 1), what="the roster after a restart")


def test_an_older_or_unsigned_roster_is_refused_and_named(tmp_path: Path, broker: Broker) -> None:
    push(tmp_path, 5)
    store = HubStore(f"sqlite:///{tmp_path / 'hub.db'}")
    offer = Manifest.decode(store.newest_bundles()[0].manifest)
    store.close()
    kid = signer().kid.hex()
    held = Held()
    held.roster = HeldRoster(7, kid, {kid: 7})
    expired = sign_manifest(offer.model_copy(update={"rev": 9, "not_after": 5}), signer().sign)
    forged = offer.model_copy(update={"rev": 8})
    stranger = offer.model_copy(update={"rev": 8, "kid": signer("stranger").kid.hex()})
    other = sign_manifest(offer.model_copy(update={"rev": 8, "roster": "other"}), signer().sign)
    offers = {
        offer.encode(): RosterRefused(1, "not_newer"),
        forged.encode(): RosterRefused(8, "bad_signature"),
        sign_manifest(stranger, signer("stranger").sign).encode(): RosterRefused(8, "unknown_key"),
        other.encode(): RosterRefused(8, "wrong_roster"),
        expired.encode(): RosterRefused(9, "expired"),
        b"nonsense": RosterRefused(0, "malformed"),
    }
    with (
        Gate(tmp_path / "g", broker.settings, trust=trust("hub"), held=held) as gate,
        Peer(broker.settings) as peer,
    ):
        for payload, refusal in offers.items():
            peer.publish(manifest_topic("main"), payload, retain=True)
            wait_until(lambda said=refusal: gate.saw(said), what=refusal.code)
        assert not [item for item in gate.events if isinstance(item, RosterFetched)]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("raw_sha", "00" * 32, "bad_raw_sha"),
        ("sha", None, "bad_sha"),
        ("raw_size", 4096, "bad_raw_size"),
        ("rows", 5, "bad_rev"),
        ("schema_number", 2, "bad_schema"),
    ],
)
def test_a_signed_promise_the_file_breaks_is_refused(
    tmp_path: Path, broker: Broker, field: str, value: object, code: str
) -> None:
    push(tmp_path, 5)
    store = HubStore(f"sqlite:///{tmp_path / 'hub.db'}")
    offer = Manifest.decode(store.newest_bundles()[0].manifest)
    store.close()
    if value is None:  # the tag, its first half, stays: the chunks are still found
        value = offer.snap.sha[:32] + "00" * 16
    snap = offer.snap.model_copy(update={field: value})
    lie = sign_manifest(offer.model_copy(update={"snap": snap, "rev": 2}), signer().sign)
    with (
        Worker(hub(tmp_path, broker.settings)),
        Gate(tmp_path / "g", broker.settings, trust=trust("hub")) as gate,
        Peer(broker.settings) as peer,
    ):
        wait_until(lambda: fetched(gate, 1), what="the honest roster")
        peer.publish(manifest_topic("main"), lie.encode(), retain=True)
        wait_until(lambda: gate.saw(RosterRefused(2, code)), what=code)
        assert list((tmp_path / "g").glob("incoming*")) == [tmp_path / "g" / "incoming-1-1.db"]
