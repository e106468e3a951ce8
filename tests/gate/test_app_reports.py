"""The whole program with the hub's public key: what a guard writes is on record and unreadable."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from gated.config import load
from gated.errors import ConfigError
from gated.gate import app
from gated.gate.self_test import self_test
from gated.store.keys import write_public
from gated.store.sealed_box import open_sealed, public_of
from tests.gate.gate_world import records
from tests.gate.site_files import LIMIT_S, RunningGate, write_site

PRIVATE = bytes(range(32))


def report(gate: RunningGate, **what: object) -> dict[str, object]:
    url = f"http://127.0.0.1:{gate.port}"
    request = urllib.request.Request(f"{url}/report", json.dumps(what).encode(), gate.headers())
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            found: dict[str, object] = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        found = json.loads(error.read())
    return found


def add_hub_key(config: Path, text: str = "") -> None:
    """The configuration names seal.pub; with text, a broken one."""
    path = config.parent / "seal.pub"
    if text:
        path.write_text(text)
    else:
        write_public(path, public_of(PRIVATE))
    config.write_text(config.read_text().replace("trust =", f'hub = "{path}"\ntrust ='))


def test_a_registration_is_sealed_for_the_hub_and_the_shift_survives(tmp_path: Path) -> None:
    running = RunningGate(tmp_path)
    add_hub_key(tmp_path / "gated.toml")
    with running as gate:
        assert report(gate, kind="shift", act="begin", guard="G017") == {
            "ok": True,
            "recorded": True,
        }
        gate.press()
        form = {"kind": "registration", "form": "visitor", "name": "王小明", "to": "3-2-101"}
        assert report(gate, **form)["ok"] is True
        assert gate.snapshot()["duty"]["guard"] == "G017"
        assert gate.stop() == 0
    [passage] = records(tmp_path / "store", "passage")
    [row] = records(tmp_path / "store", "registration")
    assert passage["guard_ref"] == row["guard"] == "G017"
    sealed = bytes.fromhex(row["sealed"])
    plain = json.loads(open_sealed(PRIVATE, sealed, b"gated registration" + b"north-1"))
    assert (plain["name"], plain["to"]) == ("王小明", "3-2-101")
    assert "王小明".encode() not in (tmp_path / "log").read_bytes()
    with RunningGate(tmp_path) as again:
        assert again.snapshot()["duty"]["guard"] == "G017"
        # This start knows no key of the hub.
        assert report(again, **form) == {"error": "no_hub_key", "field": ""}


def test_a_broken_key_of_the_hub_is_refused_before_the_start_and_by_the_check(
    tmp_path: Path,
) -> None:
    path = write_site(tmp_path)
    add_hub_key(path, "no key")
    config = load(path)
    with pytest.raises(ConfigError, match=r"seal\.pub"):
        app._prepared(config)
    part = self_test(config, lambda _: None).part("keys")
    assert part.state == "fail"
    assert "seal.pub" in part.detail
