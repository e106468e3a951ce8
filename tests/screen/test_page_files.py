"""The page's files as text: nothing foreign, nothing as markup, every word in both languages."""

import re
from pathlib import Path

import pytest

import gated.screen
from gated.screen.actions import REASONS
from gated.screen.server import TYPES, load_page

PAGE = Path(gated.screen.__file__).parent / "page"
FILES = sorted(path.name for path in PAGE.iterdir())


def text(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def test_every_file_is_served_and_has_a_known_type() -> None:
    assert sorted(load_page("zh")) == FILES
    assert {Path(name).suffix for name in FILES} <= set(TYPES)


@pytest.mark.parametrize("name", FILES)
def test_file_names_nothing_outside(name: str) -> None:
    foreign = re.sub(r"http://www\.w3\.org/(2000/svg|1999/xlink)", "", text(name))
    assert not re.search(r"https?:|//[a-z0-9-]+\.[a-z]|@import|url\(", foreign)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_script_never_writes_markup_or_runs_text(name: str) -> None:
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in text(name)


def test_page_has_no_inline_script_or_style() -> None:
    page = text("index.html")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.parametrize("name", FILES)
def test_file_is_short_enough_to_read(name: str) -> None:
    assert len(text(name).splitlines()) <= 400


def test_every_word_has_both_languages() -> None:
    source = text("texts.js")
    body = source[source.index("TEXTS = {") : source.index("\n};")]
    entries = re.findall(
        r'^  (\w+): \{\s*zh: "([^"]+)",\s*en: "([^"]+)",?\s*\},$', body, re.MULTILINE
    )
    assert len(entries) == len(re.findall(r"^  \w+: \{", body, re.MULTILINE)) > 40


def test_page_offers_exactly_the_reasons_the_gate_takes() -> None:
    source = text("dialogs.js")
    for kind, reasons in REASONS.items():
        if reasons:
            listed = ", ".join(f'"{reason}"' for reason in reasons)
            assert f"  {kind}: [{listed}]," in source
            assert all(f"\n  {reason}: {{" in text("texts.js") for reason in reasons)


def test_every_shape_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', text("index.html")))
    used = set(re.findall(r'href="#([\w-]+)"', text("index.html")))
    used |= {f"shape-{band}" for band in ("allow", "note", "check", "stop", "fault")}
    used |= {f"mark-{name}" for name in ("ok", "note", "warn", "fail", "off", "back", "link")}
    assert used <= drawn


@pytest.mark.parametrize(
    ("band", "colour"),
    [
        ("idle", "#e4e9ee"),
        ("note", "#12b886"),
        ("check", "#ffc20a"),
        ("stop", "#8b0010"),
        ("fault", "#1c4fb0"),
    ],
)
def test_band_has_the_colour_of_the_palette(band: str, colour: str) -> None:
    assert re.search(rf'data-band="{band}"\] \{{ --band: {colour};', text("screen.css"))


def test_first_page_starts_in_the_configured_language() -> None:
    assert b'data-language="en"' in load_page("en")["index.html"].body
    assert b'data-language="zh"' in load_page("zh")["index.html"].body
