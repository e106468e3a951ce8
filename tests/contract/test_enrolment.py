"""The one-time code as people read, type and scan it, and the bodies of joining."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.contract.enrolment import (
    ALPHABET,
    Code,
    JoinAnswer,
    JoinRequest,
    normal,
    parse_code,
    parse_scanned,
    scanned,
    seal_context,
    spelled,
    token,
)
from gated.errors import ContractError

codes = st.builds(Code, st.integers(0, 2**40 - 1).map(token), st.binary(min_size=10, max_size=10))


@given(codes)
def test_a_code_is_read_back_as_it_was_shown(code: Code) -> None:
    assert len(code.shown) == 29
    assert [len(group) for group in code.shown.split("-")] == [4] * 6
    assert parse_code(code.shown) == code


@given(codes, st.data())
def test_case_dashes_and_blanks_do_not_matter(code: Code, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(st.sampled_from([c, c.lower(), f" {c}", f"{c}-", f"{c}\n"])) for c in code.shown
    )
    assert parse_code(typed) == code


@given(codes, st.data())
def test_letters_that_are_not_in_the_alphabet_mean_the_digits_they_look_like(
    code: Code, data: st.DataObject
) -> None:
    likes = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(data.draw(st.sampled_from(likes.get(c, c))) for c in code.shown)
    assert parse_code(typed) == code


@given(st.text(max_size=40))
def test_anything_typed_is_a_code_or_a_sentence(text: str) -> None:
    meant = normal(text)
    if len(meant) == 24 and set(meant) <= set(ALPHABET):
        assert normal(parse_code(text).shown) == meant
    else:
        with pytest.raises(ValueError, match=r"read it again$"):
            parse_code(text)


def test_known_values() -> None:
    assert spelled(bytes(5)) == "00000000"
    assert spelled(b"\xff" * 5) == "ZZZZZZZZ"
    assert token(1) == "00000001"
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "24 characters, this one has 0"),
        ("ABCD-EFGH", "this one has 8"),
        ("A" * 25, "this one has 25"),
        ("UBCD-EFGH-JKMN-PQRS-TVWX-YZ01", "no U"),
        ("中BCD-EFGH-JKMN-PQRS-TVWX-YZ01", "no 中"),
    ],
)
def test_a_mistyped_code_is_told_how(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_code(text)


@given(codes)
def test_the_picture_holds_address_and_code(code: Code) -> None:
    text = scanned("https://hub.lan:8420", code)
    assert parse_scanned(f" {text}\n") == ("https://hub.lan:8420", code.shown)


@pytest.mark.parametrize(
    "text", ["", "https://hub.lan:8420", "http://hub.lan/enrol#0000", "GP1:6BF", "/enrol#1"]
)
def test_other_texts_are_no_picture_of_ours(text: str) -> None:
    assert parse_scanned(text) is None


def test_the_context_names_the_gate() -> None:
    assert seal_context("east-1") != seal_context("east-2")


@pytest.mark.parametrize(
    "wrong",
    [
        {"seal_to": "00"},
        {"csr": "x"},
        {"csr": "x" * 9000},
        {"code": "0" * 33},
        {"code": 7},
        {"v": 2},
    ],
)
def test_a_request_that_breaks_the_contract_is_refused(wrong: dict[str, object]) -> None:
    body = {"v": 1, "code": "00000001", "csr": "-" * 64, "seal_to": "ab" * 32}
    assert JoinRequest.decode(json.dumps(body).encode()).code == "00000001"
    with pytest.raises(ContractError):
        JoinRequest.decode(json.dumps(body | wrong).encode())


@pytest.mark.parametrize("wrong", [{"gate": "East 1"}, {"direction": "up"}, {"broker": {}}])
def test_an_answer_that_breaks_the_contract_is_refused(wrong: dict[str, object]) -> None:
    body = {
        "v": 1, "gate": "east-1", "site": "east", "timezone": "Asia/Shanghai", "roster": "east",
        "broker": {"host": "b", "port": 8883}, "certificate": "-" * 64, "ca": "-" * 64,
        "trust": "{}", "hub_seal_public": "ab" * 32, "sealed": "ab",
    }  # fmt: skip
    assert JoinAnswer.decode(json.dumps(body).encode()).direction == "in"
    with pytest.raises(ContractError):
        JoinAnswer.decode(json.dumps(body | wrong).encode())
