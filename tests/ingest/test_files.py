"""Files that a reader sees whole or not at all."""

import hashlib
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from ingest.files import copy_whole, read_json, write_json


def test_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    document = {"name": "Noor نور", "days": [1, 2], "none": None}

    write_json(tmp_path / "new" / "status.json", document)

    assert read_json(tmp_path / "new" / "status.json") == document


def test_failed_write_leaves_the_old_document(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_json(path, {"run": 1})

    with pytest.raises(TypeError):
        write_json(path, {"run": 2, "what": object()})

    assert read_json(path) == {"run": 1}


def test_full_disk_leaves_the_old_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "status.json"
    write_json(path, {"run": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json(path, {"run": 2})

    assert read_json(path) == {"run": 1}


def test_reader_sees_the_old_or_the_new_document_and_nothing_between(
    tmp_path: Path,
) -> None:
    path = tmp_path / "status.json"
    large = [{"run": run, "rows": [run] * 5_000} for run in range(2)]
    write_json(path, large[0])
    seen: list[Any] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(json.loads(path.read_text()))

    reader = threading.Thread(target=read)
    reader.start()
    for run in range(20):
        write_json(path, large[run % 2])
    done.set()
    reader.join()

    assert seen
    assert all(document in large for document in seen)


def test_bytes_are_on_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        order.append("sync folder" if is_folder else "sync file")
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> None:
        order.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    write_json(tmp_path / "status.json", {})

    assert order == ["sync file", "rename", "sync folder"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param('{"run": ', id="cut"),
        pytest.param("[1]", id="a list"),
        pytest.param("\ud800".encode("utf-8", "surrogatepass"), id="not UTF-8"),
    ],
)
def test_missing_or_damaged_document_is_none(
    tmp_path: Path, text: str | bytes | None
) -> None:
    path = tmp_path / "status.json"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    document = read_json(path)

    assert document is None


def test_copy_is_whole_and_its_digest_is_of_what_was_written(tmp_path: Path) -> None:
    # More than one block of a mebibyte.
    content = os.urandom(1_500_000)
    (tmp_path / "source").write_bytes(content)

    digest = copy_whole(tmp_path / "source", tmp_path / "target")

    assert (tmp_path / "target").read_bytes() == content
    assert digest == hashlib.sha256(content).hexdigest()
