"""The document that /v1/explain and `pathways explain` give."""

from datetime import datetime
from urllib.parse import urlencode

from api.answers import about_the_past, coverage, meta, read_days, unconverted
from api.asked import Window, asked_store, check_campaigns, check_days
from api.callers import Caller
from api.errors import BadParameter
from api.explain.checks import run_checks
from api.explain.comparison import NO_EXPORT, Comparison, Scope, compare
from api.explain.contracts import Side, asked_contract
from api.explain.document import document
from api.explain.exported import ADS_MANAGER, Exported, check_export, put_beside
from api.explain.measures import asked_measure
from api.params import ExplainQuery
from api.schemas import Answer
from api.schemas_explain import Explanation
from api.settings import Settings
from api.shelf import Source
from api.snapshots import Reader, Snapshots


def explanation(
    asked: ExplainQuery,
    snapshots: Snapshots,
    caller: Caller,
    settings: Settings,
    now: datetime,
    exported: Exported | None = None,
) -> Answer[Explanation]:
    """Why the two readers asked for differ.

    Args:
        exported: an export that stands in for B; its days are those of both.

    Raises:
        ApiError: store, reader, metric, campaign, days or moments cannot be used, or
            what was published at a moment is not kept.
    """
    _check_request(asked, now, exported)
    at_a, at_b = asked.as_of_a or asked.as_of, asked.as_of_b or asked.as_of
    if at_a == at_b or exported:
        with snapshots.reading(caller, at_a) as reader:
            return _explained(asked, reader, reader.source, settings, now, exported)
    with snapshots.reading_two(caller, at_a, at_b) as two:
        return _explained(asked, two, two.a, settings, now)


def _explained(
    asked: ExplainQuery,
    reader: Reader,
    of_a: Source,
    settings: Settings,
    now: datetime,
    exported: Exported | None = None,
) -> Answer[Explanation]:
    store = asked_store(reader, asked.store)
    check_campaigns(reader, store["store"], asked.campaign_ids)
    measure = asked_measure(reader, asked.metric)
    if exported:
        accounts = put_beside(reader, store["store"], exported)
    else:
        accounts = reader.rows("accounts", {"store": store["store"], "now": now})
    compared = [row for row in accounts if row.get("is_exported", True)]
    scope = Scope(
        store=store["store"],
        since=exported.since if exported else asked.since,
        until=exported.until if exported else asked.until,
        country=asked.country,
        campaign_ids=asked.campaign_ids,
        reporting_currency=store["reporting_currency"],
        account_currencies=tuple(
            sorted({row["account_currency"] for row in compared} - {None})
        ),
        left_out=tuple(row["account_id"] for row in accounts if row not in compared),
    )
    if exported:
        check_export(exported, measure, scope.country, scope.account_currencies)
    sides = _sides(asked, reader, of_a, settings, now, exported)
    is_one = of_a.snapshot_id == reader.snapshot_id
    facts = "explain_facts" if is_one else "explain_facts_of_two"
    comparison = compare(
        reader,
        scope,
        measure,
        *sides,
        row_limit=asked.rows,
        with_shares=asked.shares,
        facts="explain_facts_of_export" if exported else facts,
        splits=exported.splits() if exported else NO_EXPORT,
    )
    since, until = comparison.days
    window = Window(comparison.windows["b"]["today"], since, until, None, None)
    levels = {side.contract.level for side in sides}
    days = read_days(reader, scope.store, window, *levels)
    checks = run_checks(reader, settings, scope, comparison, days, now)
    left_out = [
        unconverted(row["account_currency"], row)
        for row in reader.rows(
            "unconverted", {"store": scope.store, "since": since, "until": until}
        )
    ]
    return Answer(
        data=document(
            comparison, checks, None if exported else _link(asked, scope, comparison)
        ),
        meta=meta(
            settings,
            reader,
            now,
            [store],
            window=window,
            days=days,
            covered=coverage(days, left_out, None),
            warnings=[] if is_one or not of_a.past else about_the_past(of_a.past),
        ),
    )


def _check_request(
    asked: ExplainQuery, now: datetime, exported: Exported | None
) -> None:
    if exported and asked.shares:
        raise BadParameter(
            "An export has no numbers under A's rules, so no other order of them has "
            "one.",
            "Leave out --shares.",
        )
    for moment in (asked.as_of, asked.as_of_a, asked.as_of_b):
        if moment is not None and moment > now:
            raise BadParameter(
                f"The moment {moment.isoformat()} has not come yet.",
                "Leave it out for what is known now.",
            )
    if asked.since and asked.until:
        check_days(asked.since, asked.until)


def _sides(
    asked: ExplainQuery,
    reader: Reader,
    of_a: Source,
    settings: Settings,
    now: datetime,
    exported: Exported | None,
) -> tuple[Side, Side]:
    at_a = asked.as_of_a or asked.as_of or now
    at_b = asked.as_of_b or asked.as_of or now
    contract_a = asked_contract(reader, settings.readers, asked.a)
    a = Side(contract_a, of_a.snapshot_id, at_a)
    if exported:
        b = Side(ADS_MANAGER, exported.file, at_a, is_export=True)
    else:
        contract_b = asked_contract(reader, settings.readers, asked.b)
        b = Side(contract_b, reader.snapshot_id, at_b)
    for side in (a, b):
        if asked.campaign_ids and side.contract.level == "account":
            raise BadParameter(
                f"`{side.contract.reader}` adds up account rows, and those name no "
                "campaign.",
                "Leave out campaign_id, or name a reader of another level.",
            )
    return a, b


def _link(asked: ExplainQuery, scope: Scope, comparison: Comparison) -> str:
    """The same request, pinned to the moments that it was answered for."""
    pinned = asked.model_dump(
        mode="json", exclude_defaults=True, exclude_none=True, exclude={"as_of"}
    )
    # As a URL writes it.
    pinned |= {name: "true" for name, value in pinned.items() if value is True}
    pinned |= {
        "store": scope.store,
        "a": asked.a,
        "b": asked.b,
        "as_of_a": comparison.a.now_at.isoformat(),
        "as_of_b": comparison.b.now_at.isoformat(),
    }
    return f"/v1/explain?{urlencode(pinned, doseq=True)}"
