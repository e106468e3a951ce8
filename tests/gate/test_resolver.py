"""Who presented what, against a real list and real signatures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from gated.core.model import (
    ClockState,
    CredentialKind,
    CredentialState,
    Display,
    Holder,
    Moment,
    StatusCode,
)
from gated.core.pseudonym import person_ref
from gated.errors import StoreError
from gated.gate.events import CardRejected, CardSeen, CodeSeen
from gated.gate.resolver import Resolver, local
from gated.store.generation import Roster
from gated.store.keys import SiteKeys
from gated.store.roster import RosterStore
from tests.gate.gate_world import GATE, KEYS, id_number, install, resident
from tests.support.passes import DAY_S, ISSUER, NOW_S, STRANGER, TRUST, payload_map, signed_text

NOW = Moment(5_000, NOW_S * 1000, ClockState.SYNCED)
UNSURE = Moment(5_000, NOW_S * 1000, ClockState.UNSURE)


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Roster]:
    install(tmp_path, [resident(1), resident(2, StatusCode.OBSERVATION)])
    store = RosterStore(tmp_path, KEYS)
    found = store.current()
    assert found is not None
    yield found
    store.close()


@pytest.fixture
def resolver(roster: Roster) -> Resolver:
    made = Resolver(KEYS.site, TRUST, GATE)
    made.roster = roster
    return made


def code(number: int = 1, at: Moment = NOW, **claims: object) -> CodeSeen:
    prefix = person_ref(KEYS.site, id_number(number))[:8]
    return CodeSeen(at, signed_text(payload_map(g1=prefix, **claims)))


def test_a_listed_card_is_a_person_with_masked_words(resolver: Resolver) -> None:
    found = resolver.card(CardSeen(NOW, id_number(2)))
    assert found.credential.kind is CredentialKind.ID_CARD
    assert found.credential.state is CredentialState.ACTIVE
    assert found.credential.ref == person_ref(KEYS.site, id_number(2))
    assert found.display == Display("王*明", "3-2-1**")
    assert found.person is not None
    assert [status.code for status in found.person.statuses] == [StatusCode.OBSERVATION]


def test_a_genuine_card_not_on_the_list_is_unknown_with_a_pseudonym(resolver: Resolver) -> None:
    found = resolver.card(CardSeen(NOW, id_number(77)))
    assert found.person is None
    assert found.credential.state is CredentialState.UNKNOWN
    assert found.credential.ref == person_ref(KEYS.site, id_number(77))


def test_another_number_of_the_same_document_finds_the_person(resolver: Resolver) -> None:
    found = resolver.card(CardSeen(NOW, id_number(77), (id_number(1),)))
    assert found.person is not None
    assert found.person.ref == person_ref(KEYS.site, id_number(1))
    assert found.credential.ref == person_ref(KEYS.site, id_number(77)), "what was presented"


def test_a_card_ends_after_its_last_day_at_the_site(resolver: Resolver) -> None:
    found = resolver.card(CardSeen(NOW, id_number(1), valid_until=date(2030, 5, 6)))
    assert found.credential.end == datetime(2030, 5, 7, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_without_a_list_nobody_is_known(resolver: Resolver) -> None:
    resolver.roster = None
    assert resolver.card(CardSeen(NOW, id_number(1))).person is None
    held = resolver.code(code())
    assert held.person is None
    assert held.credential.state is CredentialState.ACTIVE, "the signature is still good"


def test_an_unreadable_card_is_nobody(resolver: Resolver) -> None:
    found = resolver.rejected(CardRejected(NOW, "no_response"))
    assert found.credential.state is CredentialState.UNREADABLE
    assert found.credential.ref == b""


def test_a_genuine_pass_names_its_person(resolver: Resolver) -> None:
    found = resolver.code(code())
    assert found.credential.kind is CredentialKind.QR
    assert found.credential.state is CredentialState.ACTIVE
    assert found.person is not None
    assert found.person.ref == person_ref(KEYS.site, id_number(1))
    assert found.display.name == "王*明"
    assert len(found.credential.ref) == 16
    assert found.credential.start is not None
    assert found.credential.start <= datetime.fromtimestamp(NOW_S, UTC)


def test_a_genuine_pass_of_somebody_not_listed_is_nobody(resolver: Resolver) -> None:
    assert resolver.code(code(77)).person is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("https://example.org/menu", CredentialState.UNREADABLE),
        ("GP1:", CredentialState.UNREADABLE),
        (signed_text(payload_map(), signer=STRANGER), CredentialState.UNKNOWN_KEY),
        (signed_text(payload_map(), signature=bytes(64)), CredentialState.BAD_SIGNATURE),
        (signed_text(payload_map(g2=[9])), CredentialState.WRONG_SITE),
    ],
)
def test_what_is_wrong_with_a_code_becomes_its_state(
    resolver: Resolver, text: str, state: CredentialState
) -> None:
    with capture_logs() as logs:
        found = resolver.code(CodeSeen(NOW, text))
    assert (found.credential.state, found.person) == (state, None)
    assert len(found.credential.ref) == 16, "a code held on is one credential"
    assert text not in str(logs)


def test_an_expired_pass_keeps_its_person_and_its_end(resolver: Resolver) -> None:
    found = resolver.code(
        code(c4=NOW_S - DAY_S, c5=NOW_S - 3 * DAY_S, c6=NOW_S - 3 * DAY_S, g4=...)
    )
    assert found.credential.end is not None
    assert found.credential.end < datetime.fromtimestamp(NOW_S, UTC)
    assert found.person is not None, "a resident coming home is looked up all the same"


def test_with_an_unsure_clock_a_pass_is_not_judged_by_its_dates(resolver: Resolver) -> None:
    found = resolver.code(code(at=UNSURE, c4=NOW_S - DAY_S, c5=NOW_S - 3 * DAY_S, g4=...))
    assert found.credential.state is CredentialState.ACTIVE


@dataclass
class FailingRoster:
    """A list on a card that stopped answering. Differs: no file."""

    opened: Roster | None = None

    def by_id_number(self, number: str, others: object = ()) -> Holder:
        del others
        if self.opened is None:
            raise StoreError("cannot read roster-1-local.db: disk I/O error")
        return self.opened.by_id_number(number)

    def by_reference(self, prefix: bytes) -> Holder:
        raise StoreError("cannot read roster-1-local.db: disk I/O error")

    def display(self, ref: bytes) -> Display:
        raise StoreError("cannot open a sealed name: made with another rest key")


def test_a_list_that_cannot_be_read_makes_people_unknown_not_the_gate_crash(
    resolver: Resolver,
) -> None:
    resolver.roster = FailingRoster()
    with capture_logs() as logs:
        assert resolver.card(CardSeen(NOW, id_number(1))).person is None
        assert resolver.code(code()).person is None
    assert [line["event"] for line in logs] == ["roster.unreadable"] * 2


def test_a_list_sealed_with_another_key_still_decides_without_names(
    resolver: Resolver, roster: Roster
) -> None:
    resolver.roster = FailingRoster(roster)
    found = resolver.card(CardSeen(NOW, id_number(1)))
    assert found.person is not None
    assert found.display == Display()


def test_the_real_list_refuses_another_rest_key(tmp_path: Path, roster: Roster) -> None:
    other = Roster(roster.path, SiteKeys(KEYS.site, b"\x99" * 32))
    resolver = Resolver(KEYS.site, TRUST, GATE)
    resolver.roster = other
    assert resolver.card(CardSeen(NOW, id_number(1))).display == Display()
    other.close()


def test_local_time_is_aware_and_of_the_site() -> None:
    here = local(Moment(0, 1_770_000_000_000, ClockState.SYNCED), ZoneInfo("Asia/Shanghai"))
    assert here.isoformat() == "2026-02-02T10:40:00+08:00"


def test_the_issuer_is_trusted() -> None:
    assert TRUST.find(ISSUER.kid, "pass") is not None
