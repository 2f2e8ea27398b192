"""How a terminal is used and left: log lines, errors, colours, dumb ones."""

import io
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from ingest.progress.bars import bars
from ingest.progress.shown import shown
from ingest.progress.watch import Watch
from tests.fixtures.stopwatch import Stopwatch

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    """A terminal that keeps all it was sent."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that can do everything, of 80 columns and 24 lines."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def log_handler() -> Iterator[tuple[logging.Handler, Terminal]]:
    """A root handler that writes to a terminal of its own."""
    terminal = Terminal()
    handler = logging.StreamHandler(terminal)
    logging.root.addHandler(handler)
    yield handler, terminal
    logging.root.removeHandler(handler)


def test_a_log_line_goes_above_the_bars_in_one_piece(
    log_handler: tuple[logging.StreamHandler[Terminal], Terminal],
) -> None:
    handler, terminal = log_handler
    # Longer than the terminal, and with what rich would take for markup.
    message = "[bold] " + "x" * 100

    stopwatch = Stopwatch()
    watch = Watch(stopwatch)
    watch.started("acme", "1")
    watch.taken_up("1")
    stopwatch.seconds = 30

    with bars(watch, terminal):
        logging.getLogger("ingest").warning("The first.")
        logging.getLogger("ingest").warning(message)

    before, found, _ = terminal.getvalue().partition(message)
    assert found
    # The bars that the first left behind are erased before the second is written.
    assert before.index("The first.") < before.rindex("acme 1")
    assert before.rindex("acme 1") < before.rindex("\x1b[2K")
    assert handler.stream is terminal


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_run_the_terminal_is_left_clean(
    error: type[BaseException],
) -> None:
    terminal, stopwatch, stderr = Terminal(), Stopwatch(), sys.stderr

    def fails() -> None:
        with shown(stream=terminal, monotonic=stopwatch) as progress:
            progress.started("acme", "1")
            progress.taken_up("1")
            stopwatch.seconds = 30
            raise error

    with pytest.raises(error):
        fails()

    sent = terminal.getvalue()
    assert sent.count(HIDE) == 1
    assert "acme 1" in sent
    # The cursor is shown again, and both lines of the bars are erased after that.
    left = sent[sent.index(SHOW) :]
    assert left.count("\x1b[2K") == 2
    assert "acme" not in left
    assert sys.stderr is stderr


def test_a_terminal_that_is_gone_does_not_end_the_run() -> None:
    terminal = Terminal()

    with shown(stream=terminal) as progress:
        progress.started("acme", "1")
        terminal.close()
        progress.ended("1", "ok")


def test_without_colours_there_are_bars_without_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal, stopwatch = Terminal(), Stopwatch()

    with shown(stream=terminal, monotonic=stopwatch) as progress:
        progress.started("acme", "1")
        progress.taken_up("1")
        stopwatch.seconds = 30
        progress.ended("1", "failed")
        progress.started("acme", "2")
        progress.taken_up("2")
        stopwatch.seconds = 60

    assert "acme 2" in terminal.getvalue()
    # 30 to 37 are the colours of a terminal, 38 those of larger palettes.
    assert not re.search(r"\x1b\[(\d+;)*3[0-8]\b", terminal.getvalue())


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal, stopwatch = Terminal(), Stopwatch()

    with shown(stream=terminal, monotonic=stopwatch) as progress:
        progress.started("acme", "1")
        progress.taken_up("1")
        stopwatch.seconds = 3
        progress.ended("1", "ok")

    assert terminal.getvalue() == "acme act_1: done, 3 s\n"
