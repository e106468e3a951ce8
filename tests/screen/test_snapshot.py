import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gated.core.model import GuardActionKind
from gated.screen import snapshot
from gated.screen.snapshot import DutyView, LinkView, MeasuringView, Text


def test_json_of_a_verdict_holds_every_key_of_the_contract(samples: Any) -> None:
    said = json.loads(samples.check.to_json())
    assert list(said) == [field.name for field in dataclasses.fields(samples.check)]
    assert said["mode"] == "verdict"
    assert said["visit"] == 7
    assert said["clock"] == {"iso": "2020-02-10T14:32:07+08:00", "state": "synced"}
    assert said["enabled"] == ["manual_pass", "refuse", "clinical", "remeasure"]
    assert said["suggested"] == ""
    assert said["measuring"] is None
    assert said["banner"] is None
    assert said["verdict"] == {
        "key": "k/check",
        "verdict": "CHECK",
        "band": "check",
        "word": {"zh": "复核", "en": "CHECK"},
        "code": "OK_RESIDENT",
        "reason": {"zh": "有效居民", "en": "Resident"},
        "advice": {"zh": "下次可外出:后天", "en": "Next exit: the day after tomorrow"},
        "note": None,
        "codes": ["OK_RESIDENT", "TEMP_CLINICAL_OK"],
        "person": {
            "name": "王*明",
            "room": "3-2-1**",
            "category": {"zh": "居民", "en": "resident"},
            "last": None,
        },
        "temperature": {
            "text": "36.4",
            "site": {"zh": "腕", "en": "wrist"},
            "state": {"zh": "正常", "en": "normal"},
        },
        "recorded": True,
        "awaiting_guard": False,
        "public": {"zh": "", "en": ""},
        "status": [],
    }


def test_json_is_one_line_of_utf8_whatever_the_texts_hold(samples: Any) -> None:
    odd = replace(samples.idle, duty=DutyView(1, 'a"b\n</script>\U000323af'))
    line = odd.to_json()
    assert b"\n" not in line
    assert json.loads(line.decode("utf-8"))["duty"]["guard"] == odd.duty.guard


def test_suggested_and_link_are_plain_words(samples: Any) -> None:
    stopped = replace(
        samples.stop, suggested=GuardActionKind.REFUSE, link=LinkView("offline", 2290, 57, 300)
    )
    said = json.loads(stopped.to_json())
    assert said["suggested"] == "refuse"
    assert said["link"] == {
        "state": "offline",
        "since_s": 2290,
        "backlog": 57,
        "oldest_s": 300,
    }


def test_measuring_carries_progress_and_deadline(samples: Any) -> None:
    said = json.loads(samples.measuring.to_json())["measuring"]
    assert said["missing"] == "temperature"
    assert said["progress_pct"] == 62
    assert said["deadline_ms"] == 7400
    assert said["prompt"]["zh"] == "请测温"


@pytest.mark.parametrize(("progress", "left"), [(-1, 0), (101, 0), (0, -1)])
def test_impossible_progress_is_our_own_mistake(progress: int, left: int) -> None:
    with pytest.raises(AssertionError):
        MeasuringView(None, "credential", Text(), progress, left)


def test_a_mode_without_its_content_is_our_own_mistake(samples: Any) -> None:
    with pytest.raises(AssertionError, match="which verdict"):
        replace(samples.idle, mode="verdict")
    with pytest.raises(AssertionError, match="measuring what"):
        replace(samples.idle, mode="measuring")
    with pytest.raises(AssertionError, match="three"):
        replace(samples.idle, last=samples.idle.last * 4)


def keys_of(kind: type) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_every_key_is_documented() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "screen.md").read_text(encoding="utf-8")
    contract = guide[guide.index("## The snapshot") :]
    kinds = [kind for kind in vars(snapshot).values() if dataclasses.is_dataclass(kind)]
    for kind in kinds:
        assert isinstance(kind, type)
        for key in keys_of(kind) - {"zh", "en"}:
            assert f"`{key}`" in contract, f"{kind.__name__}.{key} is not in docs/screen.md"


def test_snapshots_are_frozen_and_comparable(samples: Any) -> None:
    assert samples.allow == replace(samples.allow)
    with pytest.raises(dataclasses.FrozenInstanceError):
        samples.allow.visit = 8
