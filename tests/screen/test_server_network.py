"""The screen on a network over TLS: nothing without a log-in, no order in another's name."""

import json
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from gated.core.duty import WRONG_MAX, DutyRole
from gated.core.reports import Call
from gated.errors import ConfigError
from gated.screen.feed import NETWORK_MAX, WATCHERS_MAX
from gated.screen.reports import Answer
from gated.screen.sessions import STREAMS_MAX
from gated.screen.snapshot import DutyView
from gated.screen.tls import server_context
from gated.store.guard_book import Guard
from tests.screen.network_world import ASKED, LI_PIN, WANG_PIN, NetworkWorld, network_world
from tests.support.certificates import Authority
from tests.support.waiting import wait_until

LI = DutyView(3, "A12", "李*", "guard", log_in=True)
NOBODY = DutyView(log_in=True)
ORDER = {"kind": "manual_pass", "visit": 7, "reason": "known", "duty": 3}
CALL = {"kind": "call", "reason": "help"}
COOKIE = "__Host-gated"


@pytest.fixture
def world(tmp_path: Path, samples: Any) -> Iterator[NetworkWorld]:
    with network_world(tmp_path, samples.stop) as served:
        served.on_duty(LI)
        yield served


@pytest.fixture
def client(world: NetworkWorld) -> Iterator[httpx.Client]:
    """A browser that has not logged in."""
    with world.client() as plain:
        yield plain


def log_in(client: httpx.Client, guard: str = "A12", pin: str = LI_PIN, **more: Any) -> Any:
    """Log in; what the browser sends from then on is right."""
    answer = client.post("/login", json={"guard": guard, "pin": pin, **more})
    if answer.status_code == 200:
        client.headers["X-Gated-Token"] = answer.json()["token"]
    return answer


@pytest.fixture
def li(client: httpx.Client) -> httpx.Client:
    """The browser of A12, who is on duty."""
    assert log_in(client).status_code == 200
    return client


@pytest.fixture
def wang(world: NetworkWorld) -> Iterator[httpx.Client]:
    """The browser of the supervisor in the office."""
    with world.client() as browser:
        assert log_in(browser, "S001", WANG_PIN).status_code == 200
        yield browser


@pytest.mark.parametrize(
    "path",
    [
        *("/screen.js", "/screen.css", "/link.js", "/events", "/snapshot", "/healthz", "/token"),
        *("/guards", "/nothing"),
    ],
)
def test_without_a_log_in_there_is_nothing_to_get(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (401, "log_in_again")
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/act", "/report", "/logout"])
def test_without_a_log_in_nothing_is_taken(
    world: NetworkWorld, client: httpx.Client, path: str
) -> None:
    assert client.post(path, json=CALL, headers={"X-Gated-Token": ""}).status_code == 401
    assert (world.taken, world.told) == ([], [])


def test_a_stranger_is_led_to_the_log_in_and_gets_all_it_needs(client: httpx.Client) -> None:
    sent = client.get("/")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login.html")
    page = client.get("/", follow_redirects=True)
    assert "login.js" in page.text
    for name in ("login.css", "login.js", "texts.js", "words.js", "icon.svg"):
        assert client.get(f"/{name}").status_code == 200


def test_a_pin_opens_a_session_whose_cookie_is_bound_to_it(client: httpx.Client) -> None:
    answer = log_in(client)
    said, cookie = answer.json(), answer.headers["set-cookie"]
    assert said["me"] == {"number": "A12", "name": "李*", "role": "guard"}
    name, _, rest = cookie.partition("=")
    secret, *marks = rest.split("; ")
    assert name == COOKIE
    assert len(secret) >= 43  # 256 bits
    assert {mark.lower() for mark in marks} == {"httponly", "secure", "path=/", "samesite=strict"}
    assert secret not in answer.text
    assert said["token"] not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/token").json() == {"token": said["token"], "me": said["me"]}
    assert client.get("/guards").json()["guards"][0]["number"] == "A12"


def test_a_log_in_begins_duty_when_nobody_is_on_duty(
    world: NetworkWorld, client: httpx.Client
) -> None:
    world.on_duty(NOBODY)
    assert log_in(client).status_code == 200
    assert [(shift.act, shift.guard) for shift in world.shifts] == [("begin", "A12")]
    spell = world.feed.latest().snapshot.duty.number
    assert client.post("/act", json={**ORDER, "duty": spell}).json() == {"ok": True}


@pytest.mark.parametrize(("duty", "watch"), [(LI, False), (NOBODY, True)])
def test_a_log_in_begins_no_duty_over_somebody_elses_or_to_watch_only(
    world: NetworkWorld, client: httpx.Client, duty: DutyView, watch: bool
) -> None:
    world.on_duty(duty)
    assert log_in(client, "S001", WANG_PIN, watch=watch).status_code == 200
    assert world.shifts == []


def test_who_is_overtaken_by_another_log_in_watches(
    world: NetworkWorld, client: httpx.Client
) -> None:
    world.on_duty(NOBODY)
    world.answers.append(Answer("somebody_on_duty"))
    assert log_in(client).status_code == 200
    assert world.shifts == []
    world.answers.append(Answer("busy"))
    assert log_in(client).json()["error"] == "busy"


def test_while_the_book_names_nobody_nobody_logs_in(
    world: NetworkWorld, client: httpx.Client
) -> None:
    world.book.remove("A12")
    world.book.remove("S001")
    answer = log_in(client)
    assert (answer.status_code, answer.json()["error"]) == (409, "no_book")


def test_wrong_pins_lock_the_log_in(client: httpx.Client) -> None:
    for _ in range(WRONG_MAX - 1):
        assert log_in(client, pin="0000").json()["error"] == "wrong_pin"
    assert log_in(client, guard="NOBODY").json() == {
        "error": "pin_locked",
        "field": "",
        "wait_s": 300,
    }
    assert log_in(client).json()["error"] == "pin_locked"
    assert COOKIE not in client.cookies


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"guard": "a", "pin": "1234"}, "guard"),
        ({"guard": "A12", "pin": "x"}, "pin"),
        ({"guard": "A12", "pin": LI_PIN, "watch": 1}, "watch"),
        ({"pin": LI_PIN, "more": 1}, ""),
    ],
)
def test_what_is_no_log_in_is_refused_and_not_repeated(
    client: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = client.post("/login", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert LI_PIN not in answer.text


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http"])
def test_a_log_in_from_another_origin_is_forbidden(world: NetworkWorld, origin: str | None) -> None:
    with world.client() as client:
        del client.headers["Origin"]
        if origin:
            own = world.url.replace("https", "http")
            client.headers["Origin"] = own if origin == "http" else origin
        answer = log_in(client)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "localhost"])
def test_only_configured_host_names_are_answered(
    world: NetworkWorld, client: httpx.Client, host: str
) -> None:
    answer = client.get("/login.html", headers={"Host": f"{host}:{world.server.port}"})
    assert answer.status_code == 403
    assert "[screen.network] names" in answer.json()["error"]


def test_who_is_on_duty_acts_and_nobody_acts_in_their_name(
    world: NetworkWorld, li: httpx.Client, wang: httpx.Client
) -> None:
    refused = wang.post("/act", json=ORDER)
    assert (refused.status_code, refused.json()["error"]) == (409, "not_on_duty_here")
    assert world.taken == []
    assert li.post("/act", json=ORDER).json() == {"ok": True}
    assert len(world.taken) == 1


def test_only_who_is_on_duty_looks_people_up(li: httpx.Client, wang: httpx.Client) -> None:
    for path, sent in (("/find", {"room": "3-2-101"}), ("/identify", {"pick": "k3f0"})):
        said = [one.post(path, json={**sent, "duty": 3}).json()["error"] for one in (wang, li)]
        assert said == ["not_on_duty_here", "not_offered"]  # nobody finds anything in this world
    assert wang.get("/summary").json()["calls"] == 0


def test_a_supervisor_approves_what_was_asked_for(world: NetworkWorld, wang: httpx.Client) -> None:
    second = {"guard": "S001", "pin": WANG_PIN}
    assert wang.post("/act", json={**ORDER, "second": second}).status_code == 409
    world.on_duty(LI, needs_second=ASKED)
    other = wang.post("/act", json={**ORDER, "reason": "station", "second": second})
    assert (other.status_code, other.json()["error"]) == (409, "asked_otherwise")
    assert wang.post("/act", json={**ORDER, "second": second}).json() == {"ok": True}
    assert (len(world.taken), world.senders) == (1, ["S001"])


def test_everybody_calls_for_help_under_their_own_number(
    world: NetworkWorld, wang: httpx.Client
) -> None:
    assert wang.post("/report", json=CALL).json()["ok"]
    assert world.told == [(Call("help"), "S001")]
    answer = wang.post("/report", json={"kind": "shift", "act": "end", "duty": 3})
    assert answer.json()["error"] == "not_on_duty_here"
    assert len(world.told) == 1


def test_each_session_has_a_token_of_its_own(li: httpx.Client, wang: httpx.Client) -> None:
    mine = li.headers["X-Gated-Token"]
    li.headers["X-Gated-Token"] = wang.headers["X-Gated-Token"]
    answer = li.post("/act", json=ORDER)
    assert (answer.status_code, answer.json()["error"]) == (403, "stale_page")
    assert li.post("/logout", json={}).status_code == 403
    li.headers["X-Gated-Token"] = mine
    assert li.post("/act", json=ORDER).status_code == 200


def test_a_log_off_ends_the_session_and_its_stream_but_no_duty(
    world: NetworkWorld, li: httpx.Client
) -> None:
    with world.client() as watching:
        watching.cookies = li.cookies
        with watching.stream("GET", "/events") as response:
            lines = response.iter_lines()
            assert "event: token" in [next(lines) for _ in range(3)]
            answer = li.post("/logout", json={})
            assert answer.json() == {"ok": True}
            for _ in lines:  # to its end
                pass
        assert watching.get("/token").status_code == 401
    assert 'gated=""' in answer.headers["set-cookie"]
    assert world.shifts == []


def test_a_new_log_in_ends_the_former_session_of_the_browser(
    world: NetworkWorld, li: httpx.Client
) -> None:
    with world.client() as other:
        other.cookies.set(COOKIE, li.cookies[COOKIE], domain="127.0.0.1")
        assert other.get("/token").status_code == 200
        assert log_in(li, "S001", WANG_PIN).status_code == 200
        assert other.get("/token").status_code == 401


def test_a_guard_who_leaves_the_book_is_out_at_once(world: NetworkWorld, li: httpx.Client) -> None:
    with li.stream("GET", "/events") as response:
        lines = response.iter_lines()
        next(lines)
        world.book.remove("A12")
        assert li.post("/act", json=ORDER).status_code == 401
        for _ in lines:
            pass
    assert world.taken == []
    wait_until(lambda: world.feed.watchers() == 0, what="no watcher")


def test_the_stream_begins_with_who_is_logged_in(li: httpx.Client) -> None:
    with li.stream("GET", "/events") as response:
        lines = response.iter_lines()
        name, data = [line for _, line in zip(range(4), lines, strict=False)][2:4]
    assert name == "event: token"
    assert json.loads(data.removeprefix("data: ")) == li.get("/token").json()


def test_one_session_watches_twice_and_all_of_them_eight_times(
    world: NetworkWorld, li: httpx.Client
) -> None:
    with li.stream("GET", "/events"), li.stream("GET", "/events"):
        assert world.feed.watchers() == STREAMS_MAX
        assert "in this log-in" in li.get("/events").json()["error"]
        for _ in range(WATCHERS_MAX - STREAMS_MAX):
            world.feed.subscribe(lambda: None)  # other people's screens
        with world.client() as other:
            log_in(other, "S001", WANG_PIN)
            refused = other.get("/events")
        assert refused.status_code == 503
        assert "8 are open already" in refused.json()["error"]
    others = WATCHERS_MAX - STREAMS_MAX
    wait_until(lambda: world.feed.watchers() == others, what="the streams to be let go")
    with li.stream("GET", "/events") as again:
        assert again.status_code == 200


def test_the_network_leaves_places_to_the_gates_own_screens(
    world: NetworkWorld, li: httpx.Client
) -> None:
    with ExitStack() as open_streams:
        clients = [li]
        for _ in range(NETWORK_MAX // STREAMS_MAX):
            more = open_streams.enter_context(world.client())
            assert log_in(more).status_code == 200
            clients.append(more)
        watching = [one for one in clients for _ in range(STREAMS_MAX)]
        for one in watching[:NETWORK_MAX]:
            open_streams.enter_context(one.stream("GET", "/events"))
        refused = watching[NETWORK_MAX].get("/events")
        assert refused.status_code == 503
        assert "on the network: 5 are open already" in refused.json()["error"]
        for _ in range(WATCHERS_MAX - NETWORK_MAX):
            world.feed.subscribe(lambda: None)  # the gate's own


def test_a_technician_sees_the_gate_and_nobody_at_it(
    world: NetworkWorld, client: httpx.Client
) -> None:
    world.book.put(Guard("T01", DutyRole.TECHNICIAN, "赵*"), "5310")
    assert log_in(client, "T01", "5310", watch=True).status_code == 200
    with client.stream("GET", "/events") as response:
        lines = response.iter_lines()
        streamed = next(line for line in lines if line.startswith('data: {"gate"'))
    for said in (client.get("/snapshot").json(), json.loads(streamed.removeprefix("data: "))):
        assert (said["mode"], said["verdict"], said["last"]) == ("idle", None, [])
        assert said["health"]
    world.on_duty(DutyView(4, "T01", "赵*", "technician", log_in=True))
    for path, sent in (("/find", {"room": "3-2-101"}), ("/identify", {"pick": "k3f0"})):
        assert client.post(path, json={**sent, "duty": 4}).json()["error"] == "not_your_role"


def test_older_tls_and_plain_http_get_nothing(world: NetworkWorld) -> None:
    port = world.server.port
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port}/login.html", trust_env=False, timeout=20)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(world.authority.path)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port), 20) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw, server_hostname="127.0.0.1")


def test_files_that_are_no_certificate_are_named_with_their_remedy(tmp_path: Path) -> None:
    cert, key = Authority(tmp_path).issue("gate")
    _, other = Authority(tmp_path, "other").issue("other")
    with pytest.raises(ConfigError, match=r"key: cannot read .*none\.pem: No such file.*put the"):
        server_context(cert, tmp_path / "none.pem")
    for pair in ((cert, cert), (cert, other), (key, key)):
        with pytest.raises(ConfigError, match=r"cannot be used together.*give a PEM certificate"):
            server_context(*pair)


def test_nothing_about_people_or_requests_is_logged(
    world: NetworkWorld,
    client: httpx.Client,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, logger="httpx")
    log_in(client, pin="0000")
    said = log_in(client).json()
    client.post("/act", json={**ORDER, "reason": "CANARY"})
    client.get("/snapshot?CANARY")
    client.post("/login", content=b"CANARY")
    secret = client.cookies[COOKIE]
    with socket.create_connection(("127.0.0.1", world.server.port), 20) as raw:
        raw.sendall(b"CANARY\r\n\r\n")
        raw.recv(4096)
    client.post("/logout", json={})
    captured = capsys.readouterr()
    text = caplog.text + captured.out + captured.err
    assert "screen.session_ended" in text
    for word in ("CANARY", "李", "王", "A12", LI_PIN, said["token"], secret, "/login"):
        assert word not in text
