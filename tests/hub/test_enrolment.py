"""Codes for new gates: who makes them, what they bring, and what everybody else hears."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from gated.contract.enrolment import SiteSecrets, parse_code, seal_context, token
from gated.core.trust import parse_trust
from gated.errors import ConfigError, ContractError
from gated.hub.audit import AuditRow
from gated.hub.authority import read_certificate, spki_hash
from gated.hub.enrolment import (
    OPEN_MAX,
    TRIES_MAX,
    VALID_MS,
    EnrolmentRefused,
    Enrolments,
    NewGate,
)
from gated.hub.redemption import FAILURES_MAX, FAILURES_S, Redemption, Throttle
from gated.hub.roles import Role
from gated.hub.schema import GATE
from gated.hub.schema_office import ENROLMENT
from gated.hub.schema_records import GATE_SITE
from gated.store.sealed_box import open_sealed, public_of
from tests.support.enrol import Asking, open_enrol_desk
from tests.support.office import Desk, open_desk

EAST_1 = NewGate("east-1", "东门", "East gate", "out")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_enrol_desk(tmp_path)
    yield desk
    desk.office.database.close()


@pytest.fixture(scope="module")
def asking() -> Asking:
    return Asking.new()


def made(desk: Desk, wanted: NewGate = EAST_1, site: str = "east") -> str:
    ticket = Enrolments(desk.office).make(desk.actor(Role.OFFICER, site), wanted)
    assert ticket.expires_ms == desk.clock.now_ms + VALID_MS
    return ticket.code.token


def refusal(desk: Desk, asking: Asking, code: str) -> str:
    with pytest.raises(EnrolmentRefused) as caught:
        Redemption(desk.office).redeem(asking.request(code))
    return caught.value.code


def audited(desk: Desk, site: str = "east") -> list[AuditRow]:
    return desk.office.audit.rows(site)


# Making.


def test_a_code_names_the_key_of_the_pages_and_its_secret_is_stored_nowhere(desk: Desk) -> None:
    ticket = Enrolments(desk.office).make(desk.actor(), EAST_1)
    assert parse_code(ticket.code.shown) == ticket.code
    web = desk.office.config.web
    assert web is not None
    assert web.cert is not None
    assert ticket.code.pin == spki_hash(read_certificate(web.cert))[:10]
    with desk.office.database.reading() as connection:
        (row,) = connection.execute(select(ENROLMENT)).all()
    assert ticket.code.token not in repr(row)
    assert ticket.code.token[3:] not in repr(row)


def test_making_a_code_is_audited_without_the_code(desk: Desk) -> None:
    code = made(desk)
    (row,) = audited(desk)
    assert (row.action, row.target, row.result) == ("enrol", "east-1", "code made")
    assert code not in repr(row)


@pytest.mark.parametrize("gate", ["", "East", "ost tor", "门", "a" * 33, "a/b", "hub"])
def test_a_gate_needs_an_id_that_can_stand_in_a_topic(desk: Desk, gate: str) -> None:
    """And never the hub's own: the broker gives that name every right."""
    with pytest.raises(EnrolmentRefused) as caught:
        made(desk, NewGate(gate))
    assert caught.value.code == "bad_gate"


@pytest.mark.parametrize("name", ["a" * 33, "a\u202eb", "a\x00b"])
def test_a_name_that_no_screen_can_show_is_refused(desk: Desk, name: str) -> None:
    for wanted in (replace(EAST_1, name=name), replace(EAST_1, name_en=name)):
        with pytest.raises(EnrolmentRefused) as caught:
            made(desk, wanted)
        assert caught.value.code == "bad_name"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROPERTY])
def test_only_an_officer_makes_codes_since_they_bring_the_sites_keys(
    desk: Desk, role: Role
) -> None:
    with pytest.raises(EnrolmentRefused) as caught:
        Enrolments(desk.office).make(desk.actor(role), EAST_1)
    assert caught.value.code == "not_allowed"


def test_a_gate_of_another_site_cannot_be_taken(desk: Desk, asking: Asking) -> None:
    Redemption(desk.office).redeem(asking.request(made(desk)))
    with pytest.raises(EnrolmentRefused) as caught:
        made(desk, EAST_1, "west")
    assert caught.value.code == "other_site"


def heard_of(desk: Desk) -> None:
    """The hub heard of a gate that nobody assigned to a site."""
    with desk.office.database.writing("hear of a gate") as connection:
        connection.execute(insert(GATE).values(gate="east-1"))


def test_with_several_sites_a_gate_nobody_assigned_is_not_adopted(
    desk: Desk, asking: Asking
) -> None:
    code = made(desk)
    heard_of(desk)
    assert refusal(desk, asking, code) == "expired", "it may stand at another site"
    with pytest.raises(EnrolmentRefused) as caught:
        made(desk)
    assert caught.value.code == "other_site"


def test_the_only_site_adopts_a_gate_nobody_assigned(desk: Desk, asking: Asking) -> None:
    east = {"east": desk.office.site("east")}
    alone = Desk(replace(desk.office, sites=east), desk.clock)
    heard_of(alone)
    assert Redemption(alone.office).redeem(asking.request(made(alone))).gate == "east-1"


def test_a_hub_without_authority_or_certificate_makes_no_codes(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    with pytest.raises(EnrolmentRefused) as caught:
        made(desk)
    assert caught.value.code == "no_authority"
    (tmp_path / "more").mkdir()
    full = open_enrol_desk(tmp_path / "more")
    bare = full.office.config.model_copy(update={"web": None})
    with pytest.raises(EnrolmentRefused) as caught:
        made(Desk(replace(full.office, config=bare), full.clock))
    assert caught.value.code == "no_certificate"
    desk.office.database.close()
    full.office.database.close()


def test_another_servers_certificate_may_stand_before_the_pages(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "ca" / "broker.pem"
    ticket = Enrolments(desk.office).make(desk.actor(), EAST_1, other)
    assert ticket.code.pin == spki_hash(read_certificate(other))[:10]


def test_a_second_code_for_a_gate_kills_the_first(desk: Desk, asking: Asking) -> None:
    first, second = made(desk), made(desk)
    assert refusal(desk, asking, first) == "wrong_code"
    assert Redemption(desk.office).redeem(asking.request(second)).gate == "east-1"


def test_only_so_many_codes_wait_at_one_site(desk: Desk) -> None:
    for number in range(OPEN_MAX):
        made(desk, NewGate(f"gate-{number}"))
    with pytest.raises(EnrolmentRefused) as caught:
        made(desk, NewGate("one-more"))
    assert caught.value.code == "too_many"
    made(desk, NewGate("west-1"), "west")
    desk.clock.now_ms += VALID_MS
    made(desk, NewGate("one-more"))


def test_two_codes_never_share_their_number(desk: Desk) -> None:
    rolls = iter([5, 6, 1 << 30])
    enrolments = Enrolments(desk.office, lambda _below: next(rolls))
    first = enrolments.make(desk.actor(), NewGate("a"))
    second = enrolments.make(desk.actor(), NewGate("b"))
    assert (first.code.token, second.code.token) == (token(5), token(1 << 30))


def test_open_codes_are_listed_for_their_site_until_used_expired_or_withdrawn(
    desk: Desk, asking: Asking
) -> None:
    enrolments = Enrolments(desk.office)
    codes = {gate: made(desk, NewGate(gate)) for gate in ("a", "b", "c")}
    made(desk, NewGate("w"), "west")
    assert [one.gate for one in enrolments.open_codes("east")] == ["a", "b", "c"]
    Redemption(desk.office).redeem(asking.request(codes["a"]))
    number = enrolments.open_codes("east")[0].number
    assert not enrolments.withdraw(desk.actor(site="west"), number)
    assert enrolments.withdraw(desk.actor(), number)
    assert not enrolments.withdraw(desk.actor(), number)
    assert refusal(desk, asking, codes["b"]) == "wrong_code"
    assert [one.gate for one in enrolments.open_codes("east")] == ["c"]
    desk.clock.now_ms += VALID_MS
    assert enrolments.open_codes("east") == []


# Joining.


def test_a_good_code_brings_everything_a_gate_needs(desk: Desk, asking: Asking) -> None:
    answer = Redemption(desk.office).redeem(asking.request(made(desk)))
    office = desk.office
    assert (answer.gate, answer.site, answer.roster) == ("east-1", "east", "east")
    assert (answer.name, answer.name_en, answer.direction) == ("东门", "East gate", "out")
    assert answer.timezone == "Asia/Shanghai"
    assert (answer.broker.host, answer.broker.port) == ("127.0.0.1", 8883)
    assert answer.hub_seal_public == public_of(office.seal_key).hex()
    assert parse_trust(answer.trust).find(office.signer.kid, "roster") is not None
    certificate = x509.load_pem_x509_certificate(answer.certificate.encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(answer.ca.encode()))
    assert certificate.public_key() == asking.key.public_key()
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "east-1"


def test_the_sites_keys_are_read_by_the_asking_gate_alone(desk: Desk, asking: Asking) -> None:
    answer = Redemption(desk.office).redeem(asking.request(made(desk)))
    site = desk.office.sites["east"].keys
    private = asking.box.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    plain = open_sealed(private, bytes.fromhex(answer.sealed), seal_context("east-1"))
    found = SiteSecrets.decode(plain)
    assert (found.site_key, found.rest_key) == (site.site.hex(), site.rest.hex())
    everything = answer.model_dump_json()
    assert site.site.hex() not in everything
    assert site.rest.hex() not in everything


def test_a_gate_gets_the_keys_of_its_own_site(desk: Desk, asking: Asking) -> None:
    answer = Redemption(desk.office).redeem(asking.request(made(desk, NewGate("w-1"), "west")))
    private = asking.box.private_bytes_raw()
    plain = open_sealed(private, bytes.fromhex(answer.sealed), seal_context("w-1"))
    keys = desk.office.sites["west"].keys
    assert SiteSecrets.decode(plain).site_key == keys.site.hex()
    assert (answer.site, answer.roster) == ("west", "west")


def test_a_joined_gate_is_one_of_the_site_and_its_certificates_end_is_known(
    desk: Desk, asking: Asking
) -> None:
    Redemption(desk.office).redeem(asking.request(made(desk)))
    with desk.office.database.reading() as connection:
        (row,) = connection.execute(select(GATE_SITE)).all()
    assert (row.gate, row.site, row.name, row.name_en) == ("east-1", "east", "东门", "East gate")
    assert row.enrolled_by == "officer-east"
    assert row.cert_until_ms == desk.clock.now_ms + 730 * 86_400_000
    assert [line.result for line in audited(desk)] == ["joined", "code made"]


def test_a_gate_that_joins_again_keeps_its_place_and_takes_new_names(
    desk: Desk, asking: Asking
) -> None:
    Redemption(desk.office).redeem(asking.request(made(desk)))
    since_ms = desk.clock.now_ms
    desk.clock.now_ms += 1000
    Redemption(desk.office).redeem(asking.request(made(desk, replace(EAST_1, name="新东门"))))
    with desk.office.database.reading() as connection:
        (row,) = connection.execute(select(GATE_SITE)).all()
    assert (row.since_ms, row.name) == (since_ms, "新东门")


def test_a_code_works_once(desk: Desk, asking: Asking) -> None:
    code = made(desk)
    Redemption(desk.office).redeem(asking.request(code))
    assert refusal(desk, asking, code) == "used"


def test_a_code_ends_after_a_day(desk: Desk, asking: Asking) -> None:
    code = made(desk)
    desk.clock.now_ms += VALID_MS
    assert refusal(desk, asking, code) == "expired"


def test_a_gate_that_meanwhile_belongs_to_another_site_cannot_be_taken(
    desk: Desk, asking: Asking
) -> None:
    code = made(desk)
    with desk.office.database.writing("assign") as connection:
        connection.execute(insert(GATE_SITE).values(gate="east-1", site="west", since_ms=1))
    assert refusal(desk, asking, code) == "expired"


def test_guessing_ends_after_five_tries_and_looks_like_any_wrong_code(
    desk: Desk, asking: Asking
) -> None:
    code = made(desk)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    for _ in range(TRIES_MAX):
        assert refusal(desk, asking, wrong) == "wrong_code"
    assert refusal(desk, asking, code) == "wrong_code"
    assert Enrolments(desk.office).open_codes("east")[0].tries_left == 0
    assert [row.result for row in audited(desk)] == ["wrong code"] * TRIES_MAX + ["code made"]


def test_a_used_code_with_a_wrong_secret_says_nothing_of_its_use(
    desk: Desk, asking: Asking
) -> None:
    code = made(desk)
    Redemption(desk.office).redeem(asking.request(code))
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert refusal(desk, asking, wrong) == "wrong_code"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=32))
def test_whatever_is_sent_instead_of_a_code_is_a_wrong_code(
    desk: Desk, asking: Asking, text: str
) -> None:
    assert refusal(desk, asking, text) == "wrong_code"


@pytest.mark.parametrize(
    "spoilt", [{"csr": "-" * 64}, {"seal_to": "00" * 32}], ids=["csr", "seal_to"]
)
def test_an_unusable_request_leaves_the_code_good(
    desk: Desk, asking: Asking, spoilt: dict[str, str]
) -> None:
    code = made(desk)
    request = asking.request(code)
    with pytest.raises(ContractError):
        Redemption(desk.office).redeem(request.model_copy(update=spoilt))
    assert Redemption(desk.office).redeem(request).gate == "east-1"


def test_a_hub_that_lost_its_authority_says_so_and_the_code_stays_good(
    desk: Desk, asking: Asking
) -> None:
    code = made(desk)
    bare = replace(desk.office, config=desk.office.config.model_copy(update={"authority": None}))
    with pytest.raises(ConfigError, match=r"\[authority\]"):
        Redemption(bare).redeem(asking.request(code))
    assert Redemption(desk.office).redeem(asking.request(code)).gate == "east-1"


# Slowing down.


def test_an_address_is_slowed_down_after_ten_refusals_for_a_minute() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(FAILURES_MAX):
        assert throttle.allows("10.0.0.1")
        throttle.failed("10.0.0.1")
    assert not throttle.allows("10.0.0.1")
    assert throttle.allows("10.0.0.2")
    now[0] = FAILURES_S
    assert throttle.allows("10.0.0.1")


def test_addresses_without_number_fill_no_memory() -> None:
    throttle = Throttle(lambda: 0.0)
    for number in range(5000):
        throttle.failed(f"address {number}")
    assert len(throttle._failures) <= 1024
