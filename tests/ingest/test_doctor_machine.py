"""What is said of folders, disk, clock and ledger."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.doctor.checks import Check
from ingest.doctor.machine import (
    clock_check,
    data_dir_checks,
    disk_check,
    ledger_check,
    secrets_file_check,
)
from ingest.lock import exclusive
from tests.fixtures.raw_tables import create, load, readings

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
GB = 2**30


def checks_of(data_dir: Path) -> dict[str, Check]:
    return {check.code: check for check in data_dir_checks(data_dir)}


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [
        (0o700, "ok"),
        (0o2750, "ok"),
        (0o750, "warn"),
        (0o755, "warn"),
        (0o2755, "warn"),
        (0o2770, "warn"),
        (0o701, "warn"),
    ],
)
def test_data_folder_is_for_its_owner_or_a_chosen_group(
    tmp_path: Path, mode: int, verdict: str
) -> None:
    tmp_path.chmod(mode)

    assert checks_of(tmp_path)["DOC-MODE"].verdict == verdict


def test_data_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    data_dir = tmp_path / "not" / "there"

    checks = checks_of(data_dir)

    assert checks["DOC-DATADIR"].verdict == "ok"
    assert "DOC-MODE" not in checks
    assert list(tmp_path.iterdir()) == []


def test_data_folder_that_is_a_file_fails(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("x")

    assert checks_of(file)["DOC-DATADIR"].verdict == "fail"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_data_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    assert checks_of(tmp_path)["DOC-DATADIR"].verdict == "fail"


def test_data_folder_that_the_system_calls_read_only_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    assert checks_of(tmp_path)["DOC-DATADIR"].verdict == "fail"


@pytest.mark.parametrize(
    ("free", "largest", "verdict"),
    [
        # Three times the largest file, and never under a GB.
        (1 * GB, 0, "ok"),
        (1 * GB - 1, 0, "warn"),
        (6 * GB, 2 * GB, "ok"),
        (6 * GB - 1, 2 * GB, "warn"),
        (2 * GB - 1, 2 * GB, "fail"),
        (GB // 20, 0, "fail"),
    ],
)
def test_disk_holds_three_copies_of_the_largest_file_or_a_gigabyte(
    free: int, largest: int, verdict: str
) -> None:
    assert disk_check(free, largest).verdict == verdict


def test_disk_is_judged_by_the_largest_of_warehouse_build_and_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "snapshots").mkdir()
    for name, size in (("warehouse", 5), ("build", 7), ("snapshots/one", 9)):
        with (tmp_path / f"{name}.duckdb").open("wb") as file:
            file.truncate(size * GB)

    assert "27.0 GB are wanted" in checks_of(tmp_path)["DOC-DISK"].sentence


@pytest.mark.parametrize(
    ("off", "verdict"),
    [
        (timedelta(seconds=60), "ok"),
        (timedelta(seconds=-60), "ok"),
        (timedelta(seconds=61), "warn"),
        (timedelta(minutes=-10), "warn"),
        (timedelta(minutes=10, seconds=1), "fail"),
        (timedelta(days=-1), "fail"),
    ],
    ids=str,
)
def test_clock_is_compared_with_the_one_in_metas_answer(
    off: timedelta, verdict: str
) -> None:
    assert clock_check(NOW + off, NOW).verdict == verdict


def test_clock_says_which_way_it_is_off() -> None:
    assert "90 s ahead of" in clock_check(NOW + timedelta(seconds=90), NOW).sentence
    assert "90 s behind" in clock_check(NOW - timedelta(seconds=90), NOW).sentence


def test_answer_without_a_time_or_a_zone_is_no_crash() -> None:
    assert clock_check(NOW, None).verdict == "skipped"
    assert clock_check(NOW, NOW.replace(tzinfo=None)).verdict == "ok"


@pytest.mark.parametrize(("mode", "verdict"), [(0o600, "ok"), (0o640, "warn")])
def test_secrets_file_is_its_owners_alone(
    tmp_path: Path, mode: int, verdict: str
) -> None:
    file = tmp_path / "secrets.toml"
    file.touch()
    file.chmod(mode)

    check = secrets_file_check(file)

    assert check is not None
    assert check.verdict == verdict


def test_without_a_secrets_file_nothing_is_said(tmp_path: Path) -> None:
    assert secrets_file_check(tmp_path / "secrets.toml") is None


def test_ledger_of_nothing_is_skipped_and_makes_nothing(tmp_path: Path) -> None:
    assert ledger_check(tmp_path, NOW).verdict == "skipped"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("read_at", "verdict"),
    [
        (NOW - timedelta(days=1), "ok"),
        (NOW + timedelta(seconds=60), "ok"),
        (NOW + timedelta(hours=2), "warn"),
    ],
    ids=["yesterday", "within the slack", "in two hours"],
)
def test_ledger_with_a_reading_from_the_future_is_warned_of(
    tmp_path: Path, read_at: datetime, verdict: str
) -> None:
    create(tmp_path)
    receipts = readings(date(2026, 3, 9), read_at)
    load(tmp_path, "1772600000.1", receipts=receipts)

    assert ledger_check(tmp_path, NOW).verdict == verdict


def test_warehouse_that_is_damaged_fails_and_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"no database" * 2000)

    check = ledger_check(tmp_path, NOW)

    assert check.verdict == "fail"
    assert "cannot be read" in check.sentence


def test_ledger_is_left_alone_while_a_run_holds_the_lock(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").touch()

    with exclusive(tmp_path, "run", NOW):
        check = ledger_check(tmp_path, NOW)

    assert check.verdict == "skipped"
    assert "A run" in check.sentence
