"""`dbt build` as a child process: its memory, locks and crashes stay its own."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ingest.disk import no_room, require_room, says_no_room
from ingest.errors import BuildFailed, PathwaysError, StepEnded
from ingest.failpoints import reached
from ingest.settings import Settings

# A build of a cycle takes seconds to minutes; one that hangs must not cost an hour of
# cycles. Rebuilding everything by hand may take longer.
LONGEST_SECONDS = 1800.0
LONGEST_BY_HAND_SECONDS = 4 * 3600.0
LOG_BYTES = 4_000_000
PROJECT_DIR = Path(__file__).resolve().parent.parent
_FAILED = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class BuildSummary:
    """How many nodes of each kind dbt ran."""

    models: int
    tests: int


def project_hash() -> str:
    """A digest of the dbt project: another one means other rules."""
    digest = hashlib.sha256()
    files = [
        PROJECT_DIR / "dbt_project.yml",
        *(PROJECT_DIR / "dbt_project").rglob("*.*"),
    ]
    for file in sorted(file for file in files if file.is_file()):
        digest.update(str(file.relative_to(PROJECT_DIR)).encode() + file.read_bytes())
    return digest.hexdigest()


def dbt_build(settings: Settings, full_refresh: bool = False) -> BuildSummary:
    """Build and test everything. The caller holds the lock.

    Raises:
        BuildFailed: dbt ended with an error or a failed test; the message names them.
        StepEnded: it ran too long.
        DiskFull: there is, or was, no room for it.
    """
    require_room(settings.data_dir)
    # Unit tests try the rules on rows of their own: work for the test suite.
    command = ["build", "--exclude-resource-type", "unit_test"]
    if full_refresh:
        command.append("--full-refresh")
    reached("build.started")
    output = run_dbt(
        settings, command, LONGEST_BY_HAND_SECONDS if full_refresh else LONGEST_SECONDS
    )
    results = _results(settings, output)
    reached("build.ended")
    return BuildSummary(
        models=sum(node.startswith("model.") for node in results),
        tests=sum(node.startswith(("test.", "unit_test.")) for node in results),
    )


def dbt_docs(settings: Settings) -> Path:
    """Build the documentation in one file; where it stands.

    Raises:
        BuildFailed: dbt could not read the project or the warehouse.
    """
    run_dbt(settings, ["docs", "generate", "--static"])
    page = _target_path(settings) / "static_index.html"
    published = settings.data_dir / "docs" / page.name
    published.parent.mkdir(parents=True, exist_ok=True)
    page.replace(published)
    return published


def run_dbt(
    settings: Settings, command: list[str], longest_seconds: float | None = None
) -> str:
    """Run dbt on this project and data folder; what it printed.

    Raises:
        BuildFailed: it ended with another status than 0.
        StepEnded: it ran too long.
        DiskFull: it ended for want of room.
    """
    seconds = LONGEST_SECONDS if longest_seconds is None else longest_seconds
    data_dir = settings.data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    # dbt reads files only: no token of ours is any of its business.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SOURCES__")
    }
    environment["PATHWAYS__DATA_DIR"] = str(data_dir)
    arguments = [
        *(sys.executable, "-m", "ingest.dbt_child", "--no-use-colors", *command),
        *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
        *("--target-path", str(_target_path(settings))),
        *("--log-path", str(data_dir / "logs")),
        *("--log-file-max-bytes", str(LOG_BYTES)),
    ]
    # Results of an earlier run must not be taken for those of one that wrote none.
    (_target_path(settings) / "run_results.json").unlink(missing_ok=True)
    while_we_live, held_by_us = os.pipe()
    child = subprocess.Popen(
        arguments,
        cwd=PROJECT_DIR,
        env=environment,
        stdin=while_we_live,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    os.close(while_we_live)
    try:
        reached("build.dbt_started")
        output, _ = child.communicate(timeout=seconds)
    except BaseException as interruption:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if isinstance(interruption, subprocess.TimeoutExpired):
            raise _timed_out(command, seconds) from None
        raise
    finally:
        os.close(held_by_us)
    if child.returncode != 0:
        raise _failure(settings, command, output)
    return output


def _timed_out(command: list[str], seconds: float) -> StepEnded:
    by_hand = "; `pathways build --full-refresh` may take four hours"
    return StepEnded(
        f"timed out in dbt {command[0]}: it ran longer than {seconds:.0f} s and was "
        "ended.",
        "The last good snapshot is still served. The next run tries again"
        + ("." if "--full-refresh" in command else f"{by_hand}."),
        code="BUILD-TIMEOUT",
    )


def _failure(settings: Settings, command: list[str], output: str) -> PathwaysError:
    failed = "; ".join(_failures(settings)) or _last_lines(output)
    if says_no_room(failed) or says_no_room(output):
        return no_room(failed, settings.data_dir.resolve() / "build.duckdb")
    logs = settings.data_dir.resolve() / "logs"
    return BuildFailed(
        f"dbt {command[0]} failed: {failed}",
        f"The last published snapshot is still served. Log: {logs}.",
    )


def _target_path(settings: Settings) -> Path:
    return settings.data_dir.resolve() / "target"


def _run_results(settings: Settings) -> list[dict[str, str]]:
    path = _target_path(settings) / "run_results.json"
    try:
        results: list[dict[str, str]] = json.loads(path.read_text())["results"]
    except (OSError, ValueError, KeyError):
        return []
    return results


def _results(settings: Settings, output: str) -> list[str]:
    found = [result["unique_id"] for result in _run_results(settings)]
    if not found:
        raise BuildFailed(f"dbt left no results: {_last_lines(output)}")
    return found


def _failures(settings: Settings) -> list[str]:
    return [
        f"{result['unique_id'].split('.')[2]} ({result['message']})"
        for result in _run_results(settings)
        if result["status"] in _FAILED
    ]


def _last_lines(output: str) -> str:
    return " ".join(output.strip().splitlines()[-5:])
