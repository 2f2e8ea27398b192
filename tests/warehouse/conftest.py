"""One `dbt build` on an empty warehouse, for whatever needs no rows but the project."""

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from api.snapshots import QUERIES


@dataclass(frozen=True)
class EmptyBuild:
    """What dbt built where nothing was loaded yet."""

    data_dir: Path
    exit_code: int
    out: str

    def artifact(self, name: str) -> Any:
        """A file that dbt wrote: manifest or run_results."""
        return json.loads((self.data_dir / "target" / f"{name}.json").read_text())

    def query(self, sql: str, values: object = None) -> list[dict[str, Any]]:
        """Rows of a query on what was built, by column."""
        with duckdb.connect(self.data_dir / "build.duckdb", read_only=True) as build:
            found = build.execute(sql, values)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def statements(self) -> dict[str, str]:
        """Every statement of ours by name: models and data tests as dbt compiled them,
        functions that read tables, the API's queries."""
        found = {
            result["unique_id"]: result["compiled_code"]
            for result in self.artifact("run_results")["results"]
            if result["unique_id"].startswith(("model.", "test."))
        }
        made = self.query(
            "select function_name, macro_definition from duckdb_functions() "
            "where schema_name = 'metrics' and function_type = 'table_macro'"
        )
        found |= {
            f"metrics.{row['function_name']}": row["macro_definition"] for row in made
        }
        return found | {name: query.sql for name, query in QUERIES.items()}


@pytest.fixture(scope="session")
def empty_build(tmp_path_factory: pytest.TempPathFactory, root: Path) -> EmptyBuild:
    """Built by the first worker that asks; the others wait for it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    ended = folder / "empty_build.json"
    with (folder / "empty_build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            ended.write_text(json.dumps(_build(folder / "empty_build", root)))
    exit_code, out = json.loads(ended.read_text())
    return EmptyBuild(folder / "empty_build", exit_code, out)


def _build(data_dir: Path, root: Path) -> tuple[int, str]:
    data_dir.mkdir()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "build", "--no-use-colors"),
            *("--target-path", str(data_dir / "target")),
        ],
        cwd=root,
        env={
            **os.environ,
            "PATHWAYS__DATA_DIR": str(data_dir),
            "DBT_LOG_PATH": str(data_dir / "logs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout
