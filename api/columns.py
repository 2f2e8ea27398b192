"""Meanings of columns, word for word as the tables document them (a test compares)."""

MEANINGS = {
    "account_currency": "The ad account's currency, ISO 4217.",
    "account_id": "The ad account, its digits without `act_`.",
    "account_name": "The account's name.",
    "account_status": "Meta's number of the account's status; 1 is active.",
    "ad_effective_status": (
        "The ad's effective status on that day; null before it was first listed."
    ),
    "ad_effective_status_now": (
        "The ad's effective status when it was last listed; null if it never was."
    ),
    "ad_id": "Meta's id of the ad, as text.",
    "ad_name": (
        "Name of the ad now; as the insights gave it where the ad was never listed."
    ),
    "add_to_cart": "Action `add_to_cart`.",
    "adset_effective_status": (
        "The ad set's effective status on that day; null before it was first listed."
    ),
    "adset_effective_status_now": (
        "The ad set's effective status when it was last listed; null if it never was."
    ),
    "adset_id": "Meta's id of the ad set, as text.",
    "adset_name": (
        "Name of the ad set now; as the insights gave it where the ad set was never "
        "listed."
    ),
    "attribution_setting": (
        "The attribution setting behind the numbers, as Meta gives it; `mixed` "
        "where ad sets differ."
    ),
    "bid_strategy": "Bid strategy of a campaign or ad set.",
    "break_even_roas": (
        "The ROAS at which an order pays for its ads; null when not configured."
    ),
    "budget_level": (
        "Where the campaign's budget lives: campaign, adset, mixed or none."
    ),
    "campaign_id": "Meta's id of the campaign, as text.",
    "campaign_name": (
        "Name of the campaign now; as the insights gave it where the campaign was "
        "never listed."
    ),
    "check_name": "Name of the check.",
    "checkouts_initiated": "Action `initiate_checkout`.",
    "clicks": 'Clicks of every kind ("Clicks (all)").',
    "country_code": (
        "ISO country as Meta gives it, `unknown` where Meta does not know, `ZZ` for "
        "the residual: total minus the sum of countries."
    ),
    "created_at": "When it was created (UTC).",
    "daily_budget": (
        "Daily budget in account currency, major units; null where the budget lives "
        "on another level or the currency's minor unit is not known."
    ),
    "date_day": "The day in the account's time zone.",
    "effective_status": (
        "The campaign's effective status on that day; null before it was first listed."
    ),
    "effective_status_now": (
        "The campaign's effective status when it was last listed; null if it never was."
    ),
    "evidence": "What was found, as a sentence with its figures.",
    "first_day": "The oldest day that campaigns were read for.",
    "first_seen_at": "When it was first listed (UTC).",
    "fix": "What to do about it; null when ok.",
    "fx_rate": (
        "Reporting currency for one unit of account currency; null when missing."
    ),
    "fx_rate_date": (
        "The day the rate was published for; the day itself for a peg or equal "
        "currencies; null when missing."
    ),
    "fx_source": "Who the rate comes from: the provider, `peg`, both, or `identity`.",
    "fx_status": (
        "exact: the rate of the day itself. carried: the last published rate before "
        "it, at most 7 days old. provisional: the same, and the day's own may still "
        "be published. missing: no such rate. identity: both currencies are equal."
    ),
    "grandparent_id": "The campaign of an ad; null otherwise.",
    "grandparent_name": "The grandparent's name now.",
    "impressions": "Impressions.",
    "is_active": "Whether the object counts as active now, by the status rule.",
    "is_partial_day": "Whether the account's day was still running when it was read.",
    "is_present": "Whether the newest whole listing still names it.",
    "landing_page_views": "Action `landing_page_view`.",
    "last_seen_at": "When it was last listed (UTC).",
    "lifetime_budget": (
        "Lifetime budget in account currency, major units; null where it lives on "
        "another level or the currency's minor unit is not known."
    ),
    "link_clicks": "Clicks on links (`inline_link_clicks`).",
    "load_id": "The dlt load that first stored these values.",
    "loaded_at": "When these values were first read (UTC).",
    "newest_complete_day": "The newest day that was over when its campaigns were read.",
    "newest_day": "The newest day that campaigns were read for.",
    "object_id": "Meta's id of the row's own object: account, campaign, ad set or ad.",
    "object_name": "Its name.",
    "object_type": "campaign, adset or ad.",
    "objective": "Objective of a campaign; null otherwise.",
    "optimization_goal": "Optimization goal of an ad set; null otherwise.",
    "outbound_clicks": "Clicks that leave Meta (`outbound_clicks`).",
    "parent_id": "The campaign of an ad set, the ad set of an ad; null for a campaign.",
    "parent_name": "The parent's name now; null where the parent was never listed.",
    "purchase_action_type": (
        "The one action type that `purchases` and `purchase_value` count; null "
        "where the object reported no purchase that day."
    ),
    "purchase_value": (
        "Value of those purchases in reporting currency, converted with the same "
        "rate as spend; null without a rate."
    ),
    "purchase_value_account_currency": "Value of those purchases in account currency.",
    "purchases": "Purchases of the one action type in `purchase_action_type`.",
    "reach": (
        "People reached, of this row alone: never to be summed. Null for the "
        "residual and where Meta withholds it."
    ),
    "reporting_currency": (
        "The store's currency, ISO 4217, in which `spend` and `purchase_value` are "
        "given."
    ),
    "settled_share_of_day": (
        "Share of the day's final purchases, of all accounts read, that is known by "
        "now, by their own history; 1 after 28 days, null while the history is too "
        "short or the day still runs."
    ),
    "spend": (
        "Amount spent in reporting currency, the exact product of original and "
        "rate; null without a rate."
    ),
    "spend_account_currency": "Amount spent in account currency, as Meta gave it.",
    "start_at": "When it starts (UTC).",
    "status": "The status that its owner set.",
    "stop_at": "When it stops (UTC); null without an end.",
    "store": "The store that the account belongs to in the configuration.",
    "target_roas": "The ROAS the store aims at; null when not configured.",
    "timezone_name": "The account's time zone.",
    "verdict": "ok, warn, fail or not_comparable.",
}
