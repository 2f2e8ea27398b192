"""What to look at first when two numbers differ, in the order in which to look."""

from datetime import datetime

from api.answers import Days
from api.explain.comparison import Comparison, Scope
from api.explain.verdicts import (
    STEP_OF,
    as_check,
    as_evidence,
    as_found,
    place,
    unread,
)
from api.schemas_explain import EvidenceRow, ExplainCheck
from api.settings import Settings
from api.snapshots import Reader, Row
from api.status_file import freshness_checks, read_status

ROWS = 5


def run_checks(
    reader: Reader,
    settings: Settings,
    scope: Scope,
    comparison: Comparison,
    days: Days,
    now: datetime,
) -> list[ExplainCheck]:
    """The checks of the store, and of the days, country and campaigns compared.

    Args:
        days: which of the days compared were read.
    """
    first_day, last_day = comparison.days
    values = {
        "store": scope.store,
        "country": scope.country,
        "campaign_ids": scope.campaign_ids,
        "left_out": scope.left_out,
        "first_day": first_day,
        "last_day": last_day,
        "row_limit": ROWS,
    }
    findings = reader.rows("explain_findings", values)
    found: dict[str, list[Row]] = {}
    for row in findings:
        found.setdefault(row["check_name"], []).append(row)
    checks = [
        ExplainCheck(**check.model_dump(), rows=[])
        for check in freshness_checks(
            read_status(settings.data_dir, reader.caller), scope.store, now
        )
    ]
    checks.append(_unread_days(scope, comparison, days))
    checks.append(_parity(scope, comparison, reader.rows("explain_parity", values)))
    checks += [
        _known(row, found.get(row["check_name"], []))
        for row in reader.rows("status_checks", {"store": scope.store})
    ]
    if scope.left_out:
        checks.append(_left_out(scope))
    if not comparison.b.is_export:
        checks.append(_restatements(reader, scope, comparison, values))
    checks.append(
        as_found(
            scope,
            comparison,
            "level_gaps",
            found.get("level_gaps", []),
            "In the days compared {} sums of children differ from their parent.",
            "In the days compared every level adds up to the one above it.",
            "Their causes are in marts.level_gaps; compare both readers at one level.",
        )
    )
    checks.append(
        as_found(
            scope,
            comparison,
            "vanished_objects",
            found.get("vanished_objects", []),
            "{} campaigns of the days compared are no longer listed by Meta; they "
            "count as inactive.",
            "Meta still lists every campaign of the days compared that it has listed.",
            "Compare with include_inactive=true: their spend was real.",
        )
    )
    compared = (each for each in checks if each.account_id not in scope.left_out)
    return sorted(compared, key=place)


def _known(row: Row, found: list[Row]) -> ExplainCheck:
    """A check that marts.status_checks has made of the newest days.

    What the days compared lack is told even where those are older.
    """
    own = [each for each in found if each["account_id"] == row["account_id"]]
    if own and row["verdict"] == "ok":
        row = row | {
            "verdict": "fail",
            "evidence": f"{row['evidence']} Of the days compared some rows have none.",
            "fix": "Add the rates of these days: see sources.fx in the configuration.",
        }
    return ExplainCheck(
        step=STEP_OF.get(row["check_name"]),
        check=row["check_name"],
        rows=list(map(as_evidence, own)),
        **{
            name: row[name]
            for name in ("store", "account_id", "verdict", "evidence", "fix")
        },
    )


def _unread_days(scope: Scope, comparison: Comparison, days: Days) -> ExplainCheck:
    """Of days that are over: today may not have begun everywhere."""
    missing = [
        row
        for row in days.rows
        if row["account_id"] not in scope.left_out
        and not row["is_read"]
        and not row["is_before_account"]
        and row["date_day"] < comparison.windows["b"]["today"]
    ]
    if not missing:
        return as_check(
            scope,
            "unread_days",
            "ok",
            "Every day compared that is over was read.",
            None,
        )
    first = missing[0]
    return as_check(
        scope,
        "unread_days",
        "warn",
        f"{len(missing):,} account days of those compared were not read, the first "
        f"{first['date_day']} of account {first['account_id']}.",
        "Read them: pathways sync --since --until; the backfill comes to them too.",
    )


def _left_out(scope: Scope) -> ExplainCheck:
    return as_check(
        scope,
        "export_accounts",
        "warn",
        f"The export has no campaign of {', '.join(scope.left_out)}; what was read of "
        "these accounts is left out.",
        "Export them too, each by itself.",
    )


def _parity(scope: Scope, comparison: Comparison, tables: list[Row]) -> ExplainCheck:
    dashboard, daily, adsets = tables
    if not comparison.is_read:
        return unread(scope, "table_parity")
    rows = [
        EvidenceRow(
            account_id=None,
            name=table["table_name"],
            level=None,
            cause=None,
            date_day=None,
            spend_account_currency=table["spend_account_currency"],
            purchases=table["purchases"],
        )
        for table in tables
    ]
    if not daily["is_as_first"]:
        return as_check(
            scope,
            "table_parity",
            "fail",
            f"{dashboard['table_name']} and {daily['table_name']} differ in the days "
            "compared.",
            "Run: pathways build --full-refresh.",
            rows,
        )
    if not adsets["is_as_first"]:
        return as_check(
            scope,
            "table_parity",
            "warn",
            f"{daily['table_name']} and {adsets['table_name']} differ in the days "
            "compared: ad sets do not add up to their campaigns.",
            "See the check level_gaps.",
            rows,
        )
    return as_check(
        scope,
        "table_parity",
        "ok",
        "Both readers' tables hold the same of the days compared, campaigns and ad "
        "sets alike.",
        None,
    )


def _restatements(
    reader: Reader, scope: Scope, comparison: Comparison, values: Row
) -> ExplainCheck:
    snapshots = {comparison.a.snapshot_id, comparison.b.snapshot_id}
    if len(snapshots) == 1:
        return as_check(
            scope,
            "restatements",
            "ok",
            f"Both read snapshot {snapshots.pop()}: nothing changed in between.",
            None,
        )
    return as_found(
        scope,
        comparison,
        "restatements",
        reader.rows("explain_restatements", values),
        "{} campaign days of those compared have other numbers in one snapshot than in "
        "the other.",
        "The days compared that both snapshots have read have the same numbers in "
        "both.",
        "The step as_of has the rows; marts.restatements the history.",
    )
