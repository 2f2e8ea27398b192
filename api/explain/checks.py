"""What to look at first when two numbers differ, in the order in which to look."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from api.explain.comparison import Comparison, Scope
from api.schemas_explain import EvidenceRow, ExplainCheck
from api.schemas_status import Verdict
from api.settings import Settings
from api.snapshots import Reader, Row
from api.status_file import freshness_checks, read_status

# The four checks in their order, then what else can stand between two numbers.
STEP_OF = {
    "freshness_and_backfill": 1,
    "table_parity": 2,
    "level_parity": 2,
    "country_conservation": 2,
    "status_mix": 3,
    "hierarchy": 4,
}
FURTHER = (
    "currency_coverage",
    "budget_unit",
    "restatements",
    "level_gaps",
    "vanished_objects",
)
ORDER = (*STEP_OF, *FURTHER)
ROWS = 5


def run_checks(
    reader: Reader,
    settings: Settings,
    scope: Scope,
    comparison: Comparison,
    now: datetime,
) -> list[ExplainCheck]:
    """The checks of the store, and of the days, country and campaigns compared."""
    first_day, last_day = comparison.days
    values = {
        "store": scope.store,
        "country": scope.country,
        "campaign_ids": scope.campaign_ids,
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
    checks.append(_parity(scope, comparison, reader.rows("explain_parity", values)))
    checks += [
        _known(row, found.get(row["check_name"], []))
        for row in reader.rows("status_checks", {"store": scope.store})
    ]
    if not comparison.b.is_export:
        checks.append(_restatements(scope, comparison, found.get("restatements", [])))
    checks.append(
        _found(
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
        _found(
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
    return sorted(checks, key=_place)


def _place(check: ExplainCheck) -> int:
    return ORDER.index(check.check) if check.check in ORDER else len(ORDER)


def _check(
    scope: Scope,
    name: str,
    verdict: Verdict,
    evidence: str,
    fix: str | None,
    rows: Iterable[EvidenceRow] = (),
) -> ExplainCheck:
    return ExplainCheck(
        step=STEP_OF.get(name),
        check=name,
        store=scope.store,
        account_id=None,
        verdict=verdict,
        evidence=evidence,
        fix=fix,
        rows=list(rows),
    )


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
        rows=list(map(_evidence, own)),
        **{
            name: row[name]
            for name in ("store", "account_id", "verdict", "evidence", "fix")
        },
    )


def _parity(scope: Scope, comparison: Comparison, tables: list[Row]) -> ExplainCheck:
    dashboard, daily, adsets = tables
    if not comparison.is_read:
        return _unread(scope, "table_parity")
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
        return _check(
            scope,
            "table_parity",
            "fail",
            f"{dashboard['table_name']} and {daily['table_name']} differ in the days "
            "compared.",
            "Run: pathways build --full-refresh.",
            rows,
        )
    if not adsets["is_as_first"]:
        return _check(
            scope,
            "table_parity",
            "warn",
            f"{daily['table_name']} and {adsets['table_name']} differ in the days "
            "compared: ad sets do not add up to their campaigns.",
            "See the check level_gaps.",
            rows,
        )
    return _check(
        scope,
        "table_parity",
        "ok",
        "Both readers' tables hold the same of the days compared, campaigns and ad "
        "sets alike.",
        None,
    )


def _restatements(
    scope: Scope, comparison: Comparison, found: list[Row]
) -> ExplainCheck:
    snapshots = {comparison.a.snapshot_id, comparison.b.snapshot_id}
    if len(snapshots) == 1:
        return _check(
            scope,
            "restatements",
            "ok",
            f"Both read snapshot {snapshots.pop()}: nothing changed in between.",
            None,
        )
    return _found(
        scope,
        comparison,
        "restatements",
        found,
        "{} campaign days of those compared have other numbers in one snapshot than in "
        "the other.",
        "The days compared that both snapshots have read have the same numbers in "
        "both.",
        "The step as_of has the rows; marts.restatements the history.",
    )


def _unread(scope: Scope, name: str) -> ExplainCheck:
    return _check(
        scope,
        name,
        "not_comparable",
        "No day of those compared was read.",
        "Read them: pathways sync --since --until.",
    )


def _found(
    scope: Scope,
    comparison: Comparison,
    name: str,
    found: list[Row],
    bad: str,
    good: str,
    fix: str,
) -> ExplainCheck:
    if not comparison.is_read:
        return _unread(scope, name)
    if not found:
        return _check(scope, name, "ok", good, None)
    return _check(
        scope,
        name,
        "warn",
        bad.format(f"{found[0]['found_count']:,}"),
        fix,
        map(_evidence, found),
    )


def _evidence(found: Row) -> EvidenceRow:
    values: dict[str, Any] = {
        **found,
        "name": found["object_name"] or found["object_id"],
    }
    return EvidenceRow.model_validate(values)
