"""Progress as lines: what they say, and how seldom."""

import io
import threading

import pytest

from ingest.progress.lines import Lines
from ingest.progress.shown import shown
from ingest.progress.watch import Watch
from tests.fixtures.stopwatch import Stopwatch, whole_reading


class Log:
    """Lines on a stopwatch, looked at by hand."""

    def __init__(self) -> None:
        self.stopwatch = Stopwatch()
        self.watch = Watch(self.stopwatch)
        self.stream = io.StringIO()
        self.lines = Lines(self.watch, self.stream)

    def at(self, seconds: float) -> list[str]:
        """What is written when looked at after so many seconds."""
        self.stopwatch.seconds = seconds
        self.lines.look()
        return self.new()

    def new(self) -> list[str]:
        """What was written since the last time."""
        written = self.stream.getvalue().splitlines()
        self.stream.seek(0)
        self.stream.truncate()
        return written


@pytest.fixture
def log() -> Log:
    """An account of acme at work, 36 days planned."""
    log = Log()
    log.watch.started("acme", "1")
    log.watch.taken_up("1")
    log.watch.planned("1", 36)
    return log


def test_a_line_says_days_level_pages_rows_bytes_and_times(log: Log) -> None:
    for _ in range(14):
        log.watch.page_read("1", 221_429)
    log.watch.window_read("1", ("account", "none"), whole_reading(12, rows_a_day=576))
    log.stopwatch.seconds = 20
    log.watch.days_read("1", 12)
    log.watch.window_begun("1", ("ad", "country"), is_report=False)

    # 12 x 576 rows, 14 x 221,429 bytes; 12 days in 20 s, so 24 days in 40 s.
    assert log.at(20) == [
        "acme act_1: 12 of 36 days, ad by country, 14 pages, 6,912 rows, 3.1 MB, "
        "20 s, about 40 s left"
    ]


def test_a_wait_says_how_long_and_why(log: Log) -> None:
    log.watch.page_read("1", 100_000)
    log.stopwatch.seconds = 4
    log.watch.waiting("1", 60, "nearly full")

    assert log.at(5) == [
        "acme act_1: 0 of 36 days, 1 page, 0 rows, 0.1 MB, 5 s; "
        "waits 60 s, as Meta's limits ask (nearly full)"
    ]


def test_a_wait_that_is_over_is_not_told(log: Log) -> None:
    log.watch.waiting("1", 3, "nearly full")
    log.watch.window_begun("1", ("ad", "none"), is_report=True)

    assert log.at(4) == ["acme act_1: 0 of 36 days, ad in total as a report, 4 s"]


def test_an_account_that_nothing_came_of_yet_has_no_amounts() -> None:
    log = Log()
    log.watch.started("acme", "1")
    log.watch.taken_up("1")

    assert log.at(2) == ["acme act_1: asks Meta, 2 s"]


def test_an_account_of_under_two_seconds_writes_nothing(log: Log) -> None:
    assert log.at(1.9) == []

    log.watch.days_read("1", 36)
    log.watch.laid_aside("1")
    # The end of the load comes long after the end of this account.
    log.stopwatch.seconds = 300
    log.watch.ended("1", "ok")

    assert log.new() == []


def test_an_account_writes_a_line_at_most_each_ten_seconds(log: Log) -> None:
    written = []
    for second in range(31):
        log.watch.page_read("1", 1)
        written += [second for _ in log.at(second)]

    assert written == [2, 12, 22]


def test_a_line_that_says_nothing_new_comes_once_a_minute(log: Log) -> None:
    log.watch.waiting("1", 300, "shut")

    written = [second for second in range(181) for _ in log.at(second)]

    assert written == [2, 62, 122]


def test_each_account_has_ten_seconds_of_its_own(log: Log) -> None:
    log.at(2)
    log.watch.started("noor", "2")
    log.watch.taken_up("2")

    assert log.at(4) == ["noor act_2: asks Meta, 2 s"]


def test_an_account_between_its_turns_writes_nothing(log: Log) -> None:
    log.at(2)
    log.watch.laid_aside("1")

    assert log.at(100) == []


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("ok", "done"), ("failed", "failed"), ("deferred", "read on later")],
)
def test_the_last_line_says_how_an_account_ended(
    log: Log, outcome: str, said: str
) -> None:
    log.watch.page_read("1", 100_000)
    log.stopwatch.seconds = 9
    log.watch.days_read("1", 15)
    log.at(9)
    log.watch.ended("1", outcome)

    assert log.new() == [
        f"acme act_1: {said}, 15 of 36 days, 1 page, 0 rows, 0.1 MB, 9 s"
    ]


def test_an_account_of_the_next_load_begins_again(log: Log) -> None:
    log.at(5)
    log.watch.ended("1", "ok")
    log.new()
    log.watch.started("acme", "1")
    log.watch.taken_up("1")

    assert log.at(6.9) == []
    assert log.at(7) == ["acme act_1: asks Meta, 2 s"]


def test_a_log_that_is_gone_does_not_end_the_reading(log: Log) -> None:
    log.stream.close()

    log.stopwatch.seconds = 5
    log.watch.ended("1", "ok")

    assert log.watch.accounts()[0].outcome == "ok"


def test_threads_that_tell_while_lines_are_written_leave_whole_lines(log: Log) -> None:
    def tell(account_id: str) -> None:
        log.watch.started("acme", account_id)
        log.watch.taken_up(account_id)
        log.stopwatch.seconds += 2
        for _ in range(200):
            log.watch.page_read(account_id, 1)
            log.lines.look()
        log.watch.ended(account_id, "failed")

    threads = [threading.Thread(target=tell, args=(str(n),)) for n in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    written = log.new()
    ends = [said for said in written if ": failed, 200 pages," in said]
    assert len(ends) == 6
    assert all(said.startswith("acme act_") and said[-1] == "s" for said in written)


def test_beside_json_nothing_is_written() -> None:
    stream, stopwatch = io.StringIO(), Stopwatch()

    with shown(has_lines=False, stream=stream, monotonic=stopwatch) as progress:
        progress.started("acme", "1")
        progress.taken_up("1")
        stopwatch.seconds = 30
        progress.ended("1", "ok")

    assert stream.getvalue() == ""


def test_what_is_no_terminal_gets_lines_and_an_error_passes() -> None:
    stream, stopwatch = io.StringIO(), Stopwatch()

    def fails() -> None:
        with shown(stream=stream, monotonic=stopwatch) as progress:
            progress.started("acme", "1")
            progress.taken_up("1")
            stopwatch.seconds = 30
            progress.ended("1", "failed")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()

    assert "acme act_1: failed, 30 s" in stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert "progress" not in [thread.name for thread in threading.enumerate()]
