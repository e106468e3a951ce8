"""Manifests: signed, newer, ours, or refused with the reason."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.contract import bundle
from gated.contract.bundle import (
    Holding,
    Manifest,
    Snapshot,
    leads_on,
    sign_manifest,
    verify_manifest,
)
from gated.contract.delta import Changes, pack_changes
from gated.core.canonical import canonical
from gated.core.trust import TrustTable
from gated.errors import BundleRejected
from tests.support.rosters import signer, trust

KID = signer().kid.hex()
TRUST = trust("hub", "next")
NOW_MS = 1_760_000_000_000


def manifest(**fields: Any) -> Manifest:
    snap = Snapshot(
        sha="ab" * 32,
        size=70_000,
        raw_sha="cd" * 32,
        raw_size=90_000,
        n=2,
        chunks_sha="ef" * 32,
        rows=5,
    )
    offer = Manifest(roster="main", rev=5, made=1, not_after=NOW_MS + 1, snap=snap, kid=KID)
    return offer.model_copy(update=fields)


def signed(name: str = "hub", **fields: Any) -> bytes:
    offer = manifest(**{"kid": signer(name).kid.hex(), **fields})
    return sign_manifest(offer, signer(name).sign).encode()


def refusal(payload: bytes, holding: Holding, table: TrustTable = TRUST) -> str:
    with pytest.raises(BundleRejected) as caught:
        verify_manifest(payload, table, holding)
    return caught.value.code


HOLDING = Holding("main", now_ms=NOW_MS)


def test_a_signed_newer_manifest_is_believed() -> None:
    found = verify_manifest(signed(), TRUST, HOLDING)
    assert (found.rev, found.snap.tag) == (5, b"\xab" * 16)


def test_a_manifest_reads_back_and_says_schema_on_the_wire() -> None:
    value = json.loads(signed())
    assert value["snap"]["schema"] == 1
    assert Manifest.decode(signed()).encode() == signed()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (manifest().encode(), "bad_signature"),
        (manifest(sig="00" * 64).encode(), "bad_signature"),
        (signed("stranger"), "unknown_key"),
        (signed(roster="other"), "wrong_roster"),
        (signed(floor=6), "below_floor"),
        (signed(not_after=NOW_MS), "expired"),
        (signed(snap=manifest().snap.model_copy(update={"n": 3})), "bad_size"),
        (b"{}", "malformed"),
        (b"", "malformed"),
        (canonical({"v": 2}), "malformed"),
        (signed(kid="xx"), "malformed"),
    ],
)
def test_a_manifest_that_fails_is_refused_with_its_reason(payload: bytes, code: str) -> None:
    assert refusal(payload, HOLDING) == code


def test_a_manifest_signed_by_a_key_for_passes_only_is_refused() -> None:
    passes = TrustTable(tuple(replace(key, uses=frozenset({"pass"})) for key in TRUST.keys))
    assert refusal(signed(), HOLDING, passes) == "unknown_key"


def test_a_key_outside_its_time_signs_nothing_here() -> None:
    for span in ({"valid_to": NOW_MS // 1000}, {"valid_from": NOW_MS // 1000 + 1}):
        table = TrustTable(tuple(replace(key, **span) for key in TRUST.keys))
        assert refusal(signed(), HOLDING, table) == "key_not_valid"


def test_an_unsure_clock_refuses_nothing_for_its_age() -> None:
    unsure = Holding("main")
    table = TrustTable(tuple(replace(key, valid_to=1) for key in TRUST.keys))
    assert verify_manifest(signed(not_after=1), table, unsure).rev == 5


@pytest.mark.parametrize(
    ("holding", "accepted"),
    [
        (replace(HOLDING, rev=5, kid=KID, ratchet={KID: 5}), False),
        (replace(HOLDING, rev=4, kid=KID, ratchet={KID: 4}), True),
        (replace(HOLDING, rev=4, kid=KID, ratchet={KID: 9}), False),
        (replace(HOLDING, rev=9, kid="local"), True),
        (replace(HOLDING, rev=9, kid=signer("next").kid.hex()), False),
        (replace(HOLDING, rev=9, kid=signer("revoked").kid.hex()), True),
    ],
    ids=["same", "newer", "rolled_back", "after_local", "after_rotation", "after_revocation"],
)
def test_a_gate_never_goes_back(holding: Holding, accepted: bool) -> None:
    """A stolen key's far revision is undone by revoking it; a local list never hides the hub's."""
    if accepted:
        assert verify_manifest(signed(), TRUST, holding).rev == 5
    else:
        assert refusal(signed(), holding) == "not_newer"


def test_the_signature_is_checked_before_the_revision_is_believed() -> None:
    assert refusal(manifest().encode(), replace(HOLDING, rev=9, kid=KID)) == "bad_signature"


def test_fields_of_a_later_version_are_signed_too() -> None:
    value = json.loads(signed())
    del value["sig"]
    value["hot_revoked"] = ["aa"]
    value["sig"] = signer().sign(canonical(value)).hex()
    assert verify_manifest(canonical(value), TRUST, HOLDING).rev == 5
    value["hot_revoked"] = []
    assert refusal(canonical(value), HOLDING) == "bad_signature"
    value["later"] = 0.5
    assert refusal(json.dumps(value).encode(), HOLDING) == "malformed"


@given(st.data())
def test_a_changed_byte_anywhere_is_refused(data: st.DataObject) -> None:
    payload = bytearray(signed())
    index = data.draw(st.integers(0, len(payload) - 1))
    payload[index] ^= data.draw(st.integers(1, 255))
    refusal(bytes(payload), HOLDING)


@given(st.binary(max_size=300))
def test_rubbish_is_refused_and_nothing_else_happens(rubbish: bytes) -> None:
    assert refusal(rubbish, HOLDING) == "malformed"


@pytest.mark.parametrize(("size", "lengths"), [(1, [1]), (65536, [65536]), (65537, [65536, 1])])
def test_chunks_cover_the_object(size: int, lengths: list[int]) -> None:
    assert bundle.chunk_count(size) == len(lengths)
    blob = bytes(size)
    pieces = [blob[i * bundle.CHUNK_BYTES :][: bundle.CHUNK_BYTES] for i in range(len(lengths))]
    assert [len(piece) for piece in pieces] == lengths
    assert bundle.hash_list(blob) == b"".join(hashlib.sha256(p).digest() for p in pieces)


# -- changes ----------------------------------------------------------------------------------


def changed(snap_rev: int | None = 3, start: int | None = None, **fields: Any) -> dict[str, Any]:
    snap = manifest().snap.model_copy(update={"rev": snap_rev})
    delta = pack_changes(Changes.model_validate({"del": ("ab" * 16,)}), start)
    return {"snap": snap, "delta": delta, "line": 7, **fields}


def test_a_manifest_from_before_changes_existed_keeps_its_bytes() -> None:
    old = (
        b'{"floor":0,"kid":"00000000","made":1,"not_after":2,"rev":5,"roster":"main","sig":"",'
        b'"snap":{"chunk":65536,"chunks_sha":"%s","codec":"zlib","n":1,"raw_sha":"%s",'
        b'"raw_size":9,"rows":1,"schema":1,"sha":"%s","size":8},"v":1}'
    ) % (b"aa" * 32, b"bb" * 32, b"cc" * 32)
    found = Manifest.decode(old)
    assert (found.snap_rev, found.start, found.line, found.delta) == (5, 5, None, None)
    assert found.encode() == old


def test_a_manifest_with_changes_reads_back_and_they_are_signed() -> None:
    payload = signed(**changed())
    found = verify_manifest(payload, TRUST, HOLDING)
    assert (found.rev, found.snap_rev, found.start, found.line) == (5, 3, 3, 7)
    assert found.encode() == payload
    value = json.loads(payload)
    value["delta"] = json.loads(pack_changes(Changes()).model_dump_json(exclude_none=True))
    assert refusal(canonical(value), HOLDING) == "bad_signature"


@pytest.mark.parametrize(
    "fields",
    [
        changed(delta=None),
        changed(snap_rev=5),
        changed(snap_rev=None),
        changed(snap_rev=6),
        changed(start=4),
        changed(snap_rev=None, start=5),
        changed(line=None),
        changed(delta=changed()["delta"].model_copy(update={"ops": 2})),
        changed(delta=changed()["delta"].model_copy(update={"data": "A" * 60_000})),
    ],
    ids=["gap", "no_way", "no_way_old", "snap_ahead", "gap_before", "still", "line", "ops", "size"],
)
def test_changes_that_do_not_lead_to_the_revision_are_refused(fields: dict[str, Any]) -> None:
    assert refusal(signed(**fields), HOLDING) == "bad_delta"


HELD = Holding("main", 3, KID, {KID: 3}, NOW_MS, line=7)


@pytest.mark.parametrize(
    ("fields", "holding", "leads"),
    [
        (changed(), HELD, True),
        (changed(), replace(HELD, rev=4), True),
        (changed(), replace(HELD, rev=2), False),
        (changed(), replace(HELD, rev=5), False),
        (changed(), replace(HELD, line=8), False),
        (changed(), replace(HELD, line=0), False),
        (changed(), replace(HELD, kid="local"), False),
        (changed(), replace(HELD, kid=signer("next").kid.hex()), False),
        (changed(snap_rev=None, start=2), replace(HELD, rev=2), True),
        (changed(snap_rev=None, start=2), replace(HELD, rev=1), False),
        ({}, HELD, False),
        ({"line": 7}, HELD, False),
    ],
)
def test_changes_lead_on_only_within_one_line_and_signer(
    fields: dict[str, Any], holding: Holding, leads: bool
) -> None:
    assert leads_on(manifest(**fields), holding) is leads
