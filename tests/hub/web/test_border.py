"""Strangers are turned away, and every answer forbids what is foreign or inline."""

import asyncio

import pytest

from gated.hub.web.border import BodyTooLarge, authorities, limited
from tests.support.hub_pages import ORIGIN, PageClient

PATHS = ["/", "/login", "/healthz", "/static/hub.css", "/nothing", "/s/east/audit", "/s/x/live"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_policy(client: PageClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers, "only over TLS"


@pytest.mark.parametrize("path", [path for path in PATHS if "static" not in path])
def test_nothing_but_files_may_be_kept(client: PageClient, path: str) -> None:
    assert client.get(path).headers["cache-control"] == "no-store"


def test_files_are_kept_but_asked_about(client: PageClient) -> None:
    first = client.get("/static/hub.css")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/static/hub.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/static/nothing", "/static/..%2fapp.py", "/static/%2e%2e/app.py"]
)
def test_only_files_of_the_pages_are_served(client: PageClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("host", ["", "evil.test", "hub.test:81", "hub.test.evil", "127.0.0.1"])
def test_another_host_name_is_refused(client: PageClient, host: str) -> None:
    answer = client.get("/login", headers={"Host": host})
    assert answer.status_code == 403
    assert "[web] names" in answer.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("origin", ["", "null", "https://hub.test", "http://evil", ORIGIN + ":80"])
def test_an_order_from_elsewhere_is_refused(client: PageClient, origin: str) -> None:
    answer = client.post("/login", headers={"Origin": origin}, data={"name": "a"})
    assert answer.status_code == 403
    assert "own pages" in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_other_method_does_anything(client: PageClient, method: str) -> None:
    assert client.request(method, "/s/east/audit").status_code in {404, 405}


def test_a_name_counts_with_the_port_and_without_when_it_is_the_usual_one() -> None:
    some = authorities("10.0.0.5", 8420, ("Hub.lan",), "https")
    assert {"10.0.0.5:8420", "hub.lan:8420", "localhost:8420"} <= some
    assert "hub.lan" not in some
    assert "hub.lan" in authorities("10.0.0.5", 443, ("hub.lan",), "https")
    assert "hub.lan" in authorities("::1", 80, ("hub.lan",), "http")
    assert "hub.lan" not in authorities("::1", 80, ("hub.lan",), "https")
    assert "[::1]:443" in authorities("::1", 443, (), "https")


@pytest.mark.parametrize(("sizes", "fits"), [([10], True), ([4, 6], True), ([4, 7], False)])
def test_a_body_is_counted_while_it_is_read(sizes: list[int], fits: bool) -> None:
    messages = [{"type": "http.request", "body": b"x" * size} for size in sizes]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def read() -> None:
        counting = limited(receive, 10)
        for _ in sizes:
            await counting()

    if fits:
        asyncio.run(read())
    else:
        with pytest.raises(BodyTooLarge):
            asyncio.run(read())
