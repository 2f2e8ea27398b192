"""Runs a cycle at fixed ticks, one at a time.

A tick that passes while a cycle runs, or while the machine sleeps, is skipped, not
caught up with: a cycle reads whatever is due, however long ago the last one was.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

logger = logging.getLogger(__name__)

# Every step of a cycle has a limit of its own; this one is for a process that is stuck.
LONGEST_CYCLE_SECONDS = 4 * 3600.0
# A child that was told to end does so in less.
ENDING_SECONDS = 8.0


def next_tick(started: float, interval: float, now: float) -> float:
    """The first tick after now, on the grid that began at `started`."""
    return started + (int((now - started) // interval) + 1) * interval


def every(
    interval: timedelta,
    run: Callable[[], int],
    ticks: int | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Run now and then at each tick; the last exit code.

    Args:
        ticks: stop after so many runs; None runs until a signal.
        clock: seconds of the wall clock, so that a sleeping machine skips ticks.
    """
    started = clock()
    done = 0
    while True:
        exit_code = run()
        done += 1
        if ticks is not None and done >= ticks:
            return exit_code
        tick = next_tick(started, interval.total_seconds(), clock())
        while (left := tick - clock()) > 0:
            # In short naps: a long sleep would not notice that the clock was set.
            sleep(min(left, 30.0))


def run_in_child(
    arguments: list[str], longest_seconds: float = LONGEST_CYCLE_SECONDS
) -> int:
    """Run `pathways run` in a process of its own; its exit code.

    A signal that ends this process is passed on first. A child that hangs is killed.
    """
    child = subprocess.Popen([sys.executable, "-m", "ingest", "run", *arguments])
    try:
        exit_code = child.wait(longest_seconds)
    except subprocess.TimeoutExpired:
        logger.error(
            "pathways run was killed: timed out after %.0f s.", longest_seconds
        )
        end(child)
        return 1
    except BaseException:
        end(child)
        raise
    if exit_code not in (0, 1):
        logger.warning("pathways run ended with %s", exit_code)
    return exit_code


def end(child: subprocess.Popen[bytes], seconds: float = ENDING_SECONDS) -> None:
    """Tell a process to end, and kill it when it does not."""
    child.terminate()
    try:
        child.wait(seconds)
    finally:
        # Also where another signal ends the waiting.
        child.kill()
        child.wait()
