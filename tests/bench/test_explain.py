"""What an explanation costs on a million rows, beside DuckDB alone on its statements.

The rows are read and built for real, of one account's four levels, and published twice
with a changed day in between. `PATHWAYS_BENCH_TIMES` makes the history shorter.
"""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.callers import EVERYONE
from api.main import create_app
from api.settings import Settings
from api.snapshots import Reader, Snapshots
from tests.bench.measuring import (
    START,
    TODAY,
    forget,
    large_plans,
    last_days,
    pathways,
    report,
    seeded,
    served,
    spread,
)
from tests.conftest import Pathways
from tests.fixtures.local_client import LocalClient

pytestmark = pytest.mark.bench

ROUNDS = 5
DAYS = 60
# Times the sixty days, for a million rows.
TIMES = int(os.environ.get("PATHWAYS_BENCH_TIMES", "9"))
LIMIT_SECONDS = 1.0
READERS: dict[str, dict[str, object]] = {
    "ads": {"based_on": "ai_budget", "level": "ad"},
    "active_ads": {"based_on": "dashboard", "level": "ad"},
}
WHOLE = {"since": str(TODAY - timedelta(days=DAYS * TIMES - 1)), "until": str(TODAY)}
ASKED: dict[str, dict[str, str]] = {
    "default windows": {"metric": "spend"},
    "all days": {"metric": "roas", **WHOLE},
    "all days, the reference's readers": {
        "metric": "cac",
        "a": "ref_ai_budget",
        "b": "ref_dashboard",
        **WHOLE,
    },
    "all days, every order": {
        "metric": "cac",
        "a": "ref_ai_budget",
        "b": "dashboard",
        "shares": "true",
        **WHOLE,
    },
    "all days, ads and campaigns": {"metric": "spend", "a": "ads", **WHOLE},
    "all days, two readers of ads": {
        "metric": "spend",
        "a": "ads",
        "b": "active_ads",
        **WHOLE,
    },
}


def published_twice(run: Pathways) -> list[datetime]:
    """Builds and publishes, reads two days anew and publishes again; when each was."""
    moments = []
    for hour in range(2):
        now = START + timedelta(hours=hour)
        clock = {"PATHWAYS__NOW": now.isoformat()}
        at = Pathways(run.data_dir, extra={**(run.extra or {}), **clock})
        if hour:
            forget(run.data_dir / "warehouse.duckdb", days=2)
            pathways(at, "sync", *last_days(2))
        pathways(at, "build")
        pathways(at, "publish")
        moments.append(now)
    return moments


class Asked:
    """The API over a data folder, with what each answer asked of the database."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[tuple[str, Any]] = []
        self._inner = Reader._run
        self._client = LocalClient(create_app(settings))
        asked = self

        def noted(reader: Reader, query: str, values: Any) -> Any:
            asked.statements.append((query, dict(values)))
            return asked._inner(reader, query, values)

        monkeypatch.setattr(Reader, "_run", noted)

    def seconds(self, params: dict[str, str]) -> float:
        self.statements.clear()
        begun = time.perf_counter()
        answer = self._client.get("/v1/explain", params={"store": "acme", **params})
        ended = time.perf_counter()
        assert answer.status_code == 200, answer.text
        assert float(answer.json()["data"]["residual"] or 0) == 0
        assert self.statements, "an answer that was kept costs nothing"
        return ended - begun

    def alone(self, snapshots: Snapshots, as_of: datetime | None) -> float:
        """The same statements on a reader that is open already."""
        opened = (
            snapshots.reading_two(EVERYONE, as_of)
            if as_of
            else snapshots.reading(EVERYONE)
        )
        with opened as reader:
            begun = time.perf_counter()
            for query, values in self.statements:
                self._inner(reader, query, values)
            return time.perf_counter() - begun


def test_explaining_a_million_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(large_plans(accounts=1, days=DAYS)) as world:
        first = Pathways(tmp_path / "first", extra=world.environment)
        pathways(first, "sync", *last_days(DAYS))
        run = seeded(first, tmp_path / "long", DAYS, TIMES)
        before, now = published_twice(run)
    # While nothing else has it open.
    (rows,) = run.query("select count(*) from marts.explain_rows")[0]
    settings = Settings(run.data_dir, now=now, readers=READERS, kept_bytes=0)
    asked = Asked(settings, monkeypatch)
    snapshots = Snapshots(settings)
    since_before = {
        "metric": "spend",
        "a": "dashboard",
        "as_of_a": before.isoformat(),
        **WHOLE,
    }
    document: dict[str, Any] = {}
    for name, params in {**ASKED, "all days, two moments": since_before}.items():
        as_of = before if "as_of_a" in params else None
        asked.seconds(params)
        took, alone = [], []
        for _ in range(ROUNDS):
            took.append(asked.seconds(params))
            alone.append(asked.alone(snapshots, as_of))
        document[name] = {"seconds": spread(took), "duckdb_alone": spread(alone)}
    report("explain", {"rows": rows, "asked": document})

    assert rows > 111_111 * TIMES
    for name, found in document.items():
        assert found["seconds"]["median"] <= LIMIT_SECONDS, name
