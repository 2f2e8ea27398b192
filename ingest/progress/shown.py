"""Progress for people, on stderr; stdout is the answer's alone.

Bars on a terminal, also beside `--json`: who watches is a person. Elsewhere some lines,
for the log of a timer; none of an account that takes under two seconds, so that quiet
cycles leave a log as short as it was. None at all with `--json`: a program asked, which
gets all of it in the document; `-v` brings them back.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from ingest.progress.interface import Progress
from ingest.progress.lines import Lines
from ingest.progress.watch import Watch


@contextmanager
def shown(
    has_lines: bool = True,
    stream: TextIO | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Progress while the block runs.

    Args:
        has_lines: write lines where the stream is no terminal.
        stream: stderr where None.
        monotonic: seconds of a stopwatch.
    """
    stream = stream or sys.stderr
    watch = Watch(monotonic)
    if _can_draw(stream):
        from ingest.progress.bars import bars

        watch.working("starting")
        with bars(watch, stream):
            yield watch
    elif has_lines:
        with Lines(watch, stream):
            yield watch
    else:
        yield Progress()


def _can_draw(stream: TextIO) -> bool:
    """A terminal that can move its cursor; colours are rich's to leave out."""
    if not stream.isatty():
        return False
    from rich.console import Console

    return not Console(file=stream, force_terminal=True).is_dumb_terminal
