"""OPS-7: a step that hangs ends itself, and status.json says which one it was."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ingest import build, cycle, ending, failpoints
from ingest.ending import time_limit
from ingest.errors import StepEnded
from ingest.files import read_json
from ingest.sandbox.server import Sandbox, environment
from ingest.schedule import run_in_child
from ingest.settings import Settings, load_settings
from tests.promises.test_signals import running
from tests.warehouse.test_runs import small_world


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with Sandbox(small_world()) as sandbox:
        for name, value in environment(sandbox).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATHWAYS__DATA_DIR", str(tmp_path / "data"))
        monkeypatch.setenv("SOURCES__META__LOAD_SECONDS", "1")
        yield load_settings()


def test_step_that_takes_too_long_is_ended_and_named() -> None:
    started = time.monotonic()

    with (
        pytest.raises(StepEnded, match=r"timed out in load: .* longer than 0 s"),
        time_limit("load", 0.05),
    ):
        time.sleep(30)

    assert time.monotonic() - started < 5


def test_what_catches_errors_does_not_catch_the_end_of_the_time() -> None:
    def work() -> None:
        for _ in range(3):
            with suppress(Exception):
                time.sleep(30)

    with pytest.raises(StepEnded), time_limit("load", 0.05):
        work()


def test_step_that_ends_in_time_is_left_alone() -> None:
    with time_limit("load", 0.05):
        pass

    time.sleep(0.1)


def test_dbt_that_hangs_is_killed_and_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "LONGEST_SECONDS", 0.3)
    started = time.monotonic()

    with pytest.raises(StepEnded, match=r"timed out in dbt build") as caught:
        build.run_dbt(settings, ["build"])

    assert time.monotonic() - started < 5
    assert caught.value.code == "BUILD-TIMEOUT"
    assert "--full-refresh" in caught.value.hint
    data_dir = str(settings.data_dir)
    assert [each for each in running(Path(data_dir)) if "dbt_child" in each] == []


def test_limits_leave_room_for_work_and_are_shorter_than_a_nights_cycles() -> None:
    assert build.LONGEST_SECONDS == cycle.LONGEST_STEP_SECONDS == 1800
    assert ending.GRACE_SECONDS < 10


def test_cycle_says_in_which_step_it_timed_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycle, "LONGEST_STEP_SECONDS", 3.0)
    failpoints.arm("sync.accounts_read:1:hang")
    started = time.monotonic()

    report = cycle.run_cycle(settings, backfill_minutes=0)

    assert time.monotonic() - started < 20
    assert report.exit_code == 1
    status = read_json(settings.data_dir / "status.json") or {}
    assert "timed out in load" in str(status["stale"])
    assert "RUN-TIMEOUT" in str(status["failed_checks"])


@pytest.mark.slow
def test_schedule_ends_a_run_that_takes_too_long(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "sync.spool_opened:1:hang")
    started = time.monotonic()

    exit_code = run_in_child(["--backfill-minutes", "0"], longest_seconds=4.0)

    assert exit_code == 1
    assert time.monotonic() - started < 4 + 10
