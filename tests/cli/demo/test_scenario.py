"""The demo's day as lines of text: every line is understood, or named."""

import pytest

from gated.cli.demo.report import percentile
from gated.cli.demo.scenario import Scene, read_scenario
from gated.core.model import Category, StatusCode, Verdict

LINE = "a name | in | A: resident | card A; wrist 36.4; ALLOW OK_RESIDENT"


def one(line: str) -> Scene:
    [scene] = read_scenario(line)
    return scene


def test_a_line_is_a_scene_with_people_and_steps() -> None:
    scene = one(LINE)
    assert (scene.name, scene.lane) == ("a name", "in")
    [role] = scene.roles
    assert (role.letter, role.category) == ("A", Category.RESIDENT)
    assert [(step.verb, step.words) for step in scene.steps] == [
        ("card", ("A",)),
        ("wrist", ("36.4",)),
        ("ALLOW", ("OK_RESIDENT",)),
    ]


def test_people_have_statuses_households_slots_and_names() -> None:
    scene = one(
        "x | in | H: resident home_quarantine; A: visitor @H slot -10 50 named 张三; B: courier absent"
        " | card A; STOP STAT_HOST_QUARANTINE"
    )
    host, visitor, courier = scene.roles
    assert host.statuses == (StatusCode.HOME_QUARANTINE,)
    assert (visitor.household, visitor.slot_min, visitor.name) == ("H", (-10, 50), "张三")
    assert courier.absent


def test_comments_and_empty_lines_are_skipped() -> None:
    assert len(read_scenario(f"# words\n\n{LINE}\n\n")) == 1


@pytest.mark.parametrize(
    "line",
    [
        "a name | in | A: resident",
        LINE.replace("| in |", "| up |"),
        LINE.replace("resident", "martian"),
        LINE.replace("A: resident", "A: resident flying"),
        LINE.replace("card A", "wave A"),
        LINE.replace("card A", "card"),
        LINE.replace("wrist 36.4", "wait long"),
        LINE.replace("wrist 36.4", "call boredom"),
        LINE.replace("wrist 36.4", "register"),
        LINE.replace("wrist 36.4", "round moon"),
        LINE.replace("OK_RESIDENT", "OK_MARTIAN"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="scenario line 2"):
        read_scenario(f"# first\n{line}")


def test_the_demos_own_day_is_long_enough_and_shows_every_verdict() -> None:
    scenes = read_scenario()
    assert len(scenes) >= 24
    verbs = {step.verb for scene in scenes for step in scene.steps}
    assert {verdict.value for verdict in Verdict} <= verbs
    assert {scene.lane for scene in scenes} == {"in", "out"}
    assert len({scene.name for scene in scenes}) == len(scenes)


def test_every_scene_expects_something_of_the_gate() -> None:
    expecting = {verdict.value for verdict in Verdict} | {"nothing"}
    for scene in read_scenario():
        assert expecting & {step.verb for step in scene.steps}, scene.name


def test_people_of_a_scene_are_all_introduced() -> None:
    for scene in read_scenario():
        known = {role.letter for role in scene.roles}
        for step in scene.steps:
            if step.verb in ("card", "code") and step.words[0] != "off":
                assert step.words[0] in known, scene.name


def test_percentiles_of_few_values() -> None:
    assert percentile([5.0], 0.99) == 5.0
    assert percentile([float(n) for n in range(1, 101)], 0.5) in (50.0, 50.5, 51.0)
