"""Puts the gate together and runs it: what systemd starts and `gated run` is.

Exit codes: 0 stopped in order, 1 crashed or a thread would not end, 69 the journal or the screen's
port cannot be opened, 78 the configuration or a key file cannot be used.
"""

import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gated import __version__
from gated.config import BrokerSection, Config, ScreenSection
from gated.core.model import ClockState
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.trust import TrustTable
from gated.errors import ConfigError, GatedError, StoreError
from gated.gate.card_memory import CardMemory
from gated.gate.control import ControlServer
from gated.gate.desks import Desks
from gated.gate.devices import (
    BusOpener,
    camera_loop,
    card_reader_loop,
    thermometer_loop,
    thermometry_config,
)
from gated.gate.duty_desk import DutyDesk
from gated.gate.engine import Engine
from gated.gate.events import Inbox, LaneMark
from gated.gate.fetch import HeldRoster
from gated.gate.finder import FinderDesk
from gated.gate.health import Health
from gated.gate.hub_desk import HubDesk
from gated.gate.live_board import LiveBoard
from gated.gate.message_desk import MessageDesk
from gated.gate.mode_desk import ModeDesk
from gated.gate.panel import notice_text, station_view
from gated.gate.policy_age import PolicyAge
from gated.gate.presenter import Place, Presenter
from gated.gate.recorder import Recorder
from gated.gate.report_desk import ReportDesk
from gated.gate.resolver import Resolver
from gated.gate.retention import Retention
from gated.gate.screen_desk import ScreenDesk
from gated.gate.screens import Behind, Screens, bound_screens
from gated.gate.shift_summary import SummaryBoard
from gated.gate.thermometer_desk import CalibrationFile, SensorFiles
from gated.gate.uplink import Uplink, UplinkSettings
from gated.gate.uplink_events import UplinkEvent
from gated.gate.vehicle_desk import VehicleDesk
from gated.gate.watches import Watches
from gated.gate.wording import Wording
from gated.log import logger
from gated.process import systemd
from gated.process.clock import SystemClock, boot_id
from gated.process.supervisor import Supervisor, block_stop_signals
from gated.screen.feed import Feed
from gated.screen.listener import ScreenUnavailable
from gated.screen.snapshot import ClockView, GateView, Snapshot
from gated.store.guard_book import GuardBook
from gated.store.journal import Journal
from gated.store.journal_reader import JournalReader
from gated.store.keys import SiteKeys, read_public, read_site_keys, read_trust
from gated.store.roster import RosterStore
from gated.texts import Texts
from gated.texts import load as load_texts
from gated.transport.mqtt import BrokerSettings, tls_context

EXIT_CRASHED, EXIT_UNAVAILABLE, EXIT_CONFIG = 1, 69, 78
READY_S = 30.0  # a damaged journal is checked whole before the engine is ready
HOUR_MS = 3_600_000
HEARTBEAT_MS = 5_000  # an engine silent for longer is stuck

_log = logger("app")


@dataclass(slots=True)
class Parts:
    """Everything that is made on the main thread before threads start."""

    config: Config
    keys: SiteKeys
    trust: TrustTable
    calibration: CalibrationFile
    thermometry: ThermometryConfig | None
    health: Health
    inbox: Inbox
    feed: Feed
    boot: str
    book: GuardBook
    texts: Texts
    mark: LaneMark = field(default_factory=LaneMark)
    cards: CardMemory = field(default_factory=CardMemory)
    board: SummaryBoard = field(default_factory=SummaryBoard)
    live: LiveBoard = field(default_factory=LiveBoard)
    hub_public: bytes | None = None
    uplink: Uplink | None = None
    hub_desk: HubDesk | None = None
    starts: int = 0


def run(config: Config, bus_opener: BusOpener | None = None) -> int:
    """Run the gate until a stop signal; return the exit code.

    bus_opener: how [thermometer] bus becomes a bus; the demo brings its own. Main thread only.
    """
    block_stop_signals()
    try:
        parts = _prepared(config)
    except StoreError as error:
        _log.error("start.refused", problem=str(error))
        return EXIT_UNAVAILABLE
    except GatedError as error:
        _log.error("start.refused", problem=str(error))
        return EXIT_CONFIG
    with ExitStack() as closing:
        try:
            screens = _bound_screens(parts, closing)
        except ScreenUnavailable as error:
            _log.error("start.refused", problem=str(error))
            return EXIT_UNAVAILABLE
        except ConfigError as error:
            _log.error("start.refused", problem=str(error))
            return EXIT_CONFIG
        return _supervised(parts, screens, bus_opener)


def _prepared(config: Config) -> Parts:
    """Read every file the configuration names. Raises GatedError with file and remedy."""
    calibration = CalibrationFile(config.thermometer.site if config.thermometer else None)
    calibration.reread()
    health = Health()
    health.set("config", "ok")
    health.set("policy", "ok", "built-in rules")
    texts = load_texts(config.screen.texts if config.screen else None)
    keys = read_site_keys(config.keys.site, config.keys.rest)
    trust = read_trust(config.keys.trust)
    health.set("keys", "ok", f"{len(trust.keys)} trusted keys")
    if config.broker is not None:
        tls_context(broker_settings(config.broker))  # a file that is no PEM is refused here
    thermometry = thermometry_config(config.thermometer) if config.thermometer else None
    zone = ZoneInfo(config.gate.timezone)
    gate = config.gate
    first = Snapshot(
        GateView(gate.name or gate.id, gate.name_en or gate.id, gate.direction),
        gate.language,
        ClockView(datetime.now(zone).isoformat(timespec="seconds"), ClockState.UNSURE),
    )
    _make_folder(config.store.dir)
    hub_public = None if config.keys.hub is None else read_public(config.keys.hub)
    return Parts(
        config,
        keys,
        trust,
        calibration,
        thermometry,
        health,
        Inbox(),
        Feed(first),
        boot_id(),
        GuardBook(config.store.dir, keys.rest),
        texts,
        hub_public=hub_public,
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"make it: install -d -o gated {folder}"
        message = f"cannot make the store's folder {folder}: {error.strerror}; {remedy}"
        raise StoreError(message) from error


def _bound_screens(parts: Parts, closing: ExitStack) -> Screens | None:
    behind = Behind(
        parts.inbox,
        parts.feed,
        parts.book,
        parts.texts,
        SystemClock().now,
        parts.hub_public,
        parts.cards,
        parts.board,
    )
    screens = bound_screens(parts.config, behind, closing)
    if screens is not None:
        parts.health.set("screen", "ok", screens.urls)
    return screens


def _supervised(parts: Parts, screens: Screens | None, bus_opener: BusOpener | None) -> int:
    config = parts.config
    supervisor = Supervisor()
    engine = Engine(
        config.gate,
        config.visit,
        parts.inbox,
        parts.health,
        lambda: _desks(parts),
        parts.mark,
        _screen_desk(parts),
    )
    supervisor.start(engine)
    deadline = time.monotonic() + READY_S
    while not engine.ready.wait(0.05):
        if supervisor.failed or time.monotonic() > deadline:
            supervisor.stop()
            if engine.start_error is not None:
                _log.error("start.refused", problem=str(engine.start_error))
                return EXIT_UNAVAILABLE
            return EXIT_CRASHED
    parts.feed.alive = lambda: _mono_ms() - engine.beat_ms < HEARTBEAT_MS
    if screens is not None:
        screens.start(supervisor)
    _start_devices(parts, supervisor, bus_opener)
    if config.broker is not None:
        parts.uplink = _uplink(parts, config.broker)
        supervisor.start(parts.uplink)
    live = None if config.thermometer is None else parts.live
    supervisor.start(ControlServer(config.store.dir / "gated.sock", parts.health, live))
    systemd.notify("READY=1")
    _log.info("gate.ready", gate=config.gate.id, screen=screens.urls if screens else "none")
    supervisor.wait(lambda: _feed_watchdog(engine))
    systemd.notify("STOPPING=1")
    stuck = supervisor.stop()
    _log.info("gate.stopped", gate=config.gate.id, failed=supervisor.failed, stuck=stuck)
    return EXIT_CRASHED if supervisor.failed or stuck else 0


def _screen_desk(parts: Parts) -> ScreenDesk:
    config, texts = parts.config, parts.texts
    place = Place(station_view(config.station), notice_text(config.notice, texts))
    presenter = Presenter(config.gate, parts.health, texts, place)
    rules = PolicyAge(config.store.dir, __version__)
    section = config.screen or ScreenSection()
    return ScreenDesk(parts.feed, presenter, parts.board, section, rules)


def _start_devices(parts: Parts, supervisor: Supervisor, bus_opener: BusOpener | None) -> None:
    config, inbox = parts.config, parts.inbox
    trusted = config.gate.clock == "trusted"
    for reader in config.card_reader:
        supervisor.start(card_reader_loop(reader, inbox, SystemClock(trusted=trusted)))
    if config.camera is not None:
        supervisor.start(
            camera_loop(config.camera, inbox, SystemClock(trusted=trusted), parts.mark)
        )
    if config.thermometer is not None:
        clock = SystemClock(trusted=trusted)
        supervisor.start(thermometer_loop(config.thermometer, inbox, clock, bus_opener))


def _desks(parts: Parts) -> Desks:
    """Open the databases; called on the engine's thread. Raises StoreError."""
    with ExitStack() as closing:  # what was opened is given back when the rest cannot be
        desks = _opened_desks(parts, closing)
        desks.closing = closing.pop_all()
    return desks


def _opened_desks(parts: Parts, closing: ExitStack) -> Desks:
    config = parts.config
    folder = config.store.dir
    clock = SystemClock(trusted=config.gate.clock == "trusted")
    journal = Journal(
        folder / "journal.db",
        boot=parts.boot,
        new_epoch=lambda: secrets.token_hex(8),
        now=clock.now,
    )
    closing.callback(journal.close)
    reader = JournalReader(journal.path)
    closing.callback(reader.close)
    rosters = RosterStore(folder, parts.keys)
    closing.callback(rosters.close)
    every_h, zone = config.rounds.every_h, config.gate.timezone
    watches = Watches(zone, every_h=every_h, boot=parts.boot, now=clock.now())
    recorder = Recorder(config.gate, journal, lambda: _tell_grown(parts), watches.noted)
    hub = HubDesk(journal, rosters, recorder, parts.health, lambda: parts.uplink)
    resolver = Resolver(parts.keys.site, parts.trust, config.gate)
    thermometer = None
    if parts.thermometry is not None:
        kept = SensorFiles(folder, parts.boot, parts.live)
        thermometer = kept.desk(parts.thermometry, parts.calibration, clock.now())
    if journal.repaired is not None:
        fields = {"code": "DEV_DB_REPAIRED", "state": "since", "part": "storage"}
        recorder.event(
            "device", fields | {"former_epoch": journal.repaired.former_epoch}, clock.now()
        )
    parts.starts, parts.hub_desk = journal.starts, hub
    retention = Retention(journal, reader, hubless=config.broker is None)
    shift_ms = round(config.guards.shift_h * HOUR_MS)
    duty = DutyDesk(recorder, folder, parts.book, boot=parts.boot, shift_ms=shift_ms)
    modes = ModeDesk(config.gate, recorder, folder, parts.boot)
    vehicles = VehicleDesk(parts.keys.site)
    reports = ReportDesk(recorder, duty, modes, vehicles, parts.cards)
    category = Wording(parts.texts).category
    closing.callback(parts.cards.forget)

    def answered(epoch: str, seq: int, by: str) -> None:
        if epoch == journal.epoch:
            watches.answered(seq, by)

    messages = MessageDesk(config.gate.id, parts.boot, parts.trust, recorder, folder, answered)
    return Desks(
        recorder=recorder,
        resolver=resolver,
        hub=hub,
        thermometer=thermometer,
        retention=retention,
        reader=reader,
        duty=duty,
        reports=reports,
        messages=messages,
        modes=modes,
        vehicles=vehicles,
        watches=watches,
        finder=FinderDesk(recorder, duty, hub.roster_of_the_moment, category),
        cards=parts.cards,
    )


def _tell_grown(parts: Parts) -> None:
    if parts.uplink is not None:
        parts.uplink.journal_grew()


def _uplink(parts: Parts, section: BrokerSection) -> Uplink:
    config = parts.config
    quick_ms = int(section.reconnect_s * 1000)
    settings = UplinkSettings(
        broker=broker_settings(section),
        gate=config.gate.id,
        roster=section.roster,
        boot=parts.boot,
        software=__version__,
        starts=parts.starts,
        journal=config.store.dir / "journal.db",
        folder=config.store.dir,
        reconnect_base_ms=quick_ms,
        first_spread_ms=quick_ms * 10,
        fetch_spread_ms=quick_ms,
    )
    clock = SystemClock(trusted=config.gate.clock == "trusted")
    return Uplink(
        settings,
        parts.trust,
        emit=lambda event: _put(parts, event),
        held=lambda: _held(parts),
        clock_trusted=lambda: clock.now().clock is not ClockState.UNSURE,
    )


def _put(parts: Parts, event: UplinkEvent) -> None:
    parts.inbox.put(event)


def _held(parts: Parts) -> HeldRoster:
    assert parts.hub_desk is not None, "the engine is ready before the uplink starts"
    return parts.hub_desk.held


def broker_settings(section: BrokerSection) -> BrokerSettings:
    """Return the transport's settings from a [broker] section."""
    return BrokerSettings(
        host=section.host,
        port=section.port,
        tls=section.tls,
        ca=section.ca,
        cert=section.cert,
        key=section.key,
        username=section.username,
        password=section.password,
    )


def _feed_watchdog(engine: Engine) -> None:
    """Tell systemd we live, but only while the engine's heart beats."""
    if systemd.watchdog_period_s() is not None and _mono_ms() - engine.beat_ms < HEARTBEAT_MS:
        systemd.notify("WATCHDOG=1")


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000
