"""Verbs that work on the warehouse, under its lock."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli import verb
from ingest.errors import ConfigError
from ingest.permissions import umask_for

if TYPE_CHECKING:
    from ingest.progress.interface import Progress
    from ingest.settings import Settings

Answer = tuple[Any, str, int]
DAY = click.DateTime(formats=["%Y-%m-%d"])
ACCEPT_SHRINK = click.option(
    "--accept-shrink",
    "accepts_shrink",
    is_flag=True,
    help="Believe days and listings that lost much, without a second reading.",
)

ACCEPT_LOSS = click.option(
    "--accept-loss",
    "accepts_loss",
    is_flag=True,
    help="Publish although settled days lost rows or spend.",
)


def configured() -> Settings:
    """The settings, with logging set up so that no secret passes it."""
    import logging

    from ingest.logs import TEXT, JsonLines, set_up
    from ingest.settings import load_settings

    context = click.get_current_context()
    settings = load_settings()
    os.umask(umask_for(settings.data_dir))
    set_up(
        settings.secrets(),
        verbose=context.ensure_object(dict).get("verbose", False),
        formatter=JsonLines() if settings.logs.format == "json" else TEXT,
    )
    if settings.logs.requests:
        logging.getLogger("api.requests").setLevel(logging.INFO)
    return settings


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Progress on stderr: bars on a terminal, else lines, none of these with --json."""
    from ingest.progress.shown import shown

    given = click.get_current_context().ensure_object(dict)
    has_lines = given.get("verbose", False) or not given.get("as_json", False)
    with shown(has_lines) as progress:
        yield progress


@verb("sync")
@click.option("--store", "stores", multiple=True, help="Only this store; repeatable.")
@click.option("--since", type=DAY, help="First day, in the account's time zone.")
@click.option("--until", type=DAY, help="Last day, included.")
@click.option("--full-history", is_flag=True, help="All history that is missing.")
@ACCEPT_SHRINK
def sync(
    stores: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    full_history: bool,
    accepts_shrink: bool,
) -> Answer:
    """Load from Meta what is due; with --since and --until exactly these days."""
    settings = configured()
    _known_stores(settings, stores)
    if (since is None) != (until is None):
        raise click.UsageError("--since and --until go together")
    if since and until and since > until:
        raise click.UsageError("--since is after --until")
    if since and since.date() > (settings.clock() + timedelta(days=1)).date():
        raise click.UsageError("--since has not begun anywhere yet")

    from ingest.lock import exclusive
    from ingest.run_summary import document, lines
    from ingest.sync import (
        SyncOptions,
        history_missing,
        sync_all_history,
        sync_days,
        sync_fresh,
    )
    from ingest.windows import DateWindow

    with (
        exclusive(settings.data_dir, "sync", settings.clock()),
        shown_progress() as progress,
    ):
        options = SyncOptions(stores, accepts_shrink=accepts_shrink, progress=progress)
        if since and until:
            window = DateWindow(since.date(), until.date())
            summaries = [sync_days(settings, window, options)]
        else:
            summaries = [sync_fresh(settings, options)]
        missing = 0
        if full_history:
            summaries += sync_all_history(settings, options)
            missing = history_missing(settings, options)
    answer: dict[str, Any] = {"loads": [document(summary) for summary in summaries]}
    said = [line for summary in summaries for line in lines(summary)]
    exit_code = max(each.exit_code for each in summaries)
    if full_history:
        answer["history_days_missing"] = missing
        if missing:
            said.append(f"{missing} days of history are still missing. Run it again.")
            exit_code = exit_code or 1
    return answer, "\n".join(said), exit_code


@verb("build")
@click.option("--full-refresh", is_flag=True, help="Rebuild every partition.")
@click.option(
    "--as-of",
    metavar="MOMENT",
    help="As it was published at this ISO moment, into a file of its own.",
)
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    help="That file; by default `as_of/<snapshot>.duckdb` in the data folder.",
)
def build(full_refresh: bool, as_of: str | None, into: Path | None) -> Answer:
    """Build and test core and marts with dbt."""
    if into and not as_of:
        raise click.UsageError("--into goes with --as-of")
    if as_of:
        return _build_as_of(_moment(as_of), into)
    settings = configured()

    from ingest.build import dbt_build
    from ingest.lock import exclusive

    with exclusive(settings.data_dir, "build", settings.clock()):
        summary = dbt_build(settings, full_refresh)
    text = f"Built {summary.models} models, {summary.tests} tests passed."
    return asdict(summary), text, 0


def _build_as_of(moment: datetime, into: Path | None) -> Answer:
    settings = configured()

    from ingest.as_of import rebuild
    from ingest.lock import exclusive

    with exclusive(settings.data_dir, "build", settings.clock()):
        answer = rebuild(settings, moment, into)
    document = {
        "as_of": moment.isoformat(),
        "snapshot_id": answer.published.snapshot_id,
        "published_at": answer.published.published_at.isoformat(),
        "code_version": answer.published.code_version,
        "is_exact": answer.is_exact,
        "accounts": {
            account_id: {
                "holds_for": publication.published_at.isoformat(),
                "is_exact": answer.was_shown and publication == answer.published,
            }
            for account_id, publication in answer.accounts.items()
        },
        "file": str(answer.file),
    }
    said = [f"Built {answer.file}: as published at {document['published_at']}."]
    if not answer.was_shown:
        said.append(f"Whether readers had that at {moment.isoformat()} is not certain.")
    said += [
        f"Account {account_id} holds for {publication.published_at.isoformat()}: what "
        f"was published at {moment.isoformat()} was thinned out."
        for account_id, publication in answer.accounts.items()
        if publication != answer.published
    ]
    return document, "\n".join(said), 0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"`{text}` is no ISO moment") from None
    if moment.tzinfo is None:
        raise click.UsageError(f"`{text}` names no zone; for UTC add a Z")
    return moment


@verb("publish")
@ACCEPT_LOSS
def publish(accepts_loss: bool) -> Answer:
    """Audit the build and publish it as a snapshot."""
    settings = configured()

    from ingest import by_hand, pointer, snapshots
    from ingest.audit import audit_build
    from ingest.lock import exclusive

    with exclusive(settings.data_dir, "publish", settings.clock()):
        share = None if accepts_loss else settings.audit.loss_share
        mark = audit_build(settings.data_dir, share)
        snapshot = snapshots.publish(settings.data_dir, settings.clock(), mark)
    pinned = pointer.pin(settings.data_dir)
    said = f"Published {snapshot.snapshot_id}."
    if pinned is not None:
        said += f" But {by_hand.said(pinned)} `pathways rollback --resume` lets go."
    return {**asdict(snapshot), "pinned": by_hand.told(pinned)}, said, 0


@verb("run")
@click.option(
    "--backfill-minutes",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Time for history after the fresh days are published.",
)
@click.option("--every", "interval", hidden=True, default="15m")
@ACCEPT_SHRINK
@ACCEPT_LOSS
def run(
    backfill_minutes: float, interval: str, accepts_shrink: bool, accepts_loss: bool
) -> Answer:
    """One whole cycle: load, build, audit, publish, a slice of history."""
    settings = configured()

    from ingest.cycle import run_cycle
    from ingest.run_summary import document, lines
    from ingest.sync import SyncOptions

    with shown_progress() as progress:
        report = run_cycle(
            settings,
            backfill_minutes,
            _interval(interval),
            SyncOptions(accepts_shrink=accepts_shrink, progress=progress),
            accepts_loss,
        )
    said = [
        f"{step.step:9} {step.outcome:8} {step.seconds:7.1f} s  {step.detail}"
        for step in report.steps
    ]
    said += [line for summary in report.syncs for line in lines(summary)]
    answer = {
        "exit_code": report.exit_code,
        "steps": [asdict(step) for step in report.steps],
        "loads": [document(summary) for summary in report.syncs],
    }
    return answer, "\n".join(said), report.exit_code


@verb("schedule")
@click.option(
    "--every", "interval", default="15m", show_default=True, help="30s, 15m, 1h."
)
@click.option("--ticks", type=click.IntRange(min=1), help="Stop after so many runs.")
@click.option("--backfill-minutes", type=click.FloatRange(min=0), default=10.0)
def schedule(interval: str, ticks: int | None, backfill_minutes: float) -> Answer:
    """Run a cycle now and at each tick, one at a time, until stopped."""
    settings = configured()
    settings.require_stores()

    from ingest.schedule import every, run_in_child

    arguments = ["--backfill-minutes", str(backfill_minutes), "--every", interval]
    exit_code = every(_interval(interval), lambda: run_in_child(arguments), ticks)
    return {"exit_code": exit_code}, "", exit_code


@verb("prune")
@click.option("--keep", type=click.IntRange(min=1), default=3, show_default=True)
def prune(keep: int) -> Answer:
    """Remove old snapshots, and what a dead run left.

    The current, the previous, a pinned and an open one always stay, and the last one of
    each of the last days (`pathways.snapshots`).

    Old readings are thinned out by `pathways run`, which asks Meta for the time.
    """
    settings = configured()

    from ingest.lock import exclusive
    from ingest.pruning import prune as pruned

    shelf = settings.snapshots.shelf(keep)
    with exclusive(settings.data_dir, "prune", settings.clock()):
        gone = pruned(settings.data_dir, None, shelf)
    document = {"removed": gone.snapshots, "removed_as_of": gone.built_again}
    return {**document, **asdict(gone.readings)}, f"{gone}.", 0


@verb("backup")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder, best on another disk; by default `backups` in the data folder.",
)
def backup(into: Path | None) -> Answer:
    """Copy the warehouse: its history cannot be fetched again."""
    settings = configured()

    from ingest.backup import back_up
    from ingest.lock import exclusive

    folder = into or settings.data_dir / "backups"
    with exclusive(settings.data_dir, "backup", settings.clock()):
        copy = back_up(settings.data_dir, folder, settings.clock())
    said = f"Copied {copy.bytes / 2**20:.1f} MB into {copy.file}, read back whole."
    return asdict(copy), said, 0


@verb("docs")
def docs() -> Answer:
    """Build the documentation with lineage in one HTML file."""
    settings = configured()

    from ingest.build import dbt_docs
    from ingest.lock import exclusive

    with exclusive(settings.data_dir, "docs", settings.clock()):
        page = dbt_docs(settings)
    return {"page": str(page)}, f"Open {page}, or /lineage while serving.", 0


@verb("lock")
@click.argument("command", nargs=-1, required=True)
def lock(command: tuple[str, ...]) -> Answer:
    """Run any command under the cycle's lock: pathways lock -- dbt build."""
    settings = configured()

    from ingest.lock import exclusive

    with exclusive(settings.data_dir, f"lock {command[0]}", settings.clock()):
        try:
            ended = subprocess.run(command, check=False)
        except FileNotFoundError:
            raise click.UsageError(f"no command `{command[0]}`") from None
    return {"exit_code": ended.returncode}, "", ended.returncode


def _interval(text: str) -> timedelta:
    units = {"s": "seconds", "m": "minutes", "h": "hours"}
    if text[:-1].isdigit() and text[-1:] in units and int(text[:-1]) > 0:
        return timedelta(**{units[text[-1]]: int(text[:-1])})
    raise click.UsageError(f"write an interval like 30s, 15m or 1h, not `{text}`")


def _known_stores(settings: Settings, stores: tuple[str, ...]) -> None:
    settings.require_stores()
    for store in stores:
        if store not in settings.meta.stores:
            known = ", ".join(settings.meta.stores)
            raise ConfigError(
                f"There is no store `{store}`.",
                f"Configured stores: {known}.",
                code="CFG-005",
            )
