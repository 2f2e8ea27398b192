"""What Meta says of an ad account, judged. Pure.

Source: Meta Marketing API, Ad Account; Graph API overview, "Rate limits".
"""

from collections.abc import Iterator, Mapping

from ingest.account_statuses import ACTIVE, status_words
from ingest.doctor.checks import Check
from ingest.throttle import SLOW_FROM_PERCENT, is_limited
from ingest.windows import zone_named


def account_checks(
    subject: str, account: Mapping[str, object], known_currencies: frozenset[str]
) -> Iterator[Check]:
    """What is to be said of an account as Meta describes it."""
    name = str(account.get("name") or "without a name")
    yield Check(subject, "DOC-ACCOUNT", "ok", f"{name}, reached.")
    yield _status(subject, str(account.get("account_status") or ""))
    yield _currency(subject, str(account.get("currency") or ""), known_currencies)
    yield _zone(subject, str(account.get("timezone_name") or ""))


def usage_check(subject: str, tier: str | None, used_percent: float | None) -> Check:
    """How much of Meta's quotas is used, and which tier the app has."""
    if used_percent is None:
        sentence = "Meta did not say how much of its quotas is used."
        return Check(subject, "DOC-USAGE", "skipped", sentence)
    access = f"tier {tier}" if tier else "a tier that Meta did not name"
    if is_limited(tier):
        access += ", taken as limited: 60 points of calls in 300 s an account"
    sentence = f"Meta's quotas are {used_percent:.0f} % used; the app has {access}."
    if used_percent < SLOW_FROM_PERCENT:
        return Check(subject, "DOC-USAGE", "ok", sentence)
    step = "Runs slow down until it is less. See what else calls Meta with this app."
    return Check(subject, "DOC-USAGE", "warn", sentence, step)


def rates_check(
    subject: str,
    pair: tuple[str, str],
    provider: str,
    rated: frozenset[str],
    pegs: Mapping[str, str],
) -> Check:
    """Whether amounts can be converted.

    Args:
        pair: the account's currency and the store's reporting currency.
        rated: currencies that the provider published a rate for of late, its base too.
        pegs: the anchor of each currency that is pegged to one.
    """
    account, reporting = pair
    if account == reporting:
        sentence = f"{account} is the reporting currency; nothing is converted."
        return Check(subject, "DOC-RATES", "ok", sentence)
    anchors = {currency: pegs.get(currency, currency) for currency in pair}
    lacking = [currency for currency in pair if anchors[currency] not in rated]
    if not lacking or anchors[account] == anchors[reporting]:
        pegged = [
            f"{one} by its peg to {to}" for one, to in anchors.items() if one != to
        ]
        how = f", {' and '.join(pegged)}" if pegged else ""
        sentence = f"{account} is converted to {reporting} with `{provider}`{how}."
        return Check(subject, "DOC-RATES", "ok", sentence)
    return Check(
        subject,
        "DOC-RATES",
        "warn",
        f"`{provider}` has no rate for {' nor '.join(lacking)}: amounts in {reporting} "
        "stay empty and are counted.",
        f"If {lacking[0]} is pegged to a currency, add it to "
        'dbt_project/seeds/currency_pegs.csv; else set provider = "file" in '
        "[sources.fx] and give your own rates.",
    )


def _status(subject: str, status: str) -> Check:
    sentence = f"The account is {status_words(status)}."
    if status == ACTIVE:
        return Check(subject, "DOC-STATUS", "ok", sentence)
    step = "See Meta's Account overview. Its past days can be read all the same."
    return Check(subject, "DOC-STATUS", "warn", sentence, step)


def _currency(subject: str, currency: str, known: frozenset[str]) -> Check:
    if currency in known:
        return Check(subject, "DOC-CURRENCY", "ok", f"{currency}, known.")
    return Check(
        subject,
        "DOC-CURRENCY",
        "fail",
        f"The minor units of {currency or 'its currency'} are not known, so its "
        "budgets would be a guess.",
        "Add it to dbt_project/seeds/currency_minor_units.csv, from Meta's page on "
        "currencies.",
    )


def _zone(subject: str, name: str) -> Check:
    if zone_named(name) is not None:
        return Check(subject, "DOC-ZONE", "ok", f"{name}, known.")
    return Check(
        subject,
        "DOC-ZONE",
        "fail",
        f"The time zone {name or 'is missing'} is not known here, so its days would "
        "be a guess.",
        "Update the package tzdata.",
    )
