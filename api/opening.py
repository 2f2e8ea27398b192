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
    """Opens databases, and remembers which files were not whole."""

    def __init__(self, connect: Callable[[Path], Connection]) -> None:
        """Nothing is remembered yet.

        Args:
            connect: opens a database, or raises Unusable.
        """
        self._connect = connect
        self._damaged: dict[Path, tuple[Look, str]] = {}

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
            return Opened(published, self._connect(file), content, looked)
        except OSError as error:
            content.close()
            raise Unusable("its file cannot be read", file) from error
        except Unusable:
            content.close()
            raise

    def _check(
        self, published: Published, content: BufferedReader, looked: Look
    ) -> None:
        """A file that was not whole and looks the same is not read again."""
        found = (looked, published.sha256)
        if self._damaged.get(published.file) != found:
            if digest_of(content) == published.sha256:
                return
            self._damaged[published.file] = found
        why = "its bytes are not those that were published"
        raise Unusable(why, published.file)


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
