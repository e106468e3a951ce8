"""The hub with a million passages on SQLite: traces, searches, the page of records, an import."""

import asyncio
import gc
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import bench_hub_pages
import httpx
from bench_roster import Town
from bench_row import Row, Run, at_most, each_s
from sqlalchemy import insert

from gated.config import HubConfig
from gated.hub.office import Office, open_office
from gated.hub.records import PAGE, Filter, Records
from gated.hub.register_entry import Entry
from gated.hub.register_rows import store
from gated.hub.roles import Actor, Role
from gated.hub.schema_records import GATE_SITE, PASSAGE
from gated.hub.trace import MINUTE_MS
from gated.hub.trace_query import Question, Tracer
from gated.hub.upload import Uploads
from gated.hub.web.app import make_app, make_front
from gated.hub.web.border import Border
from gated.hub.web.pages import cookie_name
from gated.store import keys
from gated.store.roster_build import household, reference

PASSAGES, DAYS, GATES, PEOPLE = 1_000_000, 90, 10, 100_000
BUSY_DAYS, BUSY_STEP = 80, 4  # of the traced person: twice at every gate, every fourth day
TRACE_S, SEARCH_MS, PAGE_MS, IMPORT_S = 1.0, 300.0, 200.0, 30.0
REIMPORT_CHANGES: Final = 500
OK: Final = 200
DAY_MS: Final = 24 * 60 * MINUTE_MS
NOW_MS: Final = 1_760_000_000_000
START_MS: Final = NOW_MS - DAYS * DAY_MS
OPEN_MS: Final = 16 * 60 * MINUTE_MS  # nearly everybody passes between six and ten
ACTOR: Final = Actor("bench", Role.OFFICER, "site")
WHY: Final = "bench"

# Verdict and reason, and how many of a thousand passages end so.
_OUTCOMES = (
    ("ALLOW", "OK_RESIDENT", 900),
    ("ALLOW_NOTE", "TEMP_UNCALIBRATED", 50),
    ("CHECK", "TEMP_HIGH_RETRY", 30),
    ("STOP", "CRED_UNKNOWN", 19),
    ("STOP", "TEMP_HIGH", 1),
)


def hub(run: Run) -> list[Row]:
    """Return how long the hub's people wait, with a million passages behind them."""
    count = PASSAGES // 10 if run.quick else PASSAGES
    folder = run.fresh("hub")
    people = PEOPLE // 5 if run.quick else PEOPLE
    run.say(f"making a hub of {count:,} passages and {people:,} people")
    office = open_office(_config(folder), lambda: NOW_MS)
    try:
        refs = _enter(office, people)
        _assign(office)
        _fill(folder / "hub.db", refs, count)
        gc.freeze()  # as the hub does: what made the data is no part of what is measured
        rows = [*_traces(run, office, refs, count), *_searches(run, office, refs)]
        rows.append(_page(run, office))
        rows += bench_hub_pages.pages(run, office, ACTOR, NOW_MS, refs[5][0])
    finally:
        office.database.close()
    return rows


def _traces(
    run: Run, office: Office, refs: list[tuple[bytes, bytes | None]], count: int
) -> list[Row]:
    tracer = Tracer(office)
    busy = Question(refs[0][0], START_MS, NOW_MS, 10 * MINUTE_MS)
    usual = [Question(ref, NOW_MS - 14 * DAY_MS, NOW_MS, 10 * MINUTE_MS) for ref, _ in refs[1:21]]
    found = tracer.trace(ACTOR, busy, WHY)
    days = {(one.gate, one.start_ms // DAY_MS) for one in found.own}
    one, many = f"{count // 1000:,} k passages", f"{len(days)} gate-days"
    worst = max(each_s([lambda: tracer.trace(ACTOR, busy, WHY)] * run.count(5, 2)))
    each = each_s([partial(tracer.trace, ACTOR, q, WHY) for q in usual])
    limit = at_most(TRACE_S)
    return [
        Row("trace", f"trace over {one}: {many}, {len(found.contacts):,} contacts, slowest",
            worst, "s", limit),
        Row("trace_usual", f"trace over {one}: one resident, 14 days, median",
            statistics.median(each), "s", limit),
    ]  # fmt: skip


def _searches(run: Run, office: Office, refs: list[tuple[bytes, bytes | None]]) -> list[Row]:
    """Return the slowest of several searches of each kind, with masks and audit."""
    records = Records(office)
    chance = random.Random(2)  # noqa: S311 - the same every run
    begin, end = NOW_MS - 3 * DAY_MS, NOW_MS - 2 * DAY_MS
    kinds: dict[str, Callable[[], Filter]] = {
        "person": lambda: Filter(people=(chance.choice(refs)[0],)),
        "room": lambda: Filter(household=chance.choice(refs)[1]),
        "gate": lambda: Filter(gate=f"gate-{chance.randrange(GATES)}"),
        "time": lambda: Filter(start_ms=begin, end_ms=end),
        "verdict": lambda: Filter(verdict="STOP"),
        "reason": lambda: Filter(reason="TEMP_HIGH"),
        "gate_verdict": lambda: Filter(gate="gate-3", verdict="CHECK"),
        "all": lambda: Filter(
            (chance.choice(refs)[0],), None, "gate-3", START_MS, NOW_MS, "STOP", "TEMP_HIGH"
        ),
    }
    rows = []
    for name, wanted in kinds.items():
        filters = [wanted() for _ in range(run.count(20, 5))]
        took = each_s([partial(records.search, ACTOR, f, WHY) for f in filters])
        what = f"search by {name.replace('_', ' and ')}, masked and audited, slowest"
        rows.append(Row(f"search_{name}", what, max(took) * 1000, "ms", at_most(SEARCH_MS)))
    return rows


def _page(run: Run, office: Office) -> Row:
    """Return how long the page of a gate's records takes, from request to the last byte."""
    front = make_front(office, secure=False)
    front.accounts.add(ACTOR, "bench", "Bench", "correct horse battery", Role.OFFICER)
    account = front.accounts.account("bench")
    assert account is not None, "just made"
    login = {"Cookie": f"{cookie_name(secure=False)}={front.logins.open(account)}"}
    app = Border(make_app(front), frozenset({"bench"}), "http")

    async def ask(times: int) -> list[float]:
        transport = httpx.ASGITransport(app)
        headers = {**login, "Origin": "http://bench"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bench", headers=headers
        ) as client:
            form = await client.get("/s/site/records")
            csrf = form.text.partition('name="csrf" value="')[2].partition('"')[0]
            took = []
            for number in range(times):
                fields = {"csrf": csrf, "once": f"{number:032x}", "gate": "gate-3", "reason": WHY}
                began = time.perf_counter()
                answer = await client.post("/s/site/records", data=fields)
                took.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == OK, answer.text
                assert answer.text.count("<tr>") == PAGE + 1, "a whole page of records"
            return took

    took = asyncio.run(ask(run.count(20, 5)))
    what = f"page of {PAGE} records, request to last byte, median"
    return Row("records_page", what, statistics.median(took), "ms", at_most(PAGE_MS))


def imports(run: Run) -> list[Row]:
    """Return how long a list takes from the bytes of the table to its publication.

    Once when it is new, and once when it comes again with REIMPORT_CHANGES people changed.
    """
    folder = run.fresh("hub-import")
    office = open_office(_config(folder), lambda: NOW_MS)
    town = Town(run.count(100_000, 10_000))
    rows = []
    for name, changed in (("import", 0), ("reimport", REIMPORT_CHANGES)):
        table = _table(town, changed)
        began, worked = time.perf_counter(), time.process_time()
        uploads = Uploads(office)
        uploads.confirm(ACTOR, uploads.stage(ACTOR, "list.csv", table).id)
        took, worked = time.perf_counter() - began, time.process_time() - worked
        again = f" again, {changed} changed" if changed else ""
        what = f"upload of {town.size:,} lines{again}: read to published (processor {worked:.1f} s)"
        rows.append(Row(name, what, took, "s", at_most(IMPORT_S)))
    office.database.close()
    return rows


def _table(town: Town, changed: int) -> bytes:
    """Return the town as an office sends it; so many people, evenly spread, have a new phone."""
    step = town.size // changed if changed else town.size + 1
    lines = ["身份证号,姓名,手机,楼栋,单元,房号,类别"]
    for index in range(town.size):
        row = town.row(index)
        phone = "13900000000" if index % step == step - 1 else row.phone
        cells = (row.id_number, row.name, phone, row.building, row.unit, row.room, "居民")
        lines.append(",".join(cells))
    return "\n".join(lines).encode()


def _config(folder: Path) -> HubConfig:
    names = ("site", "rest", "people", "seal")
    for name in names:
        keys.write_secret(folder / f"{name}.key")
    signer = keys.write_signing_key(folder / "signing.pem", "Ed25519")
    keys.append_trust(folder / "trust.json", signer.trusted(frozenset({"roster"})))
    paths: dict[str, Any] = {name: folder / f"{name}.key" for name in names}
    paths |= {"signing": folder / "signing.pem", "trust": folder / "trust.json"}
    return HubConfig.model_validate(
        {
            "hub": {"site": "site"},
            "store": {"url": f"sqlite:///{folder / 'hub.db'}"},
            "keys": paths,
            "broker": {"host": "127.0.0.1", "tls": False},
            "web": {"port": 0},
        }
    )


def _enter(office: Office, people: int) -> list[tuple[bytes, bytes | None]]:
    """Put the people into the register; return pseudonym and household of each."""
    key, town = office.site("site").keys.site, Town(people)
    rows = [town.row(index) for index in range(people)]
    entries = [Entry(reference(row, key), row, household(row, key)) for row in rows]
    with office.database.writing("enter people") as connection:
        store(connection, office, "site", [(None, entry) for entry in entries], 1)
    return [(entry.ref, entry.household) for entry in entries]


def _assign(office: Office) -> None:
    """The gates belong to the site."""
    rows = [
        {"gate": f"gate-{number}", "site": "site", "since_ms": START_MS} for number in range(GATES)
    ]
    with office.database.writing("assign gates") as connection:
        connection.execute(insert(GATE_SITE), rows)


def _fill(path: Path, refs: list[tuple[bytes, bytes | None]], count: int) -> None:
    """Write the passages; their indices are made afterwards, which is four times as fast."""
    marks = ", ".join("?" for _ in PASSAGE.columns)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        named = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'passage' AND type = 'index'"
            " AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in named:
            connection.execute(f"DROP INDEX {name}")
        rows = _passages(refs, count)
        connection.executemany(f"INSERT INTO passage VALUES ({marks})", rows)  # noqa: S608 - marks
        for _, sql in named:
            connection.execute(sql)
        connection.execute("PRAGMA optimize")
        connection.commit()


def _passages(refs: list[tuple[bytes, bytes | None]], count: int) -> Iterator[tuple[object, ...]]:
    """Yield the rows gate by gate in the order of the key; person 0 is the busy one."""
    chance = random.Random(1)  # noqa: S311 - the same every run
    names = [column.name for column in PASSAGE.columns]
    outcomes = [outcome[:2] for outcome in _OUTCOMES]
    weights = [outcome[2] for outcome in _OUTCOMES]
    usual = {
        "epoch": "00ff", "site": "site", "certain": 1, "boot": "b", "mono_ms": 0, "clock": 2,
        "category": "resident", "credential": "id_card", "temp_state": "normal",
        "temp_mc": 36_500, "guard": "", "guard_act": "", "override": "", "lane": "",
        "of_seq": None, "late": 0, "shadow": 0,
    }  # fmt: skip
    for gate in range(GATES):
        people = chance.choices(range(1, len(refs)), k=count // GATES)
        times = [_moment(chance) for _ in people]
        for day in range(gate % BUSY_STEP, BUSY_DAYS, BUSY_STEP):
            for _ in range(2):
                people.append(0)
                times.append(START_MS + day * DAY_MS + chance.randrange(OPEN_MS))
        ordered = sorted(zip(times, people, strict=True))
        chosen = chance.choices(outcomes, weights, k=len(ordered))
        for seq, ((t_ms, index), (verdict, reason)) in enumerate(
            zip(ordered, chosen, strict=True), 1
        ):
            ref, place = refs[index]
            row = usual | {
                "gate": f"gate-{gate}", "seq": seq, "t_ms": t_ms, "lo_ms": t_ms, "hi_ms": t_ms,
                "direction": "in" if t_ms & 1 else "out", "person": ref, "household": place,
                "verdict": verdict, "reason": reason, "reasons": f'["{reason}"]', "visit": seq,
                "received_ms": t_ms,
            }  # fmt: skip
            yield tuple(row[name] for name in names)


def _moment(chance: random.Random) -> int:
    day = START_MS + chance.randrange(DAYS) * DAY_MS
    return day + chance.randrange(OPEN_MS)
