"""`gated demo`: people arrive at two lanes, the gate decides, the hub acknowledges."""

import os
import random
import signal
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from gated.cli.demo import report
from gated.cli.demo.centre import NAMES, PASSWORD
from gated.cli.demo.chaos import Chaos
from gated.cli.demo.lane import Lane
from gated.cli.demo.people import Arrival, Invented, Town
from gated.cli.demo.processes import PAUSE, memory_mb
from gated.cli.demo.scenario import read_scenario
from gated.cli.demo.world import LANES, World
from gated.cli.outcome import complain
from gated.config import CameraSection

DRAIN_S = 30.0  # after the last person, until the hub has acknowledged everything
HEADLESS_PACE_S = 0.5
SHOWN_PACE_S = 2.0
DECODERS = get_args(CameraSection.model_fields["decoder"].annotation)
SHOWN_GUARD_S = 30.0  # as at a real gate: whoever looks on may act as the guard
HEADLESS_GUARD_S = 2.0
STAND_INS = 4  # for visits that chaos cuts short


def demo(
    people: Annotated[int, typer.Option(min=1, max=5000, help="How many arrivals.")] = 32,
    seed: Annotated[int, typer.Option(help="Invents the same town again.")] = 2020,
    pace: Annotated[
        float | None, typer.Option(min=0, help="Mean gap between arrivals, seconds.")
    ] = None,
    guard: Annotated[
        float | None,
        typer.Option(min=1, max=120, help="How long a CHECK waits for the guard, seconds."),
    ] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write the closing JSON here as well.")
    ] = None,
    decoder: Annotated[str, typer.Option(help="auto, zxing or pyzbar.")] = "auto",
    *,
    headless: Annotated[
        bool, typer.Option("--headless", help="End by itself, with JSON as the last line.")
    ] = False,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Kill and freeze broker, hub and gates meanwhile.")
    ] = False,
    history: Annotated[
        bool, typer.Option("--history", help="The hub holds an invented week of three gates.")
    ] = False,
) -> None:
    """Play invented people at simulated wires. Exit 1 when anything was wrong, lost or doubled."""
    _refuse_nonsense(decoder, report_file)
    began = time.monotonic()
    gap_s = pace if pace is not None else HEADLESS_PACE_S if headless else SHOWN_PACE_S
    with _ended_as_by_ctrl_c(), tempfile.TemporaryDirectory(prefix="gated-demo-") as folder:
        town = Town(seed)
        arrivals = town.arrivals(read_scenario(), people, STAND_INS if chaos else 0)
        world = World(Path(folder), town, decoder, history_seed=seed if history else None)
        world.guard_s = guard or (HEADLESS_GUARD_S if headless else SHOWN_GUARD_S)
        try:
            _say(f"starting broker, hub and two gates (seed {seed})")
            world.build(_listed(arrivals) + town.filler())
            for lane in LANES:
                _say(f"screen of the lane {lane}: {world.lanes[lane].screen_url}")
            _say(f"pages of the hub: {world.pages_url}")
            _say(f"  log in as {', '.join(NAMES)} with the password {PASSWORD}")
            if not headless:
                _open_screens(world)
            trouble = Chaos(world, seed) if chaos else None
            _play(world, arrivals, gap_s, seed, trouble)
            numbers = _closing_numbers(world, arrivals, seed)
            if not headless:
                _stay(world)
        finally:
            world.close()
    numbers["wall_s"] = round(time.monotonic() - began, 1)
    line = report.as_json(numbers)
    print(line, flush=True)
    written = report_file is None or _written(report_file, line)
    sys.exit(0 if written and _is_good(numbers) else 1)


def _listed(arrivals: list[Arrival]) -> list[Invented]:
    """Return who stands on the list: everybody who comes, and the stand-ins, but strangers."""
    return [
        person
        for arrival in arrivals
        for cast in (arrival.people, *arrival.stand_ins)
        for person in cast.values()
        if not person.role.absent
    ]


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP end what is inside as Ctrl-C does; a second one changes nothing.

    A signal that is ignored, as by nohup, stays ignored.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def end(_number: int, _frame: object) -> None:
        for number in heard:  # a terminal that closes may send both; the first one clears up
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in heard:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def _refuse_nonsense(decoder: str, report_file: Path | None) -> None:
    """Raise a usage error for what would fail only after everybody has passed."""
    if decoder not in DECODERS:
        problem = f"{decoder} is no decoder; one of {', '.join(DECODERS)}"
        raise typer.BadParameter(problem, param_hint="--decoder")
    if report_file is None:
        return
    if report_file.is_dir():
        problem = f"{report_file} is a folder; name a file in it"
        raise typer.BadParameter(problem, param_hint="--report")
    if not report_file.parent.is_dir():
        problem = f"folder {report_file.parent} does not exist; make it first"
        raise typer.BadParameter(problem, param_hint="--report")


def _written(report_file: Path, line: str) -> bool:
    try:
        report_file.write_text(line + "\n", "utf-8")
    except OSError as error:
        complain(f"cannot write the report to {report_file}: {error.strerror}; it stands above")
        return False
    return True


def _play(
    world: World, arrivals: list[Arrival], gap_s: float, seed: int, trouble: Chaos | None
) -> None:
    """Let people arrive at a random pace; each lane serves its own queue."""
    queues: dict[str, list[Arrival]] = {lane: [] for lane in LANES}
    for arrival in arrivals:
        queues[arrival.scene.lane].append(arrival)
    pace = random.Random(seed)
    due = {}
    at_s = 0.0
    for arrival in arrivals:
        due[arrival.number] = at_s
        at_s += pace.expovariate(1 / gap_s) if gap_s else 0.0
    failures: list[BaseException] = []
    threads = [
        threading.Thread(
            target=_guarded(world.lanes[lane], queues[lane], due, failures), daemon=True
        )
        for lane in LANES
    ]
    if trouble is not None:
        trouble.start()
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        if trouble is not None:  # or it would start again what is stopped
            trouble.stop()
    if failures:
        raise failures[0]


def _guarded(
    lane: Lane, arrivals: list[Arrival], due: dict[int, float], failures: list[BaseException]
) -> Callable[[], None]:
    began = time.monotonic()

    def body() -> None:
        try:
            for arrival in arrivals:
                PAUSE.wait(max(0.0, began + due[arrival.number] - time.monotonic()))
                wrong_before = len(lane.tally.wrong)
                lane.play(arrival)
                mark = "ok " if len(lane.tally.wrong) == wrong_before else "BAD"
                _say(f"{mark} {arrival.number:>3} {arrival.scene.lane:<3} {arrival.scene.name}")
        except BaseException as error:  # noqa: BLE001 - raised again on the main thread
            failures.append(error)

    return body


def _closing_numbers(world: World, arrivals: list[Arrival], seed: int) -> dict[str, Any]:
    """Wait until the hub has acknowledged everything, stop the gates, compare the books."""
    journals = {f"east-{lane}": world.folder / f"gate-{lane}/store/journal.db" for lane in LANES}
    until = time.monotonic() + DRAIN_S
    while report.backlog(journals) and time.monotonic() < until:
        PAUSE.wait(0.1)
    gates = [world.programs[f"gate-{lane}"] for lane in LANES]
    memory = max(memory_mb(gate.process.pid) for gate in gates if gate.process is not None)
    books = report.compare(journals, world.hub_url)
    wrong = [line for lane in world.lanes.values() for line in lane.tally.wrong]
    for line in wrong:
        _say(f"wrong: {line}")
    took = [value for lane in world.lanes.values() for value in lane.tally.took_ms]
    order: tuple[Literal["ALLOW", "ALLOW_NOTE", "CHECK", "STOP"], ...]
    order = ("ALLOW", "ALLOW_NOTE", "CHECK", "STOP")
    return {
        "people": len(arrivals),
        "seed": seed,
        "passages": books.passages,
        "interrupted": sum(lane.tally.interrupted for lane in world.lanes.values()),
        "verdicts": {verdict: books.verdicts[verdict] for verdict in order},
        "reasons": dict(sorted(books.reasons.items())),
        "wrong_verdicts": len(wrong),
        "hub": {
            "stored": books.stored,
            "missing": books.missing,
            "duplicates_stored": books.duplicates,
        },
        "chain_verified": books.chain_verified,
        "last_input_to_verdict_ms": {
            "p50": report.percentile(took, 0.50),
            "p99": report.percentile(took, 0.99),
        },
        "rss_mb": round(memory, 1),
        "ready_s": round(max(world.ready_s.values()), 2),
    }


def _open_screens(world: World) -> None:
    """Both screens are in the browser of the desktop; without a desktop the addresses do."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        for lane in LANES:
            webbrowser.open(world.lanes[lane].screen_url)


def _stay(world: World) -> None:
    _say("the screens stay open; press Ctrl-C to end")
    try:
        while all(program.alive for program in world.programs.values()):
            PAUSE.wait(1.0)
    except KeyboardInterrupt:
        _say("ending")


def _is_good(numbers: dict[str, Any]) -> bool:
    hub = numbers["hub"]
    clean = not (numbers["wrong_verdicts"] or hub["missing"] or hub["duplicates_stored"])
    return clean and bool(numbers["chain_verified"])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
