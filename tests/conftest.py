"""Fixtures for tests that go the whole way over real HTTP, DuckDB files and dbt."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.sandbox.server import Sandbox, environment

pytest_plugins = ("tests.fixtures.no_network",)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """A verb that runs in this process sets it for the tests after it, too."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)


@dataclass(frozen=True)
class Ended:
    """A finished `pathways` process."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document of `--json`."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Pathways:
    """Runs `pathways` verbs on one data folder against one sandbox."""

    data_dir: Path
    sandbox: Sandbox | None = None
    extra: Mapping[str, str] | None = None
    folder: Path = ROOT

    def environment(self) -> dict[str, str]:
        names = ("PATH", "HOME", "LANG", "TMPDIR")
        own = {name: os.environ[name] for name in names if name in os.environ}
        world = environment(self.sandbox) if self.sandbox else {}
        return {
            **own,
            **world,
            "PATHWAYS__DATA_DIR": str(self.data_dir),
            **(self.extra or {}),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ingest", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> Ended:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=300)
        return Ended(process.returncode, out, err)

    def dbt(self, *arguments: str, processors: int | None = None) -> str:
        """What dbt itself says of the data folder, whatever it ended with.

        Args:
            processors: at most so many for it and DuckDB; None for all.
        """
        usable = sorted(os.sched_getaffinity(0))[:processors]
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "dbt.cli.main", *arguments, "--no-use-colors"),
                *("--target-path", str(self.data_dir / "target")),
                *("--log-path", str(self.data_dir / "logs")),
            ],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, usable),
        )
        return ended.stdout

    def query(self, sql: str, file: str = "current.duckdb") -> list[tuple[Any, ...]]:
        """Rows of a query on the published snapshot, or on another file."""
        path = str((self.data_dir / file).resolve())
        with duckdb.connect(path, read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()


@pytest.fixture
def pathways(tmp_path: Path) -> Callable[..., Pathways]:
    """Makes a `Pathways` on a folder of its own."""

    def make(sandbox: Sandbox | None = None, **extra: str) -> Pathways:
        return Pathways(tmp_path / "data", sandbox, extra)

    return make


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


def table_hashes(run: Pathways, file: str) -> Iterator[tuple[str, int, str]]:
    """Name, row count and order-free hash of every core table and mart."""
    tables = run.query(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('core', 'marts') and table_name <> 'build_results' "
        "order by 1",
        file,
    )
    for (table,) in tables:
        # md5 of the row as text: the same for every version and thread count.
        rows = run.query(
            "select count(*), "
            "coalesce(sum(('0x' || left(md5(row_text), 12))::bigint), 0) from "
            f"(select cast(content as varchar) as row_text from {table} as content)",
            file,
        )
        yield table, rows[0][0], str(rows[0][1])
