"""The past states that are open: those asked for last."""

import logging
import threading
from collections import OrderedDict
from datetime import datetime
from pathlib import Path
from typing import Generic

from api.as_of import Past, past
from api.documents import Unusable
from api.opening import Connection, Opened, Opening, look_of, unusable

LOGGER = logging.getLogger("api")
# They stay open for the next who asks.
MOST_OPEN = 2


class PastStates(Generic[Connection]):
    """The open databases of past moments."""

    def __init__(self, folder: Path, opening: Opening[Connection]) -> None:
        self._folder = folder
        self._opening = opening
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, Opened[Connection]] = OrderedDict()

    def enter(self, as_of: datetime) -> tuple[Opened[Connection], Past]:
        """What answers for a moment, held until it is left.

        Raises:
            SnapshotUnusable: it cannot be opened.
            AsOfGone: nothing of that moment or before is there any more.
        """
        with self._lock:
            try:
                found = past(self._folder, as_of)
                opened = self._opened(found)
            except Unusable as error:
                LOGGER.error("A past state cannot be used: %s", error)
                raise unusable(error.why) from error
            opened.hold()
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)[1].retire()
        return opened, found

    def doubt(self) -> None:
        """Check the bytes of what is open again before the next request."""
        with self._lock:
            for opened in self._open.values():
                opened.looked = ()

    def close(self) -> None:
        """Close everything."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].retire()

    def _opened(self, found: Past) -> Opened[Connection]:
        file = found.shown.file
        opened = self._open.get(file)
        if opened is None or look_of(file) != opened.looked:
            if opened is not None:
                self._open.pop(file).retire()
            opened = self._open[file] = self._opening.open(found.shown)
        self._open.move_to_end(file)
        return opened
