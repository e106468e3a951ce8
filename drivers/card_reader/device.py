"""An ID-card reader on a serial port: opens it, talks, and yields cards.

One thread reads; another may interrupt. Nothing is repeated after a failure: the object is closed
and the caller opens a new one when it likes. No record, name or number is logged or quoted.
"""

import errno
import termios
import time
from collections.abc import Callable
from threading import Event, Lock
from typing import NoReturn, Protocol

import serial

from drivers.card_reader.protocol import (
    BUFFER_MAX,
    MODULE_NUMBER,
    Answer,
    Command,
    ReceiveBuffer,
    Status,
    fits,
    module_fault,
    module_number_text,
)
from drivers.card_reader.protocol_dialogue import (
    HOLD_OFF_S,
    Broken,
    CardRefused,
    Dialogue,
    Nothing,
    step,
)
from drivers.card_reader.protocol_records import CardRead
from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable

WRITE_TIMEOUT_S = 1.0  # ten bytes; longer means that nobody takes them
QUIET_S = 0.25  # no reader pauses so long within a packet, at any speed
PROBES_MAX = 3  # the first answer after power-up is sometimes wrong
_DENIED = {
    errno.EACCES: "permission denied; add user gated to group dialout",
    errno.EPERM: "permission denied; add user gated to group dialout",
    errno.EBUSY: "another program uses it; stop that program",
    errno.EAGAIN: "another program uses it; stop that program",
}


class Port(Protocol):
    """What is needed of a serial port; serial.Serial has it."""

    timeout: float | None

    def read(self, size: int = 1, /) -> bytes:
        """Return up to size bytes, fewer after the timeout or cancel_read."""

    def write(self, data: bytes, /) -> int | None:
        """Hand all bytes to the system."""

    def reset_input_buffer(self) -> None:
        """Throw away what has arrived."""

    def cancel_read(self) -> None:
        """End a read that runs in another thread."""

    def close(self) -> None:
        """Close the port."""


def open_serial(port: str, baud: int) -> Port:
    """Return the port opened for this program alone: 8 data bits, no parity, 1 stop bit."""
    return serial.Serial(port, baud, exclusive=True, write_timeout=WRITE_TIMEOUT_S)


class SamReader:
    """An ID-card reader with a security module, opened at once.

    port: device path; baud: 115200 unless the module was set otherwise; poll_s: time between two
    looks at a card that lies there. clock: monotonic seconds. Raises DeviceUnavailable or
    DeviceDenied if the port cannot be opened.
    """

    def __init__(
        self,
        port: str,
        baud: int = 115200,
        *,
        poll_s: float = 0.3,
        hold_off_s: float = HOLD_OFF_S,
        clock: Callable[[], float] = time.monotonic,
        open_port: Callable[[str, int], Port] = open_serial,
    ) -> None:
        self._name = port
        self._clock = clock
        self._talk = Dialogue(poll_s=poll_s, hold_off_s=hold_off_s)
        self._answer_due_s: float | None = None
        self._buffer = ReceiveBuffer()
        self._received = 0
        self._received_s = 0.0
        self._bad_before = 0
        self._retries = 0
        self._stale_answers = 0
        self._interrupted = Event()
        self._lock = Lock()
        self._port: Port | None = None
        try:
            self._port = open_port(port, baud)
        except (OSError, termios.error) as error:
            self._raise_for(error, "cannot open")

    def read(self, timeout_s: float) -> CardRead | CardRefused | None:
        """Return the next card or refusal, or None for "nothing yet".

        Blocks for at most timeout_s; a command under way is taken up again by the next call.
        Raises DeviceUnavailable, DeviceDenied or CorruptData; the reader is closed then.
        """
        until_s = self._clock() + timeout_s
        while not self._took_interrupt():
            now_s = self._clock()
            if self._answer_due_s is None and self._talk.due_s > now_s:
                if now_s >= until_s:
                    return None
                self._interrupted.wait(min(self._talk.due_s, until_s) - now_s)
                continue
            if self._answer_due_s is None:
                self._send(self._talk.command)
            heard = self._hear(self._talk.command, until_s)
            if heard is None:
                if self._clock() >= until_s:
                    return None
                continue
            outcome = self._advance(heard)
            if outcome is not None:
                return outcome
        return None

    def probe(self) -> str:
        """Return the module's number as its label prints it: the reader is there and well.

        Asks until two answers agree, at most PROBES_MAX times; blocks for at most two seconds, and
        an interrupt in that time ends the next read instead.
        Raises as read does.
        """
        numbers: list[str] = []
        for _ in range(PROBES_MAX):
            talk = self._talk
            self._talk = Dialogue(
                talk.poll_s, talk.hold_off_s, visit=talk.visit, presence=talk.presence
            )
            heard = self._ask(MODULE_NUMBER)
            if isinstance(heard, Answer) and heard.sw3 == Status.DONE:
                number = module_number_text(heard.data)
                if number in numbers:
                    return number
                numbers.append(number)
        if not numbers:
            self._fail(Broken("does not answer; check its cable, its power and its speed"))
        return numbers[-1]

    def interrupt(self) -> None:
        """End the read that blocks now, or the next one at once. From any thread, any time."""
        self._interrupted.set()
        with self._lock:
            if self._port is not None:
                self._port.cancel_read()

    def close(self) -> None:
        """Close the port. May be called twice; a later read raises DeviceUnavailable."""
        with self._lock:
            port, self._port = self._port, None
        if port is not None:
            port.close()

    @property
    def counters(self) -> dict[str, int]:
        """What the line has been like since the reader was opened."""
        return {
            "frames": self._buffer.answers,
            "bad_checksum": self._buffer.bad_checksums,
            "thrown_bytes": self._buffer.thrown_bytes,
            "retries": self._retries,
            "stale_answers": self._stale_answers,
        }

    def _took_interrupt(self) -> bool:
        if not self._interrupted.is_set():
            return False
        self._interrupted.clear()
        return True

    def _advance(self, heard: Answer | Nothing) -> CardRead | CardRefused | None:
        before = self._talk
        self._talk, outcome = step(before, heard, self._clock())
        if self._talk.repeats or self._talk.reread or isinstance(heard, Nothing):
            self._retries += 1
        if isinstance(outcome, Broken):
            self._fail(outcome)
        return outcome

    def _ask(self, command: Command) -> Answer | Nothing:
        """Send a command and wait for what comes of it, whatever the caller's patience."""
        self._send(command)
        while True:
            heard = self._hear(command, self._clock() + command.timeout_s)
            if isinstance(heard, Answer) and (fault := module_fault(heard.sw3)) is not None:
                self._fail(Broken(fault))
            if heard is not None:
                return heard

    def _send(self, command: Command) -> None:
        """Forget what the line has said so far, then say this."""
        self._buffer.clear()
        self._received = 0
        self._bad_before = self._buffer.bad_checksums
        port = self._opened()
        try:
            port.reset_input_buffer()
            port.write(command.packet())
        except (OSError, termios.error) as error:
            self._raise_for(error, "cannot write to")
        self._answer_due_s = self._clock() + command.timeout_s

    def _hear(self, command: Command, until_s: float) -> Answer | Nothing | None:
        """Return the answer, or what came instead of it, or None if until_s or an interrupt came.

        Reads as many bytes as the packet lacks, so that nothing waits for a time-out needlessly.
        What has arrived is taken before a time-out counts: the caller may have been away.
        """
        while True:
            got = self._receive(min(self._given_up_s(), until_s))
            if (answer := self._fitting_answer(command)) is not None:
                break
            now_s = self._clock()
            if now_s >= self._given_up_s() and not (got and self._received < BUFFER_MAX):
                answer = self._hidden_answer(command)
                break
            if now_s >= until_s or self._interrupted.is_set():
                return None
        self._answer_due_s = None
        if answer is not None:
            return answer
        return Nothing.NOISE if self._received else Nothing.SILENCE

    def _fitting_answer(self, command: Command) -> Answer | None:
        """Return the next answer that this command can have; others are late and dropped."""
        while (answer := self._buffer.next_answer()) is not None:
            if fits(command, answer):
                return answer
            self._stale_answers += 1
        return None

    def _hidden_answer(self, command: Command) -> Answer | None:
        """Look for an answer behind a packet that began and never ended."""
        while len(self._buffer):
            self._buffer.skip()
            if (answer := self._fitting_answer(command)) is not None:
                return answer
        return None

    def _given_up_s(self) -> float:
        """Return when to stop waiting: at the time-out, or soon after a spoilt answer ended."""
        spoilt = self._buffer.begun or self._buffer.bad_checksums > self._bad_before
        due_s = self._answer_due_s or 0.0
        return min(due_s, self._received_s + QUIET_S) if spoilt else due_s

    def _receive(self, until_s: float) -> bool:
        """Take what the packet lacks from the line, waiting until then; tell if anything came."""
        port = self._opened()
        try:
            port.timeout = max(0.0, until_s - self._clock())
            chunk = port.read(self._buffer.missing)
        except (OSError, termios.error) as error:
            self._raise_for(error, "cannot read from")
        if chunk:
            self._received_s = self._clock()
            self._received += len(chunk)
            self._buffer.feed(chunk)
        return bool(chunk)

    def _opened(self) -> Port:
        port = self._port
        if port is None:
            raise DeviceUnavailable(f"card reader {self._name} is closed; open it again")
        return port

    def _raise_for(self, error: OSError | termios.error, tried: str) -> NoReturn:
        """Close the port and raise what the system's error means for it."""
        self.close()
        what = f"{tried} card reader {self._name}: "
        number = error.errno if isinstance(error, OSError) else error.args[0]
        if number in _DENIED:
            raise DeviceDenied(what + _DENIED[number]) from error
        if number == errno.ENOENT:
            raise DeviceUnavailable(
                what + "no such port; plug the reader in, compare [card_reader] port"
            ) from error
        raise DeviceUnavailable(f"{what}{error}; check its plug and its power") from error

    def _fail(self, broken: Broken) -> NoReturn:
        self.close()
        text = f"card reader {self._name} {broken.what}"
        raise CorruptData(text) if broken.noise else DeviceUnavailable(text)
