"""One value has one spelling, and the chain over the spellings finds every change."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.canonical import (
    CUT_MARK,
    Json,
    canonical,
    canonical_within,
    chain,
    commitment,
    digest,
    genesis,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


def test_keys_are_sorted_and_text_is_written_out() -> None:
    assert canonical({"b": [1, -2], "a": "王", "": {}}) == '{"":{},"a":"王","b":[1,-2]}'.encode()


def test_tuples_are_spelled_as_lists() -> None:
    assert canonical((1, ("x",))) == b'[1,["x"]]'


@given(JSON)
def test_spelling_survives_a_round_trip(value: object) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


@given(st.dictionaries(TEXT, st.integers(), min_size=2))
def test_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize(
    "value", [1.0, True, None, b"x", {"a": None}, [False], {1: 2}, {"a": {2.5}}]
)
def test_what_has_two_spellings_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="canonical JSON takes"):
        canonical(value)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        canonical("\ud800")


def test_digest_chain_and_genesis_are_plain_sha256() -> None:
    """Computed here with hashlib alone, so that another program can follow the rule."""
    start = hashlib.sha256(b"00ff").digest()
    body = b'{"a":1}'
    inner = hashlib.sha256(body).digest()
    assert genesis("00ff") == start
    assert digest(body) == inner
    assert chain(start, inner) == hashlib.sha256(start + inner).digest()


def test_genesis_of_the_empty_text_is_the_published_value() -> None:
    """NIST FIPS 180-4 example for the empty message."""
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert genesis("").hex() == expected


def test_commitment_depends_on_salt_and_values() -> None:
    values = {"temp_mC": 36400}
    made = commitment(b"s" * 16, values)
    assert made == hashlib.sha256(b"s" * 16 + b'{"temp_mC":36400}').hexdigest()
    assert made != commitment(b"t" * 16, values)
    assert made != commitment(b"s" * 16, {"temp_mC": 36500})


def test_a_small_map_is_left_alone() -> None:
    value = {"note": "x" * 100}
    assert canonical_within(value, 200) == canonical(value)


@given(st.dictionaries(st.text("abc", max_size=5), TEXT | st.lists(TEXT), max_size=5))
def test_long_texts_are_cut_to_fit_and_still_parse(value: dict[str, str | list[str]]) -> None:
    long: dict[str, Json] = {**value, "long": "王" * 5000, "deep": ["y" * 5000, {"z": "w" * 5000}]}
    body = canonical_within(long, 8192)
    assert len(body) <= 8192
    decoded = json.loads(body)
    assert decoded.keys() == long.keys()
    assert decoded["long"].endswith(CUT_MARK)


def test_numbers_are_never_cut() -> None:
    body = canonical_within({"n": [10**15] * 10, "text": "x" * 9000}, 4096)
    assert json.loads(body)["n"] == [10**15] * 10


def test_hashes_of_64_digits_are_never_cut() -> None:
    body = canonical_within({"side": "a" * 64} | {f"k{n}": "x" * 65 for n in range(100)}, 8150)
    assert json.loads(body)["side"] == "a" * 64


def test_too_many_fields_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="limit 1000"):
        canonical_within({f"key{n}": n for n in range(500)}, 1000)
