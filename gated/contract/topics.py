"""Names on the wire: every topic gate and hub use, built and read back in one place.

Prefix `cp/1` is the protocol's major version. The gate id fills one whole level, so a broker's
access pattern can match it. No topic carries personal data.

    cp/1/g/<gate>/u/hello|ev|get   gate -> hub
    cp/1/g/<gate>/st               gate -> all, retained, also the will
    cp/1/g/<gate>/d/ack|blk|cmd    hub -> gate
    cp/1/r/<roster>/mf             hub -> gates, retained: signed manifest
    cp/1/hub/st                    hub -> gates, retained
"""

import re
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "cp/1"
HUB_STATUS = f"{PREFIX}/hub/st"
HUB_UPLINKS = f"$share/hub/{PREFIX}/g/+/u/#"
HUB_GATE_STATUSES = f"{PREFIX}/g/+/st"

RETAINED_ALWAYS = 0  # MQTT 5 Retain Handling: every subscription brings the retained message
RETAINED_IF_NEW = 1  # only a subscription the session did not have brings it

_NAME = re.compile(r"[a-z0-9-]{1,32}")


class Leaf(StrEnum):
    """What a topic below one gate carries."""

    HELLO = "u/hello"
    EVENTS = "u/ev"
    GET = "u/get"
    STATUS = "st"
    ACK = "d/ack"
    BLOCK = "d/blk"
    COMMAND = "d/cmd"


@dataclass(frozen=True, slots=True)
class GateTopic:
    """A topic of one gate."""

    gate: str
    leaf: Leaf


@dataclass(frozen=True, slots=True)
class ManifestTopic:
    """The retained manifest of one roster."""

    roster: str


@dataclass(frozen=True, slots=True)
class HubTopic:
    """The hub's own status."""


Topic = GateTopic | ManifestTopic | HubTopic


def is_name(text: str) -> bool:
    """True when text can stand in a topic as a gate or roster id: `[a-z0-9-]{1,32}`."""
    return _NAME.fullmatch(text) is not None


def gate_topic(gate: str, leaf: Leaf) -> str:
    """Return the topic of one gate. Raises ValueError when the id cannot stand in a topic."""
    return f"{PREFIX}/g/{_checked(gate, 'gate')}/{leaf.value}"


def manifest_topic(roster: str) -> str:
    """Return the topic of a roster's manifest. Raises ValueError for an unusable id."""
    return f"{PREFIX}/r/{_checked(roster, 'roster')}/mf"


def gate_subscriptions(gate: str, roster: str) -> tuple[tuple[str, int], ...]:
    """Return what a gate listens to, as (filter, retain handling).

    Manifests and the hub's status come again at every reconnect, so a gate that missed a
    change sees the current one.
    """
    return (
        (f"{PREFIX}/g/{_checked(gate, 'gate')}/d/#", RETAINED_IF_NEW),
        (manifest_topic(roster), RETAINED_ALWAYS),
        (HUB_STATUS, RETAINED_ALWAYS),
    )


def hub_subscriptions() -> tuple[tuple[str, int], ...]:
    """Return what a hub worker listens to; the uplinks are shared among workers."""
    return ((HUB_UPLINKS, RETAINED_ALWAYS), (HUB_GATE_STATUSES, RETAINED_ALWAYS))


def parse(topic: str) -> Topic | None:
    """Return what a topic names, or None when it is none of ours. Never raises."""
    match topic.split("/"):
        case ["cp", "1", "hub", "st"]:
            return HubTopic()
        case ["cp", "1", "r", roster, "mf"] if is_name(roster):
            return ManifestTopic(roster)
        case ["cp", "1", "g", gate, *leaf] if is_name(gate) and "/".join(leaf) in _LEAVES:
            return GateTopic(gate, Leaf("/".join(leaf)))
        case _:
            return None


_LEAVES = frozenset(leaf.value for leaf in Leaf)


def _checked(name: str, what: str) -> str:
    if not is_name(name):
        raise ValueError(f"{what} id {name!r} cannot stand in a topic; use [a-z0-9-], 1-32 long")
    return name
