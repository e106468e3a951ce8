"""Topics are built and read back, and name nothing but gates and rosters."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.contract import topics
from gated.contract.topics import GateTopic, HubTopic, Leaf, ManifestTopic

names = st.from_regex(r"\A[a-z0-9-]{1,32}\Z")


@given(names, st.sampled_from(Leaf))
def test_a_gate_topic_reads_back_as_what_it_was_built_from(gate: str, leaf: Leaf) -> None:
    assert topics.parse(topics.gate_topic(gate, leaf)) == GateTopic(gate, leaf)


@given(names)
def test_a_manifest_topic_reads_back(roster: str) -> None:
    assert topics.parse(topics.manifest_topic(roster)) == ManifestTopic(roster)


def test_the_names_on_the_wire_are_these() -> None:
    """The contract's own list: a change here is a new protocol version."""
    assert [topics.gate_topic("north-1", leaf) for leaf in Leaf] == [
        "cp/1/g/north-1/u/hello",
        "cp/1/g/north-1/u/ev",
        "cp/1/g/north-1/u/get",
        "cp/1/g/north-1/st",
        "cp/1/g/north-1/d/ack",
        "cp/1/g/north-1/d/blk",
        "cp/1/g/north-1/d/cmd",
    ]
    assert topics.manifest_topic("main") == "cp/1/r/main/mf"
    assert topics.parse(topics.HUB_STATUS) == HubTopic()
    assert topics.gate_subscriptions("north-1", "main") == (
        ("cp/1/g/north-1/d/#", 1),
        ("cp/1/r/main/mf", 0),
        ("cp/1/hub/st", 0),
    )
    assert topics.hub_subscriptions() == (
        ("$share/hub/cp/1/g/+/u/#", 0),
        ("cp/1/g/+/st", 0),
    )


@pytest.mark.parametrize("bad", ["", "North", "a/b", "a+", "#", "x" * 33, "老门", "a b"])
def test_an_id_that_cannot_stand_in_a_topic_is_refused(bad: str) -> None:
    for build in (topics.manifest_topic, lambda gate: topics.gate_topic(gate, Leaf.ACK)):
        with pytest.raises(ValueError, match="cannot stand in a topic"):
            build(bad)


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "cp",
        "cp/1",
        "cp/2/hub/st",
        "cp/1/hub/st/x",
        "cp/1/g/north-1/u/other",
        "cp/1/g/NORTH/st",
        "cp/1/g//st",
        "cp/1/r/main/hot2",
        "cp/1/r/MAIN/mf",
        "$SYS/broker/uptime",
    ],
)
def test_a_foreign_topic_is_nobody(foreign: str) -> None:
    assert topics.parse(foreign) is None


@given(st.text())
def test_reading_a_topic_never_raises(text: str) -> None:
    topics.parse(text)
