"""Batches: the stored bytes travel unchanged, one bad event never holds up its neighbours."""

import hashlib
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.contract import batch as contract
from gated.contract.batch import Batch, SideRow, decode_batch, encode_batch
from gated.core.canonical import canonical, commitment
from gated.errors import ContractError

P = bytes(range(32))


def event(seq: int, **fields: Any) -> dict[str, Any]:
    return {"seq": seq, "kind": "passage", "t": 5, "m": 6, "b": "boot", "q": 2, **fields}


def body(*items: object, first: int = 1, count: int | None = None, **fields: object) -> bytes:
    """A batch as another program might spell it: spaces, keys in any order."""
    head = {"ev": list(items), "side": [], "p": P.hex(), "sid": 3, "epoch": "00ff", "v": 1}
    return json.dumps(head | {"f": first, "n": count or len(items)} | fields, indent=1).encode()


def test_the_stored_bytes_travel_unchanged() -> None:
    stored = [canonical(event(4, name="王*明")), canonical(event(5))]
    wire = encode_batch("00ff", 4, 3, P, stored)
    assert b",".join(stored) in wire
    batch = decode_batch(wire)
    assert [item.body for item in batch.events] == stored
    assert [item.digest for item in batch.events] == [hashlib.sha256(b).digest() for b in stored]
    assert (batch.epoch, batch.first, batch.end, batch.sid, batch.previous) == ("00ff", 4, 6, 3, P)
    assert [(item.kind, item.t_ms, item.fault) for item in batch.events] == [("passage", 5, "")] * 2


def test_digests_do_not_depend_on_how_the_json_was_laid_out() -> None:
    ours = decode_batch(encode_batch("00ff", 1, 3, P, [canonical(event(1, x=["ä", 1]))]))
    theirs = decode_batch(body(dict(reversed(event(1, x=["ä", 1]).items()))))
    assert ours == theirs


@pytest.mark.parametrize(
    "bad",
    [
        event(2),
        event(1, kind=""),
        event(1, kind="k" * 65),
        event(1, kind="k\x00"),
        event(1, kind=5),
        event(1, t=-1),
        event(1, t=2**63),
        event(1, t="5"),
        event(1, t=1.5),
        event(1, m=None),
        event(1, b=1),
        event(1, q=3),
        event(1, x=None),
        event(1, x=[{"y": 0.5}]),
        event(1, x="\ud800"),
        {},
        [],
        7,
        None,
        "text",
    ],
    ids=repr,
)
def test_an_event_that_cannot_be_used_is_marked_and_its_neighbour_is_not(bad: object) -> None:
    batch = decode_batch(body(bad, event(2)))
    assert [item.fault for item in batch.events] == ["schema", ""]
    assert len(batch.events[0].digest) == 32


def test_an_event_nested_too_deep_is_marked() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    assert decode_batch(body(event(1, x=deep))).events[0].fault in ("", "schema")


def test_an_event_above_the_limit_is_marked() -> None:
    fitting = contract.EVENT_LIMIT_BYTES - len(canonical(event(1, x="")))
    assert decode_batch(body(event(1, x="y" * fitting))).events[0].fault == ""
    assert decode_batch(body(event(1, x="y" * (fitting + 1)))).events[0].fault == "too_big"


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2},
        {"n": 0},
        {"n": 101},
        {"f": 0},
        {"f": 2**63 - 1},
        {"f": 2**63 - 100},
        {"f": "1"},
        {"p": "00"},
        {"epoch": ""},
        {"sid": -1},
        {"ev": {}},
        {"ev": None},
        {"v": 2},
    ],
)
def test_a_head_that_breaks_the_contract_refuses_the_whole(change: dict[str, object]) -> None:
    with pytest.raises(ContractError):
        decode_batch(body(event(1), **change))


def side_row(seq: int, **values: int) -> tuple[SideRow, str]:
    salt = bytes([seq]) * 16
    return SideRow(seq, salt, canonical(values)), commitment(salt, values)


def test_values_that_keep_their_events_promise_come_along() -> None:
    row, promise = side_row(1, raw_mc=36_500, skin_mc=-1)
    stored = [canonical(event(1, side=promise)), canonical(event(2))]
    batch = decode_batch(encode_batch("00ff", 1, 3, P, stored, [row]))
    assert (batch.side, batch.side_faults) == ((row,), ())


@pytest.mark.parametrize(
    "row",
    [
        [1, "01" * 16, {"raw_mc": 36_501}],
        [1, "02" * 16, {"raw_mc": 36_500}],
        [1, "01" * 15, {"raw_mc": 36_500}],
        [1, "no hex", {"raw_mc": 36_500}],
        [1, "01" * 16, {"raw_mc": 36_500, "x": 1.5}],
        [1, "01" * 16, {"raw_mc": True}],
        [1, "01" * 16, {"\ud800": 1}],
        [2, "01" * 16, {"raw_mc": 36_500}],
    ],
)
def test_values_that_break_the_promise_are_refused_and_the_event_is_kept(row: list[Any]) -> None:
    _, promise = side_row(1, raw_mc=36_500)
    batch = decode_batch(body(event(1, side=promise), event(2), side=[row]))
    assert (batch.side, batch.side_faults) == ((), (row[0],))
    assert [item.fault for item in batch.events] == ["", ""]


@pytest.mark.parametrize("rows", [None, 5, [7], [[1]], [[9, "01" * 16, {}]], [["1", "", {}]]])
def test_side_rows_of_nobody_are_left_out(rows: object) -> None:
    batch = decode_batch(body(event(1), side=rows))
    assert (batch.side, batch.side_faults) == ((), ())


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text()), max_size=5))
def test_any_fields_survive_the_journey(extras: list[dict[str, Any]]) -> None:
    stored = [canonical({**extra, **event(seq)}) for seq, extra in enumerate(extras, 1)]
    if not stored:
        return
    batch: Batch = decode_batch(encode_batch("00ff", 1, 0, P, stored))
    assert [(item.body, item.fault) for item in batch.events] == [(item, "") for item in stored]


@given(st.data())
def test_a_cut_batch_is_a_contract_error(data: st.DataObject) -> None:
    wire = encode_batch("00ff", 1, 3, P, [canonical(event(n)) for n in range(1, 60)])
    with pytest.raises(ContractError):
        decode_batch(wire[: data.draw(st.integers(0, len(wire) - 1))])
