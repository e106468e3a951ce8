"""Imports point down only: cli -> gate, hub -> screen, store, transport, process, contract -> core."""

import pytest

from tests.architecture.sources import Source, imports, sources

BASE = frozenset(
    {"gated", "gated.config", "gated.config_base", "gated.config_screen", "gated.config_words"}
    | {"gated.errors", "gated.log"}
)
TEXTS = "gated.texts"  # on the ground floor too, but it speaks of the codes of core
BESIDE_CORE = ("screen", "store", "transport", "process", "contract")

# Package of gated -> the packages of gated it may import besides itself and BASE.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "core": (),
    **dict.fromkeys(BESIDE_CORE, ("core",)),
    "screen": ("core", "texts"),
    "gate": (*BESIDE_CORE, "core", "texts"),
    "hub": (*BESIDE_CORE, "core", "texts"),
    "cli": ("gate", "hub", *BESIDE_CORE, "core", "texts"),
}

IMPURE = frozenset(
    {"time", "socket", "sqlite3", "threading", "logging", "os", "random", "secrets"}
    | {"subprocess", "asyncio", "select", "signal", "structlog", "gated.log", "gated.config"}
)

# Who may import drivers, and what of them.
DRIVER_USERS = {
    "gated/gate/devices.py": "drivers",
    "gated/gate/app.py": "drivers",
    # Self-test and wizard open devices through gate/devices.py; they name only failures.
    "gated/gate/probes.py": "drivers.errors",
    "gated/gate/device_trials.py": "drivers.errors",
    # A command opens the sensor where no daemon runs, and says in a sentence why it cannot.
    "gated/gate/thermometer_source.py": "drivers.errors",
}
SIMULATOR_USERS = ("gated/cli/demo/", "tests/")


def is_pure(source: Source) -> bool:
    name = source.path.rsplit("/", 1)[-1]
    in_pure_package = source.path.startswith(("gated/core/", "gated/contract/"))
    return in_pure_package or (source.path.startswith("drivers/") and name.startswith("protocol"))


def below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_every_package_of_gated_has_a_place_in_the_layers() -> None:
    packages = {s.module.split(".")[1] for s in sources("gated") if s.path.count("/") > 1}
    assert packages == set(MAY_IMPORT)


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_imports_of_gated_point_down_only(package: str) -> None:
    allowed = {f"gated.{name}" for name in (package, *MAY_IMPORT[package])}
    wrong = [
        f"{source.path}:{line}: {package} may not import {module}"
        for source in sources("gated")
        if source.path.startswith(f"gated/{package}/")
        for module, line in imports(source)
        if below(module, "gated")
        and module not in BASE
        and not any(below(module, name) for name in allowed)
    ]
    assert wrong == []


def test_the_ground_floor_of_gated_imports_nothing_above_itself() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("gated")
        if source.path.count("/") == 1
        for module, line in imports(source)
        if below(module, "gated")
        and module not in BASE
        and not (source.module == TEXTS and below(module, "gated.core"))
    ]
    assert wrong == []


def test_drivers_never_import_gated() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("drivers")
        for module, line in imports(source)
        if below(module, "gated") or below(module, "tests")
    ]
    assert wrong == []


def test_one_driver_never_imports_another() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("drivers")
        for module, line in imports(source)
        if below(module, "drivers")
        and module != "drivers.errors"
        and module.split(".")[1] != source.module.split(".")[1]
    ]
    assert wrong == []


def test_gate_and_hub_meet_nowhere_but_in_the_demo() -> None:
    meeting = {
        source.path
        for source in sources("gated")
        if {"gated.gate", "gated.hub"}
        <= {".".join(module.split(".")[:2]) for module, _ in imports(source)}
    }
    assert all(path.startswith("gated/cli/demo/") for path in meeting), meeting


def test_drivers_are_reached_through_devices_and_app_alone() -> None:
    wrong = [
        f"{source.path}:{line}: {module}; go through gated/gate/devices.py"
        for source in sources("gated")
        for module, line in imports(source)
        if below(module, "drivers")
        and not source.path.startswith("gated/cli/demo/")
        and not below(module, DRIVER_USERS.get(source.path, "nothing"))
    ]
    assert wrong == []


def test_simulators_are_for_the_demo_and_the_tests() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("gated", "drivers")
        for module, line in imports(source)
        if ".simulator" in module
        and not source.path.startswith(SIMULATOR_USERS)
        and not source.path.rsplit("/", 1)[-1].startswith("simulator")
    ]
    assert wrong == []


def test_the_demo_takes_only_pure_parts_and_simulators_of_the_drivers() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("gated")
        if source.path.startswith("gated/cli/demo/")
        for module, line in imports(source)
        if below(module, "drivers") and not (".simulator" in module or ".protocol" in module)
    ]
    assert wrong == []


def test_a_simulator_never_uses_the_driver_it_answers() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("drivers")
        if source.path.rsplit("/", 1)[-1].startswith("simulator")
        for module, line in imports(source)
        if below(module, "drivers") and module.rsplit(".", 1)[-1] in ("device", "decode")
    ]
    assert wrong == []


def test_pure_modules_import_neither_clock_nor_network_nor_files_nor_chance() -> None:
    wrong = [
        f"{source.path}:{line}: {module}; take it as an argument instead"
        for source in sources("gated", "drivers")
        if is_pure(source)
        for module, line in imports(source)
        if module.split(".")[0] in IMPURE or module in IMPURE
    ]
    assert wrong == []


def test_the_daemon_does_not_import_what_only_hub_and_demo_need() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("gated")
        if source.path.startswith(("gated/gate/", "gated/screen/", "gated/transport/"))
        for module, line in imports(source)
        if module.split(".")[0] in ("sqlalchemy", "rich", "typer", "segno")
    ]
    assert wrong == []
