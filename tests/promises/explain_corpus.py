"""Thirty-two seeded differences, how each is asked about, and what has to come first.

Without an export both readers read the published snapshot; with one, B is a file that
`explain_exports.py` writes from the sandbox's truth.
"""

from dataclasses import dataclass, field
from typing import Any

# Before rates stayed away; both ends included.
OLDER = {"since": "2026-02-10", "until": "2026-02-23"}
NEWER = {"since": "2026-03-07", "until": "2026-03-11"}
READERS: dict[str, dict[str, object]] = {
    "complete_days": {"based_on": "dashboard", "partial_days": "exclude"},
    "known_countries": {"based_on": "dashboard", "countries": "known"},
    "link_clicks_only": {"based_on": "dashboard", "clicks": "link"},
    "status_of_the_day": {"based_on": "dashboard", "status_moment": "day"},
    "by_utc": {"based_on": "dashboard", "time_zone": "UTC"},
    "accounts": {"based_on": "ai_budget", "level": "account"},
    "every_ad": {"based_on": "ai_budget", "level": "ad"},
    "active_ads": {"based_on": "dashboard", "level": "ad"},
    "orders_without_money": {
        "based_on": "dashboard",
        "currency": "reporting_all_orders",
    },
    "as_it_filtered": {"based_on": "dashboard", "status": "ref_active"},
    "with_countries_it_hid": {"based_on": "ref_dashboard", "countries": "known"},
    "original": {"based_on": "ai_budget", "currency": "account"},
    "original_active": {"based_on": "dashboard", "currency": "account"},
}


@dataclass(frozen=True)
class Difference:
    """What was seeded, how it is asked about, and what has to come first.

    Attributes:
        cause: the rule with the largest share; None where the two have to agree.
        of: narrowed to this campaign, by its name in `explain_world.py`.
        clock: hours that the API's clock is ahead of the last cycle.
        as_of: the end of which cycle A is asked as of, 0 the first; None for now.
        export: which file stands in for B.
    """

    seeded: str
    cause: str | None
    store: str = "acme"
    metric: str = "spend"
    a: str = "ai_budget"
    b: str = "dashboard"
    asked: dict[str, Any] = field(default_factory=dict)
    of: str | None = None
    clock: int = 0
    as_of: int | None = None
    export: str | None = None


OF_READERS = [
    Difference("two default windows, 14 and 7 days", "window", store="noor"),
    Difference("a campaign paused since", "status", of="paused", asked=OLDER),
    Difference(
        "a campaign active on the day, paused now",
        "status",
        a="status_of_the_day",
        of="paused",
        asked=OLDER,
    ),
    Difference(
        "a vanished ad",
        "status",
        store="noor",
        a="every_ad",
        b="active_ads",
        of="campaign of the vanished ad",
        asked=OLDER,
    ),
    Difference("a renamed campaign", None, of="renamed", asked=OLDER),
    Difference("campaigns and their account", None, a="accounts", b="ai_budget"),
    Difference(
        "a day with 23 hours",
        None,
        asked={"since": "2026-03-08"} | {"until": "2026-03-08"},
        metric="purchases",
        of="renamed",
    ),
    Difference(
        "rates that stay away: orders that no spend stands against",
        "currency",
        metric="cac",
        a="orders_without_money",
        asked={"since": "2026-02-26", "until": "2026-03-11"},
    ),
    Difference(
        "what Meta gave to no country",
        "country",
        store="noor",
        metric="impressions",
        a="known_countries",
        asked=OLDER,
    ),
    Difference(
        "a country that Meta does not know",
        "country",
        store="noor",
        a="known_countries",
        asked=OLDER | {"country": "unknown"},
    ),
    Difference("a day that still runs", "partial_day", store="noor", a="complete_days"),
    Difference(
        "midnight in Riyadh, not yet in UTC",
        "time_zone",
        store="noor",
        a="by_utc",
        clock=10,
    ),
    Difference(
        "clicks of every kind and clicks on links",
        "definition",
        metric="ctr",
        a="link_clicks_only",
        asked=NEWER,
    ),
    Difference("a reader and itself", None, a="dashboard"),
    Difference(
        "an ad that Meta leaves out of its level",
        "level",
        store="noor",
        a="every_ad",
        b="ai_budget",
        asked={"since": "2026-02-25", "until": "2026-02-25"},
    ),
]
OF_THE_REFERENCE = [
    Difference(
        "statuses that the reference did not know",
        "status",
        a="as_it_filtered",
        asked=OLDER,
    ),
    Difference(
        "the reference's last 30 days, which are 31",
        "window",
        store="noor",
        a="ref_ai_budget",
        b="ai_budget",
    ),
    Difference(
        "countries that the reference hid for want of an order",
        "country",
        a="ref_dashboard",
        b="with_countries_it_hid",
        asked={"since": "2026-03-12", "until": "2026-03-12"},
    ),
]
SINCE_THEN = [
    Difference(
        "purchases that Meta attributed later",
        "as_of",
        store="noor",
        metric="revenue",
        a="dashboard",
        asked={"since": "2026-03-05", "until": "2026-03-05"},
        as_of=0,
    ),
    Difference(
        "a day read while it ran, half of it",
        "as_of",
        store="noor",
        a="dashboard",
        asked={"since": "2026-03-10", "until": "2026-03-10"},
        as_of=0,
    ),
    Difference(
        "a campaign paused since then",
        "as_of",
        a="dashboard",
        of="paused",
        asked=OLDER,
        as_of=0,
    ),
    Difference(
        "a campaign renamed since then",
        None,
        a="dashboard",
        of="renamed",
        asked=OLDER,
        as_of=0,
    ),
    Difference(
        "a listing cut off since then",
        None,
        a="active_ads",
        b="active_ads",
        asked=OLDER,
        as_of=1,
    ),
]
VERSUS_ADS_MANAGER = [
    Difference("an export of what was read", None, "noor", a="original", export="same"),
    Difference(
        "an export without a campaign",
        "not_in_export",
        "noor",
        a="original",
        export="without a campaign",
    ),
    Difference(
        "an export with another day",
        "other_numbers",
        "noor",
        a="original",
        export="with another day",
    ),
    Difference(
        "an export with a campaign of another account",
        "not_in_ours",
        "noor",
        a="original",
        export="with another campaign",
    ),
    Difference(
        "an export by country, without what Meta gave to none",
        "not_in_export",
        "noor",
        a="original",
        export="by country",
    ),
    Difference("an export in another currency", "currency", "noor", export="same"),
    Difference(
        "an export with what the dashboard hides",
        "status",
        "acme",
        a="original_active",
        export="of acme",
    ),
    Difference(
        "an export of days not read yet",
        "not_in_ours",
        "noor",
        a="original",
        export="of older days",
    ),
    Difference(
        "an export made after Meta corrected a day",
        "other_numbers",
        "noor",
        a="original",
        export="made later",
    ),
]
CORPUS = [*OF_READERS, *OF_THE_REFERENCE, *SINCE_THEN, *VERSUS_ADS_MANAGER]
