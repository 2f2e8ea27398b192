"""Amounts and activities in words, the same for lines and bars."""

import math

from ingest.expectation import Window
from ingest.progress.watch import AccountProgress

_OUTCOMES = {"ok": "done", "failed": "failed", "deferred": "read on later"}


def duration(seconds: float) -> str:
    """`20 s`, `60 s`, `3 min`, `2 h 5 min`; rounded down, seconds up to two minutes."""
    whole = int(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def guess(seconds: float) -> str:
    """A duration that pretends no more than it knows: from ten seconds on in fives.

    Rounded up, so that a guess that counts down stands still between its steps.
    """
    step = 1 if seconds <= 10 else 5
    return duration(math.ceil(seconds / step) * step)


def megabytes(size: int) -> str:
    """`3.1`, `1,234`: a decimal only where it says something."""
    return f"{size / 1e6:.1f}" if size < 999.95e6 else f"{size / 1e6:,.0f}"


def counted(number: int, noun: str) -> str:
    """`1 page`, `1,234 pages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def window_words(window: Window) -> str:
    """`ad by country`, `ad in total`."""
    level, breakdown = window
    return f"{level} {'in total' if breakdown == 'none' else f'by {breakdown}'}"


def activity(account: AccountProgress) -> str:
    """What the account does, but for its waits."""
    if account.outcome is not None:
        return _OUTCOMES.get(account.outcome, account.outcome)
    if not account.is_at_work:
        return "done" if account.is_done else "waits for its turn"
    if account.reading:
        window, is_report = account.reading[-1]
        report = " as a report" if is_report else ""
        more = f" +{len(account.reading) - 1}" if len(account.reading) > 1 else ""
        return f"{window_words(window)}{report}{more}"
    if account.days_planned is None:
        return "objects" if account.pages else "asks Meta"
    return "compares levels" if account.days_done < account.days_planned else "done"
