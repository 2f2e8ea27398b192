"""Two that open the same file for the first time, at the same moment."""

import functools
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from api import export_folder
from api.callers import EVERYONE
from api.settings import Settings
from api.snapshots import Snapshots
from tests.fixtures.worlds import NOW

Got = TypeVar("Got")
# Both are given so long to meet where only one may be.
MEET_SECONDS = 0.2


def at_once(first: Callable[[], Got], second: Callable[[], Got]) -> list[Got]:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(each) for each in (first, second)]
        return [each.result(30) for each in asked]


@pytest.mark.usefixtures("acme_only")
def test_now_and_a_past_moment_of_one_snapshot_are_opened_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings are made and locked once, for both."""
    snapshots, path = Snapshots(settings), export_folder.path
    both = threading.Barrier(2)

    def meeting() -> Path:
        with suppress(threading.BrokenBarrierError):
            both.wait(MEET_SECONDS)
        return path()

    def read(as_of: datetime | None) -> tuple[str, tuple[str, ...]]:
        with snapshots.reading(EVERYONE, as_of) as reader:
            (store,) = reader.rows("stores", {"store": None})
            return store["store"], reader.warnings

    monkeypatch.setattr(export_folder, "path", meeting)

    read_at_once = at_once(lambda: read(None), lambda: read(NOW))

    snapshots.close()
    assert read_at_once == [("acme", ())] * 2


def test_a_process_has_one_folder_for_exports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    both = threading.Barrier(2)

    @functools.cache
    def made() -> tempfile.TemporaryDirectory[str]:
        with suppress(threading.BrokenBarrierError):
            both.wait(MEET_SECONDS)
        return tempfile.TemporaryDirectory(dir=tmp_path)

    monkeypatch.setattr(export_folder, "_folder", made)

    first, second = at_once(export_folder.path, export_folder.path)

    assert first == second
