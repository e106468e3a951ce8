"""Who may do what: the table, and that nothing is left out or crosses a site."""

import pytest

from gated.core.model import StatusCode
from gated.hub.roles import PROPERTY_STATUSES, RIGHTS, Actor, Right, Role

HEALTH = {
    StatusCode.HOME_QUARANTINE,
    StatusCode.CLOSE_CONTACT,
    StatusCode.SECOND_CONTACT,
    StatusCode.SUSPECTED,
    StatusCode.CONFIRMED,
    StatusCode.OBSERVATION,
    StatusCode.RELEASED,
    StatusCode.WATCH,
}


def actor(role: Role) -> Actor:
    return Actor("a", role, "east")


def test_every_role_has_its_row_and_every_right_its_holder() -> None:
    assert set(RIGHTS) == set(Role)
    assert frozenset().union(*RIGHTS.values()) == frozenset(Right)


@pytest.mark.parametrize("right", list(Right))
def test_the_auditor_sees_the_audit_and_nothing_else(right: Right) -> None:
    assert actor(Role.AUDITOR).may(right) is (right is Right.SEE_AUDIT)


def test_nobody_who_works_with_people_reads_the_audit() -> None:
    assert not actor(Role.OFFICER).may(Right.SEE_AUDIT)
    assert not actor(Role.PROPERTY).may(Right.SEE_AUDIT)


@pytest.mark.parametrize(
    "right",
    [
        Right.SEE_IDENTITY,
        Right.TRACE,
        Right.SEE_PERSON,
        Right.WRITE_PERSON,
        Right.SET_HEALTH_STATUS,
        Right.SEE_ALERTS,
        Right.OPEN_REGISTRATION,
        Right.SEE_REPORT,
        Right.ENROL_GATE,
    ],
)
def test_what_concerns_health_identity_and_the_sites_keys_is_the_officers_alone(
    right: Right,
) -> None:
    assert actor(Role.OFFICER).may(right)
    assert not actor(Role.PROPERTY).may(right)


@pytest.mark.parametrize("right", [Right.NAME_GATE, Right.MESSAGE_GATE])
def test_the_property_office_names_gates_and_writes_to_them(right: Right) -> None:
    assert actor(Role.PROPERTY).may(right)
    assert actor(Role.OFFICER).may(right)


@pytest.mark.parametrize("code", list(StatusCode))
def test_a_status_is_set_by_officers_some_by_the_property_office_none_by_auditors(
    code: StatusCode,
) -> None:
    assert actor(Role.OFFICER).may_set(code)
    assert actor(Role.PROPERTY).may_set(code) is (code in PROPERTY_STATUSES)
    assert not actor(Role.AUDITOR).may_set(code)


def test_no_health_status_is_the_property_offices() -> None:
    assert not HEALTH & PROPERTY_STATUSES
