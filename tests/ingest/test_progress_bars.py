"""Progress as bars: what they say, and how they fit."""

import io
import re

import pytest
from rich.console import Console

from ingest.progress.bars import Bars
from ingest.progress.watch import Watch
from tests.fixtures.stopwatch import Stopwatch, begun, whole_reading


class Screen:
    """Bars on a stopwatch, drawn when looked at."""

    def __init__(self) -> None:
        self.stopwatch = Stopwatch()
        self.watch = Watch(self.stopwatch)
        self.bars = Bars(self.watch)

    def begin(self, *account_ids: str, days: int = 36) -> None:
        begun(self.watch, *account_ids, days=days)

    def at(self, seconds: float, columns: int = 80, lines: int = 24) -> list[str]:
        """The lines drawn after so many seconds, without colours."""
        self.stopwatch.seconds = seconds
        console = Console(
            file=io.StringIO(), force_terminal=True, width=columns, height=lines
        )
        with console.capture() as drawn:
            console.print(self.bars.drawn(columns, lines))
        text = re.sub(r"\x1b\[[0-9;]*m", "", drawn.get())
        return [line.rstrip() for line in text.splitlines() if line.strip()]


def words(line: str) -> list[str]:
    """The line without its bar."""
    return re.sub("[━╸╺]+", "", line).split()


@pytest.fixture
def screen() -> Screen:
    """Nothing begun."""
    return Screen()


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that can do everything, of 80 columns and 24 lines."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_row_says_days_level_pages_rows_bytes_and_time_left(screen: Screen) -> None:
    screen.begin("1")
    for _ in range(14):
        screen.watch.page_read("1", 221_429)
    reading = whole_reading(12, rows_a_day=576)
    screen.watch.window_read("1", ("account", "none"), reading)
    screen.stopwatch.seconds = 20
    screen.watch.days_read("1", 12)
    screen.watch.window_begun("1", ("ad", "country"), is_report=False)

    head, row = screen.at(20)

    assert words(head) == ["account", "days", "reading", "pages", "rows", "MB", "left"]
    # 12 x 576 rows, 14 x 221,429 bytes; 12 days in 20 s, so 24 days in 40 s.
    said = "acme 1 12/36 ad by country 14 6,912 3.1 40 s"
    assert words(row) == said.split()


def test_a_wide_terminal_also_says_how_long_each_account_took(screen: Screen) -> None:
    screen.begin("1")

    head, row = screen.at(7, columns=120)

    assert words(head)[-2:] == ["time", "left"]
    assert words(row)[:2] == ["acme", "act_1"]
    assert words(row)[-2:] == ["7", "s"]


def test_a_wait_counts_down(screen: Screen) -> None:
    screen.begin("1")
    screen.watch.waiting("1", 60, "shut")

    assert "waits 50 s: shut" in screen.at(10)[1]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("ok", "done"), ("failed", "failed"), ("deferred", "read on later")],
)
def test_an_account_that_ended_says_how(
    screen: Screen, outcome: str, said: str
) -> None:
    screen.begin("1", "2")
    screen.watch.ended("1", outcome)

    _, first, _, total = screen.at(5)

    assert f" {said} " in first
    assert total.startswith("1 of 2 ended")


def test_a_total_adds_the_accounts_and_waits_for_the_slowest(screen: Screen) -> None:
    screen.begin("1", "2", days=20)
    screen.watch.page_read("1", 1_000_000)
    screen.watch.page_read("2", 2_000_000)
    screen.stopwatch.seconds = 10
    screen.watch.days_read("1", 10)
    screen.watch.days_read("2", 5)

    total = screen.at(10)[-1]

    # 15 days in 10 s at the second account's pace of 5 days: 30 s.
    said = "0 of 2 ended 15/40 after 10 s 2 0 3.0 30 s"
    assert words(total) == said.split()


def test_the_total_guesses_nothing_while_one_account_says_nothing(
    screen: Screen,
) -> None:
    screen.begin("1", "2", days=20)
    screen.stopwatch.seconds = 10
    screen.watch.days_read("1", 10)

    _, first, _, total = screen.at(10)

    assert words(first)[-2:] == ["10", "s"]
    assert words(total)[-3:] == ["0", "0", "0.0"]


def test_the_sum_of_days_is_told_when_it_is_known(screen: Screen) -> None:
    screen.begin("1", days=20)
    screen.watch.days_read("1", 5)
    screen.watch.started("acme", "2")

    assert "5 after 3 s" in " ".join(words(screen.at(3)[-1]))


def test_nothing_is_drawn_of_what_is_over_at_once(screen: Screen) -> None:
    screen.begin("1")

    assert screen.at(0.4) == []


def test_when_all_accounts_ended_the_run_says_what_it_does(screen: Screen) -> None:
    screen.begin("1", "2")
    screen.watch.ended("1", "ok")
    screen.watch.ended("2", "ok")
    screen.watch.working("writing to the warehouse")

    assert screen.at(12) == ["writing to the warehouse, 12 s"]


def test_accounts_that_do_not_fit_leave_those_at_work_and_a_total(
    screen: Screen,
) -> None:
    screen.begin(*map(str, range(1, 31)))
    for account_id in map(str, range(1, 26)):
        screen.watch.laid_aside(account_id)

    drawn = screen.at(9, lines=12)

    # Of 30 accounts five are being read.
    assert [words(line)[1] for line in drawn[1:-1]] == ["26", "27", "28", "29", "30"]
    assert drawn[-1].startswith("0 of 30 ended")


def test_more_accounts_at_work_than_lines_are_cut(screen: Screen) -> None:
    screen.begin(*map(str, range(1, 31)))

    # A header, the total and the cursor's line leave nine.
    assert len(screen.at(9, lines=12)) == 11


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 110, 200])
def test_no_line_reaches_the_last_column(screen: Screen, columns: int) -> None:
    screen.watch.started("a_store_with_a_long_name", "123456789012345678")
    screen.watch.started("店舗", "2")
    screen.watch.taken_up("123456789012345678")
    screen.watch.planned("123456789012345678", 1_128)
    screen.watch.page_read("123456789012345678", 12_345_678_901)
    screen.watch.waiting("123456789012345678", 290, "60 points in 300 s, limited app")

    drawn = screen.at(9, columns=columns)

    assert len(drawn) == 4
    assert max(map(len, drawn)) < columns


def test_a_long_name_keeps_its_last_digits(screen: Screen) -> None:
    screen.watch.started("a_store_with_a_long_name", "123456789012345678")
    screen.watch.taken_up("123456789012345678")

    row = screen.at(9)[1]

    assert re.match(r"a_store\w*…\d*5678 ", row)


def test_columns_do_not_move_as_numbers_grow(screen: Screen) -> None:
    screen.begin("1")
    before = screen.at(1)[0]

    for _ in range(100):
        screen.watch.page_read("1", 990_000)
    screen.watch.window_read("1", ("ad", "none"), whole_reading(9, rows_a_day=9_999))
    screen.watch.days_read("1", 15)

    assert screen.at(9)[0] == before
