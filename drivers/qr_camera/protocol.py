"""What a row of frames means: which code is presented, and whether the camera still sees.

A code is *presented* when it was read in two fresh frames, and once: it is presented again only
after frames without it spanned AWAY_S. `reset` belongs to the moment the previous person left:
nothing seen until then counts, and a code that still hangs before the lens stays silent until it
was away. Pure: times are monotonic seconds given by the caller.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

FRAMES_NEEDED = 2  # one frame may be a reflection or the tail of the person before
AWAY_S = 1.5  # a hand that trembles is away for less, a second person takes longer
OUTAGE_S = 10.0  # after so long without frames nothing is known about the scene
TEXTS_MAX = 16  # codes watched at once; a wall of posters must not fill the memory

FROZEN_FRAMES = 30  # equal pictures in a row: a live sensor's noise never repeats
COVERED_MEAN = 24  # grey levels: darker than a hallway at night with the gain up
COVERED_SPREAD = 12  # grey levels between the darkest and the lightest cell

View = Literal["live", "covered", "frozen"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One text in view. missed_since_s: first frame without it since it was last read, or None."""

    text: str
    frames: int
    presented: bool
    missed_since_s: float | None = None


@dataclass(frozen=True, slots=True)
class CodeWatch:
    """Which codes are in view and which of them were presented. Frozen: step returns the next."""

    sightings: tuple[Sighting, ...] = ()
    frame_s: float = float("-inf")  # the newest frame taken into account
    fresh_after_s: float = float("-inf")  # frames up to here belong to the person before

    def step(self, texts: Iterable[str], taken_s: float) -> tuple["CodeWatch", tuple[str, ...]]:
        """Return the watch after this frame and the texts that are now presented, in order.

        texts: everything read in the frame taken at `taken_s`. A frame that is not newer than
        the last one says nothing.
        """
        if taken_s <= self.frame_s:
            return self, ()
        known = () if taken_s - self.frame_s >= OUTAGE_S else self.sightings
        fresh = taken_s > self.fresh_after_s
        seen = dict.fromkeys(texts)
        kept = (_aged(old, taken_s, seen=old.text in seen, fresh=fresh) for old in known)
        sightings = [sighting for sighting in kept if sighting is not None]
        if fresh:
            names = {sighting.text for sighting in sightings}
            new = [Sighting(text, 1, presented=False) for text in seen if text not in names]
            sightings += new[: TEXTS_MAX - len(sightings)]
        due = {s.text for s in sightings if not s.presented and s.frames >= FRAMES_NEEDED}
        after = tuple(replace(s, presented=True) if s.text in due else s for s in sightings)
        presented = tuple(text for text in seen if text in due)
        return replace(self, sightings=after, frame_s=taken_s), presented

    def reset(self, at_s: float) -> "CodeWatch":
        """Return the watch for the next person: only frames taken after `at_s` count.

        A code already presented and still in view stays silent until it was away.
        """
        kept = tuple(sighting for sighting in self.sightings if sighting.presented)
        return replace(self, sightings=kept, fresh_after_s=max(at_s, self.fresh_after_s))


def _aged(old: Sighting, taken_s: float, *, seen: bool, fresh: bool) -> Sighting | None:
    """Return the sighting after one more frame, or None once it was away long enough."""
    since_s = taken_s if old.missed_since_s is None else old.missed_since_s
    if taken_s - since_s >= AWAY_S:
        return None
    if seen:
        return replace(old, frames=old.frames + fresh, missed_since_s=None)
    return replace(old, missed_since_s=since_s)


@dataclass(frozen=True, slots=True)
class ViewWatch:
    """Whether the picture lives, from sub-sampled frames. Frozen: step returns the next."""

    cells: bytes = b""
    repeats: int = 0

    def step(self, cells: bytes) -> tuple["ViewWatch", View]:
        """Return the watch after this frame and what the camera sees.

        cells: the frame 16 times smaller, one grey level per byte, at least one. A dark, even
        picture is *covered* and may repeat; any other that repeats FROZEN_FRAMES times is *frozen*.
        """
        repeats = self.repeats + 1 if cells == self.cells else 1
        after = ViewWatch(cells, min(repeats, FROZEN_FRAMES))
        if sum(cells) < COVERED_MEAN * len(cells) and max(cells) - min(cells) <= COVERED_SPREAD:
            return after, "covered"
        return after, "frozen" if repeats >= FROZEN_FRAMES else "live"
