"""The register model behaves as the data sheet says, seen through smbus2's interface."""

import errno
import statistics
import threading
from itertools import pairwise

import pytest
from smbus2 import i2c_msg

from drivers.thermometer.simulator import (
    Fault,
    Mlx90614Model,
    Scene,
    SimulatedBus,
    VirtualClock,
)

OBJECT, AMBIENT = 0x07, 0x06


class Wire:
    """A bus, its sensor and their time; settled on an empty room of 22 °C."""

    def __init__(self, variant: str = "DCC", noise: float = 0.0, supply_v: float = 3.0) -> None:
        self.clock = VirtualClock()
        self.model = Mlx90614Model(
            self.clock.monotonic, variant=variant, noise=noise, supply_v=supply_v
        )
        self.bus = SimulatedBus(self.model)

    def answer(self, opcode: int, address: int = 0x5A) -> bytes:
        write, read = i2c_msg.write(address, [opcode]), i2c_msg.read(address, 3)
        self.bus.i2c_rdwr(write, read)
        return bytes(read)

    def celsius(self, opcode: int = OBJECT) -> float:
        low, high, _ = self.answer(opcode)
        return (low | high << 8) * 0.02 - 273.15


@pytest.fixture
def wire() -> Wire:
    return Wire()


def refused(wire: Wire, opcode: int = OBJECT) -> int | None:
    with pytest.raises(OSError) as caught:
        wire.answer(opcode)
    return caught.value.errno


def test_factory_image_is_the_one_of_the_data_sheet(wire: Wire) -> None:
    """Cells of a BAA: To range, PWM, Ta range, emissivity, configuration, address."""
    image = {0x20: 0x9993, 0x21: 0x62E3, 0x22: 0x0201, 0x23: 0xF71C, 0x24: 0xFFFF, 0x25: 0x9FB4}
    image[0x2E] = 0xBE5A
    assert {cell: int.from_bytes(wire.answer(cell)[:2], "little") for cell in image} == image


def test_answer_ends_in_the_checksum_of_the_application_note(wire: Wire) -> None:
    wire.model._ram[OBJECT] = 0x3AD2
    assert wire.answer(OBJECT) == bytes((0xD2, 0x3A, 0x30))


@pytest.mark.parametrize(
    ("surround_c", "skin_c", "low_by"),
    [(10, 30, 0.37), (10, 36, 0.47), (16, 34, 0.34), (20, 32, 0.23), (25, 36, 0.21), (30, 30, 0)],
)
def test_skin_reads_low_by_its_emissivity(surround_c: int, skin_c: int, low_by: float) -> None:
    """Reference table of the effect of emissivity 0.98."""
    wire = Wire()
    wire.model.set_scene(None, surround_c)
    wire.model.set_scene(skin_c)
    wire.clock.advance(1.0)
    assert wire.celsius() == pytest.approx(skin_c - low_by, abs=0.03)


@pytest.mark.parametrize(
    ("fill", "room_c", "low_by"),
    [(0.98, 10, 0.43), (0.95, 22, 0.57), (0.90, 16, 1.66), (0.80, 28, 1.17), (0.80, 10, 4.36)],
)
def test_partly_filled_field_reads_low(fill: float, room_c: int, low_by: float) -> None:
    """Reference table of partial fill, a black wrist of 34 °C."""
    wire = Wire()
    wire.model.emissivity = 1.0
    wire.model.fill = fill
    wire.model.set_scene(34.0, room_c)
    wire.clock.advance(1.0)
    assert wire.celsius() == pytest.approx(34 - low_by, abs=0.02)


@pytest.mark.parametrize(("variant", "rise"), [("DCC", 0.18), ("BAA", 0.18), ("AAA", 0.0)])
def test_three_volt_parts_read_high_on_3_3_v(variant: str, rise: float) -> None:
    wire = Wire(variant, supply_v=3.3 if variant[0] != "A" else 5.0)
    assert wire.celsius() == pytest.approx(22 + rise, abs=0.02)
    assert wire.celsius(AMBIENT) == pytest.approx(23 + rise, abs=0.02)


@pytest.mark.parametrize(
    ("variant", "sigma_c"), [("DAA", 0.05), ("BBA", 0.07), ("DCC", 0.18), ("DCI", 0.10)]
)
def test_noise_is_the_one_of_the_variant(variant: str, sigma_c: float) -> None:
    wire = Wire(variant, noise=1.0)
    readings = []
    for _ in range(400):
        wire.clock.advance(0.15)
        readings.append(wire.celsius())
    assert statistics.stdev(readings) == pytest.approx(sigma_c, rel=0.15)


def test_same_seed_gives_the_same_readings() -> None:
    first, second = Wire(noise=1.0), Wire(noise=1.0)
    assert [first.celsius() for _ in range(9)] == [second.celsius() for _ in range(9)]


def test_reading_changes_only_with_an_update(wire: Wire) -> None:
    wire.model.set_scene(34.0)
    wire.clock.advance(0.1)
    assert wire.celsius() == pytest.approx(22.0, abs=0.02)
    wire.clock.advance(0.05)
    assert wire.celsius() > 33


def test_wrist_that_arrives_between_updates_is_first_read_in_part(wire: Wire) -> None:
    wire.clock.advance(0.07)
    wire.model.set_scene(34.0)
    wire.clock.advance(0.08)
    assert 26 < wire.celsius() < 30
    wire.clock.advance(0.14)
    assert wire.celsius() == pytest.approx(33.76, abs=0.03)


def test_slow_filter_needs_its_settling_time() -> None:
    """DCI: 80 % weight; the rest after 0.65 s is a thousandth of the step."""
    wire = Wire("DCI")
    wire.model.set_scene(34.0)
    wire.clock.advance(0.15)
    assert 30 < wire.celsius() < 32
    wire.clock.advance(0.65)
    assert wire.celsius() == pytest.approx(33.76, abs=0.03)


def test_nobody_answers_in_the_first_quarter_second(wire: Wire) -> None:
    wire.model.power_cycle()
    wire.clock.advance(0.2)
    assert refused(wire) == errno.EREMOTEIO
    wire.clock.advance(0.06)
    assert wire.celsius() == pytest.approx(22.0, abs=0.02)


def test_transfer_soon_after_a_two_byte_read_is_refused(wire: Wire) -> None:
    """Field report: the second of two word calls without checksum failed with 121."""
    wire.bus.read_word_data(0x5A, OBJECT)
    assert refused(wire) == errno.EREMOTEIO
    wire.clock.advance(0.11)
    assert wire.celsius() == pytest.approx(22.0, abs=0.02)


def test_word_calls_with_checksums_do_not_upset_the_sensor(wire: Wire) -> None:
    wire.bus.enable_pec()
    first = wire.bus.read_word_data(0x5A, OBJECT)
    assert wire.bus.read_word_data(0x5A, OBJECT) == first
    wire.model.fault(Fault.WRONG_PEC, 1)
    with pytest.raises(OSError) as caught:
        wire.bus.read_word_data(0x5A, OBJECT)
    assert caught.value.errno == errno.EBADMSG


def test_wrong_address_is_not_acknowledged_and_zero_is(wire: Wire) -> None:
    with pytest.raises(OSError) as caught:
        wire.answer(OBJECT, 0x5B)
    assert caught.value.errno == errno.EREMOTEIO
    low, high, check = wire.answer(OBJECT, 0x00)
    assert (low, high) == tuple(wire.answer(OBJECT)[:2])
    assert check != wire.answer(OBJECT)[2]


def test_write_needs_a_checksum_an_erased_cell_and_5_ms(wire: Wire) -> None:
    with pytest.raises(OSError):
        wire.bus.write_word_data(0x5A, 0x2E, 0)
    wire.bus.enable_pec()
    wire.bus.write_word_data(0x5A, 0x2E, 0xBE5B)  # not erased: ignored
    assert refused(wire) == errno.EREMOTEIO
    wire.clock.advance(0.006)
    wire.bus.write_word_data(0x5A, 0x2E, 0)
    wire.clock.advance(0.006)
    wire.bus.write_word_data(0x5A, 0x2E, 0xBE5B)
    wire.clock.advance(0.006)
    assert wire.bus.read_word_data(0x5A, 0x2E) == 0xBE5B


def test_address_changes_at_the_next_power_up(wire: Wire) -> None:
    wire.model.eeprom[0x2E] = 0xBE33
    assert wire.answer(OBJECT)
    wire.model.power_cycle()
    wire.clock.advance(0.3)
    assert refused(wire) == errno.EREMOTEIO
    assert wire.answer(OBJECT, 0x33)


def test_serial_cells_cannot_be_written(wire: Wire) -> None:
    wire.bus.enable_pec()
    with pytest.raises(OSError):
        wire.bus.write_word_data(0x5A, 0x3C, 0)


def test_sleeping_sensor_answers_after_wake_and_start_up(wire: Wire) -> None:
    wire.bus.enable_pec()
    wire.bus.write_byte(0x5A, 0xFF)
    assert refused(wire) == errno.EREMOTEIO
    wire.model.wake()
    assert refused(wire) == errno.EREMOTEIO
    wire.clock.advance(0.26)
    assert wire.celsius() == pytest.approx(22.0, abs=0.02)


def test_bare_opcode_other_than_sleep_is_refused(wire: Wire) -> None:
    wire.bus.enable_pec()
    with pytest.raises(OSError):
        wire.bus.write_byte(0x5A, 0x07)
    wire.model.wake()  # nothing to wake


@pytest.mark.parametrize(
    ("fault", "number"),
    [(Fault.NACK, 121), (Fault.CONTROLLER_ERROR, 5), (Fault.TIMED_OUT, 110)],
)
def test_wire_faults_carry_the_kernel_s_number(wire: Wire, fault: Fault, number: int) -> None:
    wire.model.fault(fault, 2)
    assert [refused(wire), refused(wire)] == [number, number]
    assert wire.answer(OBJECT)


@pytest.mark.parametrize(
    ("fault", "word"), [(Fault.ALL_ZERO, 0), (Fault.ALL_ONES, 0xFFFF), (Fault.ERROR_FLAG, 0xB9A5)]
)
def test_word_faults_hit_temperatures_and_keep_their_checksum(
    wire: Wire, fault: Fault, word: int
) -> None:
    wire.model.fault(fault)
    assert int.from_bytes(wire.answer(OBJECT)[:2], "little") == word
    assert wire.answer(0x24)[:2] == b"\xff\xff"
    wire.model.heal(fault)
    assert wire.celsius() == pytest.approx(22.0, abs=0.02)


def test_dead_bus_reads_all_ones(wire: Wire) -> None:
    wire.model.fault(Fault.DEAD_BUS, 1)
    assert wire.answer(OBJECT) == b"\xff\xff\xff"


def test_frozen_sensor_keeps_its_code(wire: Wire) -> None:
    wire.model.fault(Fault.FROZEN)
    wire.model.set_scene(34.0)
    wire.clock.advance(5.0)
    assert wire.celsius() == pytest.approx(22.0, abs=0.02)
    wire.model.heal(Fault.FROZEN)
    wire.clock.advance(0.2)
    assert wire.celsius() > 33


def test_drift_shifts_every_reading(wire: Wire) -> None:
    wire.model.drift_c = -0.5
    wire.clock.advance(60.0)
    assert wire.celsius() == pytest.approx(21.5, abs=0.02)


def test_closed_bus_refuses_and_can_be_opened_again(wire: Wire) -> None:
    with wire.bus as bus:
        assert bus.fd is not None
    assert refused(wire) == errno.EBADF
    wire.bus.close()
    wire.bus.open(1)
    assert wire.answer(OBJECT)


def test_virtual_time_passes_only_when_somebody_waits() -> None:
    clock, event = VirtualClock(5.0), threading.Event()
    assert not clock.wait(event, 2.0)
    event.set()
    assert clock.wait(event, 2.0)
    assert clock.monotonic() == 7.0


def scatter_c(wire: Wire) -> float:
    readings = []
    for _ in range(600):
        wire.clock.advance(1.0)
        readings.append(wire.celsius())
    return statistics.stdev(readings)


@pytest.mark.parametrize(
    ("cell", "rms_c"),
    [
        (0x9FB4, 0.18),  # factory: IIR 100 %, FIR 1024
        (0x9FB0, 0.18 * (0.5 / 1.5) ** 0.5),  # IIR 50 %
        (0x9FB1, 0.18 * (0.25 / 1.75) ** 0.5),  # IIR 25 %
        (0x9EB4, 0.18 * 2**0.5),  # FIR 512
    ],
)
def test_noise_is_shaped_by_the_configuration_cell(cell: int, rms_c: float) -> None:
    """A recursive filter of weight a lets sqrt(a / (2 - a)) of white noise pass."""
    wire = Wire(noise=1.0)
    wire.model.eeprom[0x25] = cell
    wire.model.power_cycle(wait=False)
    assert scatter_c(wire) == pytest.approx(rms_c, rel=0.12)


def test_noise_of_a_slow_filter_is_no_fresh_noise_at_every_reading() -> None:
    """xCK: 25 % weight, so three quarters of one update stay in the next."""
    wire = Wire("BCK", noise=1.0)
    wire.clock.advance(10.0)
    readings = []
    for _ in range(2_000):
        wire.clock.advance(0.14)
        readings.append(wire.celsius())
    mean = statistics.fmean(readings)
    pairs = pairwise(readings)
    together = statistics.fmean((one - mean) * (other - mean) for one, other in pairs)
    assert together / statistics.pvariance(readings) == pytest.approx(0.75, abs=0.08)


def test_die_warms_after_power_up_and_falsifies_the_reading_meanwhile() -> None:
    """Self-heating of 1 °C with a time constant of 60 s; 20 s of its change are read too low."""
    clock = VirtualClock()
    model = Mlx90614Model(clock.monotonic, noise=0.0, supply_v=3.0, warm_up_s=60.0, gradient_s=20.0)
    wire = Wire()
    wire.clock, wire.model, wire.bus = clock, model, SimulatedBus(model)
    clock.advance(1.0)
    assert wire.celsius(AMBIENT) == pytest.approx(22.02, abs=0.03)
    assert wire.celsius() == pytest.approx(22.0 - 20.0 / 60.0, abs=0.03)
    clock.advance(59.0)
    assert wire.celsius(AMBIENT) == pytest.approx(22.63, abs=0.03)
    assert wire.celsius() == pytest.approx(22.0 - 0.368 / 3.0, abs=0.03)
    clock.advance(600.0)
    assert wire.celsius(AMBIENT) == pytest.approx(23.0, abs=0.03)
    assert wire.celsius() == pytest.approx(22.0, abs=0.03)
    model.power_cycle(wait=False)
    clock.advance(1.0)
    assert wire.celsius(AMBIENT) == pytest.approx(22.02, abs=0.03)


def test_played_scene_is_seen_as_the_mean_of_each_update(wire: Wire) -> None:
    wire.model.emissivity = 1.0
    wire.model.play(lambda at_s: Scene(22.0 + at_s))
    wire.clock.advance(1.0)
    # The last whole update ended up to 0.14 s ago and is the mean of the 0.14 s before.
    assert 22.77 <= wire.celsius() <= 22.95
    wire.model.set_scene(None)
    wire.clock.advance(1.0)
    assert wire.celsius() == pytest.approx(22.0, abs=0.02)


def test_sleeve_fills_what_skin_leaves_of_the_field(wire: Wire) -> None:
    wire.model.emissivity = 1.0
    wire.model.play(lambda _: Scene(34.0, 0.5, rest_c=30.0))
    wire.clock.advance(1.0)
    assert wire.celsius() == pytest.approx(32.02, abs=0.03)
    wire.model.play(lambda _: Scene(None, rest_c=30.0))
    wire.clock.advance(1.0)
    assert wire.celsius() == pytest.approx(30.0, abs=0.03)
