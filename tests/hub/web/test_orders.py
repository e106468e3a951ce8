"""An order is carried out once, from a form of this log-in, within its limits."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import Response

from gated.errors import StoreError
from gated.hub.logins import new_mark
from gated.hub.web.border import FORM_MAX, UPLOAD_MAX
from gated.hub.web.visit import Visit
from tests.support.hub_pages import where, words
from tests.support.hub_probe import Probe, done
from tests.support.office import Desk

PIECES = (
    *(b"--b", b"--b--", b"\r\n", b"Content-Disposition: form-data", b'; name="a"', b"=", b"&"),
    *(b'; filename="f"', b"%", b"csrf", b"\0", b"\xff", b";", b": ", b"--", b'"'),
)


@pytest.fixture
def probe(desk: Desk) -> Probe:
    return Probe(desk)


def test_an_order_is_carried_out_once_however_often_it_is_sent(probe: Probe) -> None:
    probe.client.login("officer")
    probe.answer = done
    mark = new_mark()
    first = probe.client.order("/s/east/probe", {"once": mark})
    assert where(first) == "/s/east/probe"
    for _ in range(3):
        again = probe.client.order("/s/east/probe", {"once": mark})
        assert again.status_code == 409
        assert "已于 2020-02-10 12:00 办理过" in words(again)
    assert len(probe.seen) == 1


def test_a_refused_order_and_a_search_may_be_sent_again(probe: Probe) -> None:
    probe.client.login("officer")
    mark = new_mark()
    for status in (409, 200, 200):
        probe.answer = lambda v, status=status: v.refused("base.no_site", status=status)
        assert probe.client.order("/s/east/probe", {"once": mark}).status_code == status
    assert len(probe.seen) == 3


def test_an_order_that_answers_with_a_page_counts_when_its_page_says_so(probe: Probe) -> None:
    probe.client.login("officer")
    mark = new_mark()
    assert probe.client.order("/s/east/made", {"once": mark}).status_code == 200
    assert probe.client.order("/s/east/made", {"once": mark}).status_code == 409
    assert len(probe.seen) == 1


def test_an_order_that_failed_may_be_sent_again(probe: Probe) -> None:
    probe.client.login("officer")
    mark = new_mark()

    def fail(_visit: Visit) -> Response:
        raise StoreError("the disk is full")

    probe.answer = fail
    assert probe.client.order("/s/east/probe", {"once": mark}).status_code == 503
    probe.answer = done
    assert probe.client.order("/s/east/probe", {"once": mark}).status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {"csrf": ""},
        {"csrf": "x" * 43},
        {"csrf": "é"},
        {"once": ""},
        {"once": "x" * 65},
    ],
)
def test_a_form_without_its_marks_does_nothing(probe: Probe, form: dict[str, str]) -> None:
    probe.client.login("officer")
    answer = probe.client.order("/s/east/probe", form)
    assert answer.status_code == 409
    assert "已过期" in words(answer)
    assert probe.seen == []


def test_a_form_of_another_log_in_is_stale(probe: Probe) -> None:
    probe.client.login("officer")
    held = probe.client.csrf
    probe.client.login("officer")
    assert probe.client.order("/s/east/probe", {"csrf": held}).status_code == 409
    assert probe.seen == []


def test_a_form_gives_its_fields_its_boxes_and_its_files(probe: Probe) -> None:
    probe.client.login("officer")
    table = "姓名\n".encode()
    probe.client.order(
        "/s/east/probe",
        {"name": "李 <b>", "box": ["a", "b"]},
        files={"table": ("名单.csv", table), "none": ("", b"")},
    )
    (visit,) = probe.seen
    assert visit.form["name"] == "李 <b>"
    assert list(visit.values("box")) == ["a", "b"]
    assert list(visit.values("other")) == []
    assert visit.upload("other") is None


def test_an_upload_can_be_read_while_the_page_is_made(probe: Probe) -> None:
    probe.client.login("officer")
    found = []

    def read(visit: Visit) -> Response:
        found.append((visit.upload("table"), visit.upload("table"), visit.upload("none")))
        return done(visit)

    probe.answer = read
    files = {"table": ("名单.csv", b"x" * 3_000_000), "none": ("", b"")}
    assert probe.client.order("/s/east/probe", {}, files=files).status_code == 303
    expected = ("名单.csv", b"x" * 3_000_000)
    assert found == [(expected, expected, None)]


def test_a_form_has_a_limit(probe: Probe) -> None:
    probe.client.login("officer")
    answer = probe.client.order("/s/east/probe", {"text": "x" * FORM_MAX})
    assert answer.status_code == 413
    assert "64 KB" in words(answer)
    assert probe.seen == []


def test_an_upload_has_a_limit(probe: Probe) -> None:
    probe.client.login("officer")
    answer = probe.client.order("/s/east/probe", {}, files={"t": ("a.csv", bytes(UPLOAD_MAX))})
    assert answer.status_code == 413
    assert probe.seen == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nrubbish"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--"),
        ("application/x-www-form-urlencoded", b"%%%&&==\xff"),
        ("application/json", b"{}"),
        ("", b"csrf=x"),
    ],
)
def test_a_body_nobody_understands_does_nothing(probe: Probe, kind: str, body: bytes) -> None:
    probe.client.login("officer")
    answer = probe.client.post("/s/east/probe", content=body, headers={"Content-Type": kind})
    assert answer.status_code in {400, 409}
    assert probe.seen == []


def test_a_text_with_a_zero_byte_is_refused_and_a_file_may_have_one(probe: Probe) -> None:
    probe.client.login("officer")
    for more in ({}, {"files": {"t": ("x.csv", b"a")}}):
        answer = probe.client.order("/s/east/probe", {"name": "a\0b"}, **more)
        assert answer.status_code == 400
    assert probe.seen == []
    probe.client.order("/s/east/probe", {"name": "ab"}, files={"t": ("x.csv", b"a\0b")})
    assert [visit.form["name"] for visit in probe.seen] == ["ab"]


@pytest.mark.parametrize(
    "charset",
    ["utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "rot13", "zlib"],
)
def test_a_form_in_an_odd_charset_is_read_or_refused(probe: Probe, charset: str) -> None:
    probe.client.login("officer")
    fields = {"csrf": probe.client.csrf, "once": charset, "name": "\\ud800\xff"}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    content = f"{body}--x--\r\n".encode("latin-1")
    answer = probe.client.post("/s/east/probe", content=content, headers={"Content-Type": kind})
    assert answer.status_code < 500
    for visit in probe.seen:
        visit.form["name"].encode()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    kind=st.sampled_from(
        ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "text/plain"]
    ),
    parts=st.lists(st.sampled_from(PIECES), max_size=24),
)
def test_whatever_is_sent_as_a_form_is_answered_and_does_nothing(
    probe: Probe, kind: str, parts: list[bytes]
) -> None:
    if "gated_login" not in probe.client.cookies:
        probe.client.login("officer")
    for path in ("/s/east/probe", "/login"):
        answer = probe.client.post(path, content=b"".join(parts), headers={"Content-Type": kind})
        assert answer.status_code in {400, 403, 409}
    assert probe.seen == []
