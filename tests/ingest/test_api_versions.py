"""How long Meta serves a version, day by day."""

from datetime import date
from itertools import pairwise

import pytest

from ingest.api_versions import (
    API_VERSIONS,
    OLDEST_API_VERSION,
    newest_version,
    verdict,
)


@pytest.mark.parametrize(
    ("today", "state", "days_left"),
    [
        # v25.0 ends on 2027-02-23: 61 days after 2026-12-24, 60 after the 25th.
        pytest.param(date(2026, 3, 10), "ok", 350, id="almost a year left"),
        pytest.param(date(2026, 12, 24), "ok", 61, id="61 days left"),
        pytest.param(date(2026, 12, 25), "retires", 60, id="60 days left"),
        pytest.param(date(2027, 2, 22), "retires", 1, id="the day before"),
        pytest.param(date(2027, 2, 23), "retired", 0, id="the day itself"),
        pytest.param(date(2027, 3, 5), "retired", -10, id="ten days later"),
    ],
)
def test_version_is_warned_of_from_sixty_days_before_its_end(
    today: date, state: str, days_left: int
) -> None:
    found = verdict("v25.0", today)

    assert (found.state, found.days_left) == (state, days_left)


def test_version_whose_end_is_not_announced_is_served_and_says_what_is_likely() -> None:
    # A year after 2026-07-29.
    found = verdict("v26.0", date(2030, 1, 1))

    assert (found.state, found.days_left) == ("ok", None)
    assert "not announced" in found.sentence
    assert "2027-07-29" in found.sentence


@pytest.mark.parametrize("version", ["v99.0", "v1.0", "25"])
def test_version_that_this_code_does_not_know_is_said_to_be_unknown(
    version: str,
) -> None:
    found = verdict(version, date(2026, 3, 10))

    assert (found.state, found.days_left) == ("unknown", None)


def test_the_oldest_version_that_settings_allow_is_a_known_one() -> None:
    assert f"v{OLDEST_API_VERSION}.0" in API_VERSIONS
    assert newest_version() == "v27.0"


def test_each_version_ends_after_its_successor_came() -> None:
    lives = sorted(API_VERSIONS.values(), key=lambda life: life.released_on)

    pairs = pairwise(lives)
    assert all(
        life.retired_on is None or life.retired_on > later.released_on
        for life, later in pairs
    )
