"""Whatever a page's work refuses, the visitor reads why in their own language."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from starlette.responses import Response

import gated.hub
from gated.errors import ConfigError, ContractError, GatedError, StoreError, TableError
from gated.hub import day_ledger, register_export
from gated.hub.inbox import InboxRefused
from gated.hub.register_edits import ChangeRefused
from gated.hub.roles import Right
from gated.hub.web.paging import Page
from gated.hub.web.refusals import CODED, PLAIN, sentence_key
from gated.hub.web.texts import load_texts
from gated.hub.web.visit import Visit
from tests.support.hub_pages import PageClient, cheap, words
from tests.support.office import Desk

TEXTS = load_texts()
# Codes that only the command line, or a program that joins, can meet.
ELSEWHERE = {"wrong_code", "used", "expired"}
# Said by their own page, or never raised below one.
OTHERWISE = {StoreError, ConfigError, ContractError, TableError}


def modules() -> Iterator[str]:
    for found in pkgutil.walk_packages(gated.hub.__path__, "gated.hub."):
        yield found.name


def refusals() -> set[type[GatedError]]:
    """Every class of refusal that the hub defines."""
    found: set[type[GatedError]] = set()
    for name in modules():
        for value in vars(importlib.import_module(name)).values():
            if inspect.isclass(value) and issubclass(value, GatedError):
                found.add(value)
    return {kind for kind in found if kind.__module__.startswith("gated.hub")}


def codes() -> Iterator[tuple[str, str, str]]:
    """Module, class and code of every coded refusal in the hub's source."""
    names = {kind.__name__ for kind in CODED}
    for module in modules():
        tree = ast.parse(inspect.getsource(importlib.import_module(module)))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in names and node.args and isinstance(node.args[0], ast.Constant):
                yield module, node.func.id, str(node.args[0].value)


def kind_of(module: str, name: str) -> type[GatedError]:
    kind: type[GatedError] = getattr(importlib.import_module(module), name)
    return kind


@pytest.mark.parametrize("kind", sorted(refusals(), key=str))
def test_every_refusal_of_the_hub_has_its_place_among_the_texts(kind: type[GatedError]) -> None:
    assert kind in CODED or kind in PLAIN or kind in OTHERWISE


@pytest.mark.parametrize(("module", "name", "code"), sorted(set(codes())))
def test_every_code_has_its_sentence(module: str, name: str, code: str) -> None:
    kind = kind_of(module, name)
    if kind is register_export.ExportRefused or code in ELSEWHERE:
        return
    assert f"{CODED[kind]}{code}" in TEXTS


@pytest.mark.parametrize("key", sorted(PLAIN.values()))
def test_every_plain_sentence_exists(key: str) -> None:
    assert key in TEXTS


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (ChangeRefused("span", "english"), "roster.refused.span"),
        (ChangeRefused("unheard", "english"), None),
        (InboxRefused("english"), "inbox.missing"),
        (day_ledger.ExportRefused("no_right", "english"), "records.export.no_right"),
        (register_export.ExportRefused("english"), "roster.refused.right"),
        (GatedError("english"), None),
    ],
)
def test_the_sentence_of_a_refusal(error: GatedError, key: str | None) -> None:
    assert sentence_key(error, TEXTS) == key


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ChangeRefused("card_taken", "a sentence of ours"), "roster.refused.card_taken"),
        (GatedError("a sentence of ours"), "base.failed"),
    ],
)
def test_a_refusal_that_passes_a_page_is_said_in_the_language_of_the_page(
    desk: Desk, language: str, error: GatedError, said: str
) -> None:
    from gated.hub.web.app import make_front

    def refuse(_visit: Visit) -> Response:
        raise error

    page = Page("/refusing", refuse, Right.SEE_ROSTER)
    client = PageClient(make_front(desk.office, secure=False, hasher=cheap()), [page])
    client.login("officer", language=language)
    answer = client.get("/s/east/refusing")
    told = words(answer)
    start = TEXTS.get("en" if language == "en" else "zh", said).partition("{")[0]
    assert start in told
    assert "a sentence of ours" not in told
    assert answer.status_code in {409, 500}
