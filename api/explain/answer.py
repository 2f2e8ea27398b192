"""The document that /v1/explain and `pathways explain` give."""

from datetime import datetime
from urllib.parse import urlencode

from api.answers import coverage, meta, read_days, unconverted
from api.errors import BadRange, SnapshotGone
from api.explain.checks import run_checks
from api.explain.comparison import Comparison, Scope, compare
from api.explain.contracts import Side, asked_contract, read_contracts
from api.explain.document import document
from api.explain.measures import asked_measure
from api.params import (
    LONGEST_DAYS,
    ExplainQuery,
    Window,
    asked_store,
    check_campaigns,
)
from api.schemas import Answer
from api.schemas_explain import Explanation
from api.settings import Settings
from api.snapshots import Reader


def explanation(
    asked: ExplainQuery, reader: Reader, settings: Settings, now: datetime
) -> Answer[Explanation]:
    """Why the two readers asked for differ.

    Raises:
        ApiError: store, reader, metric, campaign or days cannot be used, or the
            snapshot asked for is no longer served.
    """
    _check_request(asked, reader)
    store = asked_store(reader, asked.store)
    check_campaigns(reader, store["store"], asked.campaign_ids)
    measure = asked_measure(reader, asked.metric)
    contracts = read_contracts(reader, settings.readers)
    moment = asked.at or now
    accounts = reader.rows("accounts", {"store": store["store"], "now": now})
    scope = Scope(
        store=store["store"],
        since=asked.since,
        until=asked.until,
        country=asked.country,
        campaign_ids=asked.campaign_ids,
        reporting_currency=store["reporting_currency"],
        account_currencies=tuple(
            sorted({row["account_currency"] for row in accounts} - {None})
        ),
    )
    comparison = compare(
        reader,
        scope,
        measure,
        Side(asked_contract(contracts, asked.a), reader.snapshot_id, moment),
        Side(asked_contract(contracts, asked.b), reader.snapshot_id, moment),
        row_limit=asked.rows,
        with_shares=asked.shares,
    )
    checks = run_checks(reader, settings, scope, comparison, now)
    since, until = comparison.days
    window = Window(comparison.windows["b"]["today"], since, until, None, None)
    days = read_days(reader, scope.store, window)
    left_out = [
        unconverted(row["account_currency"], row)
        for row in reader.rows(
            "unconverted", {"store": scope.store, "since": since, "until": until}
        )
    ]
    return Answer(
        data=document(
            comparison, checks, _link(asked, scope, comparison, moment), moment
        ),
        meta=meta(
            settings,
            reader,
            now,
            [store],
            window=window,
            days=days,
            covered=coverage(days, left_out, None),
        ),
    )


def _check_request(asked: ExplainQuery, reader: Reader) -> None:
    if asked.snapshot not in (None, reader.snapshot_id):
        raise SnapshotGone(
            f"Snapshot {asked.snapshot} is no longer served.",
            "Leave out snapshot for the current one.",
        )
    if asked.since is None or asked.until is None:
        return
    if asked.since > asked.until:
        raise BadRange(
            f"The window ends on {asked.until}, before it starts on {asked.since}.",
            "Let since be the earlier day.",
        )
    if (asked.until - asked.since).days >= LONGEST_DAYS:
        raise BadRange(
            f"The window is longer than {LONGEST_DAYS} days.",
            "Ask for fewer days at a time.",
        )


def _link(
    asked: ExplainQuery, scope: Scope, comparison: Comparison, moment: datetime
) -> str:
    """The same request, pinned to what it was answered from."""
    pinned = asked.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    # As a URL writes it.
    pinned |= {name: "true" for name, value in pinned.items() if value is True}
    pinned |= {
        "store": scope.store,
        "a": asked.a,
        "b": asked.b,
        "at": moment.isoformat(),
        "snapshot": comparison.b.snapshot_id,
    }
    return f"/v1/explain?{urlencode(pinned, doseq=True)}"
