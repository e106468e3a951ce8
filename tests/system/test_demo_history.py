"""`gated demo --history`: the hub's pages stand over an invented week until Ctrl-C."""

import re
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from gated.cli.demo.centre import GATES, PASSWORD
from gated.cli.demo.world import TIMEZONE
from gated.hub.roles import Role
from tests.support.hub_pages import words
from tests.support.programs import Running, demo_report
from tests.support.waiting import wait_until

PAGES = {
    Role.OFFICER: (
        "gates", "gates/west", "gates/enrol", "roster", "roster/upload", "roster/add", "records",
        "records/late", "trace", "inbox", "person", "person/observation", "report",
    ),
    Role.PROPERTY: ("gates", "roster", "records", "inbox"),
    Role.AUDITOR: ("audit",),
}  # fmt: skip


def logged_in(url: str, role: Role) -> tuple[httpx.Client, str]:
    """A browser of sorts in which somebody is logged in, and the path of their site."""
    client = httpx.Client(
        base_url=url, headers={"Origin": url.rstrip("/")}, follow_redirects=True, timeout=20
    )
    answer = client.post("/login", data={"name": role.value, "password": PASSWORD})
    assert answer.status_code == 200
    found = re.match(r"/s/[a-z0-9-]+/", answer.url.path + "/")
    assert found is not None, answer.url.path
    return client, found[0]


def test_the_pages_stand_over_a_week_until_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gated.cli.main", "demo", "--history"]
    with Running([*command, "--people", "1", "--pace", "0"], tmp_path) as demo:
        told = "\n".join(demo.told("press Ctrl-C"))
        found = re.search(r"pages of the hub: (\S+)", told)
        assert found is not None, told
        for role, pages in PAGES.items():
            client, site = logged_in(found[1], role)
            with closing(client):
                for page in pages:
                    assert client.get(site + page).status_code == 200, page
                if role is Role.OFFICER:
                    see_the_week(client, site)
        demo.interrupt()
        assert demo_report(demo.end())["chain_verified"] is True


def see_the_week(client: httpx.Client, site: str) -> None:
    """All three gates are there, yesterday had visits, and guards have sent something."""
    gates = words(client.get(f"{site}gates"))
    for name, _, _ in GATES.values():
        assert name in gates
    yesterday = datetime.now(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)

    def visits() -> int:
        report = words(client.get(f"{site}report?day={yesterday}"))
        found = re.search(r"通行人次 (\d+) (\d+) (\d+)", report)
        return int(found[3]) if found else 0

    wait_until(lambda: visits() > 0, what="visits of yesterday in the report")
    assert re.search(r"href=\"/s/[^\"]*/inbox/\d+", client.get(f"{site}inbox").text)
