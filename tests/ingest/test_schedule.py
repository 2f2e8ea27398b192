"""Ticks on a fixed grid: the first at once, none twice, none caught up with."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ingest.schedule import every, next_tick

QUARTER = timedelta(minutes=15)
START = 1_000.0


class FakeClock:
    """Moves by sleeping and by the work that a run does."""

    def __init__(self) -> None:
        self.now = START
        self.starts: list[float] = []
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def run(self, *seconds: float) -> Callable[[], int]:
        """Runs that last so long each; the last one for ever. Exit code: the count."""
        left = list(seconds)

        def work() -> int:
            self.starts.append(self.now - START)
            self.now += left.pop(0) if len(left) > 1 else left[0]
            return len(self.starts)

        return work


def ticks(clock: FakeClock, work: Callable[[], int], count: int) -> int:
    return every(QUARTER, work, count, clock, clock.sleep)


@pytest.mark.parametrize(
    ("now", "tick"),
    [
        pytest.param(0.0, 900.0, id="at the start"),
        pytest.param(1.0, 900.0, id="just after"),
        pytest.param(899.9, 900.0, id="just before a tick"),
        pytest.param(900.0, 1800.0, id="on a tick"),
        pytest.param(2000.0, 2700.0, id="after two ticks"),
        pytest.param(36_010.0, 36_900.0, id="after forty ticks"),
    ],
)
def test_next_tick_is_the_first_on_the_grid_after_now(now: float, tick: float) -> None:
    found = next_tick(START, 900.0, START + now)

    assert found == START + tick


def test_first_run_is_at_once() -> None:
    clock = FakeClock()

    ticks(clock, clock.run(60.0), 1)

    assert clock.starts == [0.0]
    assert clock.naps == []


def test_runs_stay_on_the_grid_however_long_each_lasts() -> None:
    clock = FakeClock()

    ticks(clock, clock.run(60.0, 300.0, 1.0), 4)

    assert clock.starts == [0.0, 900.0, 1800.0, 2700.0]


def test_run_that_overruns_skips_the_tick_it_covers() -> None:
    clock = FakeClock()

    ticks(clock, clock.run(1000.0, 60.0), 3)

    assert clock.starts == [0.0, 1800.0, 2700.0]


def test_run_that_ends_on_a_tick_waits_for_the_next_one() -> None:
    clock = FakeClock()

    ticks(clock, clock.run(900.0, 60.0), 2)

    assert clock.starts == [0.0, 1800.0]


def test_machine_that_slept_through_forty_ticks_runs_once() -> None:
    clock = FakeClock()
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        # The lid closes during the first nap and opens forty ticks later.
        clock.now += 36_010.0 - 60.0 if len(naps) == 1 else seconds

    every(QUARTER, clock.run(60.0), 3, clock, sleep)

    # At once, on waking, and then on the grid again: 41 x 900.
    assert clock.starts == [0.0, 36_010.0, 36_900.0]


def test_waiting_is_done_in_short_naps() -> None:
    clock = FakeClock()

    ticks(clock, clock.run(60.0), 2)

    # 840 seconds are left after the first run.
    assert max(clock.naps) <= 60.0
    assert sum(clock.naps) == 840.0


def test_failing_runs_do_not_stop_the_schedule() -> None:
    clock = FakeClock()

    exit_code = ticks(clock, clock.run(60.0), 3)

    # `run` answers with its count, so every run failed.
    assert exit_code == 3
    assert len(clock.starts) == 3
