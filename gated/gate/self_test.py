"""Asks every part of the gate once, without the daemon: what `gated check` runs on a ladder."""

import shutil
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from gated import texts
from gated.config import BrokerSection, Config, ScreenSection
from gated.core.model import ClockState
from gated.errors import ConfigError, GatedError
from gated.gate import probes
from gated.gate.app import broker_settings
from gated.gate.health import SPACE_MIN_MB, Health, note_power
from gated.gate.thermometer_desk import CalibrationFile
from gated.process.clock import SystemClock
from gated.screen.tls import server_context
from gated.store.journal_reader import JournalReader
from gated.store.keys import read_public, read_site_keys, read_trust
from gated.store.roster import RosterStore
from gated.transport.mqtt import tls_context

CONNECT_S = 3.0
NETWORK_PAGE = "see docs/screen.md, On a phone or in the office"
AS_THE_SERVICE = "run it as the service's user: sudo -u gated gated check"

Tell = Callable[[str], None]


def self_test(config: Config, tell: Tell | None = None) -> Health:
    """Return how every configured part is now. Opens the devices: the daemon must not run.

    tell: asks the installer for a card, a code and a wrist; None only asks whether they answer.
    Blocks for some seconds.
    """
    health = Health()
    health.set("config", "ok")
    health.set("policy", "ok", "built-in rules")
    for part, question in (("roster", _keys_and_roster), ("storage", _storage)):
        try:
            question(config, health)
        except PermissionError as error:
            detail = f"cannot look into {config.store.dir}: {error.strerror}"
            health.set(part, "fail", detail, AS_THE_SERVICE)
    _clock(config, health)
    note_power(health)
    if config.broker is not None:
        _broker(config.broker, health)
    if config.screen is not None:
        _screen(config.screen, health)
    probes.card_reader(config, health, tell)
    probes.camera(config, health, tell)
    probes.thermometer(config, health, tell)
    _calibration(config, health)
    return health


def _keys_and_roster(config: Config, health: Health) -> None:
    try:
        keys = read_site_keys(config.keys.site, config.keys.rest)
        trust = read_trust(config.keys.trust)
        if config.keys.hub is not None:
            read_public(config.keys.hub)
    except GatedError as error:
        files = (config.keys.site, config.keys.rest, config.keys.trust)
        denied = any(_denied(file) for file in files)
        remedy = AS_THE_SERVICE if denied else "gated keys init DIR makes a set for a new site"
        health.set("keys", "fail", str(error), remedy)
        return
    health.set("keys", "ok", f"{len(trust.keys)} trusted keys")
    if not (config.store.dir / "roster.db").is_file():
        # Not made here: a check as root must not leave a file the service cannot write.
        remedy = "gated roster import FILE, or push from the hub"
        health.set("roster", "fail", "no list has been imported", remedy)
        return
    try:
        rosters = RosterStore(config.store.dir, keys)
        try:
            roster = rosters.current()
            if roster is None:
                detail = rosters.problem or "no list has been imported"
                remedy = "gated roster import FILE, or push from the hub"
                health.set("roster", "fail", detail, remedy)
            else:
                detail = f"revision {roster.rev}, {roster.persons} persons"
                health.set("roster", "warn" if rosters.problem else "ok", detail)
        finally:
            rosters.close()
    except GatedError as error:
        denied = _denied(config.store.dir / "roster.db", "r+b")
        health.set("roster", "fail", str(error), AS_THE_SERVICE if denied else "")


def _denied(path: Path, mode: Literal["rb", "r+b"] = "rb") -> bool:
    """Tell whether the file system lets this user not open the file."""
    try:
        path.open(mode).close()
    except PermissionError:
        return True
    except OSError:
        return False  # whoever named it has said more
    return False


def _storage(config: Config, health: Health) -> None:
    folder = config.store.dir
    if not folder.is_dir():
        remedy = f"make it: install -d -o gated {folder}"
        health.set("storage", "fail", f"{folder} does not exist", remedy)
        return
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    journal = folder / "journal.db"
    if free_mb < SPACE_MIN_MB:
        health.set("storage", "warn", f"{free_mb} MB free", "free some space on the card")
        return
    detail = f"{free_mb} MB free"
    if journal.exists():
        try:
            with JournalReader(journal) as reader:
                state = reader.state()
        except GatedError as error:
            remedy = AS_THE_SERVICE if _denied(journal) else ""
            health.set("storage", "fail", str(error), remedy)
            return
        detail += f", {state.last} records"
        if config.broker is not None:
            detail += f", {state.last - state.acked} of them not yet at the hub"
    health.set("storage", "ok", detail)


def _clock(config: Config, health: Health) -> None:
    now = SystemClock(trusted=config.gate.clock == "trusted").now()
    if now.clock is ClockState.SYNCED:
        health.set("clock", "ok", now.clock.value)
    else:
        remedy = "connect the network or fit a clock module"
        health.set("clock", "warn", now.clock.value, remedy)


def _calibration(config: Config, health: Health) -> None:
    section = config.thermometer
    part = health.part("thermometer")
    if section is None or part.state not in ("ok", "warn"):
        return
    also = f"{part.remedy}; " if part.remedy else ""  # what the probe found is told as well
    file = CalibrationFile(section.site)
    try:
        file.reread()
    except GatedError as error:
        health.set("thermometer", "fail", str(error), "mend the file or calibrate the site")
        return
    today = datetime.now(ZoneInfo(config.gate.timezone)).date()
    sensor = None if file.value is None else file.value.sensor
    if sensor is not None and f"serial {sensor}" not in part.detail:  # as the probe put it
        problem = f"{part.detail}; not calibrated: the calibration is for sensor {sensor}"
        health.set("thermometer", "warn", problem, f"{also}calibrate the site with this sensor")
        return
    if file.value is None or not file.value.valid_on(today):
        remedy = "calibrate the site; until then readings are only compared with each other"
        health.set("thermometer", "warn", f"{part.detail}; not calibrated", also + remedy)


def _broker(section: BrokerSection, health: Health) -> None:
    try:
        tls_context(broker_settings(section))
    except ConfigError as error:
        health.set("broker", "fail", str(error), "see docs/operations.md, The broker")
        health.set("hub", "warn", "not asked without a broker")
        return
    try:
        with socket.create_connection((section.host, section.port), CONNECT_S):
            pass
    except (OSError, UnicodeError) as error:  # UnicodeError: no host can have such a name
        detail = f"cannot reach {section.host} port {section.port}: {error}"
        health.set("broker", "warn", detail, "check network and broker; records wait meanwhile")
        health.set("hub", "warn", "not asked without a broker")
        return
    health.set("broker", "ok", f"{section.host} port {section.port} answers")
    health.set("hub", "off", "only a running gate can tell")


def _screen(section: ScreenSection, health: Health) -> None:
    try:
        texts.load(section.texts)
    except ConfigError as error:
        health.set("screen", "fail", str(error), f"gated texts check {section.texts}")
        return
    ports = [("[screen]", section.host, section.port)]
    if section.network is not None:
        network = section.network
        try:
            server_context(network.cert, network.key)
        except ConfigError as error:
            health.set("screen", "fail", str(error), NETWORK_PAGE)
            return
        ports.append(("[screen.network]", network.host, network.port))
    for where, host, port in ports:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.create_server((host, port), family=family):
                pass
        except OSError as error:
            remedy = f"stop the program that holds it or change {where} port"
            health.set("screen", "fail", f"cannot open {host} port {port}: {error}", remedy)
            return
    free = ", ".join(f"{host} port {port}" for _, host, port in ports)
    health.set("screen", "ok", f"{free} {'is' if len(ports) == 1 else 'are'} free")
