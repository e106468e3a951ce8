"""A person added on the hub is admitted at a gate that runs."""

from tests.support.waiting import wait_until
from tests.support.world import SystemWorld

SWITCH_S = 5.0


def switches(world: SystemWorld, lane: str) -> int:
    return sum(line["event"] == "roster.switched" for line in world.log_lines(f"gate-{lane}"))


def test_a_person_added_on_the_hub_is_admitted_at_the_running_gate(world: SystemWorld) -> None:
    newcomer = world.stranger()
    world.play("out", "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER", A=newcomer)
    process = world.program("gate-out").process
    before = switches(world, "out")
    revision = world.passages("out")[-1]["roster_rev"]
    world.push(newcomer)
    wait_until(
        lambda: switches(world, "out") > before, what="the pushed list to serve", limit_s=SWITCH_S
    )
    world.play("out", "card A; wrist 36.4; ALLOW OK_RESIDENT", A=newcomer)
    assert world.passages("out")[-1]["roster_rev"] == revision + 1
    assert world.program("gate-out").process is process
    assert process is not None
    assert process.poll() is None
    world.assert_books_agree("out")


def test_a_list_pushed_while_the_gate_was_off_serves_when_it_is_back(world: SystemWorld) -> None:
    newcomer = world.stranger()
    gate = world.program("gate-in")
    before = switches(world, "in")
    gate.kill()
    world.push(newcomer)
    gate.start()
    wait_until(lambda: switches(world, "in") > before + 1, what="the list pushed meanwhile")
    world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=newcomer)
