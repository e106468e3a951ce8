"""An address without a page: a browser reads a sentence and a way on, a program gets JSON."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.screen.network_world import network_world

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("address", "said"), [("/pair", "[screen] pair"), ("/nothing.html", "没有这个页面")]
)
def test_a_browser_reads_why_there_is_no_page(
    samples: Any, serve: Any, address: str, said: str
) -> None:
    served = serve(samples.idle)
    shown = httpx.get(served.url + address, headers=BROWSER)
    assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert said in shown.text
    assert 'href="/"' in shown.text
    assert httpx.get(f"{served.url}/plain.css").status_code == 200
    told = httpx.get(served.url + address)
    assert (told.status_code, told.json()["error"]) == (404, "there is no such page")


def test_a_browser_without_a_log_in_is_shown_the_way_to_it(tmp_path: Path, samples: Any) -> None:
    with network_world(tmp_path, samples.stop) as world, world.client() as client:
        for address in ("/public", "/snapshot", "/pair"):
            shown = client.get(address, headers=BROWSER)
            assert shown.status_code == 401
            assert ("请先登录" in shown.text, 'href="/login.html"' in shown.text) == (True, True)
            assert shown.headers["cache-control"] == "no-store"
            assert client.get(address).json() == {"error": "log_in_again", "field": ""}
        assert client.get("/plain.css").status_code == 200
        assert client.get("/", headers=BROWSER).status_code == 303
