"""The engine's helpers, each with one reason to change; all of them live on its thread."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from gated.gate.card_memory import CardMemory
from gated.gate.duty_desk import DutyDesk
from gated.gate.finder import FinderDesk
from gated.gate.hub_desk import HubDesk
from gated.gate.message_desk import MessageDesk
from gated.gate.mode_desk import ModeDesk
from gated.gate.recorder import Recorder
from gated.gate.report_desk import ReportDesk
from gated.gate.resolver import Resolver
from gated.gate.retention import Retention
from gated.gate.thermometer_desk import ThermometerDesk
from gated.gate.vehicle_desk import VehicleDesk
from gated.gate.watches import Watches
from gated.store.journal_reader import JournalReader


@dataclass(slots=True)
class Desks:
    """Made on the engine's own thread because they own databases. closing: gives these back."""

    recorder: Recorder
    resolver: Resolver
    hub: HubDesk
    thermometer: ThermometerDesk | None
    retention: Retention
    reader: JournalReader
    duty: DutyDesk
    reports: ReportDesk
    messages: MessageDesk
    modes: ModeDesk
    vehicles: VehicleDesk
    watches: Watches
    finder: FinderDesk
    cards: CardMemory
    closing: ExitStack = field(default_factory=ExitStack)
