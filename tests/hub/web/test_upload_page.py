"""A table pushed through the pages: read, compared, said yes to; how far it is; what stops it."""

import json
import re
import threading

import httpx
import pytest

from gated.hub.changes import Changes
from gated.hub.register import Register
from gated.hub.upload import State, Uploads
from gated.hub.web.works import PATIENCE_S
from tests.support.hub_pages import PageClient, where, words
from tests.support.office import Desk
from tests.support.people import line, people, person, table, take

ROSTER = "/s/east/roster"


@pytest.fixture
def full(desk: Desk) -> Desk:
    take(desk.office, desk.actor(), people(12))
    return desk


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def property_(client: PageClient) -> PageClient:
    client.login("property")
    return client


def send(client: PageClient, content: bytes, name: str = "east.csv") -> httpx.Response:
    return client.order(f"{ROSTER}/upload", files={"table": (name, content)})


def waiting(desk: Desk, count: int = 13) -> str:
    """A table that waits for a yes; its number."""
    return Uploads(desk.office).stage(desk.actor(), "t.csv", table(*map(line, range(count)))).id


class TestUpload:
    def test_a_table_is_compared_confirmed_and_pushed(
        self, full: Desk, client: PageClient, language: str
    ) -> None:
        client.login("property", language=language)
        lines = [line(index) for index in range(11)] + [line(20), line(21)]
        lines[2] = line(2, name="赵小姐", category="租户")
        answer = send(client, table(*lines))
        shown = client.get(where(answer))
        assert re.findall(r"<strong>(\d+)</strong>", shown.text) == ["2", "1", "1", "10"]
        assert "赵*姐" in shown.text
        assert "赵小姐" not in shown.text
        assert Register(full.office).count("east") == 12
        assert where(client.order(where(answer))) == where(answer)
        done = client.get(where(answer), follow_redirects=True)
        assert ("The list is pushed" if language == "en" else "名单已下发") in words(done)
        assert Register(full.office).count("east") == 13
        assert ("13 people" if language == "en" else "13 人") in words(client.get(ROSTER))

    def test_a_broken_table_lists_every_bad_cell_in_the_language_of_the_page(
        self, full: Desk, client: PageClient, language: str
    ) -> None:
        client.login("property", language=language)
        bad = table(line(1, category="居明"), line(2, number="110105199001019999"))
        answer = client.get(where(send(client, bad, "王小明.csv")))
        assert answer.status_code == 409
        said = words(answer)
        assert "居明" in said
        assert "110105199001019999" not in said
        if language == "en":
            assert "2 problems" in said
            assert '"居明" is unknown, did you mean 居民?' in said
            assert "…9999 check digit does not fit" in said
        else:
            assert "2 处错误" in said
            assert "不认识“居明”，是不是“居民”？" in said
            assert "…9999 校验位不符" in said
        assert Register(full.office).count("east") == 12

    @pytest.mark.parametrize(
        ("content", "zh", "en"),
        [
            (b"\xff\xfe\x00", "既不是 UTF-8 也不是 GB18030", "neither UTF-8 nor GB18030"),
            (b"PK\x03\x04rubbish", "不是完整的 .xlsx 工作簿", "not a whole .xlsx workbook"),
            (b"", "前 10 行里没有表头", "no headings found"),
        ],
    )
    def test_a_file_that_is_no_table_is_named_in_the_language_of_the_page(
        self, full: Desk, client: PageClient, language: str, content: bytes, zh: str, en: str
    ) -> None:
        client.login("property", language=language)
        said = words(client.get(where(send(client, content))))
        assert (en if language == "en" else zh) in said
        assert ("nothing was changed" if language == "en" else "未作任何更改") in said

    def test_no_file_is_asked_for(self, property_: PageClient) -> None:
        assert "请选择名单文件" in words(property_.order(f"{ROSTER}/upload"))

    def test_a_shrinking_table_wants_the_number_typed(
        self, full: Desk, property_: PageClient
    ) -> None:
        path = where(send(property_, table(*map(line, range(4)))))
        assert 'name="removes"' in property_.get(path).text
        for typed in ("", "7", "x"):
            answer = property_.order(path, {"removes": typed})
            assert (answer.status_code, "请输入移出人数 8" in words(answer)) == (409, True)
        property_.order(path, {"removes": "8"})
        assert where(property_.get(path)) == ROSTER
        assert Register(full.office).count("east") == 4

    def test_a_stale_difference_is_refused_and_shown_anew(
        self, full: Desk, property_: PageClient
    ) -> None:
        path = where(send(property_, table(*map(line, range(13)))))
        Changes(full.office).add(full.actor(), person(30))
        answer = property_.order(path, follow=True)
        assert answer.status_code == 409
        assert "比对之后名单已有变动" in words(answer)
        assert re.findall(r"<strong>(\d+)</strong>", answer.text) == ["1", "0", "1", "12"]
        property_.order(path)
        assert where(property_.get(path)) == ROSTER

    def test_a_table_can_be_discarded_and_is_gone(self, full: Desk, property_: PageClient) -> None:
        path = where(send(property_, table(*map(line, range(13)))))
        assert where(property_.order(f"{path}/discard")) == ROSTER
        assert property_.get(path).status_code == 404
        assert property_.order(path).status_code == 404

    def test_nobody_else_sees_a_waiting_table(self, full: Desk, client: PageClient) -> None:
        staged = Uploads(full.office).stage(full.actor(), "t.csv", table(line(1)))
        client.login("officer", "west")
        assert client.get(f"/s/west/roster/upload/{staged.id}").status_code == 404

    def test_health_in_a_difference_is_for_the_officer(
        self, full: Desk, client: PageClient
    ) -> None:
        lines = [line(i, status="密接;购药" if i == 3 else "") for i in range(12)]
        staged = Uploads(full.office).stage(full.actor(), "t.csv", table(*lines))
        path = f"{ROSTER}/upload/{staged.id}"
        client.login("property")
        assert "密切接触者" not in client.get(path).text
        assert "购药人员" in client.get(path).text
        client.login("officer")
        assert "密切接触者" in client.get(path).text


class TestProgress:
    def test_a_page_shows_how_far_the_work_is(
        self, full: Desk, client: PageClient, language: str
    ) -> None:
        client.login("property", language=language)
        number = waiting(full)
        work = client.front.works.begin("east", number, "read")
        assert work is not None
        client.front.works.tell(work, "publish", 0.25)
        page = client.get(f"{ROSTER}/upload/{number}")
        assert 'value="0.25"' in page.text
        told = json.loads(client.get(f"{ROSTER}/upload/{number}/progress").content)
        assert (told["done"], told["share"]) == (False, 0.25)
        assert told["said"] in words(page)
        assert ("Building" in told["said"]) is (language == "en")
        client.front.works.end(work)
        told = json.loads(client.get(f"{ROSTER}/upload/{number}/progress").content)
        assert told == {"done": True}

    def test_two_tables_of_one_site_wait_for_each_other_and_other_sites_do_not(
        self, full: Desk, client: PageClient
    ) -> None:
        client.login("officer", "east", "west")
        works, number = client.front.works, waiting(full)
        work = works.begin("east", "another", "read")
        assert work is not None
        for answer in (
            send(client, table(line(1))),
            client.order(f"{ROSTER}/upload/{number}", {"removes": ""}),
        ):
            assert (answer.status_code, "正在处理另一份名单" in words(answer)) == (409, True)
        assert works.begin("west", "a third", "read") is not None
        works.end(work)
        client.order(f"{ROSTER}/upload/{number}")
        assert Register(full.office).count("east") == 13

    def test_work_of_another_site_is_not_told(self, full: Desk, client: PageClient) -> None:
        assert client.front.works.begin("east", "number", "read") is not None
        client.login("officer", "west")
        told = json.loads(client.get("/s/west/roster/upload/number/progress").content)
        assert told == {"done": True}

    def test_a_page_waits_a_moment_for_work_that_is_nearly_done(self, client: PageClient) -> None:
        works = client.front.works
        work = works.begin("east", "number", "read")
        assert work is not None
        ender = threading.Timer(PATIENCE_S / 20, works.end, [work])
        ender.start()
        assert works.of("east", "number") is None
        ender.join()


class TestInterrupted:
    def test_a_table_that_was_being_read_must_be_uploaded_again(
        self, full: Desk, property_: PageClient
    ) -> None:
        number = Uploads(full.office).begin(full.actor())
        answer = property_.get(f"{ROSTER}/upload/{number}")
        assert (answer.status_code, "请重新上传" in words(answer)) == (409, True)
        assert property_.order(f"{ROSTER}/upload/{number}").status_code == 404

    def test_a_table_that_was_being_pushed_changed_nothing_and_may_be_confirmed_again(
        self, full: Desk, property_: PageClient
    ) -> None:
        number = waiting(full)
        Uploads(full.office).mark(full.actor(), number, State.APPLYING)
        path = f"{ROSTER}/upload/{number}"
        assert "请重新确认" in words(property_.get(path))
        property_.order(path)
        assert where(property_.get(path)) == ROSTER
        assert Register(full.office).count("east") == 13

    def test_the_end_of_the_program_gives_the_work_up(
        self, full: Desk, property_: PageClient
    ) -> None:
        number = waiting(full)
        property_.front.works.close()
        answer = property_.order(f"{ROSTER}/upload/{number}")
        assert answer.status_code == 409
        assert Register(full.office).count("east") == 12
        assert Uploads(full.office).state(full.actor(), number) is State.STAGED
