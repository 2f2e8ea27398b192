"""Peak memory of a first load of half a million, one and four million rows."""

from pathlib import Path

import pytest

from tests.bench.measuring import (
    insight_rows,
    large_plans,
    last_days,
    pathways,
    report,
    served,
    summary,
)
from tests.conftest import Pathways

pytestmark = pytest.mark.bench

# Accounts, days and rounds.
SIZES = {"0.5 M": (1, 200, 3), "1 M": (2, 200, 3), "4 M": (8, 200, 1)}
# The server renders what it never rendered before: that takes its time.
PATIENT = {"SOURCES__META__LOAD_SECONDS": "7200"}


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    found: dict[str, dict[str, object]] = {}
    peaks: dict[str, float] = {}
    for name, (accounts, days, rounds) in SIZES.items():
        costs = []
        rows = 0
        with served(large_plans(accounts, days)) as world:
            for number in range(rounds):
                data_dir = tmp_path / f"{name}{number}"
                run = Pathways(data_dir, extra=world.environment | PATIENT)
                costs.append(pathways(run, "sync", *last_days(days)))
                rows = insight_rows(run)
        peaks[name] = max(cost.peak_mb for cost in costs)
        found[name] = {"rows": rows, **summary(costs)}
    report("memory", {"first_load": found})

    assert max(peaks.values()) <= 800
    # The same at both sizes, but for the noise of an allocator.
    assert peaks["4 M"] <= 1.15 * peaks["1 M"]
