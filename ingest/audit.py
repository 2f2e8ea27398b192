"""The gate between a build and its readers: what must hold before it is published.

dbt's own tests ran in the build; this asks whether they did, and what a test inside one
build cannot see: what the last published snapshot held.
"""

from decimal import Decimal
from pathlib import Path

import duckdb

from ingest import snapshots
from ingest.drift import attached, lacks, losses
from ingest.errors import AuditFailed
from ingest.failpoints import reached
from ingest.warehouse import has_table

ACCEPT = (
    " Where the loss is right, `pathways publish --accept-loss` takes settled days as "
    "they are."
)


def audit_build(data_dir: Path, loss_share: Decimal | None) -> str:
    """Pass, or refuse; the mark of the build: the newest load that is in it.

    Args:
        loss_share: see `drift.losses`.

    Raises:
        AuditFailed: with every reason.
    """
    path = data_dir / "build.duckdb"
    if not path.exists():
        raise AuditFailed("There is no build to publish.", "Run `pathways build`.")
    is_loss = False
    with duckdb.connect(str(path), read_only=True) as connection:
        reasons = [*_unfinished(connection), *_failed(connection)]
        mark = None if reasons else _mark(connection)
        if mark is None and not reasons:
            reasons = ["it does not say which loads it holds: build it again"]
        if not reasons:
            reasons = [f"it lacks {name}" for name in lacks(connection)]
        if not reasons:
            reasons = _losses(connection, data_dir, loss_share)
            is_loss = bool(reasons)
    if reasons or mark is None:
        raise AuditFailed(
            "The build is not published: " + "; ".join(reasons) + ".",
            "The last good snapshot is still served." + (ACCEPT if is_loss else ""),
        )
    reached("audit.passed")
    return mark


def _losses(
    connection: duckdb.DuckDBPyConnection, data_dir: Path, loss_share: Decimal | None
) -> list[str]:
    """What the build lacks of what readers have, or of the newest whole one before it.

    Raises:
        AuditFailed: the two could not be compared.
    """
    try:
        for published in snapshots.shown(data_dir):
            if published.is_whole() and attached(connection, published.file):
                return losses(connection, loss_share)
    except duckdb.Error as problem:
        raise AuditFailed(
            "The build is not published: it could not be compared with what readers "
            f"have ({problem}).",
            "The last good snapshot is still served; run again.",
        ) from problem
    return []


def _unfinished(connection: duckdb.DuckDBPyConnection) -> list[str]:
    if not has_table(connection, "marts", "build_results"):
        return ["dbt has not built here yet"]
    rows = connection.execute(
        "select command, is_selection, count(*) filter (status = 'ended') "
        "from marts.build_results group by command, is_selection"
    ).fetchall()
    reasons = []
    for command, is_selection, ended in rows:
        if command != "build":
            reasons.append(f"the last dbt command was `{command}`, not `build`")
        if is_selection:
            reasons.append("the last build was of a selection of nodes")
        if not ended:
            reasons.append("the last build did not end")
    return reasons


def _mark(connection: duckdb.DuckDBPyConnection) -> str | None:
    """None where nothing was loaded, or an earlier release built it."""
    try:
        found = connection.execute("select max(load_id) from marts.build_results")
    except duckdb.BinderException:
        return None
    mark: str | None = found.fetchall()[0][0]
    return mark


def _failed(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select node, status from marts.build_results "
        "where node is not null and status not in ('success', 'pass', 'warn', 'no-op')"
        # What was skipped was so because of another.
        " order by status = 'skipped', node limit 5"
    ).fetchall()
    return [f"{node} ended with {status}" for node, status in rows]
