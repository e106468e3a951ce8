"""The other end of the wire: an ID-card reader with its module, on a real pseudo-terminal.

Written from the protocol documents (GA/T 467), with its own encoder. The driver may run in this
process or in another one; it opens `port` like any serial device.

How it differs from a real reader:
* bytes arrive at once: neither the 115200 baud of the line (112 ms for a card) nor the chip's own
  time is spent, unless read_delay_s says so; a pseudo-terminal has no speed and no parity;
* the photo is 1024 zero bytes, the numbers of chip and card are zeros;
* one card at a time; reset changes nothing but the selection; 60 xx and 61 FF are refused (21);
* it never speaks first, and a fault comes when it is ordered, not by chance;
* on a real machine unplugging removes the device file; here the link stays, pointing at nothing.
"""

import os
import select
import threading
import tty
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

PHOTO = bytes(1024)
_NUMBER = bytes.fromhex("050001002502330187D61200B1CB7400")  # 05.01-20120101-0001234567-7654321
_REQUEST_MAX = 64  # the longest known request has eleven bytes
_HEARD_MAX = 4096  # commands remembered for tests: some minutes of polling
_DONE = 0x90
_READ = 0x3001
_START = b"\xaa\xaa\xaa\x96\x69"


class Fault(Enum):
    """What can go wrong with one answer."""

    NOISE = "noise"  # 200 bytes of rubbish before it, half a preamble among them
    TRUNCATED = "truncated"  # its second half never comes
    DUPLICATED = "duplicated"  # it comes twice
    SILENT = "silent"  # it never comes
    HANG_UP = "hang_up"  # half of it comes, then the plug is pulled
    BAD_CHECKSUM = "bad_checksum"  # one bit of the last byte is wrong
    STRAY_BYTE = (
        "stray_byte"  # a 00 inside the preamble, two data bytes missing (seen in the field)
    )
    LATE = "late"  # it comes after delay_s
    CARD_STATUS = "card_status"  # SW1 SW2 say 69 82; SW3 stays what it is
    DRIPPING = "dripping"  # it comes byte by byte


@dataclass(slots=True)
class _Order:
    fault: Fault
    command: int | None
    times: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class _Card:
    record: bytes
    address: bytes | None
    status: int


class SamSimulator:
    """A simulated reader that answers from the moment it is made until close().

    link: a path that always leads to the present pseudo-terminal, so that a driver can open the
    same name after unplug() and plug(). finds_lying: a card that was read and still lies there is
    found again (9F) instead of not (80). tells_presence: "read newest address" is answered with
    90 or 91 while the card that was read lies there; otherwise always with 41. module_status: 90,
    or 60 and 66 for a module that refuses to work. read_delay_s: time a card takes to be read.
    Methods may be called from any thread.
    """

    def __init__(
        self,
        link: Path | None = None,
        *,
        finds_lying: bool = False,
        tells_presence: bool = True,
        module_status: int = 0x90,
        read_delay_s: float = 0.0,
    ) -> None:
        self.finds_lying = finds_lying
        self.tells_presence = tells_presence
        self.module_status = module_status
        self.read_delay_s = read_delay_s
        self._link = link
        self._lock = threading.RLock()
        self._orders: list[_Order] = []
        self._heard: deque[int] = deque(maxlen=_HEARD_MAX)
        self._card: _Card | None = None
        self._selected = self._was_read = False
        self._ended = threading.Event()
        self._wake_r, self._wake_w = os.pipe()
        self._master = self._slave = -1
        self._name = ""
        self._answers: dict[int, Callable[[], bytes]] = {
            0x10FF: self._reset,
            0x11FF: lambda: _answer(0x90),
            0x12FF: lambda: _answer(0x90, _NUMBER),
            0x2001: self._find,
            0x2002: self._select,
            0x3001: self._read,
            0x3010: self._read_with_finger,
            0x3003: self._newest_address,
        }
        self.plug()
        self._thread = threading.Thread(target=self._run, name="sam-simulator", daemon=True)
        self._thread.start()

    @property
    def port(self) -> str:
        """The path a driver opens: the link if there is one."""
        return str(self._link) if self._link is not None else self._name

    @property
    def heard(self) -> list[int]:
        """The commands heard so far, each as CMD * 256 + PARA, oldest first."""
        with self._lock:
            return list(self._heard)

    def present(self, record: bytes, *, address: bytes | None = None, status: int = 0x90) -> None:
        """Lay a card on the reader. status: SW3 that reading it ends with, 41 or 32 for example.

        address: the 70 bytes of its newest address, None if it has none.
        """
        with self._lock:
            self._card = _Card(record, address, status)
            self._selected = self._was_read = False

    def remove(self) -> None:
        """Take the card away."""
        with self._lock:
            self._card = None
            self._selected = self._was_read = False

    def misbehave(
        self, fault: Fault, *, on: int | None = None, times: int = 1, delay_s: float = 0.0
    ) -> None:
        """Spoil the next answers. on: only to this command, CMD * 256 + PARA; None: to any."""
        with self._lock:
            self._orders.append(_Order(fault, on, times, delay_s))

    def behave(self) -> None:
        """Forget all faults that were ordered."""
        with self._lock:
            self._orders.clear()

    def unplug(self) -> None:
        """Pull the plug: whoever has the port open is hung up."""
        with self._lock:
            for end in (self._slave, self._master):
                if end >= 0:
                    os.close(end)
            self._master = self._slave = -1
        self._wake()

    def plug(self) -> None:
        """Plug in again, under another pseudo-terminal but the same link."""
        with self._lock:
            if self._master >= 0:
                return
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)  # no echo while nobody has it open
            os.set_blocking(self._master, False)
            self._name = os.ttyname(self._slave)
            if self._link is not None:
                fresh = self._link.with_name(self._link.name + ".new")
                fresh.unlink(missing_ok=True)
                fresh.symlink_to(self._name)
                fresh.replace(self._link)
        self._wake()

    def close(self) -> None:
        """Switch off for good. May be called twice."""
        if self._ended.is_set():
            return
        self._ended.set()
        self.unplug()
        self._thread.join(5.0)
        with self._lock:  # whoever pulls the plug just now must not wake a stranger's file
            os.close(self._wake_r)
            os.close(self._wake_w)
            self._wake_w = -1
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wake(self) -> None:
        with self._lock:
            if self._wake_w >= 0:
                os.write(self._wake_w, b"w")

    def _run(self) -> None:
        heard = b""
        while not self._ended.is_set():
            with self._lock:
                ends = [self._wake_r] + ([self._master] if self._master >= 0 else [])
            try:
                ready, _, _ = select.select(ends, [], [])
            except OSError:  # unplugged between the two lines above
                continue
            if self._wake_r in ready:
                os.read(self._wake_r, 64)
                heard = b""
                continue
            heard = self._serve((heard + self._receive())[-_REQUEST_MAX:])

    def _receive(self) -> bytes:
        with self._lock:
            if self._master < 0:
                return b""
            try:
                return os.read(self._master, _REQUEST_MAX)
            except OSError:
                return b""

    def _serve(self, heard: bytes) -> bytes:
        """Answer every whole request; return the bytes that may become another one."""
        while (start := heard.find(_START)) >= 0:
            heard = heard[start:]
            size = 7 + int.from_bytes(heard[5:7], "big")
            if len(heard) < max(size, 10):
                break
            request, heard = heard[:size], heard[size:]
            self._reply(request)
        return heard

    def _reply(self, request: bytes) -> None:
        code = int.from_bytes(request[7:9], "big")
        if _checked(request[5:]) != 0:
            code, packet = 0, _answer(0x10)
        elif self.module_status != _DONE:
            packet = _answer(self.module_status)
        else:
            if code == _READ and self.read_delay_s:
                self._ended.wait(self.read_delay_s)
            with self._lock:
                packet = self._answers.get(code, lambda: _answer(0x21))()
        with self._lock:
            self._heard.append(code)
            order = self._ordered(code)
        self._deliver(packet, order)

    def _ordered(self, code: int) -> _Order | None:
        for order in self._orders:
            if order.command in (None, code):
                order.times -= 1
                if order.times <= 0:
                    self._orders.remove(order)
                return order
        return None

    def _deliver(self, packet: bytes, order: _Order | None) -> None:
        fault = None if order is None else order.fault
        if order is not None and fault is Fault.LATE:
            self._ended.wait(order.delay_s)
        if fault is Fault.DRIPPING:
            for value in packet:
                self._send(bytes((value,)))
            return
        self._send(packet if fault is None else _spoiled(packet, fault))
        if fault is Fault.HANG_UP:
            self.unplug()

    def _send(self, packet: bytes) -> None:
        """Write to the line; what a full line or a closed end does not take is lost."""
        while packet and not self._ended.is_set():
            with self._lock:
                if self._master < 0:
                    return
                try:
                    packet = packet[os.write(self._master, packet) :]
                except BlockingIOError:
                    pass
                except OSError:
                    return
            if packet:
                self._ended.wait(0.001)

    def _reset(self) -> bytes:
        self._selected = False
        return _answer(0x90)

    def _find(self) -> bytes:
        if self._card is None or (self._was_read and not self.finds_lying):
            return _answer(0x80)
        self._selected = False
        return _answer(0x9F, bytes(4))

    def _select(self) -> bytes:
        if self._card is None:
            return _answer(0x81)
        self._selected = True
        return _answer(0x90, bytes(8))

    def _read(self) -> bytes:
        if (refused := self._unreadable()) is not None or self._card is None:
            return refused or _answer(0x41)
        return _answer(0x90, b"\x01\x00\x04\x00" + self._card.record + PHOTO)

    def _read_with_finger(self) -> bytes:
        if (refused := self._unreadable()) is not None or self._card is None:
            return refused or _answer(0x41)
        return _answer(0x90, b"\x01\x00\x04\x00\x00\x00" + self._card.record + PHOTO)

    def _unreadable(self) -> bytes | None:
        if self._card is None:
            return _answer(0x41)
        if not self._selected:
            return _answer(0x21)
        if self._card.status != _DONE:
            self._selected = False
            return _answer(self._card.status)
        self._was_read = True
        return None

    def _newest_address(self) -> bytes:
        if self._card is None or not self._was_read or not self.tells_presence:
            return _answer(0x41)
        return _answer(0x91) if self._card.address is None else _answer(0x90, self._card.address)


def _answer(sw3: int, data: bytes = b"", card: tuple[int, int] = (0, 0)) -> bytes:
    """Return an answer packet: preamble, length high byte first, statuses, data, XOR."""
    size = 3 + len(data) + 1
    body = bytes((size >> 8, size & 0xFF, *card, sw3)) + data
    return _START + body + bytes((_checked(body),))


def _checked(body: bytes) -> int:
    value = 0
    for byte in body:
        value ^= byte
    return value


def _spoiled(packet: bytes, fault: Fault) -> bytes:
    if fault is Fault.NOISE:
        return bytes(range(56, 256)) + _START[:3] + packet
    if fault in (Fault.TRUNCATED, Fault.HANG_UP):
        return packet[: len(packet) // 2]
    if fault is Fault.DUPLICATED:
        return packet + packet
    if fault is Fault.SILENT:
        return b""
    if fault is Fault.BAD_CHECKSUM:
        return packet[:-1] + bytes((packet[-1] ^ 0x01,))
    if fault is Fault.STRAY_BYTE:
        return packet[:1] + b"\x00" + packet[1:-3] + packet[-1:]
    if fault is Fault.CARD_STATUS:
        body = packet[5:7] + b"\x69\x82" + packet[9:-1]
        return _START + body + bytes((_checked(body),))
    return packet
