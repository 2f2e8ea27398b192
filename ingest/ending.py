"""How a process ends when it is told to, or when a step takes too long.

The first SIGTERM or SIGINT unwinds the main thread, so that steps can say that they
ended. Whatever hangs then is left behind after some seconds, and a second signal does
not wait for anything: every file is safe from a kill at any moment.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ingest.errors import StepEnded

GRACE_SECONDS = 7.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _TimeIsUp(BaseException):
    """Passes whatever catches errors only."""


_received: list[int] = []
_to_watch: list[int] = []


def on_signals() -> None:
    """End with 128 + the signal's number, in bounded time. Once, in the main thread."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    _to_watch.append(writing)
    # Written by the C handler, even while the main thread is stuck in a library.
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(reading,), daemon=True)
    watch.start()
    for number in _SIGNALS:
        signal.signal(number, _unwind)


def leave(exit_code: int) -> None:
    """Exit at once after a signal or where something was left hanging; else return.

    Threads that wait for an answer of Meta's would keep the process alive.
    """
    if _received:
        exit_code = 128 + _received[0]
    others = [
        each
        for each in threading.enumerate()
        if each is not threading.main_thread() and not each.daemon
    ]
    if _received or others:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)


@contextmanager
def time_limit(step: str, seconds: float) -> Iterator[None]:
    """End what the main thread does in the block when it takes longer than that.

    Raises:
        StepEnded: it did.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _TimeIsUp:
        raise StepEnded(
            f"timed out in {step}: it took longer than {seconds:.0f} s and was ended.",
            "The last good snapshot is still served; the next run goes on from there.",
            code="RUN-TIMEOUT",
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _unwind(number: int, _: FrameType | None) -> None:
    if not _received:
        _received.append(number)
        # A server's loop may have taken the C handler's pipe for itself.
        os.write(_to_watch[0], bytes([128 + number]))
        sys.exit(128 + number)


def _watch(reading: int) -> None:
    first = 0
    ends_at = float("inf")
    while (left := ends_at - time.monotonic()) > 0:
        wait = None if first == 0 else left
        if not select.select([reading], [], [], wait)[0]:
            break
        for number in os.read(reading, 64):
            if number == first:
                os._exit(128 + number)
            if number & 127 in _SIGNALS and not first:
                first = number & 127
                ends_at = time.monotonic() + GRACE_SECONDS
    os._exit(128 + first)
