"""Every fault, run for real: what came of it, and whether the numbers are right.

`make faults` runs every row and prints the table.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ingest import graph_client, request_shape
from ingest.sync import SyncSummary
from tests.promises.fault_rows import ROWS, Row
from tests.promises.fault_run import (
    BAD,
    GOOD,
    FaultRun,
    Numbers,
    Window,
    copied,
    first_run,
    small_world,
)

# Some on every run of the suite; the rest in the slower ring.
EVERY_RUN = {
    "endless pages",
    "too large: only reports",
}
MOST_REQUESTS = 1_500
LONGEST_WAIT = 3_600.0
NOTHING: Numbers = (0, Decimal(0), 0)

TABLE: list[tuple[str, str, str, str, int, float]] = []


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_run(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    yield
    if not TABLE:
        return
    width = max(len(line[0]) for line in TABLE)
    print(f"\n\n{'fault':{width}}  outcome   codes               right  calls  waited")
    for name, outcome, codes, right, calls, waited in TABLE:
        print(
            f"{name:{width}}  {outcome:8}  {codes:18}  {right:5}  {calls:5}  "
            f"{waited:6.0f}"
        )
    print(f"{len(TABLE)} faults, {sum(line[3] == 'yes' for line in TABLE)} right")


def outcome_of(summary: SyncSummary) -> str:
    codes = {failure.code for failure in summary.failures}
    if codes == {"META-SHRINK"}:
        return "held"
    if codes:
        return "reported"
    deferred = any(account.deferred for account in summary.accounts)
    return "deferred" if deferred else "right"


def past(windows: dict[Window, Numbers], run: FaultRun) -> dict[Window, Numbers]:
    """Without the days that still run: those move while a run waits."""
    now = run.sandbox.clock.now()
    todays = {
        account.id: account.local_day(now) for account in run.sandbox.world.accounts
    }
    return {key: value for key, value in windows.items() if key[3] < todays[key[0]]}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            row,
            id=row.name,
            marks=() if row.name in EVERY_RUN else pytest.mark.slow,
        )
        for row in ROWS
    ],
)
def test_fault_gives_right_numbers_or_is_reported_and_heals(
    row: Row, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Far beyond what the small world needs, and soon reached.
    monkeypatch.setattr(graph_client, "MOST_PAGES", 60)
    monkeypatch.setattr(graph_client, "MOST_EMPTY_PAGES", 30)
    if row.as_reports:
        monkeypatch.setattr(request_shape, "REPORT_FROM_ROWS", 0)
    data_dir = tmp_path if row.is_first else copied(base, tmp_path)
    with small_world(**row.world) as sandbox:
        run = FaultRun(data_dir, sandbox, row.settings)
        before = {} if row.is_first else run.visible()
        sandbox.clock.advance(days=1, hours=1)
        row.spoil(sandbox)
        started = sandbox.clock.now()

        spoiled, seconds = run.sync()

        calls = len(sandbox.requests)
        waited = (sandbox.clock.now() - started).total_seconds()
        shown = run.visible()
        truth = run.truth(list(shown), started)
        known = past(shown, run)
        is_true = {key: known[key] == truth[key] for key in known}
        is_old = {key: known[key] == before.get(key) for key in known}
        wrong = [key for key in known if not is_true[key] and not is_old[key]]
        outcome = outcome_of(spoiled)
        codes = sorted({failure.code for failure in spoiled.failures})
        TABLE.append(
            (
                row.name,
                outcome,
                " ".join(codes),
                "yes" if not wrong else "NO",
                calls,
                waited,
            )
        )

        assert wrong == []
        assert outcome == row.outcome, [str(each) for each in spoiled.failures]
        assert row.code is None or codes == [row.code]
        assert spoiled.exit_code == (0 if outcome in ("right", "deferred") else 1)
        due = past(dict.fromkeys(run.all_windows(), NOTHING), run)
        # The other account is right and whole, whatever happened beside it.
        assert row.is_shared or all(is_true.get(key) for key in due if key[0] == GOOD)
        if outcome == "right":
            assert all(is_true.get(key) for key in due)
        assert calls <= MOST_REQUESTS
        assert waited <= LONGEST_WAIT
        assert seconds < 60

        run.heal()
        sandbox.clock.advance(hours=1)
        healed, _ = run.sync()
        now = sandbox.clock.now()
        assert [str(failure) for failure in healed.failures] == []
        assert past(run.visible(), run) == past(run.truth(run.all_windows(), now), run)


def test_the_table_has_every_fault_once() -> None:
    names = [row.name for row in ROWS]

    assert len(names) == len(set(names))
    assert set(names) >= EVERY_RUN
    assert BAD != GOOD
