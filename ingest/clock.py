"""The moment, a stopwatch and waiting, as one thing that tests can replace."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Clock:
    """Time as a run sees it.

    Attributes:
        now: the moment, aware, in UTC; a configured instant stands still.
        monotonic: seconds of a stopwatch that no clock change touches.
        sleep: waits so many seconds.
        stop: set when the run is to end: whoever waits or reads on raises then.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    stop: threading.Event


def is_moment(text: str) -> bool:
    """Whether it is an ISO moment with its zone."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def clock_of(now: Callable[[], datetime]) -> Clock:
    """The machine's stopwatch beside the given moment; `stop` ends each wait."""
    stop = threading.Event()

    def sleep(seconds: float) -> None:
        stop.wait(seconds)

    return Clock(now, time.monotonic, sleep, stop)
