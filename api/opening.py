"""Opening a published database: whole, or not at all.

The bytes of a file are checked before it is opened. A shared lock on it tells pruning
that it is open.
"""

import fcntl
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from api.documents import Unusable
from api.errors import SnapshotUnusable
from api.published import Published, digest_of

Look = tuple[int, ...]


class Closable(Protocol):
    """An open database."""

    def close(self) -> None: ...


Connection = TypeVar("Connection", bound=Closable)


@dataclass
class Opened(Generic[Connection]):
    """A database whose bytes are those of its manifest.

    It closes behind its last reader, once it is retired.

    Attributes:
        content: keeps the lock against pruning while it is open.
        looked: what the file looked like when its bytes were checked.
    """

    published: Published
    connection: Connection
    content: BufferedReader
    looked: Look
    _readers: int = 0
    _is_retired: bool = False
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def hold(self) -> bool:
        """Keep it open until `leave`; False where another one has taken its place."""
        with self._counting:
            if self._is_retired:
                return False
            self._readers += 1
            return True

    def leave(self) -> None:
        """Read no longer."""
        self._count(readers=-1)

    def retire(self) -> None:
        """Another one takes its place."""
        self._count(is_retired=True)

    def _count(self, readers: int = 0, is_retired: bool = False) -> None:
        with self._counting:
            self._readers += readers
            self._is_retired = self._is_retired or is_retired
            is_over = self._is_retired and self._readers == 0
        if is_over:
            self.connection.close()
            self.content.close()


class Opening(Generic[Connection]):
    """Opens databases, and remembers which files it could not open."""

    def __init__(self, connect: Callable[[Path], Connection]) -> None:
        """Nothing is remembered yet.

        Args:
            connect: opens a database, or raises Unusable.
        """
        self._connect = connect
        # What a file looked like, the digest it should have, and whether it has it.
        self._not_opened: dict[Path, tuple[Look, str, bool]] = {}

    def open(self, published: Published) -> Opened[Connection]:
        """A database that is whole.

        Raises:
            Unusable: it is not, or cannot be opened.
        """
        file = published.file
        try:
            content = file.open("rb")
        except OSError as error:
            raise Unusable("its file is missing", file) from error
        try:
            fcntl.flock(content, fcntl.LOCK_SH)
            looked = _look(os.fstat(content.fileno()))
            # Pruned between the two: the name is gone or another's.
            if looked != look_of(file):
                raise Unusable("its file is missing", file)
            self._check(published, content, looked)
            connection = self._connect(file)
            # Whoever doubts it later has its bytes read again.
            self._not_opened.pop(file, None)
            return Opened(published, connection, content, looked)
        except OSError as error:
            content.close()
            raise Unusable("its file cannot be read", file) from error
        except Unusable:
            content.close()
            raise

    def _check(
        self, published: Published, content: BufferedReader, looked: Look
    ) -> None:
        """A file that was not opened and looks the same is not read again."""
        file, sha256 = published.file, published.sha256
        found = self._not_opened.get(file)
        if found is None or found[:2] != (looked, sha256):
            found = (looked, sha256, digest_of(content) == sha256)
            self._not_opened[file] = found
        if not found[2]:
            raise Unusable("its bytes are not those that were published", file)


def unusable(why: str) -> SnapshotUnusable:
    """What to answer where nothing can be read; `why` has no path in it."""
    return SnapshotUnusable(
        f"The published snapshot cannot be read: {why.rstrip('.')}.",
        "Run `pathways run`: it builds and publishes anew.",
    )


def look_of(file: Path) -> Look | None:
    """What a file looks like: another look, other bytes. None where there is none."""
    try:
        return _look(file.stat())
    except OSError:
        return None


def _look(stat: os.stat_result) -> Look:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
