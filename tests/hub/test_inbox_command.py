"""`gated hub inbox`, `ack` and `reindex`, as people call them."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from gated.cli.hub import app
from gated.core.canonical import canonical
from gated.hub.projector import Projector
from gated.hub.schema_records import PASSAGE
from gated.hub.store import HubStore
from gated.store.sealed_box import public_of, registration_context, seal_to
from tests.hub.test_projector_run import CONFIG
from tests.support.gate_events import UNSURE, SentEvents
from tests.support.office import NOON_MS, Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


@pytest.fixture
def config(desk: Desk, tmp_path: Path) -> Path:
    """A configured hub with two calls and a registration."""
    path = tmp_path / "hub.toml"
    path.write_text(CONFIG.format(folder=tmp_path, port=1))
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("call", NOON_MS, reason="help", guard="G017")
    sent.boot = "boot-2"
    sent.add("call", NOON_MS + 60_000, reason="fever", clock=UNSURE)
    sent.boot = "boot-1"
    public = public_of(desk.office.seal_key)
    plain = canonical({"name": "欧阳娜娜", "phone": "13812345678", "to": "3-2-101"})
    box = seal_to(public, plain, registration_context("north-1"))
    sent.add("registration", NOON_MS, form="visitor", sealed=box.hex())
    store = HubStore(desk.office.config.store.url)
    sent.send(store, NOON_MS + 90_000)
    store.close()
    Projector(desk.office).catch_up()
    return path


def run(*arguments: str, config: Path, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, [*arguments, "--config", str(config)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def test_what_waits_is_listed_in_lines_and_for_programs(config: Path) -> None:
    lines = run("inbox", config=config)[0].splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert "欧**娜 · 3-2-1** · 138****5678" in lines[0]
    assert "2020-02-10 12:00 ?  call  fever  north-1" in lines[1]
    assert "2020-02-10 12:00  call  help  north-1  guard=G017" in lines[2]
    rows = [json.loads(line) for line in run("inbox", "--json", config=config)[0].splitlines()]
    assert [(row["id"], row["kind"], row["certain"]) for row in rows] == [
        (3, "registration", True),
        (2, "call", False),
        (1, "call", True),
    ]


def test_another_site_has_its_own_inbox(config: Path, tmp_path: Path) -> None:
    config.write_text(
        config.read_text()
        + f"""
[[site]]
id = "west"
roster = "west"
site_key = "{tmp_path}/west/site.key"
rest_key = "{tmp_path}/west/rest.key"
"""
    )
    out, err = run("inbox", "--site", "west", config=config)
    assert (out, err) == ("", "Nothing is waiting.\n")
    assert "not there" in run("ack", "1", "--site", "west", config=config, code=1)[1]
    assert run("inbox", "--site", "north", config=config, code=2)[1].startswith("error: ")


def test_an_item_is_answered_once(config: Path) -> None:
    assert run("ack", "1", "--note", "went there", config=config)[0].startswith(
        "1 answered by cli:"
    )
    assert "already answered by cli:" in run("ack", "1", config=config, code=1)[1]
    assert len(run("inbox", config=config)[0].splitlines()) == 2
    every = run("inbox", "--all", config=config)[0].splitlines()
    assert len(every) == 3
    assert every[2].endswith("went there")


def test_reindex_makes_the_records_again(config: Path, desk: Desk) -> None:
    with desk.office.database.writing("spoil it") as connection:
        connection.execute(PASSAGE.update().values(reason="X"))
    assert run("reindex", config=config)[0] == "4 events are searchable again\n"
    with desk.office.database.reading() as connection:
        assert connection.execute(select(PASSAGE.c.reason)).scalars().all() == ["OK_RESIDENT"]
