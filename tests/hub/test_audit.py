"""The audit only grows, and says where it was tampered with."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from gated.errors import StoreError
from gated.hub.audit import REASON_MAX, Action
from gated.hub.roles import Role
from gated.hub.schema_office import AUDIT
from tests.support.hub_command import hub
from tests.support.office import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


def fill(desk: Desk, count: int = 5) -> None:
    for number in range(count):
        desk.clock.now_ms += 1_000
        desk.office.audit.note(desk.actor(), Action.LOOK_UP, target=f"{number:02x}", reason="查")


def test_a_row_says_who_did_what_about_whom_and_why(desk: Desk) -> None:
    audit = desk.office.audit
    audit.note(desk.actor(name="wang"), Action.TRACE, target="ab12", reason="密接排查", result="7")
    (row,) = audit.rows("east")
    assert (row.actor, row.role, row.site, row.action) == ("wang", "officer", "east", "trace")
    assert (row.target, row.reason, row.result) == ("ab12", "密接排查", "7")
    assert row.t_ms == desk.clock.now_ms


def test_rows_are_newest_first_page_by_page_and_of_one_site(desk: Desk) -> None:
    fill(desk)
    desk.office.audit.note(desk.actor(site="west"), Action.SEARCH)
    newest = desk.office.audit.rows("east", 2)
    assert [row.target for row in newest] == ["04", "03"]
    older = desk.office.audit.rows("east", 10, before=newest[-1].number)
    assert [row.target for row in older] == ["02", "01", "00"]
    assert [row.action for row in desk.office.audit.rows("west")] == ["search"]


def test_rows_can_be_of_one_account_and_one_kind(desk: Desk) -> None:
    audit = desk.office.audit
    audit.note(desk.actor(name="a"), Action.SEARCH)
    audit.note(desk.actor(name="b"), Action.SEARCH)
    audit.note(desk.actor(name="b"), Action.EXPORT)
    assert len(audit.rows("east", actor="b")) == 2
    assert [row.actor for row in audit.rows("east", action=Action.SEARCH)] == ["b", "a"]
    assert len(audit.rows("east", actor="b", action=Action.EXPORT)) == 1


def test_a_row_belongs_to_the_transaction_it_is_given(desk: Desk) -> None:
    def half_done() -> None:
        with desk.office.database.writing("test") as connection:
            desk.office.audit.note(desk.actor(), Action.CHANGE, connection=connection)
            raise StoreError("no")

    with pytest.raises(StoreError):
        half_done()
    assert desk.office.audit.rows("east") == []


def test_a_long_reason_is_cut(desk: Desk) -> None:
    desk.office.audit.note(desk.actor(), Action.SEARCH, reason="长" * 1_000)
    (row,) = desk.office.audit.rows("east")
    assert row.reason == "长" * REASON_MAX
    assert desk.office.audit.first_broken() is None


def test_an_untouched_audit_is_whole(desk: Desk) -> None:
    assert desk.office.audit.first_broken() is None
    fill(desk)
    desk.office.audit.note(desk.actor(Role.PROPERTY, "west"), Action.PUSH)
    assert desk.office.audit.first_broken() is None


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "somebody"},
        {"role": "auditor"},
        {"site": "west"},
        {"action": "search"},
        {"target": "ff"},
        {"reason": "another"},
        {"result": "refused"},
        {"t_ms": 1},
        {"hash": bytes(32)},
        {"prev_hash": b"x" * 32},
    ],
)
def test_any_altered_value_breaks_the_chain_at_its_row(
    desk: Desk, values: dict[str, object]
) -> None:
    fill(desk)
    with desk.office.database.writing("tamper") as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.id == 3).values(**values))
    assert desk.office.audit.first_broken() == 3


@pytest.mark.parametrize("gone", [1, 2, 4])
def test_a_row_taken_out_breaks_the_chain_at_the_next(desk: Desk, gone: int) -> None:
    fill(desk)
    with desk.office.database.writing("tamper") as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.id == gone))
    assert desk.office.audit.first_broken() == gone + 1


def test_a_stranger_is_noted_once_in_a_while(desk: Desk) -> None:
    audit = desk.office.audit
    for _ in range(3):
        now_ms = desk.clock.now_ms
        audit.note_seldom(None, "east", Action.LOGIN_REFUSED, "unknown", since_ms=now_ms - 10)
    (row,) = audit.rows("east")
    assert (row.actor, row.role) == ("", "")
    desk.clock.now_ms += 10
    audit.note_seldom(
        None, "east", Action.LOGIN_REFUSED, "unknown", since_ms=desk.clock.now_ms - 10
    )
    assert len(audit.rows("east")) == 2
    for result in ("locked", "locked", "another"):
        audit.note_seldom(desk.actor(), "east", Action.LOGIN_REFUSED, result, since_ms=0)
    assert [row.result for row in audit.rows("east")][:3] == ["another", "locked", "unknown"]
    assert audit.first_broken() is None


@settings(max_examples=12, deadline=None)
@given(
    texts=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))),
)
def test_whatever_is_noted_the_chain_holds(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str, str]]
) -> None:
    clean = [
        tuple(text.encode("utf-8", "ignore").decode().replace("\x00", "") for text in row)
        for row in texts
    ]
    desk = open_desk(tmp_path_factory.mktemp("audit"))
    for target, reason, result in clean:
        desk.office.audit.note(
            desk.actor(), Action.CHANGE, target=target, reason=reason, result=result
        )
    assert desk.office.audit.first_broken() is None
    rows = desk.office.audit.rows("east", 1_000)
    assert [(r.target, r.reason, r.result) for r in reversed(rows)] == clean
    desk.office.database.close()


# Its end: rows that are cut off there break no chain.


def test_the_head_is_how_many_rows_there_are_and_the_hash_of_the_last(desk: Desk) -> None:
    audit = desk.office.audit
    assert (audit.head().rows, audit.head().hash) == (0, bytes(32))
    assert audit.still_holds(0, "00000000")
    fill(desk)
    head = audit.head()
    assert head.rows == 5
    assert head.short == f"5:{head.hash.hex()[:8]}"
    audit.note(desk.actor(site="west"), Action.SEARCH)
    assert audit.head().rows == 6, "every site's rows are in one chain"
    assert audit.still_holds(5, head.hash.hex()[:8])
    assert not audit.still_holds(6, head.hash.hex()[:8])
    assert not audit.still_holds(7, head.hash.hex()[:8])


@given(keep=st.integers(0, 4))
@settings(max_examples=5, deadline=None)
def test_rows_cut_off_at_the_end_are_missed(
    tmp_path_factory: pytest.TempPathFactory, keep: int
) -> None:
    desk = open_desk(tmp_path_factory.mktemp("cut"))
    fill(desk)
    head = desk.office.audit.head()
    assert desk.office.audit.cut_off() == 0
    with desk.office.database.writing("cut off") as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.id > keep))
    assert desk.office.audit.first_broken() is None, "the chain alone does not tell"
    assert desk.office.audit.cut_off() == 5 - keep
    assert not desk.office.audit.still_holds(head.rows, head.hash.hex()[:8])
    fill(desk)  # whoever goes on writing hides nothing
    assert desk.office.audit.cut_off() == 5 - keep
    assert not desk.office.audit.still_holds(head.rows, head.hash.hex()[:8])
    desk.office.database.close()


def test_a_row_that_was_taken_back_with_its_transaction_is_not_missed(desk: Desk) -> None:
    fill(desk, 2)

    def half_done() -> None:
        with desk.office.database.writing("test") as connection:
            desk.office.audit.note(desk.actor(), Action.CHANGE, connection=connection)
            raise StoreError("no")

    with pytest.raises(StoreError):
        half_done()
    assert (desk.office.audit.head().rows, desk.office.audit.cut_off()) == (2, 0)


def test_the_command_prints_the_head_and_compares_an_earlier_one(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    fill(desk)
    done = hub(tmp_path, "audit", "--verify")
    noted = desk.office.audit.head().short
    assert done.stdout.splitlines()[-1].endswith(f"to compare with later: {noted}")
    fill(desk)
    assert hub(tmp_path, "audit", "--verify", "--known", noted).exit_code == 0
    with desk.office.database.writing("cut off") as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.id > 4))
    done = hub(tmp_path, "audit", "--verify", "--known", noted)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "6 audit rows that were written once are missing" in done.stderr
    assert f"does not go on from {noted}" in done.stderr
    assert hub(tmp_path, "audit", "--verify", "--known", "yesterday").exit_code == 2
    assert hub(tmp_path, "audit", "--known", noted).exit_code == 2
    desk.office.database.close()
