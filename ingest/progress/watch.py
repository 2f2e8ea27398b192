"""Keeps how far each account has got; those who show it look from time to time.

What is heard is only noted here: a page costs its reader some microseconds, however
slow a terminal is.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import Lock

from ingest.expectation import WINDOWS, Window
from ingest.insights_request import WindowReading
from ingest.progress.interface import Progress

# Two days of 36 are asked for as slowly as fifteen: from so little nobody guesses.
_ENOUGH_SHARE = 0.1
# Short waits are the pace that Meta allows; a wait of a minute comes once, and says
# nothing of how long the other days will take.
_LONG_WAIT_SECONDS = 60.0


@dataclass
class AccountProgress:
    """One account in one load. Its values are immutable, so that a copy stands still.

    Attributes:
        number: counts the accounts of all loads; an account has one for each load.
        changes: how many things were heard of it.
        days_planned: None before it is known which days are due.
        days_done: days that were gone through at every level.
        windows_done: days of a level and breakdown that were, of the days being read.
        reading: what is being asked for, the newest last, and whether as a report.
        worked: seconds of its turns so far, without the one that lasts.
        turn_since: when its turn began; None while it waits for one.
        planned_after: how long it had been read (`paced`) when its days were known.
        days_marked: of how many days `marked_after` says how long they took (`paced`).
        wait_until: until when it waits at Meta's wish, and how long in all, and why.
        waited_long: seconds of all its long waits, to the end of the last.
        outcome: `ok`, `failed` or `deferred` once it ended.
    """

    number: int
    store: str
    account_id: str
    changes: int = 0
    days_planned: int | None = None
    days_done: int = 0
    windows_done: int = 0
    pages: int = 0
    rows: int = 0
    received_bytes: int = 0
    listed: tuple[str, ...] = ()
    reading: tuple[tuple[Window, bool], ...] = ()
    worked: float = 0.0
    turn_since: float | None = None
    planned_after: float = 0.0
    days_marked: float = 0.0
    marked_after: float = 0.0
    wait_until: float = 0.0
    wait_seconds: float = 0.0
    wait_why: str = ""
    waited_long: float = 0.0
    outcome: str | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether a thread reads it now."""
        return self.turn_since is not None and self.outcome is None

    @property
    def is_done(self) -> bool:
        """Whether nothing that is known of is left to do."""
        has_begun = self.worked > 0 or self.days_planned is not None
        days_left = (self.days_planned or 0) > self.days_done
        return self.outcome is not None or (
            has_begun and not days_left and not self.is_at_work
        )

    def elapsed(self, now: float) -> float:
        """Seconds of its turns, waits included."""
        since = now if self.turn_since is None else self.turn_since
        return self.worked + now - since

    def paced(self, now: float) -> float:
        """Seconds of its turns without its long waits: what guesses build on."""
        is_long = self.wait_seconds >= _LONG_WAIT_SECONDS
        still = max(self.wait_until - now, 0.0) if is_long else 0.0
        return self.elapsed(now) - self.waited_long + still

    def share(self) -> float:
        """How much of what is planned is done, from 0 to 1."""
        if not self.days_planned:
            return 1.0 if self.is_done else 0.0
        done = self.days_done + self.windows_done / len(WINDOWS)
        return min(done / self.days_planned, 1.0)

    def seconds_left(self, now: float) -> float | None:
        """As the days done took; None when nothing is known or the guess ran out.

        Counts down between two marks, since days come in slices of many.
        """
        days_left = (self.days_planned or 0) - self.days_marked
        if self._knows_little(self.days_marked) or days_left <= 0 or self.is_done:
            return None
        a_day = (self.marked_after - self.planned_after) / self.days_marked
        left = days_left * a_day - (self.paced(now) - self.marked_after)
        return left if left > 0 else None

    def mark(self, days: float, now: float) -> None:
        """Note that so many of its days are done by now."""
        self.days_marked, self.marked_after = days, self.paced(now)

    def mark_window(self, now: float) -> None:
        """Note a window, but only while the days that are whole say too little.

        One level takes far longer than another, so that windows make guesses jump.
        """
        if self._knows_little(self.days_done):
            self.mark(self.days_done + self.windows_done / len(WINDOWS), now)

    def _knows_little(self, days: float) -> bool:
        return days < (self.days_planned or 0) * _ENOUGH_SHARE or not days


class Watch(Progress):
    """Hears of all accounts of a run; safe to share between threads.

    Args:
        monotonic: seconds of a stopwatch.

    Attributes:
        load_since: when the first account of the load was started.
        account_ended: told of each account that ended, as it ended.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self.load_since = 0.0
        self.account_ended: Callable[[AccountProgress], None] = lambda _: None
        self._lock = Lock()
        self._numbers = count(1)
        self._accounts: dict[str, AccountProgress] = {}
        self._working: tuple[str, float] = ("", 0.0)

    def accounts(self) -> list[AccountProgress]:
        """The accounts of the load as they stand, in the order they were started."""
        with self._lock:
            return [copy.copy(account) for account in self._accounts.values()]

    def works_on(self) -> tuple[str, float]:
        """What the run does beside reading, and since when."""
        with self._lock:
            return self._working

    def started(self, store: str, account_id: str) -> None:
        with self._lock:
            if all(account.outcome for account in self._accounts.values()):
                self._accounts.clear()
                self.load_since = self.monotonic()
            number = next(self._numbers)
            self._accounts[account_id] = AccountProgress(number, store, account_id)

    def taken_up(self, account_id: str) -> None:
        with self._lock:
            self._of(account_id).turn_since = self.monotonic()

    def laid_aside(self, account_id: str) -> None:
        with self._lock:
            account = self._of(account_id)
            account.worked = account.elapsed(self.monotonic())
            account.turn_since = None
            account.reading = ()

    def listed(self, account_id: str, object_type: str) -> None:
        with self._lock:
            account = self._of(account_id)
            account.listed = (*account.listed, object_type)

    def planned(self, account_id: str, days: int) -> None:
        with self._lock:
            account = self._of(account_id)
            if account.days_planned is None:
                account.planned_after = account.paced(self.monotonic())
            account.days_planned = (account.days_planned or 0) + days

    def window_begun(self, account_id: str, window: Window, is_report: bool) -> None:
        with self._lock:
            account = self._of(account_id)
            account.reading = (*account.reading, (window, is_report))

    def page_read(self, account_id: str, size: int) -> None:
        with self._lock:
            account = self._of(account_id)
            account.pages += 1
            account.received_bytes += size

    def window_read(
        self, account_id: str, window: Window, reading: WindowReading
    ) -> None:
        contents = reading.contents.values()
        rows = sum(content.row_count for content in contents)
        with self._lock:
            account = self._of(account_id)
            account.rows += rows
            account.windows_done += len(contents)
            # Several slices may be at the same window: one of them is through with it.
            asked = list(account.reading)
            through = next((one for one in asked if one[0] == window), None)
            if through is not None:
                asked.remove(through)
            account.reading = tuple(asked)
            account.mark_window(self.monotonic())

    def days_read(self, account_id: str, days: int) -> None:
        with self._lock:
            account = self._of(account_id)
            account.days_done += days
            read = account.windows_done - days * len(WINDOWS)
            account.windows_done = max(0, read)
            account.mark(account.days_done, self.monotonic())

    def waiting(self, account_id: str, seconds: float, why: str) -> None:
        with self._lock:
            account = self._of(account_id)
            account.wait_until = self.monotonic() + seconds
            account.wait_seconds, account.wait_why = seconds, why
            if seconds >= _LONG_WAIT_SECONDS:
                account.waited_long += seconds

    def ended(self, account_id: str, outcome: str) -> None:
        with self._lock:
            account = self._of(account_id)
            if account.outcome is not None:
                return
            if account.turn_since is not None:
                account.worked = account.elapsed(self.monotonic())
            account.turn_since = None
            account.reading = ()
            account.outcome = outcome
            as_it_ended = copy.copy(account)
        self.account_ended(as_it_ended)

    def working(self, what: str) -> None:
        with self._lock:
            self._working = what, self.monotonic()

    def _of(self, account_id: str) -> AccountProgress:
        account = self._accounts.get(account_id)
        if account is None:
            account = AccountProgress(next(self._numbers), "", account_id)
            self._accounts[account_id] = account
        account.changes += 1
        return account
