"""Pages tell the truth about dependencies, commands, options, topics, log events and files."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from gated import __version__
from gated.cli.main import app
from gated.contract import topics
from gated.contract.topics import Leaf
from gated.gate.health import PARTS
from tests.architecture.sources import ROOT, dotted, project_files, sources
from tests.docs.pages import anchors, page, pages, quoted, rows, section

OPERATIONS = page("docs/operations.md")
README = page("README.md")
LEVELS = ("debug", "info", "warning", "error")


def listed_under(name: str, heading: str, column: int = 0) -> list[str]:
    part = section(page(name), heading)
    return [word for row in rows(part) for word in quoted(row[column])]


# Dependencies.


def project() -> dict[str, object]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def names(requirements: list[str]) -> list[str]:
    return [re.split(r"[<>=!\[ ;]", line)[0] for line in requirements]


@pytest.mark.parametrize(
    ("heading", "extra"),
    [
        ("## The gate", ""),
        ("## On the Raspberry Pi (`gated[pi]`)", "pi"),
        ("## The hub (`gated[hub]`)", "hub"),
        ("## Development (`gated[dev]`)", "dev"),
    ],
)
def test_every_dependency_has_its_line_and_no_other_has(heading: str, extra: str) -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = table["optional-dependencies"][extra] if extra else table["dependencies"]
    assert listed_under("docs/dependencies.md", heading) == names(wanted)


def test_every_dependency_has_a_lower_bound_and_is_pinned_for_the_scripts() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*table["dependencies"]]
    for lines in table["optional-dependencies"].values():
        wanted += lines
    pinned = {
        name.lower() for name in names((ROOT / "constraints.txt").read_text("utf-8").split("\n"))
    }
    assert [line for line in wanted if ">=" not in line] == []
    assert [name for name in names(wanted) if name.lower() not in pinned] == []


def test_every_debian_package_of_the_scripts_is_listed() -> None:
    text = (ROOT / "script/lib.sh").read_text("utf-8")
    wanted = re.findall(r'^  "([a-z0-9.-]+) ', text, re.MULTILINE)
    assert len(wanted) > 5
    assert set(wanted) <= set(listed_under("docs/dependencies.md", "## Debian packages"))


def test_the_readme_installs_what_the_gate_needs() -> None:
    (line,) = re.findall(r"apt-get install -y (.+)", README)
    text = (ROOT / "script/lib.sh").read_text("utf-8").partition("TEST_PACKAGES")[0]
    wanted = set(re.findall(r'^  "([a-z0-9.-]+) ', text, re.MULTILINE))
    # the broker belongs to the hub; python3 comes with python3-venv
    assert set(line.split()) == wanted - {"mosquitto", "python3"}


# Commands.


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its whole name; Typer keeps Click to itself, so no types of it."""
    root: Any = typer.main.get_command(app)
    context = root.make_context("gated", ["--version"], resilient_parsing=True)
    for name in root.list_commands(context):
        _, command, _ = root.resolve_command(context, [name])
        yield from leaves(f"gated {name}", command)


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    for leaf, found in inner.items():
        yield from leaves(f"{name} {leaf}", found)
    if not inner:
        yield name, command


def options_of(command: Any) -> set[str]:
    return {
        option
        for parameter in command.params
        if parameter.param_type_name == "option"
        for option in parameter.opts
        if option.startswith("--") and "completion" not in option and option != "--help"
    }


def command_rows() -> dict[str, list[str]]:
    table = rows(section(OPERATIONS, "## Commands"))
    return {
        " ".join(w for w in quoted(row[0])[0].split() if not w.isupper() and "…" not in w): row
        for row in table
    }


def test_every_command_is_documented_and_no_other_is() -> None:
    assert {name for name, _ in commands()} | {"gated --version"} == set(command_rows())


def test_every_option_is_documented_and_no_other_is() -> None:
    documented = command_rows()
    for name, command in commands():
        shown = set(re.findall(r"--[a-z-]+", documented[name][2]))
        assert shown == options_of(command), name


def test_every_option_of_the_demo_is_on_its_page() -> None:
    options = options_of(dict(commands())["gated demo"])
    listed = {word.split(" ")[0] for word in listed_under("docs/demo.md", "# The demo")}
    assert options <= listed


def test_commands_shown_to_people_exist() -> None:
    """Every `gated …` line of a page begins with a command that is there."""
    known = {name for name, _ in commands()} | {name.rsplit(" ", 1)[0] for name, _ in commands()}
    for name in pages():
        for line in re.findall(
            r"(?:^|`)(?:sudo -u gated )?(gated [a-z][^`\n]*)", page(name), re.MULTILINE
        ):
            words = re.match(r"gated [a-z]+(?: [a-z]+)?", line)
            assert words, line
            one = " ".join(words[0].split()[:2])
            assert words[0] in known or one in known, f"{name}: {line}"


def test_the_parts_of_the_self_test_are_named_in_order() -> None:
    assert f"`{' '.join(PARTS)}`" in section(OPERATIONS, "## Self-test")


def test_the_version_is_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gated.cli.main", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout == f"gated {__version__}\n"
    assert f"\n## {__version__}\n" in page("CHANGELOG.md")
    assert project()["version"] == __version__


# Log events and topics.


def log_calls() -> Iterator[tuple[str, str]]:
    """Yield (event, level) of every line the program logs."""
    for source in sources("gated"):
        for node in source.nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in LEVELS and dotted(node.func.value).endswith("_log"):
                event = node.args[0]
                assert isinstance(event, ast.Constant), f"{source.path}:{node.lineno}"
                yield str(event.value), node.func.attr


def test_every_log_event_is_documented_with_its_level_and_no_other_is() -> None:
    listed = {
        (name, row[1]) for row in rows(section(OPERATIONS, "## Logs")) for name in quoted(row[0])
    }
    assert listed == set(log_calls())


def test_log_events_are_listed_in_order() -> None:
    listed = listed_under("docs/operations.md", "## Logs")
    assert listed == sorted(listed)


def test_a_log_event_is_a_part_and_what_happened() -> None:
    assert [name for name, _ in log_calls() if not re.fullmatch(r"[a-z]+\.[a-z_]+", name)] == []


def test_every_topic_is_documented() -> None:
    text = page("docs/protocol.md")
    for leaf in Leaf:
        assert topics.gate_topic("x", leaf).replace("/x/", "/<gate>/") in text
    assert topics.HUB_STATUS in text
    assert topics.manifest_topic("x").replace("/x/", "/<roster>/") in text
    for wanted, _ in (*topics.hub_subscriptions(), *topics.gate_subscriptions("g", "r")):
        shown = wanted.replace("/g/g/", "/g/<gate>/").replace("/r/r/", "/r/<roster>/")
        assert shown in text


def test_the_access_list_lets_through_every_topic_of_a_gate() -> None:
    """Mosquitto's %u is the gate; + and # as in MQTT."""
    patterns = re.findall(r"^ +pattern (read|write) (\S+)", OPERATIONS, re.MULTILINE)
    written = [t.replace("%u", "g") for kind, t in patterns if kind == "write"]
    read = [t.replace("%u", "g") for kind, t in patterns if kind == "read"]

    def covered(topic: str, filters: list[str]) -> bool:
        shapes = [f.replace("+", "[^/]+").replace("/#", "(/.*)?") for f in filters]
        return any(re.fullmatch(shape, topic) for shape in shapes)

    up = {Leaf.HELLO, Leaf.EVENTS, Leaf.GET, Leaf.STATUS}
    for leaf in Leaf:
        topic = topics.gate_topic("g", leaf)
        assert covered(topic, written) is (leaf in up), topic
        assert covered(topic, read) is (leaf not in up), topic
        assert not covered(topics.gate_topic("other", leaf), written + read)
    assert covered(topics.manifest_topic("main"), read)
    assert covered(topics.HUB_STATUS, read)


# Pages.


@pytest.mark.parametrize("name", pages())
def test_every_link_leads_somewhere(name: str) -> None:
    text = re.sub(r"```.*?```", "", page(name), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert found.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(found.read_text("utf-8")), f"{name}: {target}"


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    seen: set[str] = set()
    waiting = ["README.md"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for target in re.findall(r"\]\(([^)#\s]+\.md)", page(name)):
            path = ((ROOT / name).parent / target).resolve().relative_to(ROOT).as_posix()
            if path not in seen:
                waiting.append(path)
    assert {name for name in pages() if name.startswith("docs/")} <= seen


def test_the_readme_keeps_the_order_of_its_chapters() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "Demo",
        "Install",
        "How it decides",
        "Running it",
        "The contract",
        "Working on it",
        "What it does not do",
    ]


def test_files_named_in_the_readme_exist() -> None:
    hops = section(README, "## Working on it").partition("hop by hop")[2]
    for path in re.findall(r"`([a-z_]+/[a-z_/.]*)`", hops):
        places = [ROOT / top / path for top in ("gated", "drivers", "")]
        assert any(place.exists() for place in places), path


def test_the_tree_in_the_readme_names_every_package() -> None:
    tree = section(README, "## Working on it")
    packages = {
        p.split("/")[1]
        for p in project_files()
        if p.startswith(("gated/", "drivers/")) and p.count("/") > 1
    }
    assert [name for name in sorted(packages) if f"{name}/" not in tree] == []


def test_the_demo_in_the_readme_is_what_it_prints() -> None:
    """The pasted output has the people, the verdicts and the keys of the closing JSON."""
    shown = section(README, "## Demo")
    report = json.loads(next(line for line in shown.splitlines() if line.startswith("{")))
    assert report["people"] == 8
    assert (report["wrong_verdicts"], report["hub"]["missing"]) == (0, 0)
    assert sum(report["verdicts"].values()) == report["passages"] == sum(report["reasons"].values())
    listed = listed_under("docs/demo.md", "## The closing JSON")
    keys = {f"hub.{key}" for key in report["hub"]} | set(report) - {"hub"}
    assert keys <= set(listed)
    scenes = (ROOT / "gated/cli/demo/scenario.txt").read_text("utf-8")
    for line in shown.splitlines():
        if found := re.match(r"ok +\d+ (in|out) +(.+)", line):
            assert re.search(rf"^{re.escape(found[2])} *\| {found[1]} *\|", scenes, re.MULTILINE)


def test_the_demo_page_counts_the_scenario() -> None:
    text = (ROOT / "gated/cli/demo/scenario.txt").read_text("utf-8")
    count = sum(bool(line.strip()) and not line.startswith("#") for line in text.splitlines())
    assert f"{count} people, ends by itself" in page("docs/demo.md")
