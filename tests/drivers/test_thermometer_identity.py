"""What the driver finds out about its sensor, its filters, its line and the clock of its bus."""

import pytest
from smbus2 import i2c_msg

from drivers.errors import DeviceUnavailable
from drivers.thermometer.adapter import Wire
from drivers.thermometer.device import Mlx90614
from drivers.thermometer.identity import Identity
from drivers.thermometer.protocol import Filter, variant_of
from drivers.thermometer.simulator import Fault, Mlx90614Model, SimulatedBus, VirtualClock
from tests.support.thermometer_bench import Bench, FailingBus


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_probe_names_the_sensor(bench: Bench) -> None:
    assert bench.device.probe() == (
        "MLX90614 DCC at 0x5a, serial 1d7b8e020c175a41, configuration 0x9fb4 (IIR 100 %, "
        "FIR 1024), die range -20.3 to 119.9 °C, 0 of 60 checksums wrong"
    )
    assert bench.device.serial() == "1d7b8e020c175a41"
    assert bench.device.health == frozenset()
    assert bench.device.concerns() == ()


def test_probe_counts_the_wrong_checksums_of_its_own_reads() -> None:
    class Spoilt(SimulatedBus):
        reads = 0

        def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
            super().i2c_rdwr(*i2c_msgs)
            self.reads += 1
            if self.reads % 40 == 0:  # the 40th and the 80th, of 1 + 32 + 62
                i2c_msgs[1].buf[2] = bytes([i2c_msgs[1].buf[2][0] ^ 1])

    clock = VirtualClock()
    bus = Spoilt(Mlx90614Model(clock.monotonic))
    assert Mlx90614(bus, clock=clock).probe().endswith(", 2 of 62 checksums wrong")


def test_serial_once_known_needs_no_transfer(bench: Bench) -> None:
    bench.device.identify()
    before = bench.device.counters.transfers
    assert bench.device.serial() == "1d7b8e020c175a41"
    assert bench.device.counters.transfers == before


def test_all_cells_are_read_once_and_none_is_written(bench: Bench) -> None:
    before = dict(bench.model.eeprom)
    identity = bench.device.identify()
    assert bench.device.counters.transfers == 1 + 32
    assert identity.cells == tuple(before.get(opcode, 0) for opcode in range(0x20, 0x40))
    assert len(identity.dump().split()) == 32
    assert identity.dump().startswith("9993 62e3 0201 f71c ffff 9fb4 0000")
    assert bench.model.eeprom == before


def test_an_altered_emissivity_is_a_concern(bench: Bench) -> None:
    bench.model.eeprom[0x24] = 0xFAE1
    bench.device.identify()
    (concern,) = bench.device.concerns()
    assert concern == (
        "emissivity cell is 0xfae1, expected 0xffff: readings are wrong; replace the sensor"
    )


def test_another_part_than_configured_is_told_by_its_filter() -> None:
    """A sensor of kind CF settles in 1.33 s; taken for a CC its readings would count too soon."""
    bench = Bench("BCF")
    device = Mlx90614(bench.bus, variant="BCC", clock=bench.clock)
    device.identify()
    (concern,) = device.concerns()
    assert concern == (
        "the sensor filters with IIR 50 %, FIR 1024, the configuration says BCC with IIR 100 %, "
        "FIR 1024 (BCF are sold with it); correct [thermometer] variant, or iir_percent and fir"
    )


def test_filters_that_are_configured_are_no_concern_and_slow_the_reading() -> None:
    bench = Bench()
    bench.model.eeprom[0x25] = bench.model.eeprom[0x25] & ~7  # 50 %
    bench.model.power_cycle(wait=False)
    device = Mlx90614(bench.bus, filters=Filter(50), clock=bench.clock)
    device.identify()
    assert device.concerns() == ()
    first, second = device.read(1.0), device.read(1.0)
    assert first is not None
    assert second is not None
    assert second.taken_s - first.taken_s == pytest.approx(0.65)


def test_a_sensor_that_repeats_itself_is_frozen_until_it_moves() -> None:
    bench = Bench(noise=1.0)
    for _ in range(30):
        bench.sample()
    assert bench.device.health == frozenset()
    bench.model.fault(Fault.FROZEN)
    for _ in range(20):
        bench.sample()
    assert bench.device.health == {"frozen"}
    assert bench.device.concerns() == ("the reading does not change; switch the sensor off and on",)
    bench.model.heal()
    for _ in range(3):
        bench.sample()
    assert bench.device.health == frozenset()


@pytest.mark.parametrize(
    ("clock_hz", "fastest_s", "shown"),
    [
        (50_000, 0.0001, None),
        (100_000, 0.0001, None),
        (400_000, 0.1, "/dev/i2c-1 is set to 400 kHz, the sensor takes 10 to 100; set dtparam="),
        (5_000, 0.1, "/dev/i2c-1 is set to 5 kHz"),
        (None, 0.00057, None),
        (None, 0.0012, None),
        (None, 0.0, None),
        (None, 0.0002, "/dev/i2c-1 runs at 285 kHz or more (one read took 0.20 ms)"),
    ],
)
def test_a_clock_the_sensor_does_not_take_is_a_concern(
    clock_hz: int | None, fastest_s: float, shown: str | None
) -> None:
    concern = Wire("/dev/i2c-1", clock_hz).concern(fastest_s)
    assert concern.startswith(shown) if shown else concern == ""


def test_the_clock_of_an_untold_bus_is_measured_at_the_fastest_read() -> None:
    """57 bits per read; the first reads are slow, as when the machine is busy."""

    class Timed(SimulatedBus):
        reads = 0

        def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
            self.reads += 1
            clock.advance(0.0002 if self.reads == 2 else 0.01)
            super().i2c_rdwr(*i2c_msgs)

    clock = VirtualClock()
    model = Mlx90614Model(clock.monotonic, noise=0.0)
    device = Mlx90614(Timed(model), wire=Wire("/dev/i2c-7"), clock=clock)
    assert device.concerns() == ()
    device.identify()
    (concern,) = device.concerns()
    assert concern.startswith("/dev/i2c-7 runs at 285 kHz or more")
    assert "dtparam=i2c_arm_baudrate=50000" in concern


def test_another_part_at_the_address_is_named_as_such() -> None:
    """It acknowledges, knows no checksum, and its register 0x2E is not the address."""
    with pytest.raises(DeviceUnavailable, match=r"is no MLX90614, its .* 0x2412; .*CCS811"):
        Mlx90614(FailingBus(answer=b"\x12\x24\x00"), clock=VirtualClock()).identify()


@pytest.mark.parametrize(
    ("variant", "configuration", "shown"),
    [
        ("BBA", 0x9FF4, ""),
        ("BBA", 0x9FB4, "the sensor sees one zone, which BBA does not"),
        ("BAA", 0x9FF4, "the sensor sees two zones, which BAA does not"),
        ("BCK", 0x9FB1, ""),
        ("DCC", 0x9CB7, "IIR 57 %, FIR 128, the configuration says DCC with IIR 100 %, FIR 1024"),
        ("DCC", 0x9CB7, "no variant is sold with it"),
        ("DCC", 0x9FB5, "BCH, BCI, DCH, DCI are sold with it"),
    ],
)
def test_cells_that_do_not_fit_the_variant_are_told(
    variant: str, configuration: int, shown: str
) -> None:
    cells = [0xFFFF] * 32
    cells[5], cells[14] = configuration, 0xBE5A
    found = Identity(0x5A, tuple(cells)).concerns(variant_of(variant))
    assert len(found) == (1 if shown else 0)
    assert shown in "".join(found)


def test_an_address_that_changes_at_the_next_power_up_is_told(bench: Bench) -> None:
    bench.model.eeprom[0x2E] = 0xBE33
    bench.device.identify()
    (concern,) = bench.device.concerns()
    assert "will answer at 0x33 after its next power-up" in concern


def test_a_sensor_without_checksums_and_with_another_address_in_its_cell_is_refused() -> None:
    """Its address cell says another address, so nothing vouches for it: better refused."""
    bench = Bench()
    bench.model.eeprom[0x2E] = 0xBE33
    bench.model.fault(Fault.WRONG_PEC)
    with pytest.raises(DeviceUnavailable, match="is no MLX90614"):
        bench.device.identify()
