"""Every text a page asks for exists in both languages, and none is left over."""

import re
import string
from collections.abc import Iterator

import pytest

from gated.hub.web.texts import Texts, load_texts
from tests.architecture.sources import ROOT

WEB = ROOT / "gated/hub/web"
KEY = r"[a-z_]+(?:\.[a-z0-9_A-Z]+)+"

# A whole key in quotes, wherever it stands: t("a.b"), done="a.b", refused("a.b"), Link("a.b").
WHOLE = re.compile(rf"""["']({KEY})["']""")

# The beginning of a key that is put together: t("a.b." ~ x), t(f"a.b.{{x}}"), "a.b." + x.
BEGUN = re.compile(r"""f?["']((?:[a-z_]+\.)+[a-zA-Z0-9_]*)(?:\{|["']\s*(?:~|\+))""")


def asked() -> Iterator[tuple[str, str]]:
    """Yield (file, text) of everything that may ask for a text."""
    for path in sorted([*WEB.glob("*.py"), *WEB.glob("templates/*.html")]):
        yield path.name, path.read_text("utf-8")


@pytest.fixture(scope="module")
def texts() -> Texts:
    return load_texts()


@pytest.fixture(scope="module")
def areas(texts: Texts) -> frozenset[str]:
    return frozenset(key.partition(".")[0] for key in texts)


def test_every_text_that_is_asked_for_exists(texts: Texts, areas: frozenset[str]) -> None:
    missing = []
    for name, content in asked():
        for key in WHOLE.findall(content):
            is_file = key.endswith((".html", ".css", ".js", ".svg", ".toml"))
            if key.partition(".")[0] in areas and not is_file and key not in texts:
                missing.append(f"{name}: {key}")
        missing += [
            f"{name}: {start}…"
            for start in BEGUN.findall(content)
            if start.partition(".")[0] in areas and not any(key.startswith(start) for key in texts)
        ]
    assert missing == []


def test_no_text_is_left_over(texts: Texts) -> None:
    whole, begun = set(), set()
    for _, content in asked():
        whole |= set(WHOLE.findall(content))
        begun |= set(BEGUN.findall(content))
    unused = [
        key
        for key in sorted(texts)
        if key not in whole and not any(key.startswith(start) for start in begun)
    ]
    assert unused == []


def test_both_languages_say_something_and_fill_in_the_same_values(texts: Texts) -> None:
    wrong = []
    for key in texts:
        zh, en = texts.get("zh", key), texts.get("en", key)
        named = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            for text in (zh, en)
        ]
        if not zh.strip() or not en.strip() or named[0] != named[1]:
            wrong.append(key)
    assert wrong == []


def test_chinese_is_chinese_and_english_is_not(texts: Texts) -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    only_in_chinese = {"base.other_language"}
    assert [
        key for key in texts if han.search(texts.get("en", key)) and key not in only_in_chinese
    ] == []


def test_chinese_sentences_use_chinese_signs(texts: Texts) -> None:
    wrong = re.compile(r"[\u4e00-\u9fff][,;!?]|[\u4e00-\u9fff]\.(?:\s|$)")
    assert [key for key in texts if wrong.search(texts.get("zh", key))] == []


def test_no_page_carries_script_or_style_within() -> None:
    """The content policy would refuse them, silently."""
    inline = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:")
    unsafe = re.compile(r"\|\s*safe\b|autoescape\s+false")
    for name, content in asked():
        if name.endswith(".html"):
            assert not inline.search(content), name
            assert not unsafe.search(content), name


def test_a_text_gets_its_values_in_both_languages() -> None:
    some = Texts({"a.b": ("有 {n} 项", "{n} items")})
    assert some.get("zh", "a.b", n=3) == "有 3 项"
    assert some.get("en", "a.b", n=3) == "3 items"
    assert "a.b" in some
    assert "a.c" not in some
    with pytest.raises(LookupError):
        some.get("zh", "a.c")
    with pytest.raises(LookupError):
        some.get("zh", "a.b", m=3)
