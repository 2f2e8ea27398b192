"""Progress in plain lines, for a log: few, and none of an account that is quick."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self, TextIO

from ingest.progress.watch import AccountProgress, Watch
from ingest.progress.words import activity, counted, duration, guess, megabytes

# An account that took less is told of by the summary alone.
QUIET_SECONDS = 2.0
LINE_EVERY_SECONDS = 10.0
# A line that would say what the last one said can wait longer.
SAME_AGAIN_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.5


def line(account: AccountProgress, now: float) -> str:
    """The account as it stands, in one line."""
    parts = []
    if account.days_planned:
        done = f"{account.days_done:,}"
        parts.append(f"{done} of {counted(account.days_planned, 'day')}")
    said = activity(account)
    waits = account.is_at_work and account.wait_until > now
    if not waits:
        parts.append(said)
    if account.outcome is not None:
        parts.reverse()
    if account.pages:
        parts += [
            counted(account.pages, "page"),
            counted(account.rows, "row"),
            f"{megabytes(account.received_bytes)} MB",
        ]
    parts.append(duration(account.elapsed(now)))
    left = account.seconds_left(now)
    if waits:
        parts[-1] += (
            f"; waits {duration(account.wait_seconds)}, as Meta's limits ask "
            f"({account.wait_why})"
        )
    elif left is not None:
        parts.append(f"about {guess(left)} left")
    return f"{account.store} act_{account.account_id}: {', '.join(parts)}"


@dataclass(frozen=True)
class _Said:
    at: float
    changes: int


class Lines(AbstractContextManager["Lines"]):
    """Writes lines while its block runs: a thread looks, the readers only tell.

    Args:
        stream: text goes here; when it cannot be written to, nothing is said.
    """

    def __init__(self, watch: Watch, stream: TextIO) -> None:
        self._watch = watch
        self._stream = stream
        self._lock = Lock()
        self._said: dict[int, _Said] = {}
        self._stop = Event()
        watch.account_ended = self.account_ended
        self._looking = Thread(target=self._look, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._looking.join()

    def look(self) -> None:
        """Write a line of each account whose turn it is."""
        with self._lock:
            now = self._watch.monotonic()
            for account in self._watch.accounts():
                if account.is_at_work and self._is_due(account, now):
                    self._say(account, now)

    def account_ended(self, account: AccountProgress) -> None:
        """Write the last line of an account, unless it was quick."""
        with self._lock:
            now = self._watch.monotonic()
            if account.elapsed(now) >= QUIET_SECONDS:
                self._say(account, now)

    def _is_due(self, account: AccountProgress, now: float) -> bool:
        said = self._said.get(account.number)
        if said is None:
            return account.elapsed(now) >= QUIET_SECONDS
        is_new = account.changes != said.changes
        return now - said.at >= (LINE_EVERY_SECONDS if is_new else SAME_AGAIN_SECONDS)

    def _say(self, account: AccountProgress, now: float) -> None:
        self._said[account.number] = _Said(now, account.changes)
        try:
            self._stream.write(f"{line(account, now)}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # Nobody listens any more, which must not end a load.
            self._stop.set()

    def _look(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_SECONDS):
            self.look()
