"""Under any order of appends, watermarks, coarsening, retirement, full cards and crashes nothing
that was promised is lost, nothing stands twice, and the chain verifies."""

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gated.core.model import ClockState, Moment
from gated.errors import StoreError
from gated.store.journal import Draft, Journal
from gated.store.journal_reader import Entry, JournalReader

MOMENT = Moment(1, 2, ClockState.SYNCED)
DRAFTS = st.lists(
    st.builds(
        Draft,
        st.sampled_from(["passage", "device"]),
        st.just(MOMENT),
        st.dictionaries(st.sampled_from(["a", "z"]), st.integers() | st.text("王x\n", max_size=9)),
        st.none() | st.dictionaries(st.sampled_from(["temp_mC"]), st.integers(-999, 99999)),
        st.booleans(),
    ),
    max_size=4,
)


class JournalMachine(RuleBasedStateMachine):
    """The model is the list of entries that were promised, and the watermark."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="gated-journal-"))
        self.path = self.folder / "journal.db"
        self.promised: list[Entry] = []
        self.retired = self.acked = self.starts = 0

    @initialize()
    def first_start(self) -> None:
        self._open()
        with JournalReader(self.path) as reader:
            self.promised = reader.read(1, 10, 10_000)

    def _open(self) -> None:
        self.journal = Journal(self.path, boot="b", new_epoch=lambda: "00000000000000aa")
        self.starts += 1

    @rule(drafts=DRAFTS)
    def append(self, drafts: list[Draft]) -> None:
        self.promised += self.journal.append_all(drafts)

    @rule(drafts=DRAFTS.filter(bool))
    def card_is_full(self, drafts: list[Draft]) -> None:
        connection = self.journal._connection
        size = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={size}")
        big = [Draft(d.kind, d.moment, {**d.fields, "big": "x" * 6000}, d.side) for d in drafts]
        try:
            self.promised += self.journal.append_all(big)
        except StoreError:
            assert self.journal.last_seq == len(self.promised)
        connection.execute("PRAGMA max_page_count=1073741823")

    @rule(data=st.data())
    def watermark(self, data: st.DataObject) -> None:
        self.acked = data.draw(st.integers(self.acked, len(self.promised)))
        self.journal.store_watermark(self.acked, 1)

    @rule(data=st.data())
    def coarsen(self, data: st.DataObject) -> None:
        self.journal.coarsen_before(data.draw(st.integers(0, len(self.promised) + 1)))

    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        before = data.draw(st.integers(0, len(self.promised) + 2))
        self.retired += self.journal.retire_before(before)
        assert self.retired <= self.acked

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self._open()

    @rule()
    def crash(self) -> None:
        """The files of this very moment, log included, are what the next start finds."""
        elsewhere = self.folder / "after"
        elsewhere.mkdir()
        for ending in ("", "-wal"):
            shutil.copy(f"{self.path}{ending}", elsewhere)
        self.journal.close()
        for ending in ("", "-wal"):
            shutil.move(elsewhere / f"journal.db{ending}", f"{self.path}{ending}")
        elsewhere.rmdir()
        self._open()

    @invariant()
    def what_was_promised_is_there(self) -> None:
        if not self.promised:
            return
        assert self.journal.repaired is None
        assert (self.journal.starts, self.journal.acked) == (self.starts, self.acked)
        with JournalReader(self.path) as reader:
            found = list(reader.entries())
            expected = self.promised[self.retired :]
            assert [e.body for e in found] == [e.body for e in expected]
            assert [e.seq for e in found] == list(range(self.retired + 1, len(self.promised) + 1))
            result = reader.verify()
            assert result.ok
            assert result.head == self.promised[-1].hash == self.journal.head
            assert reader.hash_at(self.acked) is not None

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)


@pytest.mark.parametrize("steps", [30])
def test_nothing_promised_is_lost_under_any_order_of_events(steps: int) -> None:
    options: dict[str, Any] = {"max_examples": 25, "stateful_step_count": steps, "deadline": None}
    run_state_machine_as_test(JournalMachine, settings=settings(**options))
