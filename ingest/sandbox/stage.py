"""World, story and clock of a running sandbox: what is so at this moment."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from threading import Lock

from ingest.sandbox.cache import Cache
from ingest.sandbox.cells import DayCells, day_cells, ripeness
from ingest.sandbox.state import AccountState, WorldState, world_at
from ingest.sandbox.story import Event
from ingest.sandbox.world import World

_CELL_CACHE_BYTES = 64 * 2**20


class Clock:
    """The sandbox's idea of now, in UTC. Moves only when told to."""

    def __init__(self, now: datetime) -> None:
        self._now = _in_utc(now)
        self._lock = Lock()

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Moves the clock, forwards or back. `now` must carry a time zone."""
        with self._lock:
            self._now = _in_utc(now)

    def advance(
        self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: float = 0
    ) -> None:
        with self._lock:
            self._now += timedelta(
                days=days, hours=hours, minutes=minutes, seconds=seconds
            )

    def advance_to(self, moment: datetime) -> None:
        """Moves forwards to the moment, never back: several may wait side by side."""
        with self._lock:
            self._now = max(self._now, _in_utc(moment))


class Stage:
    """A world that goes through its story as the clock moves."""

    def __init__(self, world: World, story: Sequence[Event], clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self._story = tuple(story)
        self._lock = Lock()
        self._states: dict[tuple[int, ...], WorldState] = {}
        self._cells = Cache(_CELL_CACHE_BYTES)
        world_at(world, self._story, datetime.max.replace(tzinfo=UTC))

    def append(self, *events: Event) -> None:
        """Adds events to the story, past or future. Raises: KeyError, ValueError when
        one does not fit the world."""
        with self._lock:
            story = (*self._story, *events)
            world_at(self.world, story, datetime.max.replace(tzinfo=UTC))
            self._story = story

    def state(self, at: datetime) -> WorldState:
        """The world at a moment."""
        story = self._story
        due = tuple(place for place, event in enumerate(story) if event.at <= at)
        with self._lock:
            if due not in self._states:
                self._states[due] = world_at(self.world, story, at)
            return self._states[due]

    def cells(self, state: AccountState, day: date, at: datetime) -> DayCells | None:
        """The account-day's cells at a moment; None for a day that has not begun."""
        ripe = ripeness(state.account, day, at)
        if ripe is None:
            return None
        return self._cells.get(
            (state.account.id, state.version, day, ripe),
            lambda: day_cells(state, day, ripe),
            lambda cells: cells.values.nbytes + 1_000,
        )


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A moment must carry a time zone.")
    return moment.astimezone(UTC)
