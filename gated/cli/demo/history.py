"""A week that never was: invented passages of three gates, in the hub as the gates would send them.

Each gate writes its week into a journal of its own, and the hub takes it batch by batch through
its ledger, chain, commitments and all. The two lanes of the demo then go on under new epochs; the
third gate, `west`, went silent yesterday evening and keeps what came later to itself.
"""

import json
import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final

from gated.cli.demo.people import Invented
from gated.contract.batch import EVENTS_MAX, SideRow, decode_batch, encode_batch
from gated.core.canonical import Json, canonical, chain, digest, genesis
from gated.core.model import Category, ClockState, Moment
from gated.core.pseudonym import person_ref, room_ref
from gated.core.reasons import Code
from gated.hub.store import HubStore
from gated.store.journal import Draft, Journal
from gated.store.journal_reader import Entry, JournalReader
from gated.store.sealed_box import seal_to

DAYS: Final = 7
GATES: Final = ("east-in", "east-out", "west")
SILENT: Final = "west"
SILENT_HOURS: Final = 15  # since when it has not been heard of
GUARDS: Final = ("G017", "G023", "G031")
SHIFT_HOURS: Final = (7, 15, 23)
ROUND_HOURS: Final = (8, 14, 20)
STRANGERS: Final = ("赵云生", "钱小满", "孙立秋", "周谷雨")
HOUR_MS: Final = 3_600_000

_RESIDENTS = frozenset({Category.RESIDENT, Category.TENANT})


@dataclass(frozen=True, slots=True)
class _Happening:
    """Something at a gate. at_ms: UTC."""

    at_ms: int
    gate: str
    kind: str
    fields: dict[str, Json]
    side: dict[str, int] | None = None


@dataclass(slots=True)
class Week:
    """Invents what happened from one seed. until: aware local time at which the week ends."""

    people: Sequence[Invented]
    site: str
    site_key: bytes
    hub_public: bytes
    until: datetime
    seed: int
    _random: random.Random = field(init=False)
    _visits: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Dice and counters are set up."""
        self._random = random.Random(self.seed)
        self._visits = dict.fromkeys(GATES, 0)

    def happenings(self) -> dict[str, list[_Happening]]:
        """Return everything per gate in the order it happened."""
        found = [*self._trips(), *self._callers(), *self._duties(), *self._incidents()]
        kept = [each for each in found if each.at_ms < _ms(self.until)]
        kept.sort(key=lambda each: each.at_ms)
        return {gate: [each for each in kept if each.gate == gate] for gate in GATES}

    def _days(self) -> Iterator[datetime]:
        today = datetime.combine(self.until.date(), time(), self.until.tzinfo)
        for back in range(DAYS, -1, -1):
            yield today - timedelta(days=back)

    def _trips(self) -> Iterator[_Happening]:
        """Yield residents who leave and come home, some more often than others."""
        homes = [person for person in self.people if person.role.category in _RESIDENTS]
        for day in self._days():
            for person in self._random.sample(homes, k=len(homes) * 2 // 5):
                leaves = day + timedelta(minutes=self._random.triangular(6.5, 20, 9.5) * 60)
                back = leaves + timedelta(minutes=self._random.triangular(15, 240, 50))
                way_out, way_home = self._ways()
                yield self._passage(leaves, way_out, "out", person, Code.OK_RESIDENT)
                yield self._passage(back, way_home, "in", person, Code.OK_HOME_RETURN)

    def _ways(self) -> tuple[str, str]:
        return ("west", "west") if self._random.random() < 1 / 4 else ("east-out", "east-in")

    def _callers(self) -> Iterator[_Happening]:
        """Yield couriers and visitors nobody announced."""
        for day in self._days():
            for _ in range(self._random.randint(6, 10)):
                at = day + timedelta(minutes=self._random.randint(9 * 60, 20 * 60))
                gate = self._random.choice(("east-in", "west"))
                yield self._passage(at, gate, "in", None, Code.ID_NOT_IN_ROSTER, "CHECK")
                form = self._registration(gate, _ms(at) + 45_000)
                if self._random.random() < 1 / 4:
                    yield form

    def _duties(self) -> Iterator[_Happening]:
        """Yield shifts and disinfection rounds; the west gate misses its evening rounds."""
        for number, day in enumerate(self._days()):
            for gate in GATES:
                for turn, hour in enumerate(SHIFT_HOURS):
                    guard = GUARDS[(number + turn) % len(GUARDS)]
                    begins = _ms(day + timedelta(hours=hour, minutes=self._random.randint(0, 6)))
                    yield _Happening(begins, gate, "shift", {"act": "begin", "guard": guard})
                    ends = {"act": "end", "guard": guard}
                    yield _Happening(begins + 8 * HOUR_MS - 60_000, gate, "shift", {**ends})
                for hour in ROUND_HOURS[: 2 if gate == "west" else 3]:
                    at = _ms(day + timedelta(hours=hour, minutes=self._random.randint(0, 25)))
                    words: dict[str, Json] = {"place": "gate", "agent": "chlorine"}
                    yield _Happening(at, gate, "round", {**words, "guard": GUARDS[number % 3]})

    def _incidents(self) -> Iterator[_Happening]:
        """Yield what an officer must hear of: fevers, calls, an anomaly, somebody let through."""
        homes = [person for person in self.people if person.role.category in _RESIDENTS]
        days = list(self._days())
        for number, day in enumerate(days):
            person = self._random.choice(homes)
            at = day + timedelta(hours=17, minutes=self._random.randint(0, 50))
            if number % 3 == 0:
                yield self._passage(at, "east-in", "in", person, Code.TEMP_HIGH, "STOP", 37_800)
                call: dict[str, Json] = {"reason": "fever", "guard": GUARDS[number % 3]}
                yield _Happening(_ms(at) + 60_000, "east-in", "call", call)
            else:
                given = self._passage(at, "west", "out", person, Code.GUARD_MEDICAL, "ALLOW_NOTE")
                given.fields.update(
                    guard_role="guard", guard_act="manual_pass", override_reason="medical"
                )
                yield given
        anomaly: dict[str, Json] = {"what": "crowding", "guard": GUARDS[0]}
        yield _Happening(_ms(days[-2] + timedelta(hours=18)), "east-in", "anomaly", anomaly)

    def _registration(self, gate: str, at_ms: int) -> _Happening:
        host = self._random.choice(self.people)
        form = {
            "name": self._random.choice(STRANGERS),
            "document_kind": "id_card",
            "document_number": "",
            "phone": f"1380000{self._random.randint(1000, 9999)}",
            "from": "",
            "to": f"{host.building}-{host.unit}-{host.room}",
            "reason": "family",
            "plate": "",
            "companions": 0,
        }
        plain = json.dumps(form, ensure_ascii=False).encode()
        sealed = seal_to(self.hub_public, plain, b"gated registration" + gate.encode())
        fields: dict[str, Json] = {"form": "visitor", "direction": "in", "sealed": sealed.hex()}
        return _Happening(at_ms, gate, "registration", {**fields, "guard": GUARDS[0]})

    def _passage(
        self,
        at: datetime,
        gate: str,
        direction: str,
        person: Invented | None,
        code: Code,
        verdict: str = "ALLOW",
        value_mc: int | None = None,
    ) -> _Happening:
        self._visits[gate] += 1
        offset = at.utcoffset()
        fields: dict[str, Json] = {
            "site": self.site,
            "gate": gate,
            "direction": direction,
            "visit": self._visits[gate],
            "offset_min": 0 if offset is None else int(offset.total_seconds()) // 60,
            "clock_state": "synced",
            "credential_kind": "id_card",
            "category": "unknown" if person is None else person.role.category.value,
            "verdict": verdict,
            "reason": code.value,
            "reasons": [code.value],
            "unknown": [],
            "policy_rev": 0,
            "shadow": 0,
            "temp_state": "high" if value_mc else "normal",
            "temp_tries": 3 if value_mc else 0,
            "roster_rev": 1,
        }
        if person is not None:
            room = (str(person.building), str(person.unit), str(person.room))
            fields["person_ref"] = person_ref(self.site_key, person.id_number).hex()
            fields["household_ref"] = room_ref(self.site_key, *room).hex()
        value = value_mc or 36_000 + 100 * self._random.randint(2, 8)
        side = {"temp_mC": value, "temp_skin_mC": value - 2_600, "ambient_mC": 8_000}
        return _Happening(_ms(at), gate, "passage", fields, side)


def write_week(week: Week, folder: Path, hub_url: str, silent_ms: int) -> int:
    """The hub holds the week; returns how many events it took.

    silent_ms: UTC ms after which the gate `west` sent nothing more; the hub knows that there is
    more. Journals are left in `folder`.
    """
    taken = 0
    store = HubStore(hub_url)
    try:
        for gate, happened in week.happenings().items():
            path = folder / f"history-{gate}.db"
            epoch = _write_journal(path, gate, happened)
            with JournalReader(path) as reader:
                entries = list(reader.entries())
            known = [e for e in entries if gate != SILENT or e.fields()["t"] < silent_ms]
            _deliver(store, gate, epoch, known)
            if gate == SILENT:
                values = {"online": False, "epoch": epoch, "last": len(entries)}
                waiting = {"backlog": len(entries) - len(known), "seen_ms": silent_ms}
                store.greet(gate, {**values, **waiting, "roster_rev": 1, "software": "0.1.0"})
            taken += len(known)
    finally:
        store.close()
    return taken


def _write_journal(path: Path, gate: str, happened: Sequence[_Happening]) -> str:
    boot = f"demo-{gate}"
    begun_ms = happened[0].at_ms - HOUR_MS
    opened = Moment(0, begun_ms, ClockState.SYNCED)
    journal = Journal(path, boot=boot, new_epoch=lambda: secrets.token_hex(8), now=lambda: opened)
    try:
        drafts = [
            Draft(
                each.kind,
                Moment(each.at_ms - begun_ms, each.at_ms, ClockState.SYNCED),
                {"gate": gate, **each.fields},
                each.side,
            )
            for each in happened
        ]
        journal.append_all(drafts)
        return journal.epoch
    finally:
        journal.close()


def _deliver(store: HubStore, gate: str, epoch: str, entries: Sequence[Entry]) -> None:
    """The hub has committed these events, in batches as a gate would have sent them."""
    head = genesis(epoch)
    for start in range(0, len(entries), EVENTS_MAX):
        part = entries[start : start + EVENTS_MAX]
        sides = [
            SideRow(entry.seq, entry.side.salt, canonical(dict(entry.side.values)))
            for entry in part
            if entry.side is not None
        ]
        bodies = [entry.body for entry in part]
        batch = decode_batch(encode_batch(epoch, part[0].seq, 1, head, bodies, sides))
        received_ms = int(part[-1].fields()["t"])
        store.commit([(gate, batch)], received_ms)
        for body in bodies:
            head = chain(head, digest(body))


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
