"""The guard's page in Debian's cog, the browser of small boards and the oldest it must run in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gated.core.model import GuardActionKind, Verdict
from gated.screen.kiosk import Board, Wish, command
from gated.screen.snapshot import PersonView, Text, VerdictView
from tests.screen.conftest import Served, serving
from tests.support.screen import idle_snapshot
from tests.support.waiting import wait_until
from tests.support.wpe import WpePage, wpe_page


def kiosk_flags() -> list[str]:
    """Return what the kiosk gives cog, but for the platform and the address."""
    words = command(Wish("about:blank", "cog"), Board(lambda name: name, 0, lambda: True))
    return words[words.index("--platform=wl") + 1 : -1]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, WpePage]]:
    folder: Path = tmp_path_factory.mktemp("wpe")
    with serving(idle_snapshot()) as served, wpe_page(folder, *kiosk_flags()) as page:
        page.open(f"{served.url}/")
        wait_until(
            lambda: page.text("#gate").startswith("东门"), what="the first snapshot on the page"
        )
        yield served, page


def test_the_page_hears_the_gate(shown: tuple[Served, WpePage]) -> None:
    served, page = shown
    served.feed.publish(idle_snapshot())
    wait_until(lambda: page.run("return document.body.dataset.mode") == "idle", what="idle")
    assert served.feed.watchers() == 1
    assert "AppleWebKit" in page.run("return navigator.userAgent")


def test_a_verdict_is_drawn_and_covers_half_the_page(shown: tuple[Served, WpePage]) -> None:
    served, page = shown
    stop = VerdictView(
        key="north-1/7f3a/1",
        verdict=Verdict.STOP,
        band="stop",
        word=Text("禁止", "STOP"),
        code="TEMP_HIGH",
        reason=Text("体温偏高", "Fever"),
        advice=Text("请到一旁", "Step aside"),
        person=PersonView("王*明", "3-2-1**", Text("居民", "resident")),
    )
    served.feed.publish(replace(idle_snapshot(), mode="verdict", visit=3, verdict=stop))
    wait_until(lambda: page.text("#word") == "禁止", what="the verdict on the page")
    box = "document.querySelector('#band').getBoundingClientRect()"
    assert page.run(f"return {box}.height / innerHeight") > 0.3
    colour = "return getComputedStyle(document.querySelector('#band')).backgroundColor"
    assert page.run(colour) == "rgb(139, 0, 16)"


def test_a_dialog_opens_at_a_touch(shown: tuple[Served, WpePage]) -> None:
    served, page = shown
    served.feed.publish(replace(idle_snapshot(), enabled=tuple(GuardActionKind)))
    wait_until(lambda: page.run("return document.body.dataset.mode") == "idle", what="idle")
    page.click("#more")
    wait_until(lambda: page.run("return document.querySelector('dialog').open"), what="a dialog")
    page.run("document.querySelector('dialog').close()")
