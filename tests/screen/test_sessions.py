"""Log-ins on the network begin with a random value, and end in every way they should."""

import pytest
from structlog.testing import capture_logs

from gated.screen.desks import KnownGuard
from gated.screen.feed import FeedFull
from gated.screen.sessions import IDLE_S, SESSIONS_MAX, STREAMS_MAX, Sessions

LASTS_S = 12 * 3600.0
LI = KnownGuard("A12", "李*", "guard", "mark")


class World:
    """A book and a clock in the test's hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.book = {"A12": LI}
        self.sessions = Sessions(self.book.get, LASTS_S, lambda: self.now_s)

    def stay(self, seconds: float, key: bytes) -> None:
        """Time passes with a stream open."""
        for _ in range(round(seconds // 60)):
            self.now_s += 60
            self.sessions.use(key)


@pytest.fixture
def world() -> World:
    return World()


def test_a_session_is_found_by_what_the_browser_holds_and_keeps_none_of_it(world: World) -> None:
    secret, session = world.sessions.open(LI)
    assert len(secret) >= 43  # 256 bits
    assert world.sessions.find(secret) is session
    assert secret not in repr(vars(world.sessions)) + repr(session)
    assert session.token not in repr(session)
    assert session.token != secret
    assert world.sessions.find("") is world.sessions.find("guessed") is None


def test_no_two_sessions_share_anything(world: World) -> None:
    made = [world.sessions.open(LI) for _ in range(20)]
    assert len({secret for secret, _ in made} | {one.token for _, one in made}) == 40


def test_half_an_hour_without_use_ends_it_and_use_keeps_it(world: World) -> None:
    secret, session = world.sessions.open(LI)
    world.now_s += IDLE_S - 1
    assert world.sessions.use(session.key)
    world.now_s += IDLE_S - 1
    assert world.sessions.find(secret) is session  # to be found is no use
    world.now_s += 1
    with capture_logs() as logs:
        assert world.sessions.find(secret) is None
    assert [line["by"] for line in logs] == ["idle"]
    assert not world.sessions.use(session.key)


def test_it_ends_after_its_hours_however_much_it_is_used(world: World) -> None:
    secret, session = world.sessions.open(LI)
    world.stay(LASTS_S - 60, session.key)
    assert world.sessions.find(secret) is session
    world.stay(60, session.key)
    assert world.sessions.find(secret) is None


@pytest.mark.parametrize(
    "now",
    [None, KnownGuard("A12", "李*", "guard", "other"), KnownGuard("A12", "李*", "technician")],
)
def test_it_ends_at_once_when_the_book_says_something_else(
    world: World, now: KnownGuard | None
) -> None:
    secret, _ = world.sessions.open(LI)
    world.book.pop("A12")
    if now is not None:
        world.book["A12"] = now
    with capture_logs() as logs:
        assert world.sessions.find(secret) is None
    assert logs[0]["by"] == "removed"
    world.book["A12"] = LI
    assert world.sessions.find(secret) is None  # for good


def test_a_log_off_ends_this_session_and_no_other(world: World) -> None:
    (one, session), (other, _) = world.sessions.open(LI), world.sessions.open(LI)
    world.sessions.close(session.key)
    world.sessions.close(session.key)
    assert world.sessions.find(one) is None
    assert world.sessions.find(other) is not None


def test_when_all_places_are_taken_the_one_unused_for_longest_makes_room(world: World) -> None:
    made = []
    for _ in range(SESSIONS_MAX):
        made.append(world.sessions.open(LI))
        world.now_s += 1
    world.sessions.use(made[0][1].key)
    newest, _ = world.sessions.open(LI)
    alive = [secret for secret, _ in made if world.sessions.find(secret)]
    assert len(alive) == SESSIONS_MAX - 1
    assert made[1][0] not in alive
    assert world.sessions.find(newest) is not None


def test_ended_sessions_make_room_before_any_other(world: World) -> None:
    for _ in range(SESSIONS_MAX):
        world.sessions.open(LI)
    world.now_s += IDLE_S
    first, _ = world.sessions.open(LI)
    for _ in range(SESSIONS_MAX - 1):
        world.sessions.open(LI)
    assert world.sessions.find(first) is not None


def test_a_session_has_few_streams_and_gives_them_back(world: World) -> None:
    _, session = world.sessions.open(LI)
    held = [world.sessions.stream(session.key) for _ in range(STREAMS_MAX)]
    for stream in held:
        stream.__enter__()
    with (
        pytest.raises(FeedFull, match="2 are open in this log-in"),
        world.sessions.stream(session.key),
    ):
        pass
    held[0].__exit__(None, None, None)
    with world.sessions.stream(session.key):
        pass
    world.sessions.close(session.key)
    with pytest.raises(FeedFull), world.sessions.stream(session.key):
        pass


def test_the_log_names_nobody(world: World) -> None:
    with capture_logs() as logs:
        secret, session = world.sessions.open(LI)
        world.sessions.close(session.key)
    text = repr(logs)
    assert [line["event"] for line in logs] == ["screen.session_opened", "screen.session_ended"]
    for word in (secret, session.token, "A12", "李"):
        assert word not in text
