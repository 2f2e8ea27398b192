"""SEC-4: what runs leave in the data folder is for its owner, or a chosen group."""

import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.errors import ConfigError
from ingest.lock import exclusive
from ingest.permissions import umask_for, user_name
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from tests.conftest import Pathways

Make = Callable[..., Pathways]
FROM_DAY_TO_DAY = ("--since", "2026-03-08", "--until", "2026-03-09")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(default_world()) as running:
        yield running


def modes(data_dir: Path) -> dict[str, int]:
    """Permissions of everything in a folder, itself included; links left out."""
    return {
        str(path.relative_to(data_dir)): stat.S_IMODE(path.stat().st_mode)
        for path in (data_dir, *data_dir.rglob("*"))
        if not path.is_symlink()
    }


@pytest.mark.parametrize(
    ("mode", "umask"),
    [
        (0o700, 0o077),
        (0o755, 0o077),
        (0o750, 0o077),
        (0o2750, 0o027),
        (0o2755, 0o077),
        (0o2770, 0o077),
        (0o2700, 0o077),
    ],
)
def test_group_reads_where_the_folder_was_given_to_it_on_purpose(
    tmp_path: Path, mode: int, umask: int
) -> None:
    tmp_path.chmod(mode)

    assert umask_for(tmp_path) == umask


def test_folder_that_is_not_there_yet_is_its_owners_alone(tmp_path: Path) -> None:
    assert umask_for(tmp_path / "data") == 0o077


def test_root_runs_nothing_in_the_folder_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 10001, 10001)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    name = user_name(tmp_path.stat().st_uid)

    with (
        pytest.raises(ConfigError, match=f"belongs to {name}") as refused,
        exclusive(tmp_path, "run", datetime(2026, 3, 10, tzinfo=UTC)),
    ):
        pass

    assert (refused.value.code, refused.value.exit_code) == ("CFG-008", 2)
    assert f"runuser -u {name}" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_what_a_load_leaves_is_its_owners_alone(
    sandbox: Sandbox, pathways: Make
) -> None:
    run = pathways(sandbox)

    ended = run("sync", *FROM_DAY_TO_DAY)

    assert ended.exit_code == 0, ended.err
    found = modes(run.data_dir)
    assert {"lock", "warehouse.duckdb", "dlt"} <= set(found)
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}


@pytest.mark.slow
def test_what_a_cycle_leaves_is_its_owners_alone(
    sandbox: Sandbox, pathways: Make
) -> None:
    run = pathways(sandbox)

    ended = run("run", "--backfill-minutes", "0")

    assert ended.exit_code == 0, ended.err
    found = modes(run.data_dir)
    assert {"build.duckdb", "logs", "snapshots", "current.json"} <= set(found)
    assert (run.data_dir / "current.duckdb").is_symlink()
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}


@pytest.mark.slow
def test_group_reads_snapshots_of_a_folder_given_to_it_and_writes_nothing(
    sandbox: Sandbox, pathways: Make
) -> None:
    run = pathways(sandbox)
    run.data_dir.mkdir()
    run.data_dir.chmod(0o2750)

    ended = run("run", "--backfill-minutes", "0")

    assert ended.exit_code == 0, ended.err
    found = modes(run.data_dir)
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o027} == {}
    snapshot = (run.data_dir / "current.duckdb").resolve().relative_to(run.data_dir)
    assert found[str(snapshot)] == 0o440
    assert found["snapshots"] == 0o2750
    assert found["current.json"] == 0o640
    # What nobody outside a run needs stays shut where it was made shut.
    assert found["lock"] == 0o600
