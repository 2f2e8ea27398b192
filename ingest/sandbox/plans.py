"""Plans of many small accounts, for runs over more than a few."""

from collections.abc import Sequence

from ingest.sandbox.world import AccountPlan

_PLACES = (
    ("USD", "America/New_York", ("US", "CA")),
    ("EUR", "Europe/Berlin", ("DE", "AT", "CH")),
    ("GBP", "Europe/London", ("GB", "IE")),
    ("SAR", "Asia/Riyadh", ("SA", "AE", "KW")),
    ("JPY", "Asia/Tokyo", ("JP",)),
    ("AED", "Asia/Dubai", ("AE", "OM")),
    ("AUD", "Australia/Sydney", ("AU", "NZ")),
    ("BRL", "America/Sao_Paulo", ("BR",)),
)


def many_plans(
    count: int,
    *,
    accounts_per_store: int = 2,
    campaigns: int = 2,
    adsets_per_campaign: int = 1,
    ads_per_adset: Sequence[int] = (2,),
    created_days_ago: int = 60,
    odd_names: bool = False,
    huge_ids: bool = False,
) -> list[AccountPlan]:
    """So many small accounts, 100000000001000 and up, of stores `shop01` and up.

    Currencies and zones go through eight in turn; every second store reports in euro,
    the others in dollars.
    """
    plans: list[AccountPlan] = []
    for number in range(count):
        currency, timezone, countries = _PLACES[number % len(_PLACES)]
        store = number // accounts_per_store
        plans.append(
            AccountPlan(
                account_id=str(100_000_000_001_000 + number),
                store=f"shop{store + 1:02d}",
                name=f"Shop {store + 1}, account {number + 1}",
                currency=currency,
                timezone=timezone,
                reporting_currency=("USD", "EUR")[store % 2],
                created_days_ago=created_days_ago,
                countries=countries,
                campaigns=campaigns,
                adsets_per_campaign=adsets_per_campaign,
                ads_per_adset=tuple(ads_per_adset),
                odd_names=odd_names,
                huge_ids=huge_ids,
            )
        )
    return plans
