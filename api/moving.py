"""What answers depend on besides request and snapshot: the clock and the last cycle.

The clock is in an answer in two ways only: as an account's day, and as what is too old
by now (`meta.stale`). Days begin on quarters of an hour, as all zones are whole
quarters apart; an account becomes too old at a known moment. Between those moments, and
while snapshot and status.json are the same, equal requests have equal answers.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from api.callers import Caller
from api.settings import Settings
from api.shelf import Source
from api.snapshots import Snapshots
from api.status_file import next_turn, read_status, staleness

Seen = tuple[Source, tuple[int, ...] | None]
QUARTER = timedelta(minutes=15)
MOST_CALLERS = 1000


def _release() -> str:
    """Of this release: another one may answer the same request otherwise."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*")):
        if file.suffix in (".py", ".sql"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


RELEASE = _release()


@dataclass(frozen=True)
class State:
    """What all answers to a caller between two moments have in common.

    Attributes:
        seen: the snapshot, what is said of it, and the file that status.json was.
        since: from when on, included.
        until: until when, not included.
        digest: differs wherever an answer to the same request may.
    """

    seen: Seen
    since: datetime
    until: datetime
    digest: str

    @property
    def snapshot_id(self) -> str:
        """The snapshot that answers are read from."""
        return self.seen[0].snapshot_id

    def holds(self, seen: Seen, now: datetime) -> bool:
        """Whether it is still true."""
        return self.seen == seen and self.since <= now < self.until


class States:
    """The states of now; snapshot and status.json are read only where they changed.

    Each caller has its own: what it may not see changes nothing for it.
    """

    def __init__(self, settings: Settings, snapshots: Snapshots) -> None:
        self._settings = settings
        self._snapshots = snapshots
        self._known: dict[Caller, State] = {}

    def known(self, caller: Caller) -> State | None:
        """The state of now without a look at the snapshot; None where one is due."""
        source = self._snapshots.seen()
        if source is None:
            return None
        return self._held(caller, (source, self._file()), self._settings.moment())

    def read(self, caller: Caller) -> State:
        """The state of now, from the snapshot and status.json where they changed.

        Raises:
            ApiError: there is no snapshot to read.
        """
        # Before what it stands for: a file that changes meanwhile is read again.
        file = self._file()
        now = self._settings.moment()
        # To look takes no turn: what is kept is told where all are taken, too.
        state = self._held(caller, (self._snapshots.served(), file), now)
        if state is not None:
            return state
        with self._snapshots.reading(caller) as reader:
            seen = (reader.source, file)
            # Another one may have read it while this one waited for its turn.
            state = self._held(caller, seen, now)
            if state is not None:
                return state
            status = read_status(self._settings.data_dir, caller)
            stores = [row["store"] for row in reader.rows("stores", {"store": None})]
            facts = (
                RELEASE,
                # A cursor in an answer is a key's own.
                caller.key_id,
                caller.visible_stores(),
                reader.source,
                status.state,
                reader.rows("zone_days", {"now": now}),
                [
                    staleness(status, store, reader.published_at, now)
                    for store in (None, *stores)
                ],
            )
        turns = [_next_quarter(now)]
        if (turn := next_turn(status, now)) is not None:
            # At that moment it is not too old yet.
            turns.append(turn + timedelta.resolution)
        digest = hashlib.sha256(repr(facts).encode()).hexdigest()
        state = State(seen, now, min(turns), digest)
        if len(self._known) >= MOST_CALLERS:
            self._known.clear()
        self._known[caller] = state
        return state

    def _held(self, caller: Caller, seen: Seen, now: datetime) -> State | None:
        state = self._known.get(caller)
        return state if state is not None and state.holds(seen, now) else None

    def _file(self) -> tuple[int, ...] | None:
        try:
            stat = (self._settings.data_dir / "status.json").stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ino, stat.st_size


def _next_quarter(now: datetime) -> datetime:
    hour = now.replace(minute=0, second=0, microsecond=0)
    return hour + ((now - hour) // QUARTER + 1) * QUARTER
