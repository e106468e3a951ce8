"""Tells systemd about this process over its notification socket (sd_notify(3))."""

import os
import socket


def notify(state: str) -> bool:
    """Send one state such as `READY=1`; return whether a service manager was listening.

    Does nothing outside systemd. Never blocks, never raises: a lost notification is answered
    by systemd's own watchdog.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
            out.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_period_s() -> float | None:
    """Return how often `WATCHDOG=1` must be sent, half of systemd's limit, or None."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not limit_us.isdigit() or mine != str(os.getpid()):
        return None
    return int(limit_us) / 2_000_000
