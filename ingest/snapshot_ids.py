"""Names of snapshots: when it was published, the newest load in it, and a number."""

import re
from collections.abc import Iterable
from datetime import datetime

_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
Order = tuple[str, str, int]


def is_id(text: str) -> bool:
    """Whether a snapshot may have this name."""
    return _ID.fullmatch(text) is not None


def order(snapshot_id: str) -> Order:
    """Moment, load and number of a name; file times follow the clock where it goes.

    A load's id is a moment whose point was taken away: its digits compare as text.
    `api.published` has the same order.
    """
    moment, _, rest = snapshot_id.partition("-")
    load_id, _, number = rest.partition("-")
    return moment, load_id, int(number) if number.isdecimal() else 1


def new_id(now: datetime, load_id: str, taken: Iterable[str]) -> str:
    """A name that no snapshot had: what is open and what is remembered goes by it."""
    stem = f"{now:%Y%m%dT%H%M%SZ}-{re.sub(r'[^0-9]', '', load_id)}"
    alike = [order(each) for each in taken if order(each)[:2] == order(stem)[:2]]
    return f"{stem}-{max(alike)[2] + 1}" if alike else stem
