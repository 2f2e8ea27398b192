"""`dbt build` as a child process: its memory, locks and crashes stay its own."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import BuildFailed
from ingest.settings import Settings

LONGEST_SECONDS = 3600
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
    """
    # Unit tests try the rules on rows of their own: work for the test suite.
    command = ["build", "--exclude-resource-type", "unit_test"]
    output = run_dbt(
        settings, [*command, *(["--full-refresh"] if full_refresh else [])]
    )
    results = _results(settings, output)
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


def run_dbt(settings: Settings, command: list[str]) -> str:
    """Run dbt on this project and data folder; what it printed.

    Raises:
        BuildFailed: it ended with another status than 0, or ran too long.
    """
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
        *(sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *command),
        *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
        *("--target-path", str(_target_path(settings))),
        *("--log-path", str(data_dir / "logs")),
    ]
    child = subprocess.Popen(
        arguments,
        cwd=PROJECT_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=LONGEST_SECONDS)
    except BaseException as interruption:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if isinstance(interruption, subprocess.TimeoutExpired):
            raise BuildFailed(
                f"dbt {command[0]} ran longer than {LONGEST_SECONDS} s and was ended."
            ) from None
        raise
    if child.returncode != 0:
        failed = _failures(settings)
        raise BuildFailed(
            f"dbt {command[0]} failed: " + ("; ".join(failed) or _last_lines(output)),
            f"The last published snapshot is still served. Log: {data_dir / 'logs'}.",
        )
    return output


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
