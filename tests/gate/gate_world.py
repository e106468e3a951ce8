"""A gate in one process: real journal, real list, real desks and engine; its wires are the test."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self

from gated.config import GateSection, ScreenSection, VisitSection
from gated.core.calibration import demo_calibration
from gated.core.id_number import check_character
from gated.core.model import (
    Category,
    ClockState,
    GuardAction,
    GuardActionKind,
    Moment,
    StatusCode,
)
from gated.core.model import Status as PersonStatus
from gated.core.reports import Report
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_window import SensorSample
from gated.core.trust import TrustTable
from gated.errors import StoreError
from gated.gate.card_memory import CardMemory
from gated.gate.desks import Desks
from gated.gate.drift_watch import DriftWatch
from gated.gate.duty_desk import DutyDesk
from gated.gate.engine import Engine
from gated.gate.events import (
    CardSeen,
    DeviceChanged,
    GuardPressed,
    Inbox,
    LaneMark,
    SampleTaken,
)
from gated.gate.finder import FinderDesk, FinderIntake
from gated.gate.health import Health
from gated.gate.hub_desk import HubDesk
from gated.gate.message_desk import MessageDesk
from gated.gate.mode_desk import ModeDesk
from gated.gate.policy_age import PolicyAge
from gated.gate.presenter import Presenter
from gated.gate.recorder import Recorder
from gated.gate.report_desk import ReportDesk
from gated.gate.report_intake import ReportIntake
from gated.gate.resolver import Resolver
from gated.gate.retention import Retention
from gated.gate.screen_desk import ScreenDesk
from gated.gate.shift_summary import SummaryBoard
from gated.gate.thermometer_desk import CalibrationFile, ThermometerDesk
from gated.gate.vehicle_desk import VehicleDesk
from gated.gate.watches import Watches
from gated.gate.wording import Wording
from gated.screen.actions import Pick, Search
from gated.screen.feed import Feed
from gated.screen.look_up import Found
from gated.screen.reports import Answer
from gated.screen.snapshot import ClockView, GateView, Snapshot
from gated.store.guard_book import GuardBook
from gated.store.journal import Draft, Journal
from gated.store.journal_reader import Entry, JournalReader
from gated.store.keys import SiteKeys
from gated.store.roster import LOCAL, RosterStore
from gated.store.roster_build import RosterRow, build
from gated.texts import Texts, shipped
from tests.support.feed import wait_newer

KEYS = SiteKeys(b"\x11" * 32, b"\x22" * 32)
GATE = GateSection(id="north-1", site="park", direction="out", clock="trusted")
VISIT = VisitSection(measure_s=5, guard_s=30, dedupe_s=0)
MOMENT = Moment(5_000, 1_770_000_000_000, ClockState.SYNCED)
ROOM_MC = 22_000
SHIFT_MS = 12 * 3_600_000
LIMIT_S = 20.0
JOIN_S = 20.0


def id_number(number: int) -> str:
    first17 = f"{110101 + number // 1000}19900101{number % 1000:03d}"
    return first17 + check_character(first17)


def resident(number: int, *statuses: StatusCode) -> RosterRow:
    return RosterRow(
        Category.RESIDENT,
        id_number(number),
        "王小明",
        building="3",
        unit="2",
        room=str(101 + number),
        statuses=tuple(PersonStatus(code) for code in statuses),
    )


def install(folder: Path, rows: list[RosterRow], rev: int = 1, kid: str = LOCAL) -> None:
    """Make a list and let it serve: what `gated roster import` does, in its own connection."""
    path = folder / f"new-{rev}.tmp"
    info = build(rows, KEYS, path, rev, MOMENT.utc_ms, GATE.site)
    store = RosterStore(folder, KEYS)
    store.install(path, info, kid, rev, info.sha256)
    store.close()


class FailingJournal(Journal):
    """A real journal on a card that refuses while `broken`."""

    broken = False

    def append_all(self, drafts: Any) -> list[Entry]:
        if self.broken:
            raise StoreError("cannot write journal.db: disk I/O error; replace the card")
        return super().append_all(drafts)

    def store_watermark(self, upto: int, hubgen: int) -> None:
        if self.broken:
            raise StoreError("cannot write journal.db: disk I/O error; replace the card")
        super().store_watermark(upto, hubgen)


@contextmanager
def journal_in(folder: Path) -> Iterator[FailingJournal]:
    epochs = count(1)
    journal = FailingJournal(
        folder / "journal.db", boot="boot-1", new_epoch=lambda: f"{next(epochs):016x}"
    )
    try:
        yield journal
    finally:
        journal.close()


def records(folder: Path, kind: str = "") -> list[dict[str, Any]]:
    """Return what stands in the journal, without the event that opened it."""
    with JournalReader(folder / "journal.db") as reader:
        rows = [entry.fields() for entry in reader.read(2, 500, 1_000_000)]
    return [row for row in rows if not kind or row["kind"] == kind]


def draft_fields(draft: Draft) -> dict[str, Any]:
    return dict(draft.fields)


def write_calibration(path: Path, *, made: date | None = None, **changes: object) -> None:
    site = demo_calibration(made or datetime.now(UTC).date() - timedelta(days=1))
    values: dict[str, object] = {
        "k_milli": site.k_milli,
        "c_mc": site.c_mc,
        "offset_mc": site.offset_mc,
        "offset_dated": site.offset_dated,
        "made": site.made,
        "people": site.people,
        "residual_mc": site.residual_mc,
        "model_id": site.model_id,
    } | changes
    lines = [f'{k} = "{v}"' if isinstance(v, str) else f"{k} = {v}" for k, v in values.items()]
    path.write_text("[calibration]\n" + "\n".join(lines) + "\n", "utf-8")


def duty_desk(recorder: Recorder, folder: Path, *, boot: str = "boot-1") -> DutyDesk:
    desk = DutyDesk(recorder, folder, guard_book(folder), boot=boot, shift_ms=SHIFT_MS)
    desk.restore(MOMENT)
    return desk


def guard_book(folder: Path) -> GuardBook:
    """Return a gate's book whose PINs are cheap to check."""
    return GuardBook(folder, KEYS.rest, cost=2)


@dataclass
class GateInAThread:
    """Start with `with`; then show cards, hold wrists, press, and look at feed and journal."""

    folder: Path
    measures: bool = True
    gate: GateSection = GATE
    inbox: Inbox = field(default_factory=Inbox)
    health: Health = field(default_factory=Health)
    journal: FailingJournal | None = None
    trust: TrustTable = field(default_factory=TrustTable)
    hub_public: bytes | None = None
    texts: Texts = field(default_factory=shipped)
    cards: CardMemory = field(default_factory=CardMemory)
    _sensor_ms: int = 0

    def __post_init__(self) -> None:
        first = Snapshot(GateView("", "", "out"), "zh", ClockView("2026-02-07T12:00:00+08:00", ClockState.UNSURE))  # fmt: skip
        self.feed = Feed(first)
        presenter = Presenter(self.gate, self.health, self.texts)
        self.board = SummaryBoard()
        rules = PolicyAge(self.folder, "1.2.3")
        screen = ScreenDesk(self.feed, presenter, self.board, ScreenSection(), rules)
        self.engine = Engine(
            self.gate, VISIT, self.inbox, self.health, self._desks, LaneMark(), screen
        )
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self.engine.ready.wait(LIMIT_S), "the engine was not ready in time"
        if self.measures:
            self.device("thermometer", "ok")
            self.hold(None, 12)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.engine.interrupt()
        self._thread.join(JOIN_S)
        assert not self._thread.is_alive(), "the engine would not end"
        if self._errors:
            raise self._errors[0]

    def card(self, number: int) -> None:
        self.inbox.put(CardSeen(self._now(), id_number(number)))

    def hold(self, skin_mc: int | None, samples: int = 30) -> None:
        """Let the sensor see a still wrist, or the empty room, at its own pace of 150 ms."""
        if not self._sensor_ms:
            self._sensor_ms = self._now().mono_ms - 60_000
        for number in range(samples):
            self._sensor_ms += 150
            seen = (ROOM_MC if skin_mc is None else skin_mc) + 20 * (number % 2)
            sample = SensorSample(self._sensor_ms, seen, ROOM_MC)
            self.inbox.put(SampleTaken(self._now(), sample))

    def device(
        self,
        part: str,
        state: Any,
        detail: str = "",
        remedy: str = "",
        *,
        name: str = "",
        serial: str = "",
    ) -> None:
        self.inbox.put(DeviceChanged(self._now(), part, state, detail, remedy, name, serial))

    def press(
        self, kind: GuardActionKind, visit: int, reason: str = "", mc: int | None = None
    ) -> str | None:
        """Press until the engine is not too busy to say; return what it said."""
        action = GuardAction(kind, visit, reason, mc)
        end = time.monotonic() + LIMIT_S
        while (said := self.press_once(action)) == "busy":
            assert time.monotonic() < end, "the engine was always busy"
        return said

    def press_once(self, action: GuardAction, *, ago_ms: int = 0, by: str = "") -> str | None:
        answer: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        now = self._now()
        at = replace(now, mono_ms=now.mono_ms - ago_ms)
        self.inbox.put(GuardPressed(at, action, answer, by))
        return answer.get(timeout=LIMIT_S)

    def report(self, report: Report) -> Answer:
        """Report until the engine is not too busy to say; return what it said."""
        intake = ReportIntake(
            self.gate.id, self.hub_public, self.inbox, self._now, cards=self.cards
        )
        end = time.monotonic() + LIMIT_S
        while (said := intake(report)).refusal == "busy":
            assert time.monotonic() < end, "the engine was always busy"
        return said

    def find(self, search: Search) -> Found:
        """Look for somebody until the engine is not too busy to say."""
        finder = FinderIntake(self.inbox, self._now)
        end = time.monotonic() + LIMIT_S
        while (found := finder.find(search)).refusal == "busy":
            assert time.monotonic() < end, "the engine was always busy"
        return found

    def identify(self, handle: str, visit: int = 0) -> Answer:
        """Say who stands there."""
        return FinderIntake(self.inbox, self._now).identify(Pick(handle, visit))

    def until(self, seen: Callable[[Snapshot], object], what: str) -> Snapshot:
        """Return the first snapshot that shows it."""
        end = time.monotonic() + LIMIT_S
        latest = self.feed.latest()
        while not seen(latest.snapshot):
            newer = wait_newer(self.feed, latest.number, end - time.monotonic())
            assert newer is not None, f"never saw {what}; last: {latest.snapshot}"
            latest = newer
        return latest.snapshot

    def verdict(self, code: str) -> Snapshot:
        return self.until(
            lambda s: s.mode == "verdict" and s.verdict is not None and s.verdict.code == code, code
        )

    def measuring(self, visit: int = 0) -> Snapshot:
        return self.until(
            lambda s: s.mode == "measuring" and visit in (0, s.visit), f"measuring {visit}"
        )

    def _now(self) -> Moment:
        return Moment(
            time.monotonic_ns() // 1_000_000, time.time_ns() // 1_000_000, ClockState.SYNCED
        )

    def _run(self) -> None:
        try:
            self.engine.run(self._stop)
        except BaseException as error:  # noqa: BLE001 - raised again by __exit__
            self._errors.append(error)
            self.engine.ready.set()

    def _desks(self) -> Desks:
        closing = ExitStack()
        journal = closing.enter_context(journal_in(self.folder))
        rosters = RosterStore(self.folder, KEYS)
        closing.callback(rosters.close)
        watches = Watches("Asia/Shanghai", every_h=4, boot="boot-1", now=self._now())
        recorder = Recorder(self.gate, journal, None, watches.noted)
        hub = HubDesk(journal, rosters, recorder, self.health, lambda: None)
        resolver = Resolver(KEYS.site, TrustTable(), self.gate)
        self.journal = journal
        reader = JournalReader(journal.path)
        closing.callback(reader.close)
        retention = Retention(journal, reader)
        duty = duty_desk(recorder, self.folder)
        modes = ModeDesk(self.gate, recorder, self.folder, "boot-1")
        vehicles = VehicleDesk(KEYS.site)
        reports = ReportDesk(recorder, duty, modes, vehicles, self.cards)
        category = Wording(self.texts).category
        finder = FinderDesk(recorder, duty, hub.roster_of_the_moment, category)
        messages = MessageDesk(self.gate.id, "boot-1", self.trust, recorder, self.folder)
        measuring = self._thermometer()
        return Desks(
            *(recorder, resolver, hub, measuring, retention, reader),
            *(duty, reports, messages, modes, vehicles),
            *(watches, finder, self.cards, closing),
        )

    def _thermometer(self) -> ThermometerDesk | None:
        if not self.measures:
            return None
        path = self.folder / "site.toml"
        file = CalibrationFile(path if path.exists() else None)
        file.reread()
        config = ThermometryConfig(warm_up_ms=0, three_volt=False)
        return ThermometerDesk(config, file, 0, DriftWatch(self.folder / "days.json"))
