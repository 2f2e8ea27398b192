"""What an account is said to do, and how amounts are written."""

import pytest

from ingest.expectation import Window
from ingest.progress.watch import Watch
from ingest.progress.words import activity, duration, guess, megabytes
from tests.fixtures.stopwatch import Stopwatch, begun, only, whole_reading


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        pytest.param([], "compares levels", id="between windows"),
        pytest.param([(("ad", "country"), False)], "ad by country", id="by country"),
        pytest.param([(("ad", "none"), False)], "ad in total", id="in total"),
        pytest.param(
            [(("adset", "country"), True), (("ad", "country"), True)],
            "ad by country as a report +1",
            id="two reports",
        ),
    ],
)
def test_an_account_says_what_it_asks_for(
    reading: list[tuple[Window, bool]], said: str
) -> None:
    watch = Watch(Stopwatch())
    begun(watch, "1")

    for window, is_report in reading:
        watch.window_begun("1", window, is_report)

    assert activity(only(watch)) == said


def test_an_account_says_where_it_stands_from_start_to_end() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    said = []

    def look() -> None:
        said.append(activity(only(watch)))

    watch.started("acme", "1")
    look()
    watch.taken_up("1")
    look()
    watch.page_read("1", 10)
    look()
    watch.planned("1", 3)
    watch.window_begun("1", ("ad", "none"), is_report=False)
    watch.window_read("1", ("ad", "none"), whole_reading(days=2))
    watch.days_read("1", 2)
    watch.laid_aside("1")
    look()
    watch.taken_up("1")
    watch.days_read("1", 1)
    watch.laid_aside("1")
    look()
    watch.ended("1", "deferred")
    look()

    assert said == [
        "waits for its turn",
        "asks Meta",
        "objects",
        "waits for its turn",
        "done",
        "read on later",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.9, "0 s"),
        (119.9, "119 s"),
        (120, "2 min"),
        (7_199, "119 min"),
        (7_200, "2 h"),
        (7_500, "2 h 5 min"),
    ],
)
def test_durations_are_whole_units_rounded_down(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (9.1, "10 s"), (35.1, "40 s"), (40, "40 s")]
)
def test_guesses_are_rounded_up_to_what_can_be_known(seconds: float, said: str) -> None:
    assert guess(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0.0"), (3_149_999, "3.1"), (999_940_000, "999.9"), (1_234_000_000, "1,234")],
)
def test_megabytes_have_a_decimal_where_it_says_something(size: int, said: str) -> None:
    assert megabytes(size) == said
