"""Places where a test ends, breaks or stalls a run. Inert unless a variable asks.

`PATHWAYS_FAILPOINT=publish.copied:1:kill` acts when that point is reached for the first
time; several are written with commas. Actions: `raise` an error nobody expects, `kill`
and `term` send the signal to this process, `enospc` says that the disk is full,
`fill=FILE` fills it, `hang` waits for an hour, `skew=SECONDS` moves dlt's wall clock.
"""

import errno
import itertools
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import ConfigError

VARIABLE = "PATHWAYS_FAILPOINT"
HANG_SECONDS = 3600.0
LARGEST_FILL_BYTES = 2**30

POINTS = (
    ("sync.spool_opened", "The spool is there and empty."),
    ("sync.rates_fetched", "Rates are there, none of them is loaded."),
    ("sync.page_written", "A page lies in the spool as Meta sent it."),
    ("sync.window_spooled", "A window stands in the spool, without a receipt."),
    ("sync.receipts_spooled", "Receipts stand in the spool beside what they name."),
    ("sync.accounts_read", "Every account is read, nothing is loaded."),
    ("sync.rates_loaded", "Rates are in the warehouse, their receipt is not."),
    ("load.started", "dlt's working folder is gone, the new load has not begun."),
    ("load.step", "dlt begins to extract, to normalize or to load a package."),
    ("load.progress", "dlt counts a table, a file or a job of a package as done."),
    ("load.ended", "dlt says that the package is loaded."),
    ("build.started", "dbt is about to be started."),
    ("build.dbt_started", "dbt runs as a child process."),
    ("build.ended", "dbt ended well; nothing is audited."),
    ("audit.passed", "The build may be published."),
    ("publish.checkpointed", "The build is one file without a log beside it."),
    ("publish.copied", "The copy is whole under a temporary name."),
    ("publish.renamed", "The snapshot has its name and no manifest."),
    ("publish.manifest_written", "The manifest is there, the pointer names the old."),
    ("publish.pointer_replaced", "The pointer names the new, the link the old one."),
    ("publish.linked", "The link names the new one too."),
    ("thin.deleted", "Old readings are gone, but not yet for good."),
    ("thin.committed", "Old readings are gone for good."),
    ("compact.copied", "The warehouse is whole in a new file beside the old one."),
    ("compact.replaced", "The new file has taken the place of the old one."),
    ("prune.manifest_removed", "An old snapshot has no manifest any more."),
    ("prune.removed", "An old snapshot is gone."),
    ("rollback.verified", "The snapshot to go back to is whole, nothing has changed."),
    ("rollback.pointer_replaced", "The pointer names it, pinned; the link does not."),
    ("rollback.recorded", "The link names it too, and who did it is written down."),
    ("backup.copied", "The copy of the warehouse is whole under a temporary name."),
    ("files.temporary_written", "A new JSON file is whole beside the one it replaces."),
    ("status.written", "status.json is written; the lock is still held."),
)


class Injected(Exception):
    """The error nobody expects of the action `raise`."""


@dataclass(frozen=True)
class _Armed:
    point: str
    nth: int
    action: str
    argument: str
    reached: Iterator[int] = field(default_factory=lambda: itertools.count(1))


_armed: list[_Armed] = []


def arm(wanted: str) -> None:
    """Take what the variable says; once, at the entry point. Empty disarms.

    Raises:
        ConfigError: it is not `point:nth:action` with names known here.
    """
    _armed[:] = [_read(part) for part in wanted.split(",") if part]


def reached(point: str) -> None:
    """A run got to this point."""
    for armed in _armed:
        if armed.point == point and next(armed.reached) == armed.nth:
            _act(armed)


def _read(text: str) -> _Armed:
    point, _, rest = text.partition(":")
    nth, _, act = rest.partition(":")
    action, _, argument = act.partition("=")
    known = [name for name, _ in POINTS]
    if point not in known or not nth.isdigit() or action not in _ACTIONS:
        raise ConfigError(
            f"{VARIABLE} cannot be read: `{text}`.",
            f"Write point:nth:action. Actions: {', '.join(_ACTIONS)}. "
            f"Points: {', '.join(known)}.",
            code="CFG-007",
        )
    return _Armed(point, int(nth), action, argument)


def _act(armed: _Armed) -> None:
    _ACTIONS[armed.action](armed)


def _raise(armed: _Armed) -> None:
    raise Injected(f"failpoint {armed.point}")


def _kill(_: _Armed) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _term(_: _Armed) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _enospc(armed: _Armed) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), armed.point)


def _fill(armed: _Armed) -> None:
    with Path(armed.argument).open("wb", buffering=0) as ballast:
        for block in (2**20, 2**12):
            while ballast.tell() < LARGEST_FILL_BYTES:
                try:
                    ballast.write(b"\0" * block)
                except OSError:
                    break


def _hang(_: _Armed) -> None:
    threading.Event().wait(HANG_SECONDS)


def _skew(armed: _Armed) -> None:
    from ingest.load_ids import skew

    skew(float(armed.argument))


_ACTIONS = {
    "raise": _raise,
    "kill": _kill,
    "term": _term,
    "enospc": _enospc,
    "fill": _fill,
    "hang": _hang,
    "skew": _skew,
}
