"""When status messages go, and what counts as a change."""

import pytest
from pydantic import ValidationError

from gated.contract.messages import Fetching, Status
from gated.gate.status_report import EVERY_MS, GAP_MS, HURRY_MS, StatusReport

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


def test_a_list_that_serves_is_told_within_a_second() -> None:
    report = StatusReport()
    report.compose({"roster": {"main": 1}, "mode": ""}, MOVING, 1_000)
    changed = {"roster": {"main": 2}, "mode": ""}
    assert report.due_ms(changed) == 1_000 + HURRY_MS["roster"] <= 2_000
    assert report.due_ms({**changed, "mode": "shadow"}) == report.due_ms(changed)


def test_how_far_a_fetch_is_is_told_while_it_moves() -> None:
    report = StatusReport()
    fields = {"fetching": Fetching(rev=2, have=1, n=9)}
    found = Status.decode(report.compose(fields, MOVING, 0))
    assert found.fetching == Fetching(rev=2, have=1, n=9)
    assert report.due_ms(fields) == EVERY_MS
    assert report.due_ms({"fetching": Fetching(rev=2, have=2, n=9)}) == HURRY_MS["fetching"]
    assert report.due_ms({"fetching": None}) == HURRY_MS["fetching"]


def test_an_age_that_grows_is_no_change() -> None:
    report = StatusReport()
    report.compose({"mode": "", "oldest_s": 5}, MOVING, 0)
    assert report.due_ms({"mode": "", "oldest_s": 6}) == EVERY_MS


def test_what_the_contract_does_not_allow_is_our_own_mistake() -> None:
    with pytest.raises(ValidationError):
        StatusReport().compose({"mode": 5}, MOVING, 0)
