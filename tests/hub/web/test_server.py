"""The real server: TLS unless on loopback, errors with a remedy, a quick end."""

import socket
import ssl
import threading
from pathlib import Path

import httpx
import pytest
import structlog

from gated.config import WebSection
from gated.errors import ConfigError
from gated.hub.roles import Role
from gated.hub.web.server import PagesServer
from tests.support.certificates import Authority
from tests.support.hub_pages import PASSWORD, cheap, served
from tests.support.office import Desk

LIMIT_S = 20.0


def browser(server: PagesServer, trust: ssl.SSLContext | bool = True) -> httpx.Client:
    return httpx.Client(
        base_url=server.url,
        verify=trust,
        timeout=LIMIT_S,
        trust_env=False,
        headers={"Origin": server.url.rstrip("/")},
    )


def test_over_tls_one_can_log_in_and_the_cookie_is_bound_to_it(tmp_path: Path, desk: Desk) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("hub")
    section = WebSection(port=0, cert=cert, key=key)
    trust = ssl.create_default_context(cafile=str(authority.path))
    with served(desk, section) as server, browser(server, trust) as client:
        assert server.url.startswith("https://127.0.0.1:")
        from gated.hub.accounts import Accounts

        Accounts(desk.office, cheap()).add(desk.actor(), "wang", "", PASSWORD, Role.AUDITOR)
        answer = client.post("/login", data={"name": "wang", "password": PASSWORD})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-gated_login=")
        assert "Secure" in cookie
        assert "max-age" in answer.headers["strict-transport-security"]
        page = client.get("/", follow_redirects=True)
        assert page.status_code == 200
        assert "操作审计" in page.text
        assert "server" not in page.headers
        wrong = client.post(
            "/login", data={}, headers={"Origin": f"http://127.0.0.1:{server.port}"}
        )
        assert wrong.status_code == 403


def test_older_tls_is_refused(tmp_path: Path, desk: Desk) -> None:
    cert, key = Authority(tmp_path).issue("hub")
    server = PagesServer(desk.office, WebSection(port=0, cert=cert, key=key))
    context = server._tls
    server.close()
    server.close()
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "hub.lan", "::"])
def test_without_a_certificate_only_this_machine_is_served(desk: Desk, host: str) -> None:
    with pytest.raises(ConfigError, match=r"set \[web\] cert and key"):
        PagesServer(desk.office, WebSection(host=host, port=0))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_no_certificate_is_needed(desk: Desk, host: str) -> None:
    server = PagesServer(desk.office, WebSection(host=host, port=0))
    server.close()
    assert server.url == f"http://{f'[{host}]' if ':' in host else host}:{server.port}/"


def test_half_a_certificate_is_refused(tmp_path: Path, desk: Desk) -> None:
    for section in (WebSection(cert=tmp_path / "c"), WebSection(key=tmp_path / "k")):
        with pytest.raises(ConfigError, match="belong together"):
            PagesServer(desk.office, section)


def test_files_that_are_no_certificate_are_named_and_nobody_is_asked(
    tmp_path: Path, desk: Desk
) -> None:
    from cryptography.hazmat.primitives import serialization

    cert, key = Authority(tmp_path).issue("hub")
    locked = tmp_path / "locked.key"
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"password")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    locked.write_bytes(private.private_bytes(*form))
    _, other = Authority(tmp_path, "other").issue("other")
    for pair in ((cert, tmp_path / "none"), (cert, cert), (cert, other), (cert, locked)):
        with pytest.raises(ConfigError, match="cannot be used together"):
            PagesServer(desk.office, WebSection(port=0, cert=pair[0], key=pair[1]))


def test_a_port_that_is_taken_is_named_before_anything_starts(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port}.*change \[web\]"):
            PagesServer(desk.office, WebSection(port=port))


def test_where_it_listens_is_logged(desk: Desk) -> None:
    with structlog.testing.capture_logs() as lines, served(desk) as server:
        with browser(server) as client:
            assert client.get("/healthz").text == "ok"
        expected = {"event": "hub.web_listening", "url": server.url, "log_level": "info"}
        assert expected in lines or any(expected.items() <= line.items() for line in lines)


def test_a_listening_page_hears_the_count_and_does_not_hold_up_the_end(desk: Desk) -> None:
    with served(desk) as server, browser(server) as client:
        front = server.front
        front.accounts.add(desk.actor(), "wang", "", PASSWORD, Role.OFFICER)
        client.post("/login", data={"name": "wang", "password": PASSWORD})
        with client.stream("GET", "/s/east/live") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("event: ")) == "event: inbox"
            assert next(lines) == 'data: {"open": 0}'
            assert front.live.watching == 1
            front.live.close()


def test_stopping_is_quick_though_a_connection_is_open(desk: Desk) -> None:
    server = PagesServer(desk.office, WebSection(port=0), hasher=cheap())
    stop = threading.Event()
    worker = threading.Thread(target=server.run, args=(stop,))
    worker.start()
    with socket.create_connection(("127.0.0.1", server.port), LIMIT_S) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
        stop.set()
        worker.join(LIMIT_S)
    assert not worker.is_alive()


@pytest.mark.parametrize(
    ("names", "host"), [((), "127.0.0.1"), (("hub.lan", "10.0.0.9"), "hub.lan")]
)
def test_the_address_people_are_told_is_the_first_name(
    desk: Desk, names: tuple[str, ...], host: str
) -> None:
    server = PagesServer(desk.office, WebSection(port=0, names=names))
    assert server.shown_url == f"http://{host}:{server.port}/"
    server.close()
