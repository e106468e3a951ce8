"""A gate's uplink with its engine, and a hub, each on its own thread over a real broker."""

import queue
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from gated.core.model import ClockState, Moment
from gated.core.trust import TrustTable
from gated.gate.fetch import HeldRoster
from gated.gate.uplink import Uplink, UplinkSettings
from gated.gate.uplink_events import UplinkEvent, WatermarkAcknowledged
from gated.hub.service import Hub, HubSettings
from gated.store.journal import Journal
from gated.transport.mqtt import BrokerSettings

JOIN_S = 20.0


class Worker:
    """Runs something with run(stop) and interrupt() on a thread; an exception in it fails exit."""

    def __init__(self, part: Uplink | Hub) -> None:
        self._part = part
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self._stop.set()
        self._part.interrupt()
        self._thread.join(JOIN_S)
        assert not self._thread.is_alive(), "a worker would not end"
        if self._error is not None:
            raise self._error

    def check(self) -> None:
        assert self._error is None, f"a worker ended with {self._error!r}"

    def _run(self) -> None:
        try:
            self._part.run(self._stop)
        except BaseException as error:  # noqa: BLE001 - raised again by end()
            self._error = error


class Gate:
    """A journal, the engine's part that stores watermarks, and an uplink."""

    def __init__(
        self,
        folder: Path,
        broker: BrokerSettings,
        *,
        gate: str = "north-1",
        trust: TrustTable | None = None,
        held: Callable[[], HeldRoster] = HeldRoster,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "journal.db"
        self.journal = Journal(self.path, boot="boot-1", new_epoch=lambda: secrets.token_hex(8))
        self.inbox: queue.SimpleQueue[UplinkEvent] = queue.SimpleQueue()
        self.events: list[UplinkEvent] = []
        self.uplink = Uplink(
            UplinkSettings(
                broker=broker,
                gate=gate,
                roster="main",
                boot="boot-1",
                software="test",
                starts=self.journal.starts,
                journal=self.path,
                folder=folder,
                reconnect_base_ms=20,
                first_spread_ms=0,
                fetch_spread_ms=0,
            ),
            trust or TrustTable(),
            emit=self.inbox.put,
            held=held,
        )
        self.worker = Worker(self.uplink)

    def __enter__(self) -> Self:
        self.worker.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.end()
        self.journal.close()

    def record(self, count: int, *, side: bool = False) -> None:
        for number in range(count):
            values = {"object_mc": 36_500 + number} if side else None
            self.journal.append("passage", moment(number), {"n": number}, values)
        self.uplink.journal_grew()

    def pump(self) -> None:
        """Do the engine's part: store watermarks, remember everything."""
        self.worker.check()
        while not self.inbox.empty():
            event = self.inbox.get()
            self.events.append(event)
            if isinstance(event, WatermarkAcknowledged):
                self.journal.store_watermark(event.upto, event.hubgen)

    def drained(self) -> bool:
        self.pump()
        return self.journal.acked == self.journal.last_seq

    def saw(self, event: UplinkEvent) -> bool:
        self.pump()
        return event in self.events


def moment(number: int = 0) -> Moment:
    return Moment(1_000 + number, 1_700_000_000_000 + number, ClockState.SYNCED)


def hub(folder: Path, broker: BrokerSettings) -> Hub:
    return Hub(HubSettings(broker, f"sqlite:///{folder / 'hub.db'}", reconnect_base_ms=20))
