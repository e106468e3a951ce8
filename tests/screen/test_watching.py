"""Who may do what on the network while somebody is on duty, as one table."""

from dataclasses import replace
from typing import Any

import pytest

from gated.core.model import GuardAction, GuardActionKind
from gated.core.reports import Alert, Call, Report, Round, Shift
from gated.screen.actions import Credentials, Order
from gated.screen.reports import SentReport
from gated.screen.snapshot import AskedView, DutyView
from gated.screen.watching import order_refusal, report_refusal

LI = DutyView(3, "A12", "李*", "guard", log_in=True)
NOBODY = DutyView(log_in=True)
PASS = GuardAction(GuardActionKind.MANUAL_PASS, 7, "known", duty=3)
WANG = Credentials("S001", "97531")


@pytest.mark.parametrize(
    ("guard", "duty", "order", "asked", "refusal"),
    [
        ("A12", LI, Order(PASS), False, ""),
        ("A12", LI, Order(replace(PASS, duty=2)), False, "logged_off"),
        ("A12", LI, Order(replace(PASS, duty=0)), False, "logged_off"),
        ("A12", NOBODY, Order(PASS), False, "nobody_on_duty"),
        ("A12", LI, Order(PASS, WANG), False, ""),  # the supervisor types it on the guard's phone
        ("S001", LI, Order(PASS), False, "not_on_duty_here"),
        ("S001", LI, Order(PASS), True, "not_on_duty_here"),
        ("S001", LI, Order(PASS, WANG), True, ""),
        ("S001", LI, Order(PASS, WANG), False, "not_on_duty_here"),  # nobody asked
        ("S001", LI, Order(replace(PASS, visit=6), WANG), True, "not_on_duty_here"),
        ("S001", LI, Order(replace(PASS, duty=2), WANG), True, "logged_off"),
        ("G20", LI, Order(PASS, WANG), True, "not_on_duty_here"),  # not on somebody else's device
        ("S001", LI, Order(replace(PASS, reason="station"), WANG), True, "asked_otherwise"),
        ("S001", LI, Order(PASS, WANG, text="另有原因"), True, "asked_otherwise"),
        ("A12", LI, Order(replace(PASS, reason="station"), WANG), True, ""),  # another order
    ],
)
def test_an_order(
    samples: Any, guard: str, duty: DutyView, order: Order, asked: bool, refusal: str
) -> None:
    waits = AskedView(PASS.kind, PASS.reason) if asked else None
    now = replace(samples.stop, duty=duty, needs_second=waits)
    assert order_refusal(guard, order, now) == refusal


@pytest.mark.parametrize(
    ("guard", "duty", "report", "spell", "refusal"),
    [
        ("S001", LI, Call("help"), 0, ""),
        ("S001", NOBODY, Alert("GUARD_DURESS"), 0, ""),
        ("S001", LI, Round("gate", "alcohol"), 3, "not_on_duty_here"),
        ("S001", LI, Shift("end"), 3, "not_on_duty_here"),
        ("S001", LI, Shift("begin", "S001"), 3, "log_in_first"),
        ("S001", NOBODY, Shift("begin", "S001"), 0, "log_in_first"),
        ("S001", NOBODY, Round("gate", "alcohol"), 0, "nobody_on_duty"),
        ("A12", LI, Round("gate", "alcohol"), 3, ""),
        ("A12", LI, Round("gate", "alcohol"), 2, "logged_off"),
        ("A12", LI, Shift("end"), 3, ""),
    ],
)
def test_a_report(
    samples: Any, guard: str, duty: DutyView, report: Report, spell: int, refusal: str
) -> None:
    now = replace(samples.stop, duty=duty)
    assert report_refusal(guard, SentReport(report, spell), now) == refusal
