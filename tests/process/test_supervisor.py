"""How threads of a program start, fail and end."""

import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from gated.process.supervisor import STOP_SIGNALS, Supervisor, block_stop_signals

LIMIT_S = 20.0


class Loop:
    """A worker that does what it is told, then waits for its stop flag."""

    def __init__(
        self,
        name: str,
        body: Callable[[threading.Event], None] | None = None,
        on_interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._body = body
        self._on_interrupt = on_interrupt
        self.mask: set[int] = set()
        self.started = threading.Event()

    def run(self, stop: threading.Event) -> None:
        self.mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        self.started.set()
        if self._body is not None:
            self._body(stop)
        else:
            stop.wait(LIMIT_S)

    def interrupt(self) -> None:
        self._on_interrupt()


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def fail(_: threading.Event) -> None:
    raise ZeroDivisionError("a mistake of ours")


def test_all_end_when_told() -> None:
    supervisor = Supervisor()
    loops = [Loop("one"), Loop("two")]
    for loop in loops:
        supervisor.start(loop)
        assert loop.started.wait(LIMIT_S)
    assert supervisor.stop() == []
    assert supervisor.failed == ""


def test_a_worker_that_raises_ends_the_wait_with_a_traceback() -> None:
    supervisor = Supervisor()
    with capture_logs() as logs:
        supervisor.start(Loop("good"))
        supervisor.start(Loop("bad", fail))
        block_stop_signals()
        supervisor.wait(lambda: None, period_s=0.01)
        assert supervisor.stop() == []
    assert supervisor.failed == "bad"
    [line] = [line for line in logs if line["event"] == "worker.failed"]
    assert isinstance(line["exc_info"], ZeroDivisionError)


def test_a_worker_that_ends_unasked_is_a_failure_too() -> None:
    supervisor = Supervisor()
    with capture_logs() as logs:
        supervisor.start(Loop("lazy", lambda _: None))
        block_stop_signals()
        supervisor.wait(lambda: None, period_s=0.01)
    assert supervisor.failed == "lazy"
    assert [line["event"] for line in logs] == ["worker.ended"]
    supervisor.stop()


def test_a_failure_while_stopping_is_not_lost() -> None:
    def body(stop: threading.Event) -> None:
        stop.wait(LIMIT_S)
        raise OSError("could not close")

    supervisor = Supervisor()
    supervisor.start(Loop("closer", body))
    supervisor.stop()
    assert supervisor.failed == "closer"


def test_the_flag_is_up_before_anyone_is_interrupted_and_all_before_any_join() -> None:
    order: list[str] = []
    gate = threading.Event()

    def body(stop: threading.Event) -> None:
        gate.wait(LIMIT_S)
        order.append(f"ended {stop.is_set()}")

    supervisor = Supervisor()
    supervisor.start(Loop("first", body, lambda: order.append("interrupt first")))

    def release() -> None:
        order.append("interrupt second")
        gate.set()

    supervisor.start(Loop("second", None, release))
    assert supervisor.stop() == [], "the first ends only because the second was interrupted"
    assert order == ["interrupt first", "interrupt second", "ended True"]


def test_a_worker_that_will_not_end_is_named() -> None:
    release = threading.Event()

    def deaf(_: threading.Event) -> None:
        release.wait(LIMIT_S)

    supervisor = Supervisor(join_s=0.05)
    supervisor.start(Loop("good"))
    supervisor.start(Loop("stuck", deaf))
    with capture_logs() as logs:
        assert supervisor.stop() == ["stuck"]
    assert [(line["event"], line["worker"]) for line in logs] == [("worker.stuck", "stuck")]
    release.set()


@pytest.mark.parametrize("number", sorted(STOP_SIGNALS))
def test_a_stop_signal_ends_the_wait_as_data(number: signal.Signals) -> None:
    block_stop_signals()
    supervisor = Supervisor()
    supervisor.start(Loop("good"))
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 3:
            # To this thread alone: libraries used by other tests have threads of their own here.
            signal.pthread_kill(threading.get_ident(), number)

    supervisor.wait(beat, period_s=0.01)
    assert len(beats) == 3
    assert supervisor.failed == ""
    supervisor.stop()


def test_threads_never_receive_stop_signals() -> None:
    block_stop_signals()
    supervisor = Supervisor()
    loop = Loop("one")
    supervisor.start(loop)
    assert loop.started.wait(LIMIT_S)
    supervisor.stop()
    assert loop.mask >= STOP_SIGNALS
