"""The one folder that databases of this process may write to: exports, until read."""

import functools
import os
import tempfile
import threading
import uuid
from pathlib import Path

_MAKING = threading.Lock()


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pathways-exports-")


def path() -> Path:
    """Where it is, for as long as the process lives; it ends with it."""
    # Two that ask first at once would each make one.
    with _MAKING:
        return Path(_folder().name)


def new_file() -> Path:
    """The path of a file that does not exist yet."""
    return path() / uuid.uuid4().hex


def make_again() -> None:
    """Make it again where whoever cleans temporary files has taken it.

    Raises:
        OSError: it cannot be made, or another user made it first.
    """
    path().mkdir(mode=0o700, exist_ok=True)
    if path().lstat().st_uid != os.getuid():
        raise PermissionError(f"{path()} is another user's")
