"""The real driver on a sensor that lives behind a loopback socket."""

import errno
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.errors import DeviceUnavailable
from drivers.thermometer.device import Mlx90614
from drivers.thermometer.simulator import Fault, Mlx90614Model, SimulatedBus, VirtualClock
from drivers.thermometer.simulator_remote import ModelServer, RemoteBus, open_simulated

CLOCK = VirtualClock()


@pytest.fixture
def model() -> Mlx90614Model:
    return Mlx90614Model(CLOCK.monotonic, noise=0.0)


@pytest.fixture
def server(model: Mlx90614Model) -> Iterator[ModelServer]:
    server = ModelServer(model)
    yield server
    server.close()


def test_driver_reads_the_same_over_the_socket(model: Mlx90614Model, server: ModelServer) -> None:
    near = Mlx90614(SimulatedBus(model), clock=CLOCK)
    far = Mlx90614(open_simulated(server.address), clock=CLOCK)
    assert far.probe() == near.probe()
    model.set_scene(34.0)
    CLOCK.advance(1.0)
    seen, expected = far.read(1.0), near.read(1.0)
    assert seen is not None
    assert expected is not None
    assert (seen.object_code, seen.ambient_code) == (expected.object_code, expected.ambient_code)
    far.close()
    far.close()


@pytest.mark.parametrize(
    ("fault", "number"),
    [(Fault.NACK, 121), (Fault.CONTROLLER_ERROR, 5), (Fault.TIMED_OUT, 110)],
)
def test_faults_cross_with_their_number(
    model: Mlx90614Model, server: ModelServer, fault: Fault, number: int
) -> None:
    model.fault(fault, 1)
    with RemoteBus(server.address) as bus:
        with pytest.raises(OSError) as caught:
            bus.read_word_data(0x5A, 0x07)
        assert caught.value.errno == number
        bus.enable_pec()
        assert bus.read_word_data(0x5A, 0x24) == 0xFFFF


def test_writes_cross_too(model: Mlx90614Model, server: ModelServer) -> None:
    with RemoteBus(server.address) as bus:
        bus.enable_pec()
        bus.write_word_data(0x5A, 0x22, 0)
        CLOCK.advance(0.01)
        bus.write_byte(0x5A, 0xFF)
    assert model.eeprom[0x22] == 0
    with pytest.raises(OSError):
        model.transfer([(0x5A, b"\x07"), (0x5A, 3)])


def test_pulled_adapter_is_unavailable_and_a_new_bus_works(server: ModelServer) -> None:
    device = Mlx90614(open_simulated(server.address), clock=CLOCK)
    assert device.read(1.0) is not None
    server.drop_clients()
    with pytest.raises(DeviceUnavailable, match="the bus is gone"):
        device.read(1.0)
    device.close()
    again = Mlx90614(open_simulated(server.address), clock=CLOCK)
    assert again.read(1.0) is not None
    again.close()


def test_closed_bus_refuses(server: ModelServer) -> None:
    bus = RemoteBus(server.address)
    bus.close()
    with pytest.raises(OSError) as caught:
        bus.read_word_data(0x5A, 0x07)
    assert caught.value.errno == errno.EBADF


def test_server_that_is_gone_is_no_such_bus(server: ModelServer) -> None:
    server.close()
    server.close()
    with pytest.raises(OSError) as caught:
        RemoteBus(server.address)
    assert caught.value.errno == errno.ENOENT


@pytest.mark.parametrize("bus", ["1", "/dev/i2c-1", "sim:", "sim:9000", "sim:host:", "sim:host:x"])
def test_bus_of_another_form_is_refused(bus: str) -> None:
    with pytest.raises(ValueError, match="not of the form sim:HOST:PORT"):
        open_simulated(bus)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=40))
def test_rubbish_on_the_socket_does_not_end_the_server(server: ModelServer, data: bytes) -> None:
    _, host, port = server.address.split(":")
    # The server may hang up at the first bad byte, while we still write.
    with socket.create_connection((host, int(port)), 5.0) as rubbish, suppress(OSError):
        rubbish.sendall(data)
        rubbish.shutdown(socket.SHUT_WR)
        while rubbish.recv(4096):
            pass
    with RemoteBus(server.address) as bus:
        bus.enable_pec()
        assert bus.read_word_data(0x5A, 0x24) == 0xFFFF


def test_two_buses_share_one_sensor(server: ModelServer) -> None:
    with RemoteBus(server.address) as first, RemoteBus(server.address) as second:
        for bus in (first, second, first):
            bus.enable_pec()
            assert bus.read_word_data(0x5A, 0x2E) == 0xBE5A


def test_people_move_in_one_process_and_are_seen_in_the_other(
    model: Mlx90614Model, server: ModelServer
) -> None:
    device = Mlx90614(open_simulated(server.address), clock=CLOCK)
    seen = []
    for skin_c in (None, 34.0, None, 36.0):
        model.set_scene(skin_c)
        CLOCK.advance(1.0)
        sample = device.read(1.0)
        assert sample is not None
        seen.append(round(sample.object_mc, -3))
    assert seen == [22_000, 34_000, 22_000, 36_000]
    device.close()
