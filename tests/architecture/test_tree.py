"""What lies where, and what may stand in no file of the project."""

import re
import tomllib

from tests.architecture.sources import ROOT, project_files, sources

TOP = {
    "gated", "drivers", "config", "systemd", "tests", "script", "docs", ".ci",
    "pyproject.toml", "README.md", "CHANGELOG.md", "constraints.txt", ".gitignore",
}  # fmt: skip

TEXT = (".py", ".md", ".toml", ".txt", ".service", ".html", ".css", ".js", ".sh", ".json", ".jsonl")

# An identity number that a person could have: 17 digits and a check character, born 19xx or 20xx.
ID_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d\d{3}[\dX](?![\dA-Za-z])"
)

MACHINE = re.compile(r"/(?:work|root|home)/[a-z]|\.\./shared\b")


def texts() -> list[tuple[str, str]]:
    files = [path for path in project_files() if path.endswith(TEXT)]
    files += [path for path in project_files() if path.startswith((".ci/", "script/"))]
    return [(path, (ROOT / path).read_text("utf-8")) for path in dict.fromkeys(files)]


def test_nothing_else_lies_at_the_top() -> None:
    assert {path.split("/")[0] for path in project_files()} <= TOP


def test_everything_that_was_promised_is_there() -> None:
    assert {path.split("/")[0] for path in project_files()} >= TOP


def test_every_package_is_a_package() -> None:
    folders = {source.path.rsplit("/", 1)[0] for source in sources("gated", "drivers")}
    assert [f for f in sorted(folders) if not (ROOT / f / "__init__.py").exists()] == []


def test_every_driver_has_its_three_parts_and_a_readme() -> None:
    drivers = {
        p.split("/")[1] for p in project_files() if p.startswith("drivers/") and p.count("/") > 1
    }
    for driver in drivers:
        names = {path.name for path in (ROOT / "drivers" / driver).iterdir()}
        assert {"protocol.py", "device.py", "simulator.py", "README.md"} <= names, driver


def test_no_file_names_the_machine_it_was_written_on() -> None:
    here = "tests/architecture/test_tree.py"
    wrong = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts()
        if path != here
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert wrong == []


def test_no_identity_number_stands_in_program_or_papers() -> None:
    wrong = [
        f"{path}:{number}"
        for path, text in texts()
        if not path.startswith("tests/")
        for number, line in enumerate(text.splitlines(), 1)
        if ID_NUMBER.search(line)
    ]
    assert wrong == []


def test_no_private_key_is_in_the_tree() -> None:
    head = "-----BEGIN " + "PRIVATE KEY"
    assert [path for path, text in texts() if head in text] == []


def test_the_wheel_carries_the_pages_and_the_scenario() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    data = table["tool"]["setuptools"]["package-data"]
    for package, patterns in data.items():
        folder = ROOT / package.replace(".", "/")
        assert all(any(folder.glob(pattern)) for pattern in patterns), package
    plain = {
        path.rsplit("/", 1)[0]
        for path in project_files()
        if path.startswith(("gated/", "drivers/")) and not path.endswith((".py", ".md"))
    }
    pages = {f"gated/hub/web/{kind}" for kind in ("templates", "texts", "static")}
    pages |= {f"gated/screen/{kind}" for kind in ("page", "setup_page", "thermometer_page")}
    assert plain == {"gated", "gated/cli/demo"} | pages


def test_scripts_and_ci_can_be_run() -> None:
    for name in ("script/demo", "script/test", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, f"chmod +x {name}"
