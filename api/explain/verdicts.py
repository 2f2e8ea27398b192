"""A check in the shape of the answer: its place in the order, verdict and rows."""

from collections.abc import Iterable
from typing import Any

from api.explain.comparison import Comparison, Scope
from api.schemas_explain import EvidenceRow, ExplainCheck
from api.schemas_status import Verdict
from api.snapshots import Row

# The four checks in their order, then what else can stand between two numbers.
STEP_OF = {
    "freshness_and_backfill": 1,
    "unread_days": 1,
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
    "export_accounts",
)
ORDER = (*STEP_OF, *FURTHER)


def place(check: ExplainCheck) -> int:
    """Where it stands in the order in which to look."""
    return ORDER.index(check.check) if check.check in ORDER else len(ORDER)


def as_check(
    scope: Scope,
    name: str,
    verdict: Verdict,
    evidence: str,
    fix: str | None,
    rows: Iterable[EvidenceRow] = (),
) -> ExplainCheck:
    """A check of the store as a whole."""
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


def unread(scope: Scope, name: str) -> ExplainCheck:
    """The verdict where there is nothing to look at."""
    return as_check(
        scope,
        name,
        "not_comparable",
        "No day of those compared was read.",
        "Read them: pathways sync --since --until.",
    )


def as_found(
    scope: Scope,
    comparison: Comparison,
    name: str,
    found: list[Row],
    bad: str,
    good: str,
    fix: str,
) -> ExplainCheck:
    """Ok where nothing was found; `bad` says how many things were."""
    if not comparison.is_read:
        return unread(scope, name)
    if not found:
        return as_check(scope, name, "ok", good, None)
    return as_check(
        scope,
        name,
        "warn",
        bad.format(f"{found[0]['found_count']:,}"),
        fix,
        map(as_evidence, found),
    )


def as_evidence(found: Row) -> EvidenceRow:
    """A row of `queries/explain_findings.sql`."""
    values: dict[str, Any] = {
        **found,
        "name": found["object_name"] or found["object_id"],
    }
    return EvidenceRow.model_validate(values)
