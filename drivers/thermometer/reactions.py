"""What each error of the bus means at this sensor, how often it is tried again, who can mend it.

Source: Linux, Documentation/i2c/fault-codes.rst and drivers/i2c/i2c-dev.c; MLX90614 family data
sheet rev 13 (times an interface that was disturbed needs).
"""

import errno
from dataclasses import dataclass

from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable, DriverError

# The pauses the sensor needs after a disturbed transfer; together less than one sensor period.
RETRY_PAUSES_S = (0.002, 0.010, 0.050)
# Wrong bytes disturb nothing: the first try follows at once, the others outlive a disturbance.
WRONG_BYTES_S = (0.0, 0.010, 0.050)
NEVER: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reaction:
    """What to do about one errno. pauses_s: before each further try within one read."""

    kind: type[DriverError]
    remedy: str
    pauses_s: tuple[float, ...] = NEVER


REACTIONS: dict[int, Reaction] = {
    errno.EREMOTEIO: Reaction(
        DeviceUnavailable,
        "nobody answers; check power, wiring and the address",
        RETRY_PAUSES_S,
    ),
    errno.EIO: Reaction(
        DeviceUnavailable,
        "the bus controller failed; check wiring and cable length",
        RETRY_PAUSES_S,
    ),
    errno.EBADMSG: Reaction(
        CorruptData, "the checksum is wrong; check cable length and the bus clock", WRONG_BYTES_S
    ),
    errno.ETIMEDOUT: Reaction(DeviceUnavailable, "the bus is stuck; switch the sensor off and on"),
    errno.EBUSY: Reaction(
        DeviceDenied,
        "a kernel driver owns the address; unload module mlx90614 and remove its overlay",
    ),
    errno.EOPNOTSUPP: Reaction(
        DeviceDenied, "this bus cannot make combined transfers; use a bus with plain I2C"
    ),
    errno.ENXIO: Reaction(DeviceUnavailable, "no such device; check power and wiring"),
    errno.ENODEV: Reaction(DeviceUnavailable, "the bus is gone; check the adapter"),
    errno.ENOENT: Reaction(DeviceUnavailable, "no such bus; switch I2C on with raspi-config"),
    errno.EACCES: Reaction(DeviceDenied, "permission denied; add the service's user to group i2c"),
    errno.EPERM: Reaction(DeviceDenied, "permission denied; add the service's user to group i2c"),
}


def reaction(error: OSError) -> Reaction:
    """Return what to do about this error; one nobody foresaw is not tried again."""
    found = REACTIONS.get(error.errno or 0)
    return found or Reaction(DeviceUnavailable, f"{error.strerror or error}; check the wiring")


def failure(tried: str, error: OSError) -> DriverError:
    """Return the driver's error for one of the bus; `tried` says what could not be done."""
    found = reaction(error)
    return found.kind(f"{tried}: {found.remedy} (errno {error.errno})")


def nobody_answered(error: DriverError) -> bool:
    """Tell whether the sensor itself was silent, as it is without power."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.EREMOTEIO, errno.ENXIO)
