"""What AI Budget sees: priors, advice and its grounds, for any window."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import UNCONVERTED, coverage, meta, read_days, unconverted
from api.asked import asked_store, asked_window
from api.dependencies import MomentAsked, SnapshotAsked, UsedSettings
from api.params import BUDGET_DAYS, BudgetQuery
from api.schemas import NOTHING_HIDDEN, Answer, StatusFilter
from api.schemas_budget import (
    Budget,
    BudgetTrust,
    ReallocatedCampaign,
    Reallocation,
    ReallocationTotals,
    StartPlan,
)
from api.schemas_budget_rows import BudgetPrior, BudgetRow

router = APIRouter(prefix="/v1", tags=["budget"])


@router.get("/budget", summary="Priors, advice, start plans, reallocation and trust")
def budget(
    asked: Annotated[BudgetQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[Budget]:
    store = asked_store(reader, asked.store)
    window = asked_window(reader, store["store"], asked, "none", now, BUDGET_DAYS)
    days = read_days(reader, store["store"], window, "campaign", "adset")
    values = {"store": store["store"], **window.values(), "country": asked.country}
    rows = [BudgetRow.model_validate(row) for row in reader.rows("budget_rows", values)]
    totals = reader.rows("budget_reallocation_totals", values)
    trust = reader.rows("budget_trust", values)
    left_out = [
        unconverted(row["account_currency"], row)
        for row in reader.rows("unconverted", values)
    ]
    return Answer(
        data=Budget(
            priors=[
                BudgetPrior.model_validate(row)
                for row in reader.rows("budget_priors", values)
            ],
            campaigns=[row for row in rows if row.level == "campaign"],
            campaign_countries=[row for row in rows if row.level == "campaign_country"],
            adsets=[row for row in rows if row.level == "adset"],
            start_plans=[
                StartPlan.model_validate(row)
                for row in reader.rows("budget_start_plans", values)
            ],
            reallocation=Reallocation(
                totals=ReallocationTotals.model_validate(totals[0]) if totals else None,
                campaigns=[
                    ReallocatedCampaign.model_validate(row)
                    for row in reader.rows("budget_reallocation", values)
                ],
            ),
            trust=BudgetTrust.model_validate(trust[0]) if trust else None,
        ),
        meta=meta(
            settings,
            reader,
            now,
            [store],
            window=window,
            days=days,
            status_filter=StatusFilter(include_inactive=True, hidden=NOTHING_HIDDEN),
            covered=coverage(days, left_out, None),
            warnings=[UNCONVERTED] if left_out else [],
        ),
    )
