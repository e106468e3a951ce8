"""The browser that shows the guard's page: which one this board gets, and its command line.

Both browsers run below `cage`, a compositor that shows one window and nothing else: one way to
turn the picture, one way to the display and to touch. Nothing here starts anything; the board's
facts are arguments, so that every board can be tested on any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import ProxyHandler, build_opener

from gated.errors import GatedError

Browser = Literal["cog", "chromium"]
Wanted = Literal["auto", "cog", "chromium"]
Which = Callable[[str], str | None]

ROOMY_KB = 1_800_000  # a board sold with 2 GB reports a little less; one with 1 GB never does
CACHE_BYTES = 1_048_576  # the page is far smaller, and its profile lies in memory
POLL_S = 0.5
ASK_S = 2.0  # what one question to the gate may take

CHROMIUM_NAMES = ("chromium", "chromium-browser")  # Debian, and older Raspberry Pi OS
PACKAGES = {
    "chromium": "chromium",
    "cog": "cog",
    "cage": "cage",
    "Xwayland": "xwayland",  # cage ends at once without it
    "wlr-randr": "wlr-randr",
}

# From 0.1.5 on cage leaves turning to a client, which must do it before the browser opens.
TURN = (
    "for output in $(wlr-randr | sed -n 's/^\\([^ ][^ ]*\\) .*/\\1/p'); do "
    'wlr-randr --output "$output" --transform "$1" || exit; done; shift; exec "$@"'
)

_SWITCHED_OFF = ("Translate", "OverscrollHistoryNavigation", "MediaRouter", "OptimizationHints")

_CHROMIUM_FLAGS = (
    "--ozone-platform=wayland",
    "--kiosk",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--hide-crash-restore-bubble",
    "--disable-breakpad",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    f"--disable-features={','.join(_SWITCHED_OFF)}",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--no-pings",
    "--password-store=basic",
    f"--disk-cache-size={CACHE_BYTES}",
    "--renderer-process-limit=1",
)

_COG_FLAGS = (
    "--platform=wl",
    "--doc-viewer",
    "--bg-color=black",
    "--webprocess-failure=exit",
    "--set-permissions=none",
    "--media-playback-requires-user-gesture=false",
    "--enable-page-cache=false",
)


class KioskUnavailable(GatedError, OSError):
    """No browser or a part it needs is not installed; exit 69."""


@dataclass(frozen=True, slots=True)
class Board:
    """What this machine has. which: finds a program on the path; memory in 1,024 bytes."""

    which: Which
    memory_kb: int
    cage_turns: Callable[[], bool]  # whether its cage has -r; asked only when it matters


@dataclass(frozen=True, slots=True)
class Wish:
    """What the configuration wants. rotation: clockwise, as the display hangs there."""

    url: str
    browser: Wanted = "auto"
    rotation: int = 0
    folder: Path = Path("/run/gated-screen")


def page_url(host: str, port: int, blank_after_min: int = 0, page: str = "") -> str:
    """Return the page's address for a browser on this machine.

    blank_after_min travels behind the mark that browsers keep to themselves; 0 leaves it out.
    page: "" is the guard's screen, "pair" two lanes side by side.
    Raises KioskUnavailable when nobody can know the port.
    """
    if port == 0:
        raise KioskUnavailable(
            "[screen] port is 0, a different one at every start; give it a number for the kiosk"
        )
    name = f"[{host}]" if ":" in host else host
    quiet = f"#blank={blank_after_min}" if blank_after_min else ""
    return f"http://{name}:{port}/{page}{quiet}"


def choose(wanted: Wanted, which: Which, memory_kb: int) -> Browser:
    """Return the browser for this board. Raises KioskUnavailable naming what to install."""
    chromium = any(which(name) for name in CHROMIUM_NAMES)
    cog = which("cog") is not None
    roomy = memory_kb >= ROOMY_KB
    if wanted == "auto":
        if chromium and (roomy or not cog):
            return "chromium"
        if cog:
            return "cog"
        fits = "chromium" if roomy else "cog"
        raise _missing(f"no browser for the guard's screen: this board wants {fits}", fits)
    if not {"chromium": chromium, "cog": cog}[wanted]:
        raise _missing(f'[screen] browser is "{wanted}", which is not installed', wanted)
    return wanted


def command(wish: Wish, board: Board) -> list[str]:
    """Return the whole command line, cage first. Raises KioskUnavailable naming what to install."""
    browser = choose(wish.browser, board.which, board.memory_kb)
    for tool in ("cage", "Xwayland"):
        if board.which(tool) is None:
            raise _missing(f"the guard's screen needs {tool}, which is not installed", tool)
    return [*_stage(wish.rotation, board), *_browser(browser, wish, board.which)]


def environment(folder: Path) -> dict[str, str]:
    """Return what the browser's environment must hold besides what is there already.

    COG_PLATFORM_WL_VIEW_FULLSCREEN is not among it: cage fills the display with whatever it shows,
    and cog 0.16 dies of it where it draws without graphics hardware.
    """
    return {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
    }


def answers(url: str) -> bool:
    """Return whether a gate answers there, be it well or not. Blocks for ASK_S at most."""
    address = urljoin(url, "/healthz")
    opener = build_opener(ProxyHandler({}))  # loopback never goes through anybody's proxy
    try:
        with opener.open(address, timeout=ASK_S):
            return True
    except HTTPError:
        return True  # it lives but cannot decide now; the page says so
    except OSError:
        return False


def wait_for_page(url: str, limit_s: float, pause: Callable[[float], object]) -> bool:
    """Return whether the page came within about `limit_s`; asks again after each POLL_S."""
    for _ in range(max(1, round(limit_s / POLL_S))):
        if answers(url):
            return True
        pause(POLL_S)
    return answers(url)


def _stage(rotation: int, board: Board) -> list[str]:
    """Return what comes before the browser: the compositor, with the picture turned."""
    if rotation == 0:
        return ["cage", "-d", "--"]
    if board.cage_turns():
        return ["cage", "-d", *["-r"] * (rotation // 90), "--"]
    if board.which("wlr-randr") is None:
        raise _missing(f"[screen] rotation = {rotation} needs wlr-randr", "wlr-randr")
    return ["cage", "-d", "--", "/bin/sh", "-c", TURN, "turn", str(rotation)]


def _browser(browser: Browser, wish: Wish, which: Which) -> list[str]:
    if browser == "cog":
        return ["cog", *_COG_FLAGS, wish.url]
    name = next(name for name in CHROMIUM_NAMES if which(name))
    profile = f"--user-data-dir={wish.folder / 'chromium'}"
    return [name, *_CHROMIUM_FLAGS, profile, f"--app={wish.url}"]


def _missing(what: str, tool: str) -> KioskUnavailable:
    wanted = " ".join(dict.fromkeys([PACKAGES[tool], "cage", "xwayland"]))
    return KioskUnavailable(f"{what}; sudo apt-get install {wanted} fonts-noto-cjk")
