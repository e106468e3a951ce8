"""The driver on the simulated wire: every fault is an error of its class, never a temperature."""

import errno
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smbus2 import i2c_msg

from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable, DriverError
from drivers.thermometer.adapter import open_bus
from drivers.thermometer.device import MachineClock, Mlx90614, Sample
from drivers.thermometer.simulator import Fault, Mlx90614Model, SimulatedBus, VirtualClock
from tests.support.thermometer_bench import Bench, FailingBus


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_sample_is_what_the_sensor_reads_uncorrected(bench: Bench) -> None:
    """Room 22.0 at 3.3 V reads 0.18 high; the die is 1.0 warmer than the room."""
    sample = bench.sample()
    assert (sample.object_mc, sample.ambient_mc) == (22_170, 23_170)
    assert sample.object_mc == 20 * sample.object_code - 273_150
    assert sample.taken_s == 1000.0


def test_samples_come_once_per_period(bench: Bench) -> None:
    taken = [bench.sample().taken_s for _ in range(5)]
    assert taken == pytest.approx([1000.0, 1000.15, 1000.3, 1000.45, 1000.6])


@pytest.mark.parametrize(("variant", "period_s"), [("AAA", 0.15), ("DCI", 0.65), ("BCK", 0.65)])
def test_period_follows_the_variant(variant: str, period_s: float) -> None:
    bench = Bench(variant)
    first, second = bench.sample(), bench.sample()
    assert second.taken_s - first.taken_s == pytest.approx(period_s)


def test_late_reader_gets_one_sample_and_no_burst(bench: Bench) -> None:
    bench.sample()
    bench.clock.advance(10.0)
    assert bench.sample().taken_s == pytest.approx(1010.0)
    assert bench.sample().taken_s == pytest.approx(1010.15)


def test_nothing_yet_is_none_after_the_timeout(bench: Bench) -> None:
    bench.sample()
    before_s = bench.clock.now_s
    assert bench.device.read(0.05) is None
    assert bench.clock.now_s - before_s == pytest.approx(0.05)
    assert bench.device.read(0.0) is None
    assert bench.sample().taken_s == pytest.approx(1000.15)


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (Fault.NACK, 3),
        (Fault.CONTROLLER_ERROR, 2),
        (Fault.WRONG_PEC, 2),
        (Fault.ALL_ZERO, 1),
        (Fault.ALL_ONES, 3),
        (Fault.ERROR_FLAG, 2),
        (Fault.DEAD_BUS, 1),
    ],
)
def test_passing_fault_is_retried_within_one_read(bench: Bench, fault: Fault, count: int) -> None:
    bench.sample()
    bench.model.fault(fault, count)
    assert bench.sample().object_mc == 22_170
    assert bench.device.counters.retries == count


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        (Fault.NACK, DeviceUnavailable, "nobody answers; check power, wiring and the address"),
        (Fault.CONTROLLER_ERROR, DeviceUnavailable, "controller failed"),
        (Fault.TIMED_OUT, DeviceUnavailable, "the bus is stuck; switch the sensor off and on"),
        (Fault.WRONG_PEC, CorruptData, r"checksum 0x.., expected 0x.. \(4 times in a row\)"),
        (Fault.ALL_ZERO, CorruptData, "code 0x0000 is a dead bus"),
        (Fault.ALL_ONES, CorruptData, "code 0xffff is a dead bus"),
        (Fault.ERROR_FLAG, CorruptData, "error flag"),
        (Fault.DEAD_BUS, CorruptData, "checksum 0xff"),
    ],
)
def test_lasting_fault_is_an_error_and_heals(
    bench: Bench, fault: Fault, kind: type[DriverError], text: str
) -> None:
    bench.sample()
    bench.model.fault(fault)
    for _ in range(2):
        with pytest.raises(kind, match="thermometer 0x5a.*" + text):
            bench.device.read(1.0)
    bench.model.heal()
    assert bench.sample().object_mc == 22_170


def test_retries_are_bounded_in_number_and_time(bench: Bench) -> None:
    bench.sample()
    bench.model.fault(Fault.NACK)
    before_s = bench.clock.now_s
    with pytest.raises(DeviceUnavailable):
        bench.device.read(1.0)
    assert bench.device.counters.bus_errors == 4
    assert bench.clock.now_s - before_s == pytest.approx(0.15 + 0.062)


@pytest.mark.parametrize(
    ("number", "kind", "remedy", "transfers"),
    [
        (errno.EREMOTEIO, DeviceUnavailable, "check power, wiring", 4),
        (errno.EIO, DeviceUnavailable, "check wiring", 4),
        (errno.EBADMSG, CorruptData, "check cable length", 4),
        (errno.ETIMEDOUT, DeviceUnavailable, "off and on", 1),
        (errno.EBUSY, DeviceDenied, "unload module mlx90614", 1),
        (errno.EOPNOTSUPP, DeviceDenied, "use a bus with plain I2C", 1),
        (errno.ENXIO, DeviceUnavailable, "no such device", 1),
        (errno.ENODEV, DeviceUnavailable, "the bus is gone", 1),
        (errno.ENOENT, DeviceUnavailable, "raspi-config", 1),
        (errno.EACCES, DeviceDenied, "group i2c", 1),
        (errno.EPERM, DeviceDenied, "group i2c", 1),
        (errno.EBADF, DeviceUnavailable, "check the wiring", 1),
    ],
)
def test_errors_of_the_bus_become_remedies(
    number: int, kind: type[DriverError], remedy: str, transfers: int
) -> None:
    bus = FailingBus(number)
    with pytest.raises(kind, match=remedy) as caught:
        Mlx90614(bus, clock=VirtualClock()).read(1.0)
    assert bus.transfers == transfers
    assert isinstance(caught.value.__cause__, OSError)


def test_sensor_without_checksums_is_read_twice_and_says_so(bench: Bench) -> None:
    bench.model.fault(Fault.WRONG_PEC)
    assert bench.sample().object_mc == 22_170
    assert bench.device.health == {"pec_unavailable"}
    assert "checksums" not in bench.device.probe()
    assert ["words are read twice" in concern for concern in bench.device.concerns()] == [True]


def test_two_reads_that_differ_are_tried_again() -> None:
    """Words flip between two values; without a checksum neither is believed."""

    class Flicker(FailingBus):
        def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
            opcode = next(iter(i2c_msgs[0]))
            self.answer = (
                b"\x5a\xbe\x00" if opcode == 0x2E else bytes((self.transfers & 1, 0x39, 0))
            )
            super().i2c_rdwr(*i2c_msgs)

    with pytest.raises(CorruptData, match="two reads differ"):
        Mlx90614(Flicker(), clock=VirtualClock()).read(1.0)


@pytest.mark.parametrize("answer", [b"\xff\xff\xff", b"\x00\x00\x01"])
def test_dead_bus_is_not_taken_for_a_sensor_without_checksums(answer: bytes) -> None:
    with pytest.raises(CorruptData, match="5 checksums wrong"):
        Mlx90614(FailingBus(answer=answer), clock=VirtualClock()).read(1.0)


def test_line_with_some_bad_checksums_is_weak_and_with_many_is_refused() -> None:
    bench = Bench(noise=1.0)
    for _ in range(60):
        bench.sample()
    bench.model.fault(Fault.WRONG_PEC, 3)
    bench.sample()
    assert bench.device.health == {"pec_weak"}
    assert bench.device.concerns() == (
        "more than 1 % of the checksums are wrong; shorten the cable or lower the bus clock",
    )

    for _ in range(98):  # the last wrong one is among 200 still
        bench.sample()
    assert bench.device.health == {"pec_weak"}
    bench.sample()
    assert bench.device.health == frozenset()

    def wear_out() -> None:
        for _ in range(20):
            bench.model.fault(Fault.WRONG_PEC, 2)
            bench.sample()

    with pytest.raises(DeviceUnavailable, match=r"1\d % of the last \d+ checksums are wrong"):
        wear_out()


def test_interrupt_ends_a_blocked_read_of_another_thread() -> None:
    clock = MachineClock()
    model = Mlx90614Model(clock.monotonic, variant="DCI")
    device = Mlx90614(SimulatedBus(model), variant="DCI")
    assert device.read(1.0) is not None
    results: list[Sample | None] = []
    reader = threading.Thread(target=lambda: results.append(device.read(60.0)))
    # The sensor is due in 0.65 s; the interrupt may come before or while the read waits.
    reader.start()
    device.interrupt()
    reader.join(10.0)
    assert results == [None]


def test_interrupt_while_nobody_reads_ends_the_next_read_only(bench: Bench) -> None:
    bench.device.interrupt()
    assert bench.device.read(1.0) is None
    assert bench.sample().object_mc == 22_170


def test_close_twice_is_fine_and_reading_then_is_unavailable(bench: Bench) -> None:
    bench.device.close()
    bench.device.close()
    for attempt in (lambda: bench.device.read(0.1), bench.device.probe, bench.device.serial):
        with pytest.raises(DeviceUnavailable, match="it was closed; open it again"):
            attempt()


@pytest.mark.parametrize(("variant", "supply_v"), [("DCC", 5.0), ("AAA", 3.3), ("BAA", 2.5)])
def test_supply_that_the_variant_does_not_stand_is_refused(variant: str, supply_v: float) -> None:
    with pytest.raises(ValueError, match="is outside"):
        Mlx90614(FailingBus(), variant=variant, supply_v=supply_v)


@pytest.mark.parametrize("bus", [250, "250", "/dev/i2c-250"])
def test_bus_that_is_not_there_names_the_remedy(bus: str | int) -> None:
    with pytest.raises(
        DeviceUnavailable, match=r"cannot open I2C bus /dev/i2c-250: .*raspi-config"
    ):
        open_bus(bus)


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*Fault, None]), max_size=25), st.integers(1, 3))
def test_no_schedule_of_faults_turns_into_a_wrong_temperature(
    schedule: list[Fault | None], count: int
) -> None:
    """Whatever the wire does, a sample says the room or there is no sample."""
    bench = Bench()
    bench.sample()
    for fault in schedule:
        bench.model.heal() if fault is None else bench.model.fault(fault, count)
        try:
            sample = bench.device.read(1.0)
        except DriverError:
            continue
        assert sample is not None
        assert (sample.object_mc, sample.ambient_mc) == (22_170, 23_170)


def test_sensor_that_lost_its_power_is_unavailable_until_it_has_started(bench: Bench) -> None:
    bench.sample()
    bench.model.power_cycle()
    with pytest.raises(DeviceUnavailable, match="nobody answers"):
        bench.device.read(1.0)
    assert bench.sample().object_mc == 22_170


def test_interrupt_during_retries_skips_their_pauses(bench: Bench) -> None:
    """The read ends with what the wire says; the next one sees the interrupt."""
    bench.sample()
    bench.clock.advance(0.2)
    bench.model.fault(Fault.NACK)

    class InterruptingClock(VirtualClock):
        def wait(self, event: threading.Event, timeout_s: float) -> bool:
            event.set()
            return super().wait(event, timeout_s)

    clock = InterruptingClock(bench.clock.now_s)
    device = Mlx90614(bench.bus, clock=clock)
    with pytest.raises(DeviceUnavailable):
        device.read(1.0)
    assert clock.now_s == bench.clock.now_s
    assert device.read(1.0) is None


def test_nothing_is_ever_written_to_the_sensor(bench: Bench) -> None:
    before = dict(bench.model.eeprom)
    bench.device.probe()
    for _ in range(10):
        bench.sample()
    assert bench.model.eeprom == before
    assert bench.device.counters.retries == 0


def test_sensor_at_another_address_is_found_there_only() -> None:
    clock = VirtualClock()
    model = Mlx90614Model(clock.monotonic, address=0x33, noise=0.0)
    assert Mlx90614(SimulatedBus(model), 0x33, clock=clock).read(1.0) is not None
    with pytest.raises(DeviceUnavailable, match="thermometer 0x5a"):
        Mlx90614(SimulatedBus(model), clock=clock).read(1.0)
