"""What to say to the reader next, and what its answers come to.

    FIND -> SELECT -> READ -> NEWEST_ADDRESS every poll_s while the card lies there -> FIND

* A card lies there while the reader answers "read newest address" with 90 or 91. Two failures in a
  row mean that it has gone. Readers that never answer so are found out and judged by find alone.
* The same number within hold_off_s of the last sight of it is the same presentation: no event.
* A refusal is told once per presentation. A presentation ends when find has found nothing for
  GAP_S. After a good read, "hold still" and "fault" are silent: the card is on its way out.
* After a command without an answer the module number is asked for: its answer has a shape of its
  own, and the reader answers in order, so nothing late can be taken for the next answer.

Promise: every presentation of a card comes to at most one CardRead, and to a refusal only of a kind
not yet told. Waiting is a field (due_s). Pure; seconds are monotonic.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeAlias

from drivers.card_reader.protocol import (
    FIND,
    MODULE_NUMBER,
    NEWEST_ADDRESS,
    READ,
    RESET,
    SELECT,
    Answer,
    Command,
    RefusalKind,
    Status,
    module_fault,
    refusal,
    text_record,
)
from drivers.card_reader.protocol_records import CardRead, decode_record
from drivers.errors import CorruptData

HOLD_OFF_S = 5.0  # a card left lying, or shown again at once, is one visit
GAP_S = 0.5  # shorter absences are a hand that trembles
FIND_POLL_S = 0.1  # a card is found this soon; makers' samples use 0.1 to 0.3
MISSES_MAX = 2  # failed presence tests in a row until the card counts as gone
VAIN_CARDS_MAX = 3  # cards without any presence answer until the reader counts as unable
REPEATS_MAX = 2  # of a command that the reader, or the line, garbled
TROUBLES_MAX = 3  # restarts at find until the reader is reset or a fault is told
SILENCES_MAX = 3  # unanswered finds and module numbers until the reader counts as gone


class Nothing(Enum):
    """What came instead of an answer before the time was up."""

    SILENCE = "silence"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class CardRefused:
    """A card was presented and gave no record. sw3: the reader's status, 0 if none came."""

    kind: RefusalKind
    sw3: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The reader itself cannot go on. noise: it speaks, but not this protocol."""

    what: str
    noise: bool = False


Outcome: TypeAlias = CardRead | CardRefused | Broken | None


@dataclass(frozen=True, slots=True)
class Visit:
    """What is remembered of the card that lies there or lay there last."""

    number: str = field(default="", repr=False)
    seen_s: float = float("-inf")
    was_read: bool = False
    told: frozenset[RefusalKind] = frozenset()
    gone_since_s: float | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known about this reader's answers to the presence test."""

    works: bool = False
    misses: int = 0
    vain_cards: int = 0

    @property
    def worth_asking(self) -> bool:
        """Whether to test presence by "read newest address" rather than by find."""
        return self.works or self.vain_cards < VAIN_CARDS_MAX


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Where the talk stands: command is what was said last, or is said at due_s.

    hold_off_s: the same number within this of its last sight is the same presentation.
    """

    poll_s: float
    hold_off_s: float = HOLD_OFF_S
    command: Command = FIND
    due_s: float = float("-inf")
    after: Command = FIND  # what follows the module number
    repeats: int = 0  # of this command, because the reader got it garbled
    reread: bool = False  # this record was asked for again, because we got it garbled
    troubles: int = 0  # restarts at find with this card
    trouble_sw3: int = 0
    find_faults: int = 0  # finds in a row that were answered by neither "found" nor "none"
    silences: int = 0  # finds and module numbers in a row that were not answered
    visit: Visit = Visit()
    presence: Presence = Presence()


Step: TypeAlias = tuple[Dialogue, Outcome]


def step(talk: Dialogue, heard: Answer | Nothing, now_s: float) -> Step:
    """Return where the talk stands after this answer, and what it came to, if anything.

    heard: an answer that fits talk.command, or what came instead until its time was up.
    """
    if isinstance(heard, Nothing):
        return _unanswered(talk, heard, now_s)
    if (fault := module_fault(heard.sw3)) is not None:
        return talk, Broken(fault)
    if heard.sw3 in (Status.BAD_CHECKSUM, Status.BAD_LENGTH) and talk.repeats < REPEATS_MAX:
        return replace(talk, repeats=talk.repeats + 1, due_s=now_s), None
    talk = replace(talk, repeats=0)
    if talk.command is FIND:
        return _found(replace(talk, silences=0), heard, now_s)
    if talk.command is SELECT:
        return _selected(talk, heard, now_s)
    if talk.command is READ:
        return _read(talk, heard, now_s)
    if talk.command is NEWEST_ADDRESS:
        return _presence_answered(talk, heard, now_s)
    return _resumed(talk, now_s), None  # reset and module number


def _found(talk: Dialogue, heard: Answer, now_s: float) -> Step:
    if heard.sw3 == Status.FOUND:
        visit = talk.visit
        gone = visit.gone_since_s
        if gone is not None and now_s - gone >= GAP_S:
            visit = replace(visit, was_read=False, told=frozenset())
        visit = replace(visit, gone_since_s=None)
        return _say(replace(talk, visit=visit, find_faults=0), SELECT, now_s), None
    if heard.sw3 == Status.NO_CARD:
        return _none_found(replace(talk, find_faults=0), now_s)
    faults = talk.find_faults + 1
    if faults > TROUBLES_MAX:
        return talk, Broken(
            f"answers status {heard.sw3:02X} to find, also after a reset; "
            "switch it off and on, check that it reads ID cards"
        )
    following = RESET if faults == TROUBLES_MAX else FIND
    return _say(replace(talk, find_faults=faults), following, _soon(talk, now_s)), None


def _none_found(talk: Dialogue, now_s: float) -> Step:
    """The field is empty. A card that left before it could be read was moved away too soon."""
    visit = talk.visit
    since = now_s if visit.gone_since_s is None else visit.gone_since_s
    talk = replace(talk, visit=replace(visit, gone_since_s=since))
    if talk.troubles and now_s - since >= GAP_S:
        return _refused(talk, CardRefused(RefusalKind.HOLD_STILL, talk.trouble_sw3), now_s)
    return _say(talk, FIND, _soon(talk, now_s)), None


def _selected(talk: Dialogue, heard: Answer, now_s: float) -> Step:
    if heard.sw3 == Status.DONE:
        return _say(talk, READ, now_s), None
    return _troubled(talk, heard.sw3, now_s)


def _read(talk: Dialogue, heard: Answer, now_s: float) -> Step:
    if heard.sw3 != Status.DONE:
        return _troubled(talk, heard.sw3, now_s)
    record = text_record(heard)
    try:
        card = decode_record(record or b"", now_s)
    except CorruptData:
        return _refused(talk, CardRefused(RefusalKind.FAULT, heard.sw3), now_s)
    return _recognised(talk, card, now_s)


def _recognised(talk: Dialogue, card: CardRead, now_s: float) -> Step:
    """A record was read: an event, unless it is the card that was seen a moment ago."""
    same = card.id_number == talk.visit.number
    fresh = not same or now_s - talk.visit.seen_s >= talk.hold_off_s
    presence = talk.presence
    if same and talk.visit.was_read and presence.misses >= MISSES_MAX and not presence.works:
        # It lay there all the time, and the presence test did not say so.
        presence = replace(presence, vain_cards=presence.vain_cards + 1)
    visit = Visit(number=card.id_number, seen_s=now_s, was_read=True)
    talk = replace(talk, visit=visit, presence=replace(presence, misses=0), troubles=0)
    following = NEWEST_ADDRESS if presence.worth_asking else FIND
    return _say(talk, following, now_s + talk.poll_s), card if fresh else None


def _presence_answered(talk: Dialogue, heard: Answer, now_s: float) -> Step:
    """90 or 91: the card that was read lies there. What the answer says is not looked at."""
    if heard.sw3 not in NEWEST_ADDRESS.good:
        following, next_s, talk = _missed(talk, now_s)
        return _say(talk, following, next_s), None
    visit = replace(talk.visit, seen_s=now_s)
    talk = replace(talk, visit=visit, presence=Presence(works=True))
    return _say(talk, NEWEST_ADDRESS, now_s + talk.poll_s), None


def _missed(talk: Dialogue, now_s: float) -> tuple[Command, float, Dialogue]:
    """A presence test failed: look again soon, or go back to find."""
    presence = replace(talk.presence, misses=talk.presence.misses + 1)
    if presence.misses < MISSES_MAX:
        return NEWEST_ADDRESS, _soon(talk, now_s), replace(talk, presence=presence)
    presence = replace(presence, vain_cards=presence.vain_cards + 1)
    return FIND, now_s, replace(talk, presence=presence)


def _troubled(talk: Dialogue, sw3: int, now_s: float) -> Step:
    """Select or read failed: a refusal that says why, or another try from the start."""
    kind = refusal(sw3)
    if kind is not None:
        return _refused(talk, CardRefused(kind, sw3), now_s)
    talk = replace(talk, troubles=talk.troubles + 1, trouble_sw3=sw3)
    if talk.troubles < TROUBLES_MAX:
        return _say(talk, FIND, now_s), None
    refused, outcome = _refused(talk, CardRefused(RefusalKind.FAULT, sw3), now_s)
    if sw3 == Status.UNKNOWN_ERROR:
        refused = _say(refused, RESET, now_s)
    return refused, outcome


def _refused(talk: Dialogue, refused: CardRefused, now_s: float) -> Step:
    """Tell a refusal once per presentation, then keep trying: the next read may be good."""
    visit = talk.visit
    on_its_way_out = visit.was_read and refused.kind in (
        RefusalKind.HOLD_STILL,
        RefusalKind.FAULT,
    )
    silent = on_its_way_out or refused.kind in visit.told
    visit = replace(visit, told=visit.told | {refused.kind})
    talk = _say(replace(talk, visit=visit, troubles=0), FIND, now_s + talk.poll_s)
    return talk, None if silent else refused


def _unanswered(talk: Dialogue, nothing: Nothing, now_s: float) -> Step:
    """No answer in time: ask for the module number before anything else is said."""
    if talk.command is READ:
        return _read_unanswered(talk, nothing, now_s)
    if talk.command in (FIND, MODULE_NUMBER):
        return _silent(talk, nothing, now_s)
    if talk.command is SELECT:
        talk, outcome = _troubled(talk, 0, now_s)
        return _resynchronised(talk, talk.command, now_s), outcome
    if talk.command is NEWEST_ADDRESS:
        following, _, talk = _missed(talk, now_s)
        return _resynchronised(talk, following, now_s), None
    return _resumed(talk, now_s), None


def _read_unanswered(talk: Dialogue, nothing: Nothing, now_s: float) -> Step:
    """A garbled record is asked for once more: many readers do not find a read card again."""
    if nothing is Nothing.NOISE and not talk.reread:
        return replace(_resynchronised(talk, READ, now_s), reread=True), None
    talk, outcome = _refused(talk, CardRefused(RefusalKind.FAULT, 0), now_s)
    return _resynchronised(talk, FIND, now_s), outcome


def _silent(talk: Dialogue, nothing: Nothing, now_s: float) -> Step:
    """Find or the module number stayed without an answer; nothing else is said until it comes."""
    silences = talk.silences + 1
    if silences >= SILENCES_MAX:
        if nothing is Nothing.NOISE:
            return talk, Broken(
                "answers something else than the card protocol; check its speed and its model",
                noise=True,
            )
        return talk, Broken("does not answer; check its cable, its power and its speed")
    after = replace(_resynchronised(talk, talk.after, now_s), silences=silences)
    return replace(after, reread=talk.reread), None


def _resynchronised(talk: Dialogue, after: Command, now_s: float) -> Dialogue:
    return replace(_say(talk, MODULE_NUMBER, now_s), after=after)


def _resumed(talk: Dialogue, now_s: float) -> Dialogue:
    return replace(_say(talk, talk.after, now_s), reread=talk.reread)


def _soon(talk: Dialogue, now_s: float) -> float:
    return now_s + min(FIND_POLL_S, talk.poll_s)


def _say(talk: Dialogue, command: Command, due_s: float) -> Dialogue:
    return replace(talk, command=command, due_s=due_s, after=FIND, repeats=0, reread=False)
