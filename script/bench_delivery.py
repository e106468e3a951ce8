"""A backlog on its way: journal -> uplink -> Mosquitto -> hub's store -> watermark in the journal.

Gate's uplink with its engine's part here, broker and hub each a process of its own, both ends
committing with FULL. The other side of the ratio is a bare paho client that publishes the same
events one by one (QoS 1, 20 in flight, no TLS) to the same broker and waits for its PUBACKs.
"""

import queue
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench_row import Row, Run, Target
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from gated.cli.demo import processes
from gated.core.canonical import Json
from gated.core.model import ClockState, Moment
from gated.core.trust import TrustTable
from gated.gate.fetch import HeldRoster
from gated.gate.uplink import Uplink, UplinkSettings
from gated.gate.uplink_events import UplinkEvent, WatermarkAcknowledged
from gated.process.supervisor import Supervisor
from gated.store.journal import Draft, Journal
from gated.store.journal_reader import JournalReader
from gated.transport.mqtt import BrokerSettings

EVENTS_S, RATIO = 20_000.0, 1.5
WINDOW = 20
LIMIT_S = 60.0
FIELDS: dict[str, Json] = {
    "site": "bench", "gate": "bench-1", "direction": "in", "offset_min": 480,
    "clock_state": "synced", "credential_kind": "id_card", "category": "resident",
    "verdict": "ALLOW", "reason": "OK_HOME_RETURN", "reasons": ["OK_HOME_RETURN"], "unknown": [],
    "policy_rev": 1, "shadow": 0, "credential_ref": "00" * 16, "person_ref": "00" * 16,
    "household_ref": "00" * 16, "temp_state": "normal", "temp_tries": 0, "roster_rev": 1,
    "offline": 1, "degraded": [],
}  # fmt: skip
SIDE = {
    "temp_code": 15_347,
    "temp_around_code": 14_757,
    "temp_die_code": 14_800,
    "temp_raw_mC": 33_800,
    "temp_supply_mC": 33_620,
    "temp_offset_mC": 33_620,
    "temp_skin_mC": 34_100,
    "temp_mC": 36_500,
    "ambient_mC": 22_000,
}


def drain(run: Run) -> list[Row]:
    """Return events per second from a gate's backlog into the hub, and the ratio to bare paho."""
    sizes = [10_000] if run.quick else [10_000, 100_000]
    rows: list[Row] = []
    with centre(run.fresh("centre")) as port:
        for size in sizes:
            bodies, ours = _drained(run, size, port)
            bare = _bare_paho_s(bodies[:10_000], port)
            rows.append(
                Row(
                    f"drain_{size // 1000}k",
                    f"backlog of {size:,} passages, gate to hub, both committing with FULL",
                    size / ours,
                    "/s",
                    (Target("at least", EVENTS_S), Target("at least", RATIO, of_ratio=True)),
                    (size / ours) / (1 / bare),
                    "bare paho, one by one (QoS 1, window 20)",
                )
            )
    return rows


@contextmanager
def centre(folder: Path) -> Iterator[int]:
    """A broker and a hub run; yields the broker's port."""
    port = processes.free_port()
    broker = processes.broker(folder, port)
    broker.start()
    processes.wait_for_port(port, broker)
    hub = processes.hub(folder, hub_config(folder, port))
    hub.start()
    try:
        hub.wait_for("hub.online")
        yield port
    finally:
        hub.stop()
        broker.stop()


def hub_config(folder: Path, port: int) -> Path:
    """Write a hub's configuration; no keys are needed as long as it pushes no list."""
    path = folder / "hub.toml"
    path.write_text(
        f'[hub]\nsite = "bench"\n[store]\nurl = "sqlite:///{folder / "hub.db"}"\n'
        f'[broker]\nhost = "127.0.0.1"\nport = {port}\ntls = false\nreconnect_s = 0.05\n',
        "utf-8",
    )
    return path


def _drained(run: Run, size: int, port: int) -> tuple[list[bytes], float]:
    """Return the events' bytes and the seconds from start of the uplink to the last watermark."""
    path = run.fresh(f"drain-{size}") / "journal.db"
    with closing(Journal(path, boot="bench", new_epoch=lambda: secrets.token_hex(8))) as journal:
        for first in range(0, size, 1000):
            at = Moment(first, 1_770_000_000_000 + first, ClockState.SYNCED)
            number = range(first, min(size, first + 1000))
            journal.append_all(
                Draft("passage", at, {**FIELDS, "visit": visit}, SIDE) for visit in number
            )
        inbox: queue.SimpleQueue[UplinkEvent] = queue.SimpleQueue()
        uplink = _uplink(path, journal.starts, port, f"bench-{size}", inbox)
        supervisor = Supervisor()
        began = time.monotonic()
        supervisor.start(uplink)
        try:
            while journal.acked < journal.last_seq:
                event = inbox.get(timeout=LIMIT_S)
                if isinstance(event, WatermarkAcknowledged):
                    journal.store_watermark(event.upto, event.hubgen)
            took = time.monotonic() - began
        finally:
            supervisor.stop()
    with JournalReader(path) as reader:
        return [entry.body for entry in reader.entries()], took


def _uplink(
    path: Path, starts: int, port: int, gate: str, inbox: "queue.SimpleQueue[UplinkEvent]"
) -> Uplink:
    settings = UplinkSettings(
        broker=BrokerSettings("127.0.0.1", port, tls=False),
        gate=gate,
        roster="main",
        boot="bench",
        software="bench",
        starts=starts,
        journal=path,
        folder=path.parent,
        reconnect_base_ms=20,
        first_spread_ms=0,
        fetch_spread_ms=0,
    )
    return Uplink(settings, TrustTable(), emit=inbox.put, held=HeldRoster)


def _bare_paho_s(bodies: list[bytes], port: int) -> float:
    """Return seconds per event of a client that publishes one by one and awaits every PUBACK."""
    connected, done = threading.Event(), threading.Event()
    left = [len(bodies)]
    client = Client(CallbackAPIVersion.VERSION2, "bare-paho", protocol=MQTTv5)
    client.max_inflight_messages_set(WINDOW)

    def acknowledged(*_: object) -> None:
        left[0] -= 1
        if not left[0]:
            done.set()

    client.on_connect = lambda *_: connected.set()
    client.on_publish = acknowledged
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert connected.wait(LIMIT_S), "the broker answers"
        began = time.monotonic()
        for body in bodies:
            client.publish("bench/bare", body, qos=1)
        assert done.wait(LIMIT_S), "the broker acknowledges"
        return (time.monotonic() - began) / len(bodies)
    finally:
        client.disconnect()
        client.loop_stop()
