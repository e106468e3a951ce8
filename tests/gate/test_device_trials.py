"""Devices are tried through the real drivers, for as long as somebody looks, and tell nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from drivers.card_reader.simulator_records import foreigner_2023_record, resident_record
from drivers.errors import DeviceDenied, DeviceUnavailable, DriverError
from drivers.thermometer.simulator import Fault, SimulatedBus
from gated.config import CameraSection, CardReaderSection, ThermometerSection
from gated.gate.device_trials import LATE_S, WATCH_S, Look, TrialOver, Trials
from tests.support.waiting import LIMIT_S, wait_until
from tests.support.wizard import Plugs, plugged

NAME, NUMBER = "金丝雀", "11010519491231002X"
CODE = "CANARY-2020-CODE"


@dataclass
class Tried:
    """Trials on a thread of their own. ahead_s: how far their clock is before ours."""

    plugs: Plugs
    ahead_s: float = 0.0
    refusal: DriverError | None = None
    trials: Trials = field(init=False)

    def __post_init__(self) -> None:
        self.trials = Trials(self._bus, lambda: time.monotonic() + self.ahead_s)

    def _bus(self, _bus: str | int) -> SimulatedBus:
        if self.refusal is not None:
            raise self.refusal
        return SimulatedBus(self.plugs.sensor)

    def card(self) -> CardReaderSection:
        return CardReaderSection(port=self.plugs.card)

    def camera(self) -> CameraSection:
        return CameraSection(source=self.plugs.camera.url)

    def wrist(self) -> ThermometerSection:
        return ThermometerSection(bus=self.plugs.bus)

    def until(self, number: int, right: Callable[[Look], object], what: str) -> Look:
        found: list[Look] = []

        def looked() -> bool:
            found[:] = [self.trials.look(number)]
            return bool(right(found[0]))

        wait_until(looked, what=what)
        return found[0]


@pytest.fixture
def tried(tmp_path: Path) -> Iterator[Tried]:
    stop = threading.Event()
    with plugged(tmp_path) as plugs:
        found = Tried(plugs)
        thread = threading.Thread(target=found.trials.run, args=(stop,), name="trials")
        thread.start()
        yield found
        stop.set()
        found.trials.interrupt()
        thread.join(LIMIT_S)
        assert not thread.is_alive()


def test_of_a_card_only_its_kind_is_told(tried: Tried) -> None:
    number = tried.trials.begin("card", tried.card())
    tried.until(number, lambda look: look.state == "waiting", "an open reader")
    tried.plugs.reader.present(resident_record(NAME, NUMBER))
    look = tried.until(number, lambda look: look.seen, "a card")
    assert look.seen == "resident"
    assert tried.trials.proof(tried.card()) == ("resident", "")
    told = repr(asdict(look))
    assert NAME not in told
    assert NUMBER not in told


def test_the_kind_of_a_foreigners_card_is_told(tried: Tried) -> None:
    tried.plugs.reader.present(foreigner_2023_record("CANARY ANN", "911124198108030024"))
    number = tried.trials.begin("card", tried.card())
    assert tried.until(number, lambda look: look.seen, "a card").seen == "foreigner_2023"


def test_a_card_that_cannot_be_read_is_said_to_be_there(tried: Tried) -> None:
    tried.plugs.reader.present(resident_record(NAME, NUMBER), status=0x41)
    number = tried.trials.begin("card", tried.card())
    look = tried.until(number, lambda look: look.now, "a refused card")
    assert (look.seen, look.state) == ("", "waiting")


def test_a_reader_that_is_unplugged_fails_and_comes_back_by_itself(tried: Tried) -> None:
    number = tried.trials.begin("card", tried.card())
    tried.until(number, lambda look: look.state == "waiting", "an open reader")
    tried.plugs.reader.unplug()
    look = tried.until(number, lambda look: look.state == "failed", "a lost reader")
    assert look.problem == "unavailable"
    assert tried.trials.proof(tried.card()) == ("", "unavailable")
    tried.plugs.reader.plug()
    tried.ahead_s += 2.5  # its pause is over
    tried.until(number, lambda look: look.state == "waiting", "a reader that is back")


def test_a_port_another_program_has_is_told_apart(tried: Tried) -> None:
    from gated.gate.devices import open_reader

    with_it = open_reader(tried.card())
    number = tried.trials.begin("card", tried.card())
    look = tried.until(number, lambda look: look.state == "failed", "a busy port")
    with_it.close()
    assert look.problem == "busy"


def test_of_a_code_only_its_place_is_told(tried: Tried) -> None:
    number = tried.trials.begin("camera", tried.camera())
    tried.until(number, lambda look: look.state == "waiting", "a picture")
    assert tried.trials.picture(number)
    tried.plugs.camera.show(CODE)
    look = tried.until(number, lambda look: look.now, "a code")
    assert look.seen == "code"
    assert len(look.box) == 4
    assert all(0 <= place <= 1000 for corner in look.box for place in corner)
    assert CODE not in repr(asdict(look))


def test_a_picture_is_a_small_jpeg_and_gone_with_its_trial(tried: Tried) -> None:
    number = tried.trials.begin("camera", tried.camera())
    tried.until(number, lambda look: look.state == "waiting", "a picture")
    picture = tried.trials.picture(number)
    assert picture is not None
    assert picture[:2] == b"\xff\xd8"
    assert len(picture) < 60_000
    tried.trials.end()
    with pytest.raises(TrialOver):
        tried.trials.picture(number)
    fresh = tried.trials.begin("card", tried.card())
    assert tried.trials.picture(fresh) is None


def test_a_covered_lens_is_told(tried: Tried) -> None:
    tried.plugs.camera.cover()
    number = tried.trials.begin("camera", tried.camera())
    tried.until(number, lambda look: look.covered, "a covered lens")


def test_a_camera_that_is_not_there_is_unavailable(tried: Tried) -> None:
    number = tried.trials.begin("camera", CameraSection(source="http://127.0.0.1:9/none"))
    look = tried.until(number, lambda look: look.state == "failed", "no camera")
    assert look.problem == "unavailable"


def test_a_wrist_is_seen_when_it_holds_still_warmer_than_before(tried: Tried) -> None:
    number = tried.trials.begin("wrist", tried.wrist())
    empty = tried.until(number, lambda look: look.now, "an empty lane that is steady")
    assert (empty.seen, empty.value_mc is not None) == ("", True)
    tried.plugs.sensor.set_scene(33.4)
    look = tried.until(number, lambda look: look.seen, "a wrist")
    assert look.value_mc is not None
    assert 32_000 < look.value_mc < 35_000


def test_a_sensor_without_wires_is_unavailable(tried: Tried) -> None:
    tried.plugs.sensor.fault(Fault.NACK)
    number = tried.trials.begin("wrist", tried.wrist())
    look = tried.until(number, lambda look: look.state == "failed", "a silent sensor")
    assert look.problem == "unavailable"
    assert "check power, wiring and the address" in look.detail


@pytest.mark.parametrize(
    ("refusal", "problem"),
    [
        (DeviceUnavailable("cannot open the bus; switch it on"), "unavailable"),
        (DeviceDenied("permission denied; add the user to group i2c"), "denied"),
    ],
)
def test_no_permission_is_told_apart_from_not_there(
    tried: Tried, refusal: DriverError, problem: str
) -> None:
    tried.refusal = refusal
    number = tried.trials.begin("wrist", tried.wrist())
    look = tried.until(number, lambda look: look.state == "failed", "a refused bus")
    assert (look.problem, look.detail) == (problem, str(refusal))


def test_settings_the_sensor_cannot_have_are_a_fault_of_their_own(tried: Tried) -> None:
    wrong = ThermometerSection(bus=tried.plugs.bus, variant="AAA", supply_v=3.3)
    number = tried.trials.begin("wrist", wrong)
    tried.until(number, lambda look: look.problem == "settings", "an impossible supply")


def test_nothing_for_long_is_said(tried: Tried) -> None:
    number = tried.trials.begin("card", tried.card())
    tried.until(number, lambda look: look.state == "waiting", "an open reader")
    for _ in range(5):  # somebody looks all the time
        tried.ahead_s += LATE_S / 4
        tried.trials.look(number)
    tried.until(number, lambda look: look.late, "a hint")


def test_a_device_nobody_looks_at_is_let_go(tried: Tried) -> None:
    number = tried.trials.begin("card", tried.card())
    tried.until(number, lambda look: look.state == "waiting", "an open reader")
    heard = tried.plugs.reader.heard
    tried.ahead_s += WATCH_S + 1

    def over() -> bool:
        return tried.trials._order is None

    wait_until(over, what="the end of the trial")
    with pytest.raises(TrialOver):
        tried.trials.look(number)
    assert len(tried.plugs.reader.heard) >= len(heard)


def test_a_second_trial_ends_the_first_and_frees_its_device(tried: Tried) -> None:
    first = tried.trials.begin("card", tried.card())
    tried.until(first, lambda look: look.state == "waiting", "an open reader")
    second = tried.trials.begin("card", tried.card())
    with pytest.raises(TrialOver):
        tried.trials.look(first)
    tried.until(second, lambda look: look.state == "waiting", "the same reader, opened anew")
