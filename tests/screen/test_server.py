import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gated.core.model import GuardAction, GuardActionKind
from gated.screen.feed import WATCHERS_MAX, Feed
from gated.screen.page_files import load_page
from gated.screen.server import ScreenServer, ScreenUnavailable
from tests.support.waiting import wait_until

ORDER = {"kind": "manual_pass", "visit": 7, "reason": "medical"}
LIMIT_S = 20.0


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Named events of a stream with their data; comments and `retry` are passed over."""
    name = ""
    for line in response.iter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=LIMIT_S, trust_env=False) as plain:
        yield plain


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/screen.js", "text/javascript; charset=utf-8"),
        ("/screen.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_page_files_have_types_tags_and_a_strict_policy(
    samples: Any, serve: Any, client: httpx.Client, path: str, kind: str
) -> None:
    url = serve(samples.idle).url + path
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
    again = client.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_browser_that_takes_gzip_gets_the_same_file_in_fewer_bytes(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    url = serve(samples.idle).url + "/screen.css"
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    packed = client.get(url, headers={"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


def test_the_whole_page_is_at_most_150_kb_on_the_wire() -> None:
    assert sum(len(file.packed) for file in load_page("zh").values()) <= 150_000


@pytest.mark.parametrize("path", ["/nothing", "/../server.py", "/%2e%2e/server.py", "/a/b"])
def test_what_is_not_a_page_file_is_not_found(
    samples: Any, serve: Any, client: httpx.Client, path: str
) -> None:
    assert client.get(serve(samples.idle).url + path).status_code == 404


def test_snapshot_is_the_newest_and_is_not_kept_by_anyone(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle)
    number = served.feed.publish(samples.stop)
    answer = client.get(served.url + "/snapshot")
    assert answer.content == samples.stop.to_json()
    assert answer.headers["x-snapshot-number"] == str(number)
    assert answer.headers["cache-control"] == "no-store"


def test_events_start_with_the_newest_then_follow_each_publish(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle)
    with client.stream("GET", served.url + "/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = events(response)
        assert next(stream) == ("token", client.get(served.url + "/token").json())
        assert next(stream) == ("snapshot", json.loads(samples.idle.to_json()))
        assert next(stream)[0] == "beat"
        served.feed.publish(samples.check)
        _name, data = next(event for event in stream if event[0] == "snapshot")
        assert data["verdict"]["band"] == "check"


def test_beats_come_without_a_publish_and_carry_local_time(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle)
    with client.stream("GET", served.url + "/events") as response:
        beats = [data for name, data in _take(events(response), 4) if name == "beat"]
    assert [beat["number"] for beat in beats] == [served.feed.latest().number] * 2
    assert beats[1]["age_ms"] > beats[0]["age_ms"]
    assert beats[1]["clock"].startswith("2020-02-10T14:32:")
    assert beats[1]["clock"].endswith("+08:00")


def _take(stream: Iterator[Any], count: int) -> list[Any]:
    return [next(stream) for _ in range(count)]


def test_no_beat_while_the_engine_is_not_alive(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle, alive=lambda: False)
    assert client.get(served.url + "/healthz").status_code == 503
    with client.stream("GET", served.url + "/events") as response:
        lines = response.iter_lines()
        heard = [next(lines) for _ in range(8)]
    assert ": no engine" in heard
    assert [line for line in heard if line.startswith("event")] == ["event: token"]


def test_snapshot_held_back_is_sent_when_the_engine_is_back(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    alive = [False]
    served = serve(samples.idle, alive=lambda: alive[0])
    with client.stream("GET", served.url + "/events") as response:
        lines = response.iter_lines()
        assert ": no engine" in [next(lines) for _ in range(6)]
        alive[0] = True
        rest = [next(lines) for _ in range(6)]
    assert "event: snapshot" in rest


def test_healthz_counts_watchers(samples: Any, serve: Any, client: httpx.Client) -> None:
    served = serve(samples.idle)
    wait_until(lambda: served.feed.watchers() == 0, what="no watcher")
    with client.stream("GET", served.url + "/events"):
        facts = client.get(served.url + "/healthz").json()
    assert facts["ok"] is True
    assert facts["number"] == served.feed.latest().number
    assert facts["watchers"] == 1


def test_ninth_stream_is_refused_and_a_gone_one_makes_room(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle)
    wait_until(lambda: served.feed.watchers() == 0, what="no watcher")
    url = served.url + "/events"
    streams = [client.stream("GET", url) for _ in range(WATCHERS_MAX)]
    for stream in streams:
        stream.__enter__()
    assert served.feed.watchers() == WATCHERS_MAX
    refused = client.get(url)
    assert refused.status_code == 503
    assert "8 are open already" in refused.json()["error"]
    for stream in streams:
        stream.__exit__(None, None, None)
    wait_until(lambda: served.feed.watchers() == 0, what="no watcher")
    with client.stream("GET", url) as response:
        assert response.status_code == 200


def test_order_from_the_page_reaches_the_engine(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.stop)
    answer = client.post(served.url + "/act", json=ORDER, headers=served.order_headers(client))
    assert answer.status_code == 200
    assert answer.json() == {"ok": True}
    assert served.actions == [GuardAction(GuardActionKind.MANUAL_PASS, 7, "medical")]


def test_order_the_engine_refuses_is_a_conflict_with_its_word(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.stop)
    served.answer = "visit_over"
    answer = client.post(served.url + "/act", json=ORDER, headers=served.order_headers(client))
    assert answer.status_code == 409
    assert answer.json() == {"error": "visit_over", "field": ""}


@pytest.mark.parametrize(
    ("content", "kind", "status", "field"),
    [
        (b"{", "application/json", 422, ""),
        (b'{"kind":"refuse","visit":7,"reason":"x"}', "application/json", 422, "reason"),
        (b'{"kind":"clinical","visit":7,"value_mc":1}', "application/json", 422, "value_mc"),
        (json.dumps(ORDER).encode(), "text/plain", 415, ""),
        (b" " * 8193, "application/json", 413, ""),
    ],
)
def test_wrong_order_is_refused_with_its_field(
    samples: Any,
    serve: Any,
    client: httpx.Client,
    content: bytes,
    kind: str,
    status: int,
    field: str,
) -> None:
    served = serve(samples.stop)
    headers = {**served.order_headers(client), "Content-Type": kind}
    answer = client.post(served.url + "/act", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["field"] == field
    assert served.actions == []


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1"])
def test_order_from_another_origin_is_forbidden(
    samples: Any, serve: Any, client: httpx.Client, origin: str | None
) -> None:
    served = serve(samples.stop)
    headers = {**served.order_headers(client), "Origin": origin or ""}
    if origin is None:
        del headers["Origin"]
    answer = client.post(served.url + "/act", json=ORDER, headers=headers)
    assert answer.status_code == 403
    assert served.actions == []


@pytest.mark.parametrize("path", ["/", "/events", "/snapshot", "/healthz"])
def test_foreign_host_name_is_forbidden_everywhere(
    samples: Any, serve: Any, client: httpx.Client, path: str
) -> None:
    served = serve(samples.stop)
    answer = client.get(served.url + path, headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert "host name" in answer.json()["error"]


def test_orders_are_only_posted(samples: Any, serve: Any, client: httpx.Client) -> None:
    served = serve(samples.idle)
    assert client.get(served.url + "/act?kind=refuse&visit=7&reason=other").status_code == 404
    put = client.put(served.url + "/act", json=ORDER, headers=served.order_headers(client))
    assert put.status_code == 405
    assert served.actions == []


@pytest.mark.parametrize("path", ["/act", "/report", "/login"])
@pytest.mark.parametrize("token", ["", "é", "guessed"])
def test_without_the_pages_token_nothing_is_taken(
    samples: Any, serve: Any, client: httpx.Client, path: str, token: str
) -> None:
    served = serve(samples.stop)
    headers = {**served.order_headers(client), "X-Gated-Token": token.encode()}
    if not token:
        del headers["X-Gated-Token"]
    answer = client.post(served.url + path, json=ORDER, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "stale_page")
    assert (served.actions, served.reports, served.log_ins) == ([], [], [])


def test_each_start_of_the_gate_has_a_token_of_its_own(
    samples: Any, serve: Any, serve_own: Any, client: httpx.Client
) -> None:
    one, other = serve(samples.idle), serve_own(samples.idle)
    old = one.order_headers(client)["X-Gated-Token"]
    assert len(old) >= 43  # 256 bits
    answer = client.post(
        other.url + "/act",
        json=ORDER,
        headers={**other.order_headers(client), "X-Gated-Token": old},
    )
    assert answer.json()["error"] == "stale_page"
    assert client.get(one.url + "/token").json()["me"] is None


def test_localhost_is_a_name_of_ours(samples: Any, serve: Any, client: httpx.Client) -> None:
    served = serve(samples.idle)
    host = f"localhost:{served.server.port}"
    assert client.get(served.url + "/snapshot", headers={"Host": host}).status_code == 200


def test_stop_ends_open_streams_and_frees_the_port(
    samples: Any, serve_own: Any, client: httpx.Client
) -> None:
    served = serve_own(samples.idle)
    with client.stream("GET", served.url + "/events") as response:
        stream = events(response)
        next(stream)
        served.end()
        for _ in stream:
            pass
    with pytest.raises(httpx.ConnectError):
        client.get(served.url + "/healthz")


def test_nothing_about_people_or_requests_is_logged(
    samples: Any, serve_own: Any, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, logger="httpx")
    served = serve_own(samples.stop)
    client.get(served.url + "/snapshot?CANARY")
    client.post(served.url + "/act", content=b"CANARY", headers=served.order_headers(client))
    with socket.create_connection(("127.0.0.1", served.server.port), LIMIT_S) as raw:
        raw.sendall(b"CANARY\r\n\r\n")
        raw.recv(4096)
    served.end()
    assert "CANARY" not in caplog.text
    assert "王" not in caplog.text


def test_taken_port_is_named_before_any_thread_starts(samples: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        server = ScreenServer(Feed(samples.idle), "127.0.0.1", port, lambda _action: None)
        with pytest.raises(ScreenUnavailable, match=rf"127\.0\.0\.1 port {port}: .*in use"):
            server.bind()
        server.close()


def test_address_that_is_not_ours_is_unavailable(samples: Any) -> None:
    server = ScreenServer(Feed(samples.idle), "192.0.2.1", 0, lambda _action: None)
    with pytest.raises(ScreenUnavailable, match="cannot open the guard's screen"):
        server.bind()


def test_bind_twice_and_close_twice_are_fine(samples: Any) -> None:
    server = ScreenServer(Feed(samples.idle), "127.0.0.1", 0, lambda _action: None)
    server.bind()
    port = server.port
    server.bind()
    assert server.port == port != 0
    server.close()
    server.close()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/"),
        ("0.0.0.0", "http://127.0.0.1:8080/"),
        ("::1", "http://[::1]:8080/"),
        ("gate.lan", "http://gate.lan:8080/"),
    ],
)
def test_url_is_what_a_browser_on_this_machine_opens(samples: Any, host: str, url: str) -> None:
    assert ScreenServer(Feed(samples.idle), host, 8080, lambda _action: None).url == url
