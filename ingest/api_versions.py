"""Which versions of the Marketing API there are, and how long each is served. Pure.

Source: developers.facebook.com, Ads and commerce documentation, "Marketing API version
history" (v22.0 to v27.0 with both dates, as read in November 2026); the blog post
"Introducing Graph API v26.0 and Marketing API v26.0" of 2026-07-29. Dates move: v24.0
was to end on 2026-10-06 in earlier copies of that page, on 2026-11-10 in the latest.
Versions of the Marketing API live about a year; those of the Graph API itself live two,
which does not help a reader of ads.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

# The oldest version whose answers this code is written for.
OLDEST_API_VERSION = 25
WARNED_DAYS = 60
USUAL_LIFE = timedelta(days=365)

State = Literal["ok", "retires", "retired", "unknown"]


@dataclass(frozen=True)
class Life:
    """When a version came and when Meta ends it; None: not announced yet."""

    released_on: date
    retired_on: date | None


@dataclass(frozen=True)
class Verdict:
    """How a version stands on a day.

    Attributes:
        days_left: until Meta ends it; None where no date is known.
        sentence: the same for people.
    """

    state: State
    days_left: int | None
    sentence: str


API_VERSIONS = {
    "v22.0": Life(date(2025, 1, 21), date(2026, 2, 19)),
    "v23.0": Life(date(2025, 5, 29), date(2026, 6, 9)),
    "v24.0": Life(date(2025, 10, 8), date(2026, 11, 10)),
    "v25.0": Life(date(2026, 2, 18), date(2027, 2, 23)),
    "v26.0": Life(date(2026, 7, 29), None),
    "v27.0": Life(date(2026, 11, 4), None),
}


def verdict(version: str, today: date) -> Verdict:
    """Whether Meta serves a version, such as `v25.0`, on a day.

    `retires` from 60 days ahead, `retired` from its last day on. Where no end was
    announced, a year after the release is named as likely; only Meta can say that such
    a version is retired.
    """
    life = API_VERSIONS.get(version)
    if life is None:
        return Verdict(
            "unknown", None, f"{version} is not among the versions this code knows."
        )
    if life.retired_on is None:
        likely = life.released_on + USUAL_LIFE
        return Verdict(
            "ok",
            None,
            f"{version} is served; its end is not announced, likely about {likely}.",
        )
    days_left = (life.retired_on - today).days
    if days_left <= 0:
        return Verdict(
            "retired", days_left, f"Meta retired {version} on {life.retired_on}."
        )
    sentence = f"Meta retires {version} in {days_left} days, on {life.retired_on}."
    return Verdict("retires" if days_left <= WARNED_DAYS else "ok", days_left, sentence)


def newest_version() -> str:
    """The newest version this code knows."""
    return max(API_VERSIONS, key=lambda version: API_VERSIONS[version].released_on)
