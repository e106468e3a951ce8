"""The page's files as text: nothing foreign, nothing as markup, nothing too long to read."""

import re
from pathlib import Path
from typing import get_args

import pytest

import gated.screen
from gated.screen.actions import REASONS
from gated.screen.page_files import TYPES, WORDS, load_page
from gated.screen.public_view import PublicSign
from gated.screen.snapshot import Band, Sign

PAGE = Path(gated.screen.__file__).parent / "page"
FILES = sorted(path.name for path in PAGE.iterdir())


def text(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def test_every_file_is_served_and_has_a_known_type() -> None:
    assert sorted(load_page("zh")) == sorted([*FILES, WORDS])
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


def test_page_offers_exactly_the_reasons_the_gate_takes() -> None:
    source = text("lists.js")
    for kind, reasons in REASONS.items():
        if reasons:
            listed = ", ".join(f'"{reason}"' for reason in reasons)
            assert f"  {kind}: [{listed}]," in source


def test_every_shape_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', text("shapes.svg")))
    pages = text("index.html") + text("public.html")
    used = set(re.findall(r'href="#([\w-]+)"', pages))
    used |= {f"shape-{band}" for band in get_args(Band)}
    used |= {f"shape-{sign}" for sign in (*get_args(Sign), *get_args(PublicSign))}
    used |= {f"mark-{name}" for name in ("ok", "note", "warn", "fail", "off", "back", "link")}
    scripts = "".join(text(name) for name in FILES if name.endswith(".js"))
    used |= {f"mark-{name}" for name in re.findall(r'\bmark\("(\w+)"\)', scripts)}
    assert used <= drawn


def test_first_page_starts_in_the_configured_language() -> None:
    assert b'data-language="en"' in load_page("en")["index.html"].body
    assert b'data-language="zh"' in load_page("zh")["index.html"].body


def test_the_signs_stand_in_every_page_that_draws_them() -> None:
    page = load_page("zh")
    for name in ("index.html", "public.html"):
        assert page[name].body.count(b'<symbol id="shape-stop"') == 1
