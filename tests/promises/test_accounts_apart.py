"""One of four accounts fails, in each way: the others are right, it keeps its own."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.fields import LEVELS
from ingest.ledger import read_ledger
from ingest.sandbox.faults import graph_error, server_error
from ingest.sandbox.plans import many_plans
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world
from ingest.settings import FxSettings, Settings
from ingest.sync import SyncOptions, SyncSummary, sync_fresh
from tests.fixtures.fake_time import clock_of_sandbox
from tests.fixtures.raw_tables import rows

BAD, *GOOD = [str(100_000_000_001_000 + number) for number in range(4)]
Key = tuple[str, str, date]


def four_accounts() -> Sandbox:
    plans = many_plans(4, accounts_per_store=1, campaigns=1, created_days_ago=3)
    return Sandbox(build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START))


@dataclass(frozen=True)
class Run:
    """A data folder and the sandbox of four stores that it reads."""

    data_dir: Path
    sandbox: Sandbox

    def sync(self) -> SyncSummary:
        stores = {
            account.store: {
                "accounts": [f"act_{account.id}"],
                "reporting_currency": account.reporting_currency,
            }
            for account in self.sandbox.world.accounts
        }
        settings = Settings.model_validate(
            {
                "data_dir": self.data_dir,
                "now": self.sandbox.clock.now(),
                "meta": {
                    "api_base_url": self.sandbox.url,
                    "access_token": self.sandbox.token,
                    "stores": stores,
                },
                "fx": FxSettings(provider="none"),
            }
        )
        options = SyncOptions(clock=clock_of_sandbox(self.sandbox))
        return sync_fresh(settings, options)

    def spend(self) -> dict[Key, Decimal]:
        """By account, level and day: the spend of the rows that hold, in total."""
        return {
            (account, level, day): reading.counts.spend
            for (account, level, breakdown, day), reading in read_ledger(
                self.data_dir
            ).readings.items()
            if breakdown == "none"
        }

    def truth(self, accounts: list[str]) -> dict[Key, Decimal]:
        return {
            (account, level, day): sum(
                (row["spend"] for row in found.values()), Decimal(0)
            )
            for account, level, day in self.spend()
            if account in accounts
            for found in [self.sandbox.truth(account, level, day)]  # type: ignore[arg-type]
        }


def of(accounts: list[str], spend: dict[Key, Decimal]) -> dict[Key, Decimal]:
    return {key: amount for key, amount in spend.items() if key[0] in accounts}


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("four")
    with four_accounts() as sandbox:
        run = Run(data_dir, sandbox)
        summary = run.sync()
        assert summary.failures == []
        assert run.spend() == run.truth([BAD, *GOOD])
    # Four accounts, four levels, four days.
    assert len(run.spend()) == 4 * len(LEVELS) * 4
    return data_dir


@pytest.fixture
def run(loaded_once: Path, tmp_path: Path) -> Iterator[Run]:
    """The loaded folder, for one test to load into again, a day later."""
    shutil.copy(loaded_once / "warehouse.duckdb", tmp_path)
    with four_accounts() as sandbox:
        sandbox.clock.advance(days=1)
        yield Run(tmp_path, sandbox)


def failing(name: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.fail_account(BAD, name)


def expired_midway(sandbox: Sandbox) -> None:
    gone = graph_error(190, status=400, message="Session has expired", subcode=463)
    sandbox.faults.add(match=f"act_{BAD}/", fault=gone, times=None, after=7)


def broken_server(sandbox: Sandbox) -> None:
    sandbox.faults.add(match=f"act_{BAD}", fault=server_error(), times=None)


def unknown_currency(sandbox: Sandbox) -> None:
    sandbox.change_account(BAD, currency="XXX")


SLOW = pytest.mark.slow
WAYS = [
    pytest.param(failing("expired_token"), "META-190", id="expired token"),
    pytest.param(
        failing("session_invalid"), "META-190", id="password changed", marks=SLOW
    ),
    pytest.param(failing("app_removed"), "META-190", id="app removed", marks=SLOW),
    pytest.param(failing("no_session"), "META-190", id="no session", marks=SLOW),
    pytest.param(expired_midway, "META-190", id="token expired midway"),
    pytest.param(failing("permission"), "META-200", id="no ads_read", marks=SLOW),
    pytest.param(failing("permission_10"), "META-10", id="app not allowed", marks=SLOW),
    pytest.param(
        failing("permission_272"), "META-272", id="permission 272", marks=SLOW
    ),
    pytest.param(failing("permission_3"), "META-3", id="no capability", marks=SLOW),
    pytest.param(failing("disabled_account"), None, id="disabled", marks=SLOW),
    pytest.param(
        failing("unknown_object"), "META-100", id="unknown account", marks=SLOW
    ),
    pytest.param(failing("unknown_error"), "META-002", id="unknown error", marks=SLOW),
    pytest.param(unknown_currency, "META-CURRENCY", id="unknown currency", marks=SLOW),
    pytest.param(broken_server, "META-002", id="server error for ever", marks=SLOW),
]


@pytest.mark.parametrize(("fail", "code"), WAYS)
def test_one_failing_account_leaves_the_others_right_and_keeps_its_own(
    run: Run, fail: Callable[[Sandbox], None], code: str | None
) -> None:
    before = run.spend()
    fail(run.sandbox)

    summary = run.sync()

    bad, *good = summary.accounts
    after = run.spend()
    assert (bad.account_id, bad.word) == (BAD, "failed")
    assert all(failure.hint for failure in bad.failures)
    assert code is None or [failure.code for failure in bad.failures] == [code]
    assert [account.word for account in good] == ["ok"] * 3
    assert summary.exit_code == 1
    assert of(GOOD, after) == run.truth(GOOD)
    # Every number of the bad one is one that was right when it was read.
    known = set(before.items()) | set(run.truth([BAD]).items())
    assert set(of([BAD], after).items()) <= known
    assert set(of([BAD], before)) <= set(after)


@pytest.mark.slow
@pytest.mark.parametrize(("fail", "code"), WAYS)
def test_account_that_is_restored_is_right_in_the_next_run(
    run: Run, fail: Callable[[Sandbox], None], code: str | None
) -> None:
    fail(run.sandbox)
    run.sync()

    run.sandbox.restore(BAD)
    run.sandbox.faults.clear()
    run.sandbox.change_account(BAD, currency="USD")
    run.sandbox.clock.advance(hours=1)
    summary = run.sync()

    assert summary.failures == []
    assert run.spend() == run.truth([BAD, *GOOD])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["expired_token", "permission", "unknown_object"])
def test_refusal_is_asked_once_and_not_again(run: Run, name: str) -> None:
    run.sandbox.fail_account(BAD, name)

    run.sync()

    asked = [entry for entry in run.sandbox.requests if BAD in entry.path]
    assert len(asked) == 1


@pytest.mark.slow
def test_failed_account_leaves_a_receipt_that_says_why(run: Run) -> None:
    run.sandbox.fail_account(BAD, "permission")

    summary = run.sync()

    receipts = rows(
        run.data_dir,
        "select resource, outcome, error_code from raw_meta.receipts "
        f"where account_id = '{BAD}' and _dlt_load_id = '{summary.load_id}'",
    )
    assert receipts == [("account", "failed", "META-200")]
