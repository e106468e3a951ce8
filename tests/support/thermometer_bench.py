"""A thermometer on a bench: the real driver, the register model, and a clock that tests own."""

from smbus2 import i2c_msg

from drivers.thermometer.device import Mlx90614, Sample
from drivers.thermometer.simulator import Mlx90614Model, SimulatedBus, VirtualClock


class Bench:
    """A driver, its sensor and their time."""

    def __init__(self, variant: str = "DCC", noise: float = 0.0) -> None:
        self.clock = VirtualClock()
        supply_v = 5.0 if variant[0] == "A" else 3.3
        self.model = Mlx90614Model(
            self.clock.monotonic, variant=variant, noise=noise, supply_v=supply_v
        )
        self.bus = SimulatedBus(self.model)
        self.device = Mlx90614(self.bus, variant=variant, supply_v=supply_v, clock=self.clock)

    def sample(self) -> Sample:
        sample = self.device.read(1.0)
        assert sample is not None
        return sample


class FailingBus:
    """A bus that fails with one errno, or with one answer, every time."""

    def __init__(self, number: int = 0, answer: bytes = b"") -> None:
        self.number = number
        self.answer = answer
        self.transfers = 0

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        self.transfers += 1
        if self.number:
            raise OSError(self.number, "failed")
        for index, byte in enumerate(self.answer):
            i2c_msgs[1].buf[index] = bytes([byte])

    def close(self) -> None:
        pass
