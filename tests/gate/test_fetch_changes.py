"""What a manifest changes is handed on at once; a whole list is fetched only when it must be."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gated.contract.bundle import Manifest, sign_manifest
from gated.contract.messages import Fetching
from gated.gate.fetch import RETRY_MS, HeldRoster
from gated.gate.uplink_events import RosterChanged, RosterFetched, RosterRefused
from gated.store.overlay import PEOPLE_MAX
from tests.support.centre import Centre, GateCopy
from tests.support.rosters import people, signer


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    made.set(*people(4))
    made.snapshot()
    yield made
    made.close()


@pytest.fixture
def gate(tmp_path: Path, centre: Centre) -> Iterator[GateCopy]:
    made = GateCopy(tmp_path / "gate", centre)
    made.hear()
    yield made
    made.close()


def change(centre: Centre) -> None:
    centre.set(*people(2))
    centre.delta()


def resigned(centre: Centre, **fields: object) -> bytes:
    """Return the newest manifest with other fields, signed again by the hub."""
    found = Manifest.decode(centre.manifest)
    return sign_manifest(found.model_copy(update=fields), signer().sign).encode()


def test_changes_wait_for_no_spread(centre: Centre, gate: GateCopy) -> None:
    gate.fetcher._spread_ms = 60_000
    change(centre)
    gate.fetcher.offered(centre.manifest, 0, 1.0)
    assert [type(event) for event in gate.events] == [RosterFetched, RosterChanged]
    assert gate.fetcher.wake_at_ms is None


def test_an_offer_that_comes_again_is_handed_on_once(centre: Centre, gate: GateCopy) -> None:
    change(centre)
    gate.events.clear()
    for _ in range(3):
        gate.fetcher.offered(centre.manifest, 0, 0.5)
    (event,) = gate.events
    assert isinstance(event, RosterChanged)
    gate.engine(event)
    assert gate.hear() == [], "it serves: nobody need hear of it"


def test_after_a_broken_connection_what_was_not_applied_comes_again(
    centre: Centre, gate: GateCopy
) -> None:
    change(centre)
    gate.fetcher.offered(centre.manifest, 0, 0.5)
    gate.fetcher.disconnected(0, 0.5)
    assert [type(event) for event in gate.hear()] == [RosterChanged]
    assert gate.roster.rev == 2


def test_changes_that_did_not_go_in_are_tried_again_later(centre: Centre, gate: GateCopy) -> None:
    change(centre)
    gate.fetcher.offered(centre.manifest, 0, 0.5)
    gate.fetcher.not_installed(2, 0)
    gate.events.clear()
    gate.fetcher.offered(centre.manifest, 1, 0.5)
    assert gate.events == []
    gate.fetcher.tick(RETRY_MS, 0.5, 8)
    assert [type(event) for event in gate.events] == [RosterChanged]


@pytest.mark.parametrize(
    "held",
    [
        HeldRoster(1, "local", {}),
        HeldRoster(1, signer().kid.hex(), {}, line=5),
        HeldRoster(1, signer().kid.hex(), {}),
        HeldRoster(),
    ],
    ids=["imported", "other_line", "fallen_back", "nothing"],
)
def test_over_another_list_changes_lead_nowhere_and_the_whole_is_fetched(
    tmp_path: Path, centre: Centre, held: HeldRoster
) -> None:
    change(centre)
    gate = GateCopy(tmp_path / "other", centre)
    gate.fetcher._held = lambda: held
    gate.fetcher.offered(centre.manifest, 0, 0.5)
    assert gate.events == []
    gate.fetcher.tick(0, 0.5, 8)
    assert gate.asked
    gate.close()


def test_a_bad_delta_is_refused_by_name_and_the_list_serves_on(
    centre: Centre, gate: GateCopy
) -> None:
    change(centre)
    delta = Manifest.decode(centre.manifest).delta
    assert delta is not None
    broken = delta.model_copy(update={"ops": delta.ops + 1})
    assert gate.hear(resigned(centre, delta=broken)) == [RosterRefused(2, "bad_delta")]
    assert gate.roster.rev == 1


def test_too_many_changes_above_a_file_ask_for_a_newer_one(centre: Centre, gate: GateCopy) -> None:
    """They are applied at once all the same; the newer file then takes them over."""
    centre.set(*people(1))
    centre.snapshot(bridged=True)
    gate.hear()
    assert (gate.roster.rev, gate.roster.file_rev) == (2, 1)
    held = replace(gate.held(), changed=PEOPLE_MAX + 1)
    gate.fetcher._held = lambda: held
    change(centre)
    assert [type(event) for event in gate.hear()] == [RosterChanged, RosterFetched]
    assert (gate.roster.rev, gate.roster.file_rev) == (3, 2)
    assert gate.roster.fingerprints() == centre.built()


def test_many_changes_above_the_newest_file_fetch_nothing(centre: Centre, gate: GateCopy) -> None:
    held = replace(gate.held(), changed=PEOPLE_MAX + 1)
    gate.fetcher._held = lambda: held
    change(centre)
    assert [type(event) for event in gate.hear()] == [RosterChanged]


def test_how_far_a_fetch_is_can_be_told(tmp_path: Path, centre: Centre) -> None:
    centre.set(*people(2_000))
    centre.changed.clear()
    centre.snapshot()
    gate = GateCopy(tmp_path / "new", centre)
    seen = [gate.fetcher.fetching]
    gate.fetcher.offered(centre.manifest, 0, 0.5)
    gate.fetcher.tick(0, 0.5, 1)
    while gate.asked:
        seen.append(gate.fetcher.fetching)
        gate._answer(gate.asked.pop(0))
    seen.append(gate.fetcher.fetching)
    chunks = Manifest.decode(centre.manifest).snap.n
    assert chunks > 1
    assert seen == [None, *[Fetching(rev=2, have=0, n=chunks)] * 2, None]
    gate.close()


def test_changes_that_come_during_a_fetch_are_in_when_it_ends(
    tmp_path: Path, centre: Centre
) -> None:
    gate = GateCopy(tmp_path / "new", centre)
    gate.fetcher.offered(centre.manifest, 0, 0.5)
    gate.fetcher.tick(0, 0.5, 8)
    change(centre)
    (event,) = gate.hear()
    assert isinstance(event, RosterFetched)
    assert event.rev == 2
    assert gate.roster.fingerprints() == centre.built()
    gate.close()
