"""`pathways demo`: the real cycle on a sandbox, and its numbers beside the truth."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from pydantic import SecretStr

from ingest import snapshots
from ingest.cycle import run_cycle
from ingest.errors import PathwaysError
from ingest.fields import LEVELS
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import default_story
from ingest.sandbox.world import (
    DEFAULT_SEED,
    DEFAULT_START,
    build_world,
    default_plans,
)
from ingest.settings import (
    FxSettings,
    MetaSettings,
    ServeSettings,
    Settings,
    StoreSettings,
    load_settings,
)

DAYS_BETWEEN = 2
# Young accounts: the first cycle reads all their days, so each cycle builds once.
CREATED_DAYS_AGO = 34
TABLE_WIDTH = 110
EXPLAINED = {"store": "acme", "metric": "spend"}
# Metrics as the sandbox's truth names them, and as core does.
METRICS = {
    "spend": "spend_account_currency",
    "impressions": "impressions",
    "clicks": "clicks",
    "purchases": "purchases",
    "purchase_value": "purchase_value_account_currency",
}


@dataclass(frozen=True)
class Line:
    """Sums over all days of one account and level, in account currency."""

    store: str
    currency: str
    level: str
    ours: dict[str, Decimal]
    truth: dict[str, Decimal]


def run_demo(serving: bool) -> tuple[Any, str, int]:
    """Two cycles two days apart; the table, and whether it equals the truth.

    Raises:
        PathwaysError: a cycle failed.
    """
    configured = load_settings()
    data_dir = configured.data_dir / "demo"
    _start_afresh(data_dir)
    plans = [
        replace(plan, created_days_ago=CREATED_DAYS_AGO) for plan in default_plans()
    ]
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)
    with Sandbox(world, story=default_story(world)) as sandbox:
        _say(f"A Graph API of a made-up world answers at {sandbox.url}.")
        settings = _settings(sandbox, data_dir, configured)
        _say(f"Day 1, {settings.clock():%Y-%m-%d}: every day so far is read.")
        _cycle(settings)
        sandbox.clock.advance(days=DAYS_BETWEEN)
        settings = _settings(sandbox, data_dir, configured)
        _say(
            f"Day 3, {settings.clock():%Y-%m-%d}: a day was restated, an ad is new, "
            "one vanished; only what changed is read and rebuilt."
        )
        _cycle(settings)
        lines = list(_lines(sandbox, settings))
        equal = all(line.ours == line.truth for line in lines)
        _show(lines)
        explained = _explained(settings)
        _say(_next_steps(equal, settings))
        if serving:
            from ingest.verbs_show import serve_forever

            serve_forever(settings, None)
    document = {
        "equal": equal,
        "data_dir": str(data_dir),
        "lines": [line.__dict__ for line in lines],
        "explained": explained,
    }
    return document, "", 0 if equal else 1


def _settings(sandbox: Sandbox, data_dir: Path, configured: Settings) -> Settings:
    """Settings of the made-up stores alone; the user's own are left out."""
    targets = {"acme": Decimal("2.5"), "noor": Decimal("3")}
    stores = {
        account.store: StoreSettings(
            accounts=(f"act_{account.id}",),
            reporting_currency=account.reporting_currency,
            target_roas=targets.get(account.store),
        )
        for account in sandbox.world.accounts
    }
    return Settings(
        data_dir=data_dir,
        now=sandbox.clock.now(),
        meta=MetaSettings(
            api_base_url=sandbox.url,
            access_token=SecretStr(sandbox.token),
            stores=stores,
        ),
        fx=FxSettings(base_url=f"{sandbox.url}/eurofxref-hist.zip"),
        # Its own folder holds no keys, so it stays on this machine.
        serve=ServeSettings(port=configured.serve.port),
    )


def _cycle(settings: Settings) -> None:
    report = run_cycle(settings)
    for step in report.steps:
        _say(f"  {step.step:9} {step.seconds:6.1f} s  {step.detail}")
    failures = [failure for sync in report.syncs for failure in sync.failures]
    for problem in [*report.problems, *failures]:
        raise problem


def _lines(sandbox: Sandbox, settings: Settings) -> Iterator[Line]:
    published = snapshots.current(settings.data_dir)
    if published is None:
        raise PathwaysError("Nothing was published.")
    with duckdb.connect(str(published.file), read_only=True) as connection:
        for account in sandbox.world.accounts:
            for level in LEVELS:
                sums = ", ".join(f"sum({column})" for column in METRICS.values())
                until, *ours = connection.execute(
                    f"select max(date_day), {sums} "
                    "from core.meta_level_totals "
                    "where account_id = $account_id and level = $level",
                    {"account_id": account.id, "level": level},
                ).fetchall()[0]
                since = account.created_at.astimezone(account.zone).date()
                truth = dict.fromkeys(METRICS, Decimal(0))
                for row in sandbox.truth_rows(account.id, level, since, until):
                    for metric in METRICS:
                        truth[metric] += row.metrics[metric]
                yield Line(
                    store=account.store,
                    currency=account.currency,
                    level=level,
                    ours=dict(zip(METRICS, map(Decimal, ours), strict=True)),
                    truth=truth,
                )


def _show(lines: list[Line]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="All days, account currency: published numbers and the truth")
    for name in ("store", "level", "currency"):
        table.add_column(name)
    for name in (
        "spend",
        "true spend",
        "purchases",
        "value",
        "true value",
        "difference",
    ):
        table.add_column(name, justify="right")
    for line in lines:
        gap = sum((abs(line.ours[m] - line.truth[m]) for m in METRICS), Decimal(0))
        table.add_row(
            line.store,
            line.level,
            line.currency,
            f"{line.ours['spend']:,.2f}",
            f"{line.truth['spend']:,.2f}",
            f"{line.ours['purchases']:,}",
            f"{line.ours['purchase_value']:,.2f}",
            f"{line.truth['purchase_value']:,.2f}",
            f"{gap:,.2f}",
        )
    Console(stderr=True, width=TABLE_WIDTH).print(table)


def _explained(settings: Settings) -> dict[str, Any]:
    """Why the two readers show different spend of one store, in steps."""
    from ingest.verbs_explain import explained
    from ingest.waterfall import in_short

    document: dict[str, Any] = explained(settings, EXPLAINED)["data"]
    _say(f"Why two readers show different numbers of {EXPLAINED['store']}:")
    _say(in_short(document))
    return document


def _next_steps(equal: bool, settings: Settings) -> str:
    verdict = (
        "Every level of every account equals the truth."
        if equal
        else "The published numbers are NOT the truth: this is a bug."
    )
    explain = " ".join(f"--{name} {value}" for name, value in EXPLAINED.items())
    return (
        f"{verdict}\nThe rows behind each step, and the checks:\n"
        f"  PATHWAYS__DATA_DIR={settings.data_dir} "
        f"PATHWAYS__NOW={settings.clock():%Y-%m-%dT%H:%M:%SZ} "
        f".venv/bin/pathways explain {explain}\n"
        "Next: `pathways demo --serve` and open /docs, or write your stores into "
        ".dlt/config.toml and run `pathways run`."
    )


def _start_afresh(data_dir: Path) -> None:
    """Remove what an earlier demo left, but for what dbt parsed: it parses slowly."""
    for path in data_dir.glob("*"):
        if path.is_dir() and not path.is_symlink():
            if path.name != "target":
                shutil.rmtree(path)
        else:
            path.unlink()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
