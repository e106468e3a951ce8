"""The way in for look-ups and the summary of a shift: masked answers, refusals with their word."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gated.core.text import Text
from gated.screen.actions import Pick, Search
from gated.screen.feed import Feed
from gated.screen.look_up import Found, FoundPerson, Summary
from gated.screen.reports import Answer
from gated.screen.server import ScreenServer

ROOM = {"room": "3-2-101", "duty": 3}
WANG = FoundPerson("k3f0", "王*明", "3-2-1**", Text("居民", "resident"))


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20.0, trust_env=False) as plain:
        yield plain


def post(client: httpx.Client, served: Any, path: str, content: object) -> httpx.Response:
    headers = {**served.order_headers(client), "Content-Type": "application/json"}
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(served.url + path, content=body, headers=headers)


def test_people_are_found_by_room(samples: Any, serve: Any, client: httpx.Client) -> None:
    served = serve(samples.idle)
    served.found = Found((WANG,))
    answer = post(client, served, "/find", ROOM)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "people": [
            {
                "pick": "k3f0",
                "name": "王*明",
                "room": "3-2-1**",
                "category": {"zh": "居民", "en": "resident"},
            }
        ]
    }
    assert served.searches == [Search(("3", "2", "101"), 0, 3)]


def test_nobody_found_is_an_empty_list(samples: Any, serve: Any, client: httpx.Client) -> None:
    assert post(client, serve(samples.idle), "/find", ROOM).json() == {"people": []}


def test_a_refused_search_is_a_conflict_with_its_word(
    samples: Any, serve: Any, client: httpx.Client
) -> None:
    served = serve(samples.idle)
    served.found = Found(refusal="visit_over")
    answer = post(client, served, "/find", {"visit": 7})
    assert (answer.status_code, answer.json()) == (409, {"error": "visit_over", "field": ""})


def test_somebody_is_picked(samples: Any, serve: Any, client: httpx.Client) -> None:
    served = serve(samples.idle)
    sent = {"visit": 7, "pick": "k3f0", "duty": 3}
    assert post(client, served, "/identify", sent).json() == {"ok": True}
    served.answer = "pick_over"
    answer = post(client, served, "/identify", sent)
    assert (answer.status_code, answer.json()["error"]) == (409, "pick_over")
    assert served.picks == [Pick("k3f0", 7, 3)] * 2


@pytest.mark.parametrize("path", ["/find", "/identify"])
def test_what_is_no_look_up_is_refused_and_not_repeated(
    samples: Any, serve: Any, client: httpx.Client, path: str
) -> None:
    served = serve(samples.idle)
    for content in (b"CANARY", {"room": "CANARY"}, {"pick": "CANARY!"}):
        answer = post(client, served, path, content)
        assert answer.status_code == 422
        assert "CANARY" not in answer.text
    assert client.post(f"{served.url}{path}", json={"visit": 7}).status_code == 403
    assert (served.searches, served.picks) == ([], [])


def test_the_summary_holds_counts_only(samples: Any, serve: Any, client: httpx.Client) -> None:
    served = serve(samples.idle)
    served.summary = Summary("08:00", manual=2, faults=(Text("证件", "CARD"),))
    answer = client.get(f"{served.url}/summary")
    assert answer.headers["cache-control"] == "no-store"
    counts = ("refused", "calls", "registrations", "anomalies", "notes", "rounds", "unanswered")
    assert answer.json() == {
        "since": "08:00",
        "passages": {"ALLOW": 0, "ALLOW_NOTE": 0, "CHECK": 0, "STOP": 0},
        "manual": 2,
        **dict.fromkeys((*counts, "backlog"), 0),
        "faults": [{"zh": "证件", "en": "CARD"}],
    }


def test_a_screen_without_a_finder_offers_none(samples: Any, client: httpx.Client) -> None:
    alone = ScreenServer(Feed(samples.idle), "127.0.0.1", 0, lambda _: Answer())
    alone.bind()
    stop = threading.Event()
    thread = threading.Thread(target=alone.run, args=(stop,))
    thread.start()
    url = alone.url.rstrip("/")
    try:
        token = client.get(f"{url}/token").json()["token"]
        headers = {"Origin": url, "X-Gated-Token": token}
        for path, sent in (("/find", ROOM), ("/identify", {"pick": "k3f0"})):
            answer = client.post(url + path, json=sent, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (409, "not_offered")
        assert client.get(f"{url}/summary").json()["since"] == ""
    finally:
        stop.set()
        thread.join(20)
