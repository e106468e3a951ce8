"""When status messages go, and what counts as a change."""

import pytest
from pydantic import ValidationError

from gated.contract.messages import Status
from gated.gate.status_report import EVERY_MS, GAP_MS, StatusReport

MOVING = {"sid": 3, "t": 9, "backlog": 4}


def test_a_message_says_what_is_and_what_moves() -> None:
    body = StatusReport().compose(
        {"mode": "shadow", "faults": ("camera",), "oldest_s": 8}, MOVING, 0
    )
    found = Status.decode(body)
    assert found == Status(
        on=True, sid=3, t=9, backlog=4, mode="shadow", faults=("camera",), oldest_s=8
    )


def test_a_change_is_told_soon_and_no_change_once_a_minute() -> None:
    report = StatusReport()
    report.compose({"mode": ""}, MOVING, 1_000)
    assert report.due_ms({"mode": ""}) == 1_000 + EVERY_MS
    assert report.due_ms({"mode": "shadow"}) == 1_000 + GAP_MS


def test_an_age_that_grows_is_no_change() -> None:
    report = StatusReport()
    report.compose({"mode": "", "oldest_s": 5}, MOVING, 0)
    assert report.due_ms({"mode": "", "oldest_s": 6}) == EVERY_MS


def test_what_the_contract_does_not_allow_is_our_own_mistake() -> None:
    with pytest.raises(ValidationError):
        StatusReport().compose({"mode": 5}, MOVING, 0)
