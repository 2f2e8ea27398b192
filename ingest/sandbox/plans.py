"""Plans of many small accounts, and of one store in several currencies."""

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

# One of each: no smaller unit, clocks that change, the store's own, a peg, no rate.
_CURRENCIES = (
    ("TRY", "Europe/Istanbul", ("TR", "AZ")),
    ("JPY", "Asia/Tokyo", ("JP",)),
    ("EUR", "Europe/Berlin", ("DE", "AT")),
    ("USD", "America/New_York", ("US", "CA")),
    ("SAR", "Asia/Riyadh", ("SA", "AE")),
    ("KWD", "Asia/Kuwait", ("KW",)),
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


def currency_plans(*, created_days_ago: int = 60) -> list[AccountPlan]:
    """One store, `bazaar`, in dollars: six accounts, each with a currency of its own.

    In this order, 100000000002000 and up: lira; yen, which have no smaller unit; euro,
    in Berlin, whose clocks change; dollars; riyals, which have a peg and no rate; and
    dinars of Kuwait, which have neither. Two campaigns each, one of them paused.
    """
    return [
        AccountPlan(
            account_id=str(100_000_000_002_000 + number),
            store="bazaar",
            name=f"Bazaar {currency}",
            currency=currency,
            timezone=timezone,
            reporting_currency="USD",
            created_days_ago=created_days_ago,
            countries=countries,
            campaigns=2,
            adsets_per_campaign=1,
            ads_per_adset=(2,),
        )
        for number, (currency, timezone, countries) in enumerate(_CURRENCIES)
    ]
