"""Devices tried one at a time by an installer who watches: card, code, wrist.

The real drivers are opened and read for as long as somebody looks (WATCH_S); then the device is
let go. A fault is told as one word and tried again by itself, so that hands may stay on the
cable. Nothing of what is seen leaves: of a card its kind, of a code that it was one and where it
stood, of a wrist a number. The newest frame lies in memory and is gone with the trial.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, cast

from drivers.errors import DriverError
from gated.config import CameraSection, CardReaderSection, ThermometerSection
from gated.core.thermometry_window import SensorSample, stable_value_mc, stillness
from gated.errors import ConfigError
from gated.gate.devices import (
    BusOpener,
    card_kind,
    fault_kind,
    live_picture,
    open_camera,
    open_reader,
    open_thermometer,
    picture_decoder,
    thermometry_config,
)
from gated.gate.probes import WRIST_STEP_MC
from gated.log import logger

READ_S: Final = 0.25  # one wait for a reading; how soon another trial may begin
WATCH_S: Final = 6.0  # nobody asked for so long: the device is let go
AGAIN_S: Final = 2.0  # between two tries to open a device that failed
LATE_S: Final = 20.0  # then the page says what may be the matter
SAMPLES_MAX: Final = 64
PICTURE_WIDTH: Final = 480

Section: TypeAlias = CardReaderSection | CameraSection | ThermometerSection
State: TypeAlias = Literal["opening", "waiting", "failed"]

_log = logger("setup")


class TrialOver(Exception):
    """Another trial began, or nobody looked: this one has no more to tell."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a trial is.

    problem: one word of fault_kind, or a kind of configuration fault; detail: the driver's own
    sentence. seen: what was seen once, of a card its kind. now: whether it is in sight now, or
    a wrist holds still. late: nothing was seen for long. value_mc: what the sensor reads.
    box: corners of a code in thousandths of the picture. covered: the picture is all dark.
    """

    kind: str
    state: State = "opening"
    problem: str = ""
    detail: str = ""
    seen: str = ""
    now: bool = False
    late: bool = False
    value_mc: int | None = None
    box: tuple[tuple[int, int], ...] = ()
    covered: bool = False


@dataclass(frozen=True, slots=True)
class _Order:
    number: int
    kind: str
    section: Section


class Trials:
    """A worker that tries what it is told to. The other methods may be called from any thread.

    opener: how an I2C bus is opened; None: as the gate does.
    """

    name = "trials"

    def __init__(
        self, opener: BusOpener | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._opener = opener
        self._clock = clock
        # Everything below is shared, under the condition.
        self._news = threading.Condition()
        self._order: _Order | None = None
        self._look = Look("")
        self._number = 0
        self._watched_s = 0.0
        self._frame: Any = None
        self._proved: dict[Section, str] = {}
        self._problems: dict[Section, str] = {}

    def run(self, stop: threading.Event) -> None:
        """Carry out orders until `stop`."""
        while not stop.is_set():
            order = self._awaited(stop)
            if order is not None:
                self._carry_out(order, stop)

    def interrupt(self) -> None:
        """End a wait for the next order."""
        with self._news:
            self._news.notify_all()

    def begin(self, kind: str, section: Section) -> int:
        """The device of this section is tried from now on; return the trial's number."""
        with self._news:
            self._number += 1
            self._order = _Order(self._number, kind, section)
            self._look = Look(kind)
            self._frame = None
            self._watched_s = self._clock()
            self._news.notify_all()
            return self._number

    def end(self) -> None:
        """No device is tried any more; it is let go within READ_S."""
        with self._news:
            self._clear()

    def look(self, number: int) -> Look:
        """Return how this trial is; it goes on as long as somebody asks. Raises TrialOver."""
        with self._news:
            self._watch(number)
            return self._look

    def picture(self, number: int) -> bytes | None:
        """Return the newest frame as a JPEG, None before the first one. Raises TrialOver."""
        with self._news:
            self._watch(number)
            frame = self._frame
        return None if frame is None else live_picture(frame, PICTURE_WIDTH)

    def proof(self, section: Section) -> tuple[str, str]:
        """Return what a device with these settings showed, and its last problem; "" is none."""
        with self._news:
            return self._proved.get(section, ""), self._problems.get(section, "")

    def _watch(self, number: int) -> None:
        if self._order is None or self._order.number != number:
            raise TrialOver
        self._watched_s = self._clock()

    def _clear(self) -> None:
        self._order, self._frame, self._look = None, None, Look("")
        self._news.notify_all()

    def _awaited(self, stop: threading.Event) -> _Order | None:
        with self._news:
            while self._order is None and not stop.is_set():
                self._news.wait(READ_S)
            return self._order

    def _carry_out(self, order: _Order, stop: threading.Event) -> None:
        try_it = {"card": self._card, "camera": self._camera, "wrist": self._wrist}[order.kind]
        while self._wanted(order, stop):
            try:
                try_it(order, stop)
            except (DriverError, ConfigError) as error:
                problem = fault_kind(error) if isinstance(error, DriverError) else "settings"
                if self.proof(order.section)[1] != problem:  # once, however often it is tried
                    # The sentence stays on the page: a camera's address may be in it.
                    _log.warning("setup.device_failed", device=order.kind, problem=problem)
                self._fail(order, problem, str(error))
                self._rest(order, stop)

    def _wanted(self, order: _Order, stop: threading.Event) -> bool:
        with self._news:
            if self._order is not order or stop.is_set():
                return False
            if self._clock() - self._watched_s > WATCH_S:
                self._clear()
                return False
            return True

    def _rest(self, order: _Order, stop: threading.Event) -> None:
        until = self._clock() + AGAIN_S
        while self._clock() < until and self._wanted(order, stop):
            with self._news:
                self._news.wait(READ_S)

    def _tell(self, order: _Order, **news: Any) -> None:
        """Change the look of a trial that is still the one; what was seen once stays seen."""
        with self._news:
            if self._order is not order:
                return
            self._look = replace(self._look, state="waiting", problem="", detail="", **news)
            if self._look.seen:
                self._proved[order.section] = self._look.seen
                self._problems.pop(order.section, None)

    def _fail(self, order: _Order, problem: str, detail: str) -> None:
        with self._news:
            if self._order is not order:
                return
            self._look = Look(order.kind, "failed", problem, detail)
            self._frame = None
            self._problems[order.section] = problem
            self._proved.pop(order.section, None)

    def _card(self, order: _Order, stop: threading.Event) -> None:
        with closing(open_reader(cast("CardReaderSection", order.section))) as reader:
            reader.probe()
            began = self._clock()
            self._tell(order)
            while self._wanted(order, stop):
                reading = reader.read(READ_S)
                late = self._clock() - began > LATE_S
                if reading is None:
                    self._tell(order, now=False, late=late)
                    continue
                kind = card_kind(reading)
                seen = {} if kind == "refused" else {"seen": kind}
                self._tell(order, now=True, late=kind == "refused", **seen)

    def _camera(self, order: _Order, stop: threading.Event) -> None:
        section = cast("CameraSection", order.section)
        decoder = picture_decoder(section.decoder)
        with closing(open_camera(section)) as camera:
            began = self._clock()
            while self._wanted(order, stop):
                frame = camera.read(READ_S)
                if frame is None:
                    continue
                codes = decoder.read_frame(frame.grey)
                height, width = frame.grey.shape
                box = tuple(
                    (x * 1000 // width, y * 1000 // height)
                    for code in codes[:1]
                    for x, y in code.corners
                )
                with self._news:
                    if self._order is order:
                        self._frame = frame.grey
                late = self._clock() - began > LATE_S
                seen = {"seen": "code"} if codes else {}
                covered = camera.view == "covered"
                self._tell(order, now=bool(codes), box=box, late=late, covered=covered, **seen)

    def _wrist(self, order: _Order, stop: threading.Event) -> None:
        section = cast("ThermometerSection", order.section)
        kind = thermometry_config(section)
        limits = stillness(kind.sigma_mc, kind.period_ms)
        with closing(open_thermometer(section, self._opener)) as sensor:
            sensor.probe()
            began = self._clock()
            first_mc: int | None = None
            samples: deque[SensorSample] = deque(maxlen=SAMPLES_MAX)
            while self._wanted(order, stop):
                sample = sensor.read(READ_S)
                if sample is None:
                    continue
                taken_ms = int(sample.taken_s * 1000)
                samples.append(SensorSample(taken_ms, sample.object_mc, sample.ambient_mc))
                first_mc = sample.object_mc if first_mc is None else first_mc
                stable_mc = stable_value_mc(tuple(samples), limits)
                step_mc = 0 if stable_mc is None else abs(stable_mc - first_mc)
                seen = {"seen": "wrist"} if step_mc >= WRIST_STEP_MC else {}
                late = self._clock() - began > LATE_S
                self._tell(
                    order, now=stable_mc is not None, value_mc=sample.object_mc, late=late, **seen
                )
