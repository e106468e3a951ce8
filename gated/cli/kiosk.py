"""`gated kiosk`: becomes the browser that shows the guard's page on this machine's display."""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.outcome import configured, reported, say
from gated.config import DEFAULT_PATH, Config, GateSection, ScreenSection, load
from gated.errors import ConfigError
from gated.screen import kiosk as stage

EXIT_UNAVAILABLE = 69
WAIT_S = 30.0  # a gate that checks its journal may take longer; the page then waits for it
ASK_CAGE_S = 5
KEPT = ("host", "port", "browser", "rotation", "blank_after_min", "pair")


def kiosk(
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Default: GATED_CONFIG, else /etc/gated/gated.toml."),
    ] = None,
    *,
    browser: Annotated[
        str,
        typer.Option("--browser", help="auto, cog or chromium, whatever the configuration says."),
    ] = "",
    show: Annotated[bool, typer.Option("--print", help="Print the command line and stop.")] = False,
    prepare: Annotated[
        Path | None,
        typer.Option("--prepare", help="Write only what the browser's user may read, and stop."),
    ] = None,
) -> None:
    """Show the guard's page on the display. Exit 69 nothing to show it with, 78 configuration."""
    with configured():
        new = prepare is not None and not _path(config_file).exists()
        settings = _first_start() if new else load(config_file)
        screen = _screen(settings, browser)
        if prepare is not None:
            _write_afresh(prepare, _without_secrets(settings, screen))
            return
    with reported(EXIT_UNAVAILABLE):
        page = "pair" if screen.pair else ""
        url = stage.page_url(screen.host, screen.port, screen.blank_after_min, page)
        folder = _folder()
        wish = stage.Wish(url, screen.browser, screen.rotation, folder)
        board = stage.Board(shutil.which, _memory_kb(), _cage_turns)
        words = stage.command(wish, board)
    if show:
        print(shlex.join(words))
        return
    if not stage.wait_for_page(url, WAIT_S, threading.Event().wait):
        say("the gate does not answer yet; the browser starts all the same and waits for it")
    os.environ.update(stage.environment(folder))
    with reported(EXIT_UNAVAILABLE):
        _become(words)


def _path(config_file: Path | None) -> Path:
    return config_file or Path(os.environ.get("GATED_CONFIG", DEFAULT_PATH))


def _first_start() -> Config:
    """Return what holds before there is a configuration: `gated setup` serves at that address."""
    return Config(gate=GateSection(id="new", site="new"), screen=ScreenSection())


def _screen(settings: Config, browser: str) -> ScreenSection:
    if settings.screen is None:
        raise ConfigError("the configuration has no [screen], so there is no page to show; add it")
    if not browser:
        return settings.screen
    if browser not in ("auto", "cog", "chromium"):
        raise typer.BadParameter("auto, cog or chromium", param_hint="--browser")
    return settings.screen.model_copy(update={"browser": browser})


def _without_secrets(settings: Config, screen: ScreenSection) -> str:
    """Return a configuration of these few keys; the broker's password stays where it is."""
    # JSON writes texts, numbers and lists of them as TOML does.
    keys = [f"{key} = {json.dumps(getattr(screen, key))}" for key in KEPT]
    gate = [f'id = "{settings.gate.id}"', f'site = "{settings.gate.site}"']
    return "\n".join(["[gate]", *gate, "[screen]", *keys, ""])


def _write_afresh(path: Path, text: str) -> None:
    """Write a new file everybody may read; what stood there, be it a link, is gone first."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(path, flags, 0o644), "w", encoding="utf-8") as out:
            os.fchmod(out.fileno(), 0o644)
            out.write(text)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}; run it as root, below a folder that is there"
        ) from error


def _folder() -> Path:
    """Return where profile and cache go: memory that systemd empties at each start."""
    given = os.environ.get("RUNTIME_DIRECTORY") or os.environ.get("XDG_RUNTIME_DIR")
    if given:
        return Path(given.partition(":")[0])
    return Path(tempfile.gettempdir(), f"gated-screen-{os.getuid()}")


def _memory_kb() -> int:
    """Return the memory of this machine in units of 1,024 bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024


def _cage_turns() -> bool:
    """Return whether the installed cage can turn the picture by itself."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = [shutil.which("cage") or "cage", "-h"]
        done = subprocess.run(  # noqa: S603 - a fixed program with a fixed word
            asked, capture_output=True, text=True, timeout=ASK_CAGE_S, check=False
        )
        return any(line.split()[:1] == ["-r"] for line in (done.stdout + done.stderr).splitlines())
    return False


def _become(words: list[str]) -> None:
    """Replace this process by the browser's; systemd then watches over that one."""
    try:
        os.execvp(words[0], words)  # noqa: S606 - the words are ours, no shell reads them
    except OSError as error:
        raise stage.KioskUnavailable(
            f"cannot start {words[0]}: {error.strerror}; reinstall it with apt-get"
        ) from error
