"""What can go wrong with a device, sorted by who can mend it.

A failed device raises one of these; it never answers with a value that looks like a reading.
"""


class DriverError(Exception):
    """Any failure of a device. Catch this at the one place that retries."""


class DeviceUnavailable(DriverError, ConnectionError):
    """The device does not answer: unplugged, unpowered, hung up, wrong port. Heals by itself."""


class DeviceDenied(DriverError, PermissionError):
    """The device is there but may not be opened: group, busy port. A person must act."""


class CorruptData(DriverError, ValueError):
    """The device answered bytes that break its own protocol, repeatedly: noise, wrong device."""
