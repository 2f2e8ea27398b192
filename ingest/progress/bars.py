"""Progress as bars on a terminal; gone when the run ends, however it ends."""

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ingest.progress.watch import AccountProgress, Watch
from ingest.progress.words import activity, duration, guess, megabytes

# What is quicker would only flash.
QUIET_SECONDS = 0.5
LOOKS_A_SECOND = 4
# Header, total and a line for the cursor.
_OTHER_LINES = 3
_WIDE_COLUMNS = 110
_SHORTEST_NAME = 16
_SHORTEST_BAR, _LONGEST_BAR = 5, 20
# So that columns seldom move as numbers grow.
_USUAL_WIDTHS = {"days": 7, "reading": 19, "pages": 5, "rows": 7, "MB": 5, "left": 6}
_STYLES = {"failed": "red", "deferred": "yellow", "ok": "green"}


class Bars:
    """Draws the accounts as they stand; widths only grow, so that nothing jumps."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._widths: dict[str, int] = {}

    def drawn(self, columns: int, lines: int) -> RenderableType:
        """A table that fits so many columns and lines; nothing while nothing is due."""
        now = self._watch.monotonic()
        accounts = self._watch.accounts()
        if all(account.outcome for account in accounts):
            what, since = self._watch.works_on()
            if what and now - since >= QUIET_SECONDS:
                text = f"{what}, {duration(now - since)}"
                return Text(text, no_wrap=True, overflow="ellipsis")
            return Group()
        if max(account.elapsed(now) for account in accounts) < QUIET_SECONDS:
            return Group()
        is_wide = columns >= _WIDE_COLUMNS
        prefix = "act_" if is_wide else ""
        rows = [self._row(each, now, prefix) for each in _shown(accounts, lines)]
        if len(accounts) > 1:
            rows.append(_total(accounts, now, now - self._watch.load_since))
        return self._table(rows, columns)

    def _row(
        self, account: AccountProgress, now: float, prefix: str
    ) -> dict[str, Text | float]:
        words = Text(activity(account), style=_STYLES.get(account.outcome or "", ""))
        left = account.seconds_left(now)
        if account.is_at_work and account.wait_until > now:
            wait = duration(math.ceil(account.wait_until - now))
            words = Text(f"waits {wait}: {account.wait_why}", style="yellow")
            left = None
        return {
            "account": Text(f"{account.store} {prefix}{account.account_id}"),
            "bar": account.share(),
            "days": Text(_days(account.days_done, account.days_planned)),
            "reading": words,
            **_amounts([account]),
            "time": Text(duration(account.elapsed(now))),
            "left": Text("" if left is None else guess(left)),
        }

    def _table(self, rows: Sequence[dict[str, Text | float]], columns: int) -> Table:
        widths = self._fitted(rows, columns)
        table = Table.grid(padding=(0, 1, 0, 0))
        for name, width in widths.items():
            is_word = name in ("account", "bar", "reading")
            table.add_column(
                width=width,
                no_wrap=True,
                overflow="ellipsis",
                justify="left" if is_word else "right",
            )
        heads = {"bar": ""}
        table.add_row(*(Text(heads.get(name, name), style="dim") for name in widths))
        for row in rows:
            table.add_row(
                *(
                    _cell(row[name], width, is_name=name == "account")
                    for name, width in widths.items()
                )
            )
        return table

    def _fitted(
        self, rows: Sequence[dict[str, Text | float]], columns: int
    ) -> dict[str, int]:
        """Width of each column that has room, the account's name cut where need be."""
        for name in rows[0]:
            cells = [row[name] for row in rows]
            longest = max(
                (cell.cell_len for cell in cells if isinstance(cell, Text)), default=0
            )
            known = self._widths.get(name, _USUAL_WIDTHS.get(name, len(name)))
            self._widths[name] = max(longest, known)
        widths = dict(self._widths)
        is_wide = columns >= _WIDE_COLUMNS
        widths["reading"] = min(widths["reading"], 36 if is_wide else 19)
        if not is_wide:
            del widths["time"]
        for dropped in ("", "pages", "MB", "bar", "left", "rows", "days", "reading"):
            widths.pop(dropped, None)
            # One column stays free: some terminals wrap when the last one is filled.
            room = columns - 1 - sum(widths.values()) - len(widths)
            if "bar" in widths:
                room += widths["bar"] - _SHORTEST_BAR
            spare = widths["account"] - _SHORTEST_NAME
            if room + max(spare, 0) >= 0:
                break
        widths["account"] += min(room, 0)
        if "bar" in widths:
            widths["bar"] = min(_SHORTEST_BAR + max(room, 0), _LONGEST_BAR)
        return widths


@contextmanager
def bars(watch: Watch, stream: TextIO) -> Iterator[None]:
    """Draw on the stream while the block runs; log lines go above the bars."""
    console = Console(file=stream, force_terminal=True)
    drawing = Bars(watch)
    live = Live(
        console=console,
        get_renderable=lambda: drawing.drawn(*console.size),
        refresh_per_second=LOOKS_A_SECOND,
        transient=True,
        redirect_stdout=False,
    )
    with suppress(OSError, ValueError):
        live.start()
    try:
        with _logging_through(_Above(console), stream):
            yield
    finally:
        # A terminal that is gone must not turn a load that is done into a failure.
        with suppress(OSError, ValueError):
            live.stop()


class _Above:
    """A stream whose lines appear above the bars, as long as they were written."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        self._console.print(Text(text.removesuffix("\n")), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


@contextmanager
def _logging_through(above: _Above, stream: TextIO) -> Iterator[None]:
    handlers: list[logging.StreamHandler[TextIO | _Above]] = [
        handler
        for handler in logging.root.handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is stream
    ]
    for handler in handlers:
        handler.setStream(above)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(stream)


def _shown(accounts: Sequence[AccountProgress], lines: int) -> list[AccountProgress]:
    """All accounts, or where they do not fit those that are being read."""
    room = max(lines - _OTHER_LINES, 1)
    if len(accounts) <= room:
        return list(accounts)
    at_work = [account for account in accounts if account.is_at_work]
    return at_work[:room] or list(accounts[:1])


def _total(
    accounts: Sequence[AccountProgress], now: float, elapsed: float
) -> dict[str, Text | float]:
    done = sum(account.is_done for account in accounts)
    shares = [1.0 if each.is_done else each.share() for each in accounts]
    planned = sum(account.days_planned or 0 for account in accounts)
    lefts = [account.seconds_left(now) for account in accounts if not account.is_done]
    known = [left for left in lefts if left is not None]
    # The slowest decides; one of which nothing is known yet may be the slowest.
    left = guess(max(known)) if known and len(known) == len(lefts) else ""
    days = sum(account.days_done for account in accounts)
    # A sum that grows as accounts are begun would say nothing.
    is_known = all(each.is_done or each.days_planned is not None for each in accounts)
    return {
        "account": Text(f"{done} of {len(accounts)} ended", style="bold"),
        "bar": sum(shares) / len(accounts),
        "days": Text(_days(days, planned) if is_known else f"{days}"),
        "reading": Text(f"after {duration(elapsed)}"),
        **_amounts(accounts),
        "time": Text(duration(elapsed)),
        "left": Text(left),
    }


def _amounts(accounts: Sequence[AccountProgress]) -> dict[str, Text | float]:
    return {
        "pages": Text(f"{sum(account.pages for account in accounts):,}"),
        "rows": Text(_short(sum(account.rows for account in accounts))),
        "MB": Text(megabytes(sum(account.received_bytes for account in accounts))),
    }


def _days(done: int, planned: int | None) -> str:
    return f"{done}/{planned}" if planned else ""


def _short(number: int) -> str:
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:.2f} M"


def _cell(content: Text | float, width: int, is_name: bool) -> RenderableType:
    if isinstance(content, float):
        return ProgressBar(total=1.0, completed=content, width=width)
    if content.cell_len > width and is_name:
        return _cut_in_the_middle(content.plain, width)
    return content


def _cut_in_the_middle(name: str, width: int) -> Text:
    """`acme …90123456`: the last digits of an account tell it from others."""
    kept = width - 1
    start = min(name.rindex(" ") + 1, kept // 2)
    return Text(f"{name[:start]}…{name[-(kept - start) :]}")
