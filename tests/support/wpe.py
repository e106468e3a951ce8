"""WPE WebKit, the engine of small boards, driven through Debian's WPEWebDriver: no display needed."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from tests.gate.site_files import free_port
from tests.support.waiting import wait_until

COG = "/usr/bin/cog"
DRIVER = "/usr/bin/WPEWebDriver"
ANSWER_S = 30
_OPENER = build_opener(ProxyHandler({}))


@dataclass
class WpePage:
    """One page in cog. Every call blocks until the browser has answered."""

    base: str

    def open(self, url: str) -> None:
        """Load an address and wait until the page is loaded."""
        _call("POST", f"{self.base}/url", {"url": url})

    def run(self, script: str) -> Any:
        """Return what a function body in JavaScript returns there."""
        return _call("POST", f"{self.base}/execute/sync", {"script": script, "args": []})

    def text(self, css: str) -> str:
        """Return the text that is shown in the first element a selector finds."""
        return str(self.run(f"return document.querySelector({json.dumps(css)}).innerText"))

    def click(self, css: str) -> None:
        """Press the first element a selector finds, where it lies."""
        found = _call("POST", f"{self.base}/element", {"using": "css selector", "value": css})
        _call("POST", f"{self.base}/element/{next(iter(found.values()))}/click", {})


@contextmanager
def wpe_page(folder: Path, *flags: str) -> Iterator[WpePage]:
    """Give a page in cog's headless platform; flags: further words for cog."""
    for program in (COG, DRIVER):
        assert Path(program).exists(), "install cog and wpewebkit-driver: script/test does"
    port = free_port()
    folder.mkdir(mode=0o700, exist_ok=True)
    driver = subprocess.Popen(
        [DRIVER, f"--port={port}", "--host=127.0.0.1"],
        env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # the browser is the driver's child and ends with its group
    )
    try:
        wait_until(lambda: _answers(port), what="WPEWebDriver")
        options = {"binary": COG, "args": ["--automation", "--platform=headless", *flags]}
        wanted = {"alwaysMatch": {"wpe:browserOptions": options}}
        session = _call("POST", f"http://127.0.0.1:{port}/session", {"capabilities": wanted})
        page = WpePage(f"http://127.0.0.1:{port}/session/{session['sessionId']}")
        yield page
        _call("DELETE", page.base)
    finally:
        os.killpg(driver.pid, signal.SIGTERM)
        driver.wait(ANSWER_S)


def _answers(port: int) -> bool:
    try:
        _call("GET", f"http://127.0.0.1:{port}/status")
    except URLError:
        return False
    return True


def _call(method: str, address: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(address, data, {"Content-Type": "application/json"}, method=method)
    with _OPENER.open(request, timeout=ANSWER_S) as answer:
        return json.load(answer)["value"]
