"""What sort of campaigns the seeded world holds, in the order they appear."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """One sort of campaign.

    `budget` is where the budget sits: campaign, lifetime (of the campaign) or adset.
    `sales` is which purchase types its sales show up as (see `nodes.Campaign`).
    `stopped_days_ago` is when it last delivered, None while it still does.
    `ad_states` is gone through by the campaign's ads in turn: the owner's status, or an
    effective status that Meta gave. `paused_adsets` are places within the campaign.
    """

    name: str
    status: str
    issue: str | None
    budget: str
    sales: str
    objective: str
    stopped_days_ago: int | None
    ad_states: tuple[str, ...]
    paused_adsets: tuple[int, ...] = ()


SHAPES = (
    Shape(
        name="Prospecting | Broad",
        status="ACTIVE",
        issue=None,
        budget="campaign",
        sales="omni",
        objective="OUTCOME_SALES",
        stopped_days_ago=None,
        ad_states=("ACTIVE", "ACTIVE", "DELETED", "DISAPPROVED", "ACTIVE"),
    ),
    Shape(
        name="Retargeting: 30 days",
        status="PAUSED",
        issue=None,
        budget="adset",
        sales="omni",
        objective="OUTCOME_SALES",
        stopped_days_ago=20,
        ad_states=("ACTIVE",),
    ),
    Shape(
        name='New range "Spring"',
        status="ACTIVE",
        issue=None,
        budget="adset",
        sales="pixel",
        objective="OUTCOME_SALES",
        stopped_days_ago=None,
        ad_states=("ACTIVE", "PENDING_REVIEW", "ARCHIVED", "ACTIVE", "PAUSED"),
        paused_adsets=(1,),
    ),
    Shape(
        name="Winter sale",
        status="ARCHIVED",
        issue=None,
        budget="lifetime",
        sales="omni",
        objective="OUTCOME_SALES",
        stopped_days_ago=35,
        ad_states=("ACTIVE",),
    ),
    Shape(
        name="Test / lookalike 1%",
        status="DELETED",
        issue=None,
        budget="campaign",
        sales="pixel",
        objective="OUTCOME_TRAFFIC",
        stopped_days_ago=12,
        ad_states=("ACTIVE",),
    ),
    Shape(
        name="Shop catalogue",
        status="ACTIVE",
        issue="IN_PROCESS",
        budget="adset",
        sales="onsite",
        objective="OUTCOME_SALES",
        stopped_days_ago=None,
        ad_states=("PREAPPROVED", "ACTIVE", "ACTIVE"),
    ),
    Shape(
        name="رمضان | العروض",
        status="ACTIVE",
        issue="WITH_ISSUES",
        budget="campaign",
        sales="omni",
        objective="OUTCOME_SALES",
        stopped_days_ago=None,
        ad_states=("ACTIVE", "WITH_ISSUES", "PENDING_BILLING_INFO", "ACTIVE"),
    ),
)
