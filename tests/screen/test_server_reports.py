"""The way in for reports: the border of orders, a limit, and answers that repeat nothing."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gated.core.reports import Call, Registration
from gated.screen.feed import Feed
from gated.screen.reports import REPORT_BODY_MAX, Answer
from gated.screen.server import ScreenServer

CALL = {"kind": "call", "reason": "help"}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20.0, trust_env=False) as plain:
        yield plain


def post(client: httpx.Client, served: Any, content: object, **headers: str) -> httpx.Response:
    sent = {**served.order_headers(client), "Content-Type": "application/json", **headers}
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(served.url + "/report", content=body, headers=sent)


def test_a_report_from_the_page_is_taken(samples: Any, serve: Any, client: httpx.Client) -> None:
    served = serve(samples.idle)
    answer = post(client, served, CALL)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "recorded": True})
    assert served.reports == [Call("help")]


def test_what_only_waits_in_memory_is_said_so(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle)
    served.report_answer = Answer(recorded=False)
    assert post(client, served, CALL).json() == {"ok": True, "recorded": False}


@pytest.mark.parametrize("word", ["busy", "no_hub_key"])
def test_a_report_that_is_not_taken_is_a_conflict_with_its_word(
    samples: Any, serve: Any, client: httpx.Client, word: str
) -> None:
    served = serve(samples.idle)
    served.report_answer = Answer(word)
    answer = post(client, served, CALL)
    assert (answer.status_code, answer.json()) == (409, {"error": word, "field": ""})


@pytest.mark.parametrize(
    ("content", "headers", "status", "field"),
    [
        (CALL, {"Origin": "http://elsewhere"}, 403, ""),
        (CALL, {"Content-Type": "text/plain"}, 415, ""),
        (b" " * (REPORT_BODY_MAX + 1), {}, 413, ""),
        ({"kind": "call", "reason": "CANARY"}, {}, 422, "reason"),
        (b"CANARY", {}, 422, ""),
    ],
)
def test_what_is_no_report_is_refused_and_not_repeated(
    samples: Any,
    serve: Any,
    client: httpx.Client,
    content: object,
    headers: dict[str, str],
    status: int,
    field: str,
) -> None:
    served = serve(samples.idle)
    answer = post(client, served, content, **headers)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert "CANARY" not in answer.text
    assert served.reports == []


def test_a_long_registration_is_no_order_and_passes(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle)
    form = {"kind": "registration", "form": "visitor", "name": "王", "reason": "因" * 500}
    assert len(json.dumps(form)) > 1024
    assert post(client, served, form).status_code == 200
    [report] = served.reports
    assert isinstance(report, Registration)


def test_a_screen_without_a_desk_for_reports_offers_none(
    samples: Any, client: httpx.Client
) -> None:
    server = ScreenServer(Feed(samples.idle), "127.0.0.1", 0, lambda _: Answer())
    server.bind()
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        url = server.url.rstrip("/")
        headers = {"Origin": url, "X-Gated-Token": client.get(f"{url}/token").json()["token"]}
        answer = client.post(url + "/report", json=CALL, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (409, "not_offered")
    finally:
        stop.set()
        thread.join(20)
