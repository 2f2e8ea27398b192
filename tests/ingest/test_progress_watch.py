"""What is kept of each account, and how long the rest may take."""

import sys
import threading
import time
from collections.abc import Iterator

import pytest

from ingest.expectation import WINDOWS
from ingest.progress.watch import Watch
from tests.fixtures.stopwatch import Stopwatch, begun, only, whole_reading


def test_pages_bytes_and_rows_of_an_account_add_up() -> None:
    watch = Watch(Stopwatch())
    begun(watch, "1")

    watch.page_read("1", 1_500_000)
    watch.page_read("1", 1_600_000)
    watch.window_read("1", ("ad", "country"), whole_reading(days=2, rows_a_day=30))

    account = only(watch)
    assert (account.pages, account.received_bytes, account.rows) == (2, 3_100_000, 60)


def test_two_slices_at_the_same_window_are_two() -> None:
    watch = Watch(Stopwatch())
    begun(watch, "1", days=30)
    for _ in range(2):
        watch.window_begun("1", ("ad", "country"), True)
    watch.window_read("1", ("ad", "country"), whole_reading(days=15))
    watch.window_read("1", ("ad", "none"), whole_reading(days=15))

    assert only(watch).reading == ((("ad", "country"), True),)
    # The other slice's days are not done with those of the first.
    for _ in range(len(WINDOWS) - 2):
        watch.window_read("1", ("ad", "none"), whole_reading(days=15))
    watch.window_read("1", ("account", "none"), whole_reading(days=15))
    watch.days_read("1", 15)
    assert (only(watch).days_done, only(watch).windows_done) == (15, 15)


def test_time_left_is_as_the_days_done_took() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    begun(watch, "1", days=36)

    stopwatch.seconds = 20
    watch.days_read("1", 12)

    # 20 s for 12 days, so 40 s for the other 24; five seconds on, 35 s.
    assert only(watch).seconds_left(20) == pytest.approx(40)
    assert only(watch).seconds_left(25) == pytest.approx(35)


def test_time_before_the_days_were_known_does_not_slow_the_guess() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    watch.started("acme", "1")
    watch.taken_up("1")
    stopwatch.seconds = 100
    watch.planned("1", 36)

    stopwatch.seconds = 120
    watch.days_read("1", 12)

    assert only(watch).seconds_left(120) == pytest.approx(40)


def test_a_guess_that_ran_out_is_no_guess() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    begun(watch, "1", days=36)
    stopwatch.seconds = 20
    watch.days_read("1", 12)

    assert only(watch).seconds_left(60) is None


def test_two_days_of_36_are_too_few_to_guess_from() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    begun(watch, "1", days=36)
    stopwatch.seconds = 10

    watch.days_read("1", 2)
    assert only(watch).seconds_left(10) is None

    # Four of the eight windows of 15 more days: 2 + 7.5 days in 19 s, 26.5 left.
    stopwatch.seconds = 19
    for window in WINDOWS[:4]:
        watch.window_read("1", window, whole_reading(days=15))
    assert only(watch).seconds_left(19) == pytest.approx(53)


def test_windows_do_not_move_a_guess_that_whole_days_gave() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    begun(watch, "1", days=36)
    stopwatch.seconds = 20
    watch.days_read("1", 12)

    stopwatch.seconds = 21
    watch.window_read("1", ("account", "none"), whole_reading(days=15))

    assert only(watch).seconds_left(21) == pytest.approx(39)


def test_a_wait_of_a_minute_is_not_expected_again() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    begun(watch, "1", days=36)
    watch.waiting("1", 60, "shut")

    stopwatch.seconds = 80
    watch.days_read("1", 12)

    # 80 s of which 60 were waited: 20 s for 12 days.
    assert only(watch).seconds_left(80) == pytest.approx(40)
    assert only(watch).elapsed(80) == 80


def test_a_guess_stands_still_during_a_wait_of_a_minute() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    begun(watch, "1", days=36)
    stopwatch.seconds = 20
    watch.days_read("1", 12)

    watch.waiting("1", 60, "shut")

    # Half the wait, all of it, and five seconds more.
    lefts = [only(watch).seconds_left(now) for now in (50, 80, 85)]
    assert lefts == pytest.approx([40, 40, 35])


def test_short_waits_are_the_pace_of_the_days() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    begun(watch, "1", days=36)
    watch.waiting("1", 10, "nearly full")

    stopwatch.seconds = 20
    watch.days_read("1", 12)

    assert only(watch).seconds_left(20) == pytest.approx(40)


def test_time_between_turns_is_not_the_accounts() -> None:
    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    watch.started("acme", "1")
    stopwatch.seconds = 5
    watch.taken_up("1")
    stopwatch.seconds = 8
    watch.laid_aside("1")
    stopwatch.seconds = 30
    watch.taken_up("1")

    # 3 s of the first turn and 1 s of the second.
    assert only(watch).elapsed(31) == 4


def test_the_share_grows_with_each_window_and_is_exact_with_the_days() -> None:
    watch = Watch(Stopwatch())
    begun(watch, "1", days=30)

    watch.window_read("1", ("account", "none"), whole_reading(days=15))
    watch.window_read("1", ("account", "country"), whole_reading(days=15))
    # Two of eight windows of 15 of 30 days: an eighth.
    assert only(watch).share() == pytest.approx(0.125)

    watch.days_read("1", 15)
    assert only(watch).share() == pytest.approx(0.5)


def test_the_first_end_of_an_account_is_its_end() -> None:
    watch = Watch(Stopwatch())
    ends: list[str | None] = []
    watch.account_ended = lambda account: ends.append(account.outcome)
    begun(watch, "1")

    watch.ended("1", "failed")
    watch.ended("1", "ok")

    assert ends == ["failed"]
    assert only(watch).outcome == "failed"


def test_the_next_load_begins_at_nothing() -> None:
    watch = Watch(Stopwatch())
    begun(watch, "1", "2")
    watch.page_read("1", 10)
    watch.ended("1", "ok")
    watch.ended("2", "ok")

    watch.started("acme", "2")

    assert [(each.account_id, each.pages) for each in watch.accounts()] == [("2", 0)]


def test_what_was_looked_at_stands_still() -> None:
    watch = Watch(Stopwatch())
    begun(watch, "1")
    seen = only(watch)

    watch.page_read("1", 10)

    assert seen.pages == 0


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads take turns at every chance."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless_threads")
def test_accounts_can_be_looked_at_while_others_begin() -> None:
    watch = Watch(Stopwatch())
    looks: list[int] = []

    def begin() -> None:
        for n in range(2_000):
            watch.started("acme", str(n))

    thread = threading.Thread(target=begin)
    thread.start()
    while thread.is_alive():
        looks.append(len(watch.accounts()))
    thread.join()

    assert looks == sorted(looks)
    assert len(watch.accounts()) == 2_000


@pytest.mark.usefixtures("restless_threads")
def test_several_threads_lose_no_page() -> None:
    watch = Watch(Stopwatch())
    begun(watch, "1", "2")

    def read(account_id: str) -> None:
        for _ in range(2_000):
            watch.page_read(account_id, 3)

    threads = [threading.Thread(target=read, args=(one,)) for one in "1212"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Two threads an account, 2,000 pages of three bytes each.
    pages = [(each.pages, each.received_bytes) for each in watch.accounts()]
    assert pages == [(4_000, 12_000), (4_000, 12_000)]


@pytest.mark.bench
def test_a_page_costs_its_reader_less_than_20_microseconds() -> None:
    watch = Watch(time.monotonic)
    begun(watch, "1")

    began = time.perf_counter()
    for _ in range(100_000):
        watch.page_read("1", 3)
    seconds = time.perf_counter() - began

    assert seconds / 100_000 < 20e-6
