"""Somebody a gate registered is put on the list: the form is filled, the item is answered."""

from collections.abc import Callable, Iterator

import pytest

from gated.core.canonical import canonical
from gated.core.model import Category
from gated.hub.inbox import Inbox, Item
from gated.hub.inbox_item import Kind
from gated.hub.projector import Projector
from gated.hub.register import Entry, Register
from gated.hub.store import HubStore
from gated.store.sealed_box import public_of, registration_context, seal_to
from tests.support.gate_events import SentEvents
from tests.support.hub_pages import PageClient, hidden, words
from tests.support.office import NOON_MS, Desk
from tests.support.people import number

ADD = "/s/east/roster/add"
RETURNEE = {
    "name": "欧阳<i>娜娜",
    "document_kind": "id_card",
    "document_number": number(7),
    "phone": "13812345678",
    "to": "3-2-101",
    "from": "武汉",
}

Register_ = Callable[..., int]


@pytest.fixture
def store(desk: Desk) -> Iterator[HubStore]:
    opened = HubStore(desk.office.config.store.url)
    yield opened
    opened.close()


@pytest.fixture
def registered(desk: Desk, store: HubStore) -> Register_:
    """Makes a gate send a registration (and a call); return the id of its item."""

    def send(form: str = "returnee", **changes: str) -> int:
        box = seal_to(
            public_of(desk.office.seal_key),
            canonical(RETURNEE | changes),
            registration_context("north-1"),
        )
        sent = SentEvents()
        sent.passage(NOON_MS)
        sent.add("call", NOON_MS, reason="help", guard="G017")
        sent.add("registration", NOON_MS, form=form, direction="in", sealed=box.hex())
        sent.send(store, NOON_MS)
        Projector(desk.office).catch_up()
        return item_of(desk, Kind.REGISTRATION).id

    return send


def item_of(desk: Desk, kind: Kind) -> Item:
    items = Inbox(desk.office).items(desk.actor())
    return next(item for item in items if item.kind is kind)


def everyone(desk: Desk) -> list[Entry]:
    return list(Register(desk.office).everyone("east").values())


def value(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def test_the_form_holds_what_the_guard_wrote_down_and_the_audit_says_who_saw_it(
    desk: Desk, client: PageClient, registered: Register_
) -> None:
    client.login("officer")
    item = registered()
    answer = client.get(f"{ADD}?registration={item}")
    page = answer.text
    assert value(page, "name") == "欧阳&lt;i&gt;娜娜"
    assert value(page, "id_number") == RETURNEE["document_number"]
    assert [value(page, part) for part in ("building", "unit", "room")] == ["3", "2", "101"]
    assert '<option value="returnee" selected>' in page
    assert hidden(answer, "registration") == str(item)
    row = desk.office.audit.rows("east")[0]
    assert (row.action, row.reason) == ("open_registration", "add to the list")


def test_the_person_is_added_and_the_item_answered(
    desk: Desk, client: PageClient, registered: Register_
) -> None:
    client.login("officer")
    item = registered()
    form = {"registration": str(item), "id_number": number(7), "category": "returnee"}
    client.order(ADD, form)
    (entry,) = everyone(desk)
    assert entry.row.category is Category.RETURNEE
    answered = Inbox(desk.office).item(desk.actor(), item)
    assert (answered.acked_by, answered.ack_note) == ("officer-east", "已加入名单")


def test_a_refused_form_keeps_the_registration_and_leaves_the_item_open(
    desk: Desk, client: PageClient, registered: Register_
) -> None:
    client.login("officer")
    item = registered()
    answer = client.order(ADD, {"registration": str(item), "name": "王", "category": ""})
    assert (answer.status_code, hidden(answer, "registration")) == (409, str(item))
    assert Inbox(desk.office).item(desk.actor(), item).acked_ms is None
    assert everyone(desk) == []


def test_a_document_that_is_no_identity_number_is_left_out(
    client: PageClient, registered: Register_
) -> None:
    client.login("officer")
    item = registered("visitor", document_kind="passport", document_number="E12345678")
    page = client.get(f"{ADD}?registration={item}").text
    assert value(page, "id_number") == ""
    assert '<option value="visitor_walkin" selected>' in page


def test_only_an_officer_opens_it(client: PageClient, registered: Register_) -> None:
    item = registered()
    client.login("property")
    answer = client.get(f"{ADD}?registration={item}")
    assert answer.status_code == 403
    assert "娜娜" not in answer.text


@pytest.mark.parametrize("wrong", ["call", "missing", "text", "other site"])
def test_what_is_no_registration_opens_nothing(
    desk: Desk, client: PageClient, registered: Register_, wrong: str
) -> None:
    item = registered()
    asked = {"call": str(item_of(desk, Kind.CALL).id), "missing": "999", "text": "x"}
    client.login("officer", "west" if wrong == "other site" else "east")
    site = "west" if wrong == "other site" else "east"
    answer = client.get(f"/s/{site}/roster/add?registration={asked.get(wrong, item)}")
    if wrong == "text":
        assert (answer.status_code, value(answer.text, "name")) == (200, "")
    else:
        assert (answer.status_code, "打不开这份登记" in words(answer)) == (404, True)


def test_another_kind_of_item_is_not_answered_by_it(
    desk: Desk, client: PageClient, registered: Register_
) -> None:
    registered()
    call = item_of(desk, Kind.CALL).id
    client.login("officer")
    form = {"registration": str(call), "id_number": number(7), "category": "resident"}
    client.order(ADD, form)
    assert len(everyone(desk)) == 1
    assert Inbox(desk.office).item(desk.actor(), call).acked_ms is None
