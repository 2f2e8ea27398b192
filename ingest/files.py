"""Files that a reader sees whole or not at all, and digests."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import FileRefused
from ingest.failpoints import reached
from ingest.permissions import give_to_owner

_BLOCK = 1 << 20


def write_json(path: Path, document: object) -> None:
    """Replace a JSON file atomically: readers see the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with _removed_on_failure(temporary):
        with temporary.open("w", encoding="utf-8") as file:
            give_to_owner(file.fileno(), path.parent)
            json.dump(document, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        reached("files.temporary_written")
        temporary.replace(path)
    sync_folder(path.parent)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    """Half a file helps nobody, and takes room where there may be none left."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, object] | None:
    """The JSON object in a file; None where it is missing or damaged.

    Raises:
        FileRefused: see `content_of`.
    """
    try:
        document = json.loads(content_of(path))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def content_of(path: Path) -> bytes:
    """The bytes of a file; none where it is missing or cannot be read.

    Raises:
        FileRefused: this user may not read it. That tells nothing of what is in it.
    """
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise FileRefused(
            f"{path} is there and may not be read by this user.",
            f"Give it to the folder's owner: `chown --reference={path.parent} {path}`.",
        ) from error
    except OSError:
        return b""


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_whole(source: Path, target: Path) -> str:
    """Copy a file and sync it; the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with (
        _removed_on_failure(target),
        source.open("rb") as reader,
        target.open("wb") as writer,
    ):
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def digest_of(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def digest(content: object) -> str:
    """A short fingerprint of plain values, to tell whether they changed."""
    text = repr(content).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
