"""Every page of a hub that has 100,000 people, a million passages, 50 gates and full hands."""

import asyncio
import itertools
import re
import sqlite3
import statistics
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import httpx
from bench_row import Row, Run, at_most

from gated.hub.office import Office
from gated.hub.roles import Actor, Role
from gated.hub.schema import GATE
from gated.hub.schema_office import AUDIT
from gated.hub.schema_records import GATE_SITE, INBOX
from gated.hub.web.app import make_app, make_front
from gated.hub.web.border import Border
from gated.hub.web.pages import cookie_name
from gated.hub.web.visit import Front

GATES, ITEMS, AUDITED = 50, 5_000, 100_000
PAGE_MS: Final = 200.0
OK: Final = 200
MINUTE_MS: Final = 60_000
WHY: Final = "bench"
_HOST: Final = "http://bench"

Step = tuple[str, str, Mapping[str, str]]
"""Name of a page, its path below the site, and its form when it is sent one."""


def pages(run: Run, office: Office, actor: Actor, now_ms: int, someone: bytes) -> list[Row]:
    """Return how long the slowest page takes, from request to last byte, and each of the others."""
    fill(Path(office.config.store.url.removeprefix("sqlite:///")), actor.site, now_ms, someone)
    took = asyncio.run(_ask(office, actor, _steps(someone), run.count(9, 3)))
    name, slowest = max(took.items(), key=lambda item: item[1])
    for page, ms in sorted(took.items(), key=lambda item: -item[1]):
        run.say(f"  {page}: {ms:.0f} ms")
    what = f"slowest of {len(took)} pages ({name}), request to last byte, median"
    return [Row("page", what, slowest, "ms", at_most(PAGE_MS))]


def fill(path: Path, site: str, now_ms: int, someone: bytes) -> None:
    """Gates, items of the inbox and rows of the audit are in the database, straight to SQLite."""
    with closing(sqlite3.connect(path)) as connection:
        for number in range(GATES):
            gate = {"gate": f"gate-{number}", "site": site, "since_ms": now_ms, "name": f"{number}"}
            _insert(connection, GATE_SITE.name, gate)
            there = {"gate": f"gate-{number}", "online": 1, "sid": 1, "seen_ms": now_ms}
            _insert(connection, GATE.name, there)
        kinds = ("fever", "call", "gate", "contact")
        for number in range(ITEMS):
            kind = kinds[number % len(kinds)]
            item = {
                "source": f"bench/{number}", "site": site, "gate": f"gate-{number % GATES}",
                "kind": kind, "code": "TEMP_HIGH" if kind == "fever" else "help",
                "t_ms": now_ms - number * MINUTE_MS, "certain": 1,
                "person": someone if kind in {"fever", "contact"} else None,
            }  # fmt: skip
            _insert(connection, INBOX.name, item)
        for number in range(AUDITED):
            row = {
                "t_ms": now_ms - (AUDITED - number) * 1000, "actor": "bench", "role": "officer",
                "site": site, "action": "look_up", "target": someone.hex(), "reason": WHY,
                "result": "ok", "prev_hash": bytes(32), "hash": bytes(32),
            }  # fmt: skip
            _insert(connection, AUDIT.name, row)
        connection.execute("PRAGMA optimize")
        connection.commit()


def _insert(connection: sqlite3.Connection, table: str, values: Mapping[str, object]) -> None:
    """Insert a row, with what the table wants in the columns nobody named."""
    row = dict(values)
    for _, name, kind, wanted, default, key in connection.execute(f"PRAGMA table_info({table})"):
        if name not in row and wanted and default is None and not key:
            row[name] = "{}" if name in {"fields", "status"} else ("" if kind == "TEXT" else 0)
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    sql = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our names
    connection.execute(sql, list(row.values()))


def _steps(someone: bytes) -> list[Step]:
    ref = someone.hex()
    why = {"reason": WHY}
    return [
        ("gates", "/gates", {}),
        ("gate", "/gates/gate-3", {}),
        ("roster", "/roster", {}),
        ("roster, searched", "/roster/search", {"who": "3-2-101", **why}),
        ("person on the list", f"/roster/person/{ref}", {}),
        ("records", "/records", {}),
        ("records, searched", "/records", {"gate": "gate-3", **why}),
        ("trace", "/trace", {}),
        ("person's file", f"/person/{ref}", {}),
        ("inbox", "/inbox", {}),
        ("report", "/report", {}),
        ("audit", "/audit", {}),
    ]


async def _ask(office: Office, actor: Actor, steps: list[Step], times: int) -> dict[str, float]:
    """Return the median milliseconds of each page, asked in turns."""
    front = make_front(office, secure=False)
    app = Border(make_app(front), frozenset({"bench"}), "http")
    headers = {role: _headers(front, actor, role) for role in (Role.OFFICER, Role.AUDITOR)}
    took: dict[str, list[float]] = {name: [] for name, _, _ in steps}
    site = f"{_HOST}/s/{actor.site}"
    mark = itertools.count()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        officer = headers[Role.OFFICER]
        form = await client.get(f"{site}/records", headers=officer)
        csrf = re.findall(r'name="csrf" value="([^"]*)"', form.text)[0]

        async def ask(path: str, fields: Mapping[str, str]) -> httpx.Response:
            if not fields:
                role = Role.AUDITOR if path == "/audit" else Role.OFFICER
                return await client.get(f"{site}{path}", headers=headers[role])
            whole = {"csrf": csrf, "once": f"{next(mark):032x}", **fields}
            return await client.post(f"{site}{path}", headers=officer, data=whole)

        await ask("/roster/search", {"who": "x", "reason": WHY})  # the reason is known from now on
        for _ in range(times):
            for name, path, fields in steps:
                began = time.perf_counter()
                answer = await ask(path, fields)
                took[name].append((time.perf_counter() - began) * 1000)
                assert answer.status_code == OK, f"{name}: {answer.status_code}"
    return {name: statistics.median(each) for name, each in took.items()}


def _headers(front: Front, actor: Actor, role: Role) -> dict[str, str]:
    """Return what a browser sends that is logged in with this role."""
    name = f"{actor.name}-{role.value}"
    if front.accounts.account(name) is None:
        front.accounts.add(actor, name, name, "correct horse battery", role)
    account = front.accounts.account(name)
    assert account is not None, "just made"
    cookie = f"{cookie_name(secure=False)}={front.logins.open(account)}"
    return {"Cookie": cookie, "Origin": _HOST}
