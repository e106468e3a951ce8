"""Which browser a board gets, with which words, and how long the gate is waited for."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gated.screen import kiosk
from gated.screen.kiosk import Board, KioskUnavailable, Wish
from tests.screen.conftest import Samples, Served

URL = "http://127.0.0.1:8321/"
ALL = ("cage", "Xwayland", "chromium", "cog", "wlr-randr")
SMALL_KB, LARGE_KB = 948_000, 1_880_000  # what boards sold with 1 and 2 GB report


def having(*names: str) -> Callable[[str], str | None]:
    return lambda name: f"/usr/bin/{name}" if name in names else None


def board(*names: str, memory_kb: int = LARGE_KB, turns: bool = True) -> Board:
    return Board(having(*names), memory_kb, lambda: turns)


@pytest.mark.parametrize(
    ("wanted", "installed", "memory_kb", "chosen"),
    [
        ("auto", ("chromium", "cog"), LARGE_KB, "chromium"),
        ("auto", ("chromium", "cog"), SMALL_KB, "cog"),
        ("auto", ("chromium-browser", "cog"), LARGE_KB, "chromium"),
        ("auto", ("cog",), LARGE_KB, "cog"),
        ("auto", ("chromium",), SMALL_KB, "chromium"),
        ("cog", ("chromium", "cog"), LARGE_KB, "cog"),
        ("chromium", ("chromium", "cog"), SMALL_KB, "chromium"),
    ],
)
def test_a_board_gets_the_browser_that_is_there_and_fits(
    wanted: kiosk.Wanted, installed: tuple[str, ...], memory_kb: int, chosen: str
) -> None:
    assert kiosk.choose(wanted, having(*installed), memory_kb) == chosen


@pytest.mark.parametrize(
    ("wish", "installed", "memory_kb", "remedy"),
    [
        (Wish(URL), ("cage", "Xwayland"), SMALL_KB, "install cog cage xwayland"),
        (Wish(URL), ("cage", "Xwayland"), LARGE_KB, "install chromium cage xwayland"),
        (Wish(URL, "cog"), ("cage", "Xwayland", "chromium"), LARGE_KB, "install cog cage xwayland"),
        (Wish(URL, "chromium"), ("cage", "Xwayland", "cog"), LARGE_KB, "install chromium cage"),
        (Wish(URL), ("chromium", "Xwayland"), LARGE_KB, "install cage xwayland"),
        (Wish(URL), ("chromium", "cage"), LARGE_KB, "install xwayland"),
    ],
)
def test_what_is_missing_is_named_with_the_packages_to_install(
    wish: Wish, installed: tuple[str, ...], memory_kb: int, remedy: str
) -> None:
    with pytest.raises(KioskUnavailable, match=remedy):
        kiosk.command(wish, board(*installed, memory_kb=memory_kb))


@pytest.mark.parametrize("browser", ["cog", "chromium"])
def test_the_browser_runs_below_the_compositor_and_opens_the_page(browser: kiosk.Wanted) -> None:
    words = kiosk.command(Wish(URL, browser), board(*ALL))
    assert words[:4] == ["cage", "-d", "--", browser]
    assert words[-1] in (URL, f"--app={URL}")


def test_the_browsers_own_sandbox_is_never_weakened() -> None:
    for browser in ("cog", "chromium"):
        for rotation in (0, 90):
            words = kiosk.command(Wish(URL, browser, rotation), board(*ALL, turns=False))
            assert not [word for word in words if re.search(r"sandbox|ignore|web-security", word)]


@pytest.mark.parametrize(
    "flag",
    [
        "--kiosk",
        "--no-first-run",
        "--noerrdialogs",
        "--hide-crash-restore-bubble",
        "--autoplay-policy=no-user-gesture-required",
        "--disable-pinch",
        "--overscroll-history-navigation=0",
        "--disable-background-networking",
        "--disk-cache-size=1048576",
        "--ozone-platform=wayland",
        "--user-data-dir=/run/here/chromium",
    ],
)
def test_chromium_shows_one_page_quietly_and_keeps_nothing(flag: str) -> None:
    assert flag in kiosk.command(Wish(URL, "chromium", folder=Path("/run/here")), board(*ALL))


def test_chromium_offers_no_translation() -> None:
    words = kiosk.command(Wish(URL, "chromium"), board(*ALL))
    (features,) = [word for word in words if word.startswith("--disable-features=")]
    assert {"Translate", "OverscrollHistoryNavigation"} <= set(features.split("=")[1].split(","))


def test_cog_ends_with_its_page_and_sounds_without_a_touch() -> None:
    words = kiosk.command(Wish(URL, "cog"), board(*ALL))
    assert "--webprocess-failure=exit" in words, "systemd starts it again, as a whole"
    assert "--media-playback-requires-user-gesture=false" in words


def test_profile_and_cache_lie_below_the_folder_that_is_thrown_away() -> None:
    places = kiosk.environment(Path("/run/here"))
    assert places["HOME"] == "/run/here"
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        assert places[name].startswith("/run/here/")


def test_cog_is_not_asked_to_fill_the_display() -> None:
    """Cage does that; cog 0.16 ends with a segmentation fault where it draws in software."""
    assert not [name for name in kiosk.environment(Path("/run/here")) if "FULLSCREEN" in name]
    assert "--platform=wl" in kiosk.command(Wish(URL, "cog"), board(*ALL))


@pytest.mark.parametrize(("rotation", "turns"), [(0, 0), (90, 1), (180, 2), (270, 3)])
def test_an_older_cage_turns_the_picture_itself(rotation: int, turns: int) -> None:
    words = kiosk.command(Wish(URL, "cog", rotation), board(*ALL))
    assert words[: words.index("--")] == ["cage", "-d", *["-r"] * turns]


def test_a_newer_cage_needs_the_program_that_turns() -> None:
    without = board("cage", "Xwayland", "cog", turns=False)
    with pytest.raises(KioskUnavailable, match="install wlr-randr"):
        kiosk.command(Wish(URL, "cog", 90), without)
    assert "-r" not in kiosk.command(Wish(URL, "cog"), without)


def test_below_a_newer_cage_every_display_is_turned_before_the_browser_opens(
    tmp_path: Path,
) -> None:
    """The shell's part is run for real, with a wlr-randr that writes down what it is told."""
    log = tmp_path / "log"
    tool = tmp_path / "wlr-randr"
    tool.write_text(
        f'#!/bin/sh\necho randr "$@" >>{log}\n'
        '[ $# = 0 ] && printf \'DSI-1 "A panel"\\n  Enabled: yes\\nHDMI-A-1 "Two"\\n\'\nexit 0\n'
    )
    tool.chmod(0o755)
    browser = tmp_path / "cog"
    browser.write_text(f'#!/bin/sh\necho cog "$#" >>{log}\n')
    browser.chmod(0o755)
    words = kiosk.command(Wish(URL, "cog", 270), board(*ALL, turns=False))
    behind = words[words.index("--") + 1 :]
    subprocess.run(behind, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True, timeout=20)
    assert log.read_text().splitlines() == [
        "randr",
        "randr --output DSI-1 --transform 270",
        "randr --output HDMI-A-1 --transform 270",
        f"cog {len(behind) - behind.index('cog') - 1}",
    ]


def test_the_address_is_the_gates_own_and_carries_the_quiet_minutes_behind_the_mark() -> None:
    assert kiosk.page_url("127.0.0.1", 8321) == URL
    assert kiosk.page_url("::1", 80) == "http://[::1]:80/"
    assert kiosk.page_url("localhost", 8321, 10) == "http://localhost:8321/#blank=10"
    assert kiosk.page_url("127.0.0.1", 8321, 10, "pair") == f"{URL}pair#blank=10"


def test_a_port_that_changes_at_every_start_is_refused() -> None:
    with pytest.raises(KioskUnavailable, match="port is 0"):
        kiosk.page_url("127.0.0.1", 0)


def test_the_browser_opens_as_soon_as_the_gate_answers(
    serve_own: Callable[[object], Served], samples: Samples
) -> None:
    pauses: list[float] = []
    served = serve_own(samples.idle)
    assert kiosk.wait_for_page(f"{served.url}/#blank=3", 30, pauses.append)
    assert pauses == []


def test_a_gate_that_cannot_decide_answers_too(
    serve_own: Callable[[object], Served], samples: Samples
) -> None:
    served = serve_own(replace(samples.idle, language="en"))
    served.feed.alive = lambda: False
    assert kiosk.answers(f"{served.url}/"), "its page says what is wrong"


def test_a_gate_that_is_down_is_not_waited_for_without_end() -> None:
    pauses: list[float] = []
    assert not kiosk.wait_for_page("http://127.0.0.1:1/", 30, pauses.append)
    assert sum(pauses) == 30
