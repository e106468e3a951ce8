"""A table pushed through the pages: read, compared, said yes to; how far it is; what stops it."""

import io
import json
import re
import threading
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from openpyxl import load_workbook

from gated.hub.accounts import Language
from gated.hub.changes import Changes
from gated.hub.register import Register
from gated.hub.sheet import Column, csv_text, xlsx_bytes
from gated.hub.upload import State, UploadRefused, Uploads
from gated.hub.web.works import PATIENCE_S
from gated.store import table_template, table_words
from gated.store.roster_table import read_table
from tests.support.hub_pages import ROSTER, PageClient, hidden, where, words
from tests.support.office import Desk
from tests.support.people import line, person, table


def send(client: PageClient, content: bytes, name: str = "east.csv") -> httpx.Response:
    return client.order(f"{ROSTER}/upload", files={"table": (name, content)})


def waiting(desk: Desk, count: int = 13) -> str:
    """A table that waits for a yes; its number."""
    return Uploads(desk.office).stage(desk.actor(), "t.csv", table(*map(line, range(count)))).id


def yes(client: PageClient, path: str, **form: str) -> httpx.Response:
    """Say yes to the difference as the page shows it now."""
    return client.order(path, {"seen": hidden(client.get(path), "seen"), **form})


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
        assert where(yes(client, where(answer))) == where(answer)
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
            answer = yes(property_, path, removes=typed)
            assert (answer.status_code, "请输入移出人数 8" in words(answer)) == (409, True)
        yes(property_, path, removes="8")
        assert where(property_.get(path)) == ROSTER
        assert Register(full.office).count("east") == 4

    def test_a_stale_difference_is_refused_and_shown_anew(
        self, full: Desk, property_: PageClient
    ) -> None:
        path = where(send(property_, table(*map(line, range(13)))))
        seen = {"seen": hidden(property_.get(path), "seen")}
        Changes(full.office).add(full.actor(), person(30))
        answer = property_.order(path, seen, follow=True)
        assert answer.status_code == 409
        assert "比对之后名单已有变动" in words(answer)
        assert re.findall(r"<strong>(\d+)</strong>", answer.text) == ["1", "0", "1", "12"]
        yes(property_, path)
        assert where(property_.get(path)) == ROSTER

    def test_a_difference_that_this_page_did_not_show_is_not_pushed(
        self, full: Desk, property_: PageClient
    ) -> None:
        path = where(send(property_, table(*map(line, range(13)))))
        earlier = hidden(property_.get(path), "seen")
        Changes(full.office).add(full.actor(), person(30))
        Uploads(full.office).again(full.actor(), path.rpartition("/")[2])  # a colleague's tab
        for form in ({}, {"seen": ""}, {"seen": "é"}, {"seen": earlier}):
            answer = property_.order(path, form)
            assert (answer.status_code, "比对之后名单已有变动" in words(answer)) == (409, True)
            assert re.findall(r"<strong>(\d+)</strong>", answer.text) == ["1", "0", "1", "12"]
        assert Register(full.office).count("east") == 13
        property_.order(path, {"seen": hidden(answer, "seen")})
        assert where(property_.get(path)) == ROSTER

    def test_a_comparison_made_while_the_yes_was_on_its_way_is_not_pushed(self, full: Desk) -> None:
        uploads, number = Uploads(full.office), waiting(full)
        seen = uploads.staged(full.actor(), number).seen
        full.clock.now_ms += 1
        again = uploads.again(full.actor(), number)
        with pytest.raises(UploadRefused, match="look at the new difference"):
            uploads.confirm(full.actor(), number, seen=seen)
        assert uploads.confirm(full.actor(), number, seen=again.seen).rev == 2

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
        works, path = client.front.works, f"{ROSTER}/upload/{waiting(full)}"
        seen = {"seen": hidden(client.get(path), "seen")}
        work = works.begin("east", "another", "read")
        assert work is not None
        for answer in (
            send(client, table(line(1))),
            client.order(path, seen),
        ):
            assert (answer.status_code, "正在处理另一份名单" in words(answer)) == (409, True)
        assert works.begin("west", "a third", "read") is not None
        works.end(work)
        client.order(path, seen)
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
        yes(property_, path)
        assert where(property_.get(path)) == ROSTER
        assert Register(full.office).count("east") == 13

    def test_the_end_of_the_program_gives_the_work_up(
        self, full: Desk, property_: PageClient
    ) -> None:
        number = waiting(full)
        path = f"{ROSTER}/upload/{number}"
        seen = {"seen": hidden(property_.get(path), "seen")}
        property_.front.works.close()
        answer = property_.order(path, seen)
        assert answer.status_code == 409
        assert Register(full.office).count("east") == 12
        assert Uploads(full.office).state(full.actor(), number) is State.STAGED


class TestTemplate:
    @pytest.mark.parametrize("kind", ["xlsx", "csv"])
    def test_only_its_example_is_refused(
        self, full: Desk, client: PageClient, language: str, kind: str
    ) -> None:
        client.login("property", language=language)
        page = client.get(f"{ROSTER}/upload")
        assert f"{ROSTER}/upload/template" in page.text
        answer = client.get(f"{ROSTER}/upload/template?format={kind}")
        assert answer.headers["content-disposition"].endswith(f".{kind}")
        refused = words(client.get(where(send(client, answer.content, f"t.{kind}"))))
        example = "this is the example line" if language == "en" else "这是模板里的示例"
        assert example in refused
        assert refused.count(example) == 1

    @pytest.mark.parametrize("filled", ["zh", "en"])
    def test_a_line_written_like_the_example_is_taken(
        self, client: PageClient, filled: Language, tmp_path: Path
    ) -> None:
        columns = [Column(heading) for heading in table_template.headings(filled)]
        row = table_template.example(filled)
        row[0] = person(3).id_number
        path = tmp_path / "t.xlsx"
        path.write_bytes(xlsx_bytes("t", columns, [row], as_text=True))
        (read,) = read_table(path, ZoneInfo("Asia/Shanghai")).rows
        assert (read.room, read.phone, read.cards[0].number) == ("101", "13800000000", "0012345678")
        assert (read.flags, len(read.statuses)) == (frozenset({"elder"}), 1)
        path.write_text(csv_text(columns, [row]), "utf-8")
        assert read_table(path.rename(tmp_path / "t.csv"), ZoneInfo("Asia/Shanghai")).rows == [read]

    def test_the_page_names_every_column(self, client: PageClient, language: str) -> None:
        client.login("property", language=language)
        said = words(client.get(f"{ROSTER}/upload"))
        for name, spelled in table_words.HEADINGS.items():
            assert f"{spelled.split()[0]} {name}" in said
        assert "unknown" not in said
        assert "未知" not in said

    def test_what_is_typed_into_it_stays_text(self, property_: PageClient) -> None:
        body = property_.get(f"{ROSTER}/upload/template").content
        sheet = load_workbook(io.BytesIO(body)).active
        assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}
        assert {sheet.column_dimensions[name].number_format for name in "ABCDEFGHIJKL"} == {"@"}


def test_a_phone_too_short_to_be_one_is_a_bad_cell(property_: PageClient) -> None:
    lines = [line(1, phone="139"), line(2, phone="139-0000-1234"), line(3, phone="")]
    said = words(property_.get(where(send(property_, table(*lines)))))
    assert said.count("不是电话号码") == 1
    assert "只有 3 位数字" in said
