"""The trust table: taken whole or refused with every bad row named."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.trust import KEYS_MAX, TrustTable, format_trust, key_id, parse_trust, trust_row
from tests.support.passes import ISSUER, NOW_S, P256_ISSUER, STRANGER

ROW: dict[str, Any] = {
    "kid": "0a1b2c3d",
    "use": ["roster"],
    "alg": "Ed25519",
    "pub": ISSUER.public.hex(),
    "from": NOW_S,
    "to": NOW_S + 10,
    "zones": [2, 1],
    "issuer": "北门",
}


def document(*rows: object) -> str:
    return json.dumps({"v": 1, "keys": list(rows)})


def changed(**changes: object) -> dict[str, object]:
    return {name: value for name, value in (ROW | changes).items() if value is not ...}


def test_a_row_becomes_a_key_with_every_limit() -> None:
    (key,) = parse_trust(document(ROW)).keys
    assert key.kid == bytes.fromhex("0a1b2c3d")
    assert key.uses == {"roster"}
    assert (key.algorithm, key.public) == ("Ed25519", ISSUER.public)
    assert (key.valid_from, key.valid_to) == (NOW_S, NOW_S + 10)
    assert key.zones == {1, 2}
    assert key.issuer == "北门"


def test_limits_left_out_are_open() -> None:
    (key,) = parse_trust(document({name: ROW[name] for name in ("kid", "use", "alg", "pub")})).keys
    assert (key.valid_from, key.valid_to, key.zones, key.issuer) == (None, None, frozenset(), "")
    assert key.begun(0)
    assert not key.ended(2**40)
    assert key.allows_zone(65535)


def test_bytes_are_taken_like_text() -> None:
    assert parse_trust(document(ROW).encode()) == parse_trust(document(ROW))


def test_a_table_comes_back_from_its_own_text() -> None:
    table = TrustTable((ISSUER.trusted(valid_from=5), P256_ISSUER.trusted(zones=frozenset({3}))))
    assert parse_trust(format_trust(table)) == table
    assert parse_trust(format_trust(TrustTable())) == TrustTable()
    assert json.loads(format_trust(table))["keys"][0] == trust_row(table.keys[0])


def test_a_key_is_found_by_id_and_use_only() -> None:
    table = parse_trust(document(ROW, changed(kid="0a1b2c3e", use=["pass", "roster"])))
    assert table.find(bytes.fromhex("0a1b2c3d"), "roster") is table.keys[0]
    assert table.find(bytes.fromhex("0a1b2c3d"), "pass") is None
    assert table.find(bytes.fromhex("0a1b2c3e"), "pass") is table.keys[1]
    assert table.find(bytes.fromhex("ffffffff"), "pass") is None
    assert TrustTable().find(b"", "pass") is None


def test_one_kid_may_have_a_row_per_use() -> None:
    table = parse_trust(document(ROW, changed(use=["pass"], pub=STRANGER.public.hex())))
    kid = bytes.fromhex("0a1b2c3d")
    roster, for_passes = table.find(kid, "roster"), table.find(kid, "pass")
    assert roster is not None
    assert for_passes is not None
    assert roster.public != for_passes.public


def test_a_key_verifies_its_own_signature_only() -> None:
    for signer in (ISSUER, P256_ISSUER):
        key = signer.trusted()
        assert key.verify(signer.sign(b"message"), b"message")
        assert not key.verify(signer.sign(b"message"), b"massage")
        assert not key.verify(STRANGER.sign(b"message"), b"message")
        assert not key.verify(b"", b"message")


def test_validity_includes_its_start_and_excludes_its_end() -> None:
    key = ISSUER.trusted(valid_from=100, valid_to=200)
    assert [key.begun(now_s) for now_s in (99, 100)] == [False, True]
    assert [key.ended(now_s) for now_s in (199, 200)] == [False, True]
    assert key.begun(90, tolerance_s=10)
    assert not key.begun(89, tolerance_s=10)
    assert not key.ended(209, tolerance_s=10)
    assert key.ended(210, tolerance_s=10)


def test_a_key_with_zones_allows_those_only() -> None:
    key = ISSUER.trusted(zones=frozenset({1, 2}))
    assert [key.allows_zone(zone) for zone in (0, 1, 2, 3)] == [False, True, True, False]


def test_our_own_key_id_is_the_start_of_the_hash() -> None:
    # SHA-256 of the empty string begins e3b0c442 (FIPS 180-4 examples).
    assert key_id(b"").hex() == "e3b0c442"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("text", "missing alg, kid, pub, use"),
        ({}, "missing alg, kid, pub, use"),
        (changed(kid=...), "missing kid"),
        (changed(extra=1), "unknown extra"),
        (changed(kid="0A1B2C3D"), "kid: not lower-case hex"),
        (changed(kid="0a 1b2c3d"), "kid: not lower-case hex"),
        (changed(kid="0a1b2c"), "kid: 3 bytes"),
        (changed(kid="0a1b2c3d5e"), "kid: 5 bytes"),
        (changed(kid=1), "kid: not lower-case hex"),
        (changed(kid="zz"), "kid: not lower-case hex"),
        (changed(use=[]), "use: a list of command, pass, roster"),
        (changed(use="pass"), "use: a list"),
        (changed(use=["admin"]), "use: a list"),
        (changed(use=[["pass"]]), "use: a list"),
        (changed(alg="RS256"), "alg: neither"),
        (changed(alg=None), "alg: neither"),
        (changed(alg=["Ed25519"]), "alg: neither"),
        (changed(pub="00"), "pub: Ed25519 key has 1 bytes"),
        (changed(alg="ES256"), "pub: ES256 key has 32 bytes"),
        (changed(alg="ES256", pub="04" + "01" * 64), "not a point"),
        (changed(**{"from": "2026"}), "from: not Unix seconds"),
        (changed(**{"from": True}), "from: not Unix seconds"),
        (changed(**{"from": 1.5}), "from: not Unix seconds"),
        (changed(to=-1), "to: not Unix seconds"),
        (changed(to=10**15), "to: not Unix seconds"),
        (changed(to=NOW_S), "from is not before to"),
        (changed(zones=3), "zones: a list"),
        (changed(zones=[True]), "zones: a list"),
        (changed(zones=[65536]), "zones: a list"),
        (changed(issuer=7), "issuer: a printable name"),
        (changed(issuer="a\nb"), "issuer: a printable name"),
        (changed(issuer="n" * 65), "issuer: a printable name"),
    ],
)
def test_a_bad_row_is_named_with_its_fault(row: object, says: str) -> None:
    with pytest.raises(ValueError, match="trust table") as refused:
        parse_trust(document(changed(kid="11111111"), row))
    assert "keys[1]" in str(refused.value)
    assert says in str(refused.value)


def test_every_bad_row_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="trust table") as refused:
        parse_trust(document(changed(alg="x"), ROW, changed(pub=""), ROW))
    lines = str(refused.value).splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "trust table: keys[0]",
        "trust table: keys[2]",
        "trust table: keys[3]",
    ]
    assert "kid already used for roster by keys[1]" in lines[2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[" * 100_000, "too deep"),
        ("[]", '"v" and "keys"'),
        ('{"v": 1}', '"v" and "keys"'),
        ('{"v": 1, "keys": [], "more": 1}', '"v" and "keys"'),
        ('{"v": 2, "keys": []}', "version 2, this program reads 1"),
        ('{"v": true, "keys": []}', "version True"),
        ('{"v": 1, "keys": {}}', "must be a list"),
        ('{"v": 1, "v": 1, "keys": []}', "same key twice"),
        (json.dumps({"v": 1, "keys": [{}] * (KEYS_MAX + 1)}), "at most 256"),
    ],
)
def test_a_document_that_is_no_table_is_refused(text: str | bytes, says: str) -> None:
    with pytest.raises(ValueError, match="trust table") as refused:
        parse_trust(text)
    assert says in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ROW)), JSON)
def test_any_value_in_any_field_gives_a_table_or_a_value_error(name: str, value: object) -> None:
    with suppress(ValueError):
        assert len(parse_trust(document(changed(**{name: value}))).keys) == 1
