"""What is said of an account, from what Meta says of it."""

import pytest

from ingest.currencies import anchors, known_currencies
from ingest.doctor.account import account_checks, rates_check, usage_check
from ingest.doctor.checks import Check

GOOD = {
    "name": "Acme",
    "currency": "USD",
    "timezone_name": "America/New_York",
    "account_status": 1,
}
ECB = frozenset({"EUR", "USD", "GBP"})
PEGS = {"SAR": "USD", "AED": "USD", "XEU": "EUR"}


def found(**facts: object) -> dict[str, Check]:
    checks = account_checks("act_1", {**GOOD, **facts}, frozenset({"USD", "SAR"}))
    return {check.code: check for check in checks}


def test_active_account_with_known_currency_and_zone_is_well() -> None:
    assert {check.verdict for check in found().values()} == {"ok"}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (2, "disabled"),
        (3, "unsettled"),
        (7, "pending a risk review"),
        (8, "pending settlement"),
        (9, "in its grace period"),
        (100, "pending closure"),
        (101, "closed"),
        (77, "in status 77"),
        (None, "in status unknown"),
    ],
)
def test_account_that_is_not_active_is_warned_of_in_words(
    status: int | None, words: str
) -> None:
    check = found(account_status=status)["DOC-STATUS"]

    assert (check.verdict, check.sentence) == ("warn", f"The account is {words}.")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"currency": "XXX"}, "DOC-CURRENCY"),
        ({"currency": None}, "DOC-CURRENCY"),
        ({"timezone_name": "Mars/Olympus"}, "DOC-ZONE"),
        ({"timezone_name": "America"}, "DOC-ZONE"),
        ({"timezone_name": "../../etc/passwd"}, "DOC-ZONE"),
        ({"timezone_name": None}, "DOC-ZONE"),
    ],
)
def test_currency_or_zone_that_is_not_known_fails(
    facts: dict[str, object], code: str
) -> None:
    checks = found(**facts)

    assert [one for one, check in checks.items() if check.verdict == "fail"] == [code]


def test_currencies_and_pegs_come_from_the_seeds() -> None:
    assert {"USD", "JPY", "SAR"} <= known_currencies()
    assert anchors()["SAR"] == "USD"


@pytest.mark.parametrize(
    ("pair", "verdict", "said"),
    [
        (("USD", "USD"), "ok", "nothing is converted"),
        (("XXX", "XXX"), "ok", "nothing is converted"),
        (("USD", "EUR"), "ok", "USD is converted to EUR with `ecb`."),
        (("SAR", "EUR"), "ok", "SAR by its peg to USD"),
        (("SAR", "AED"), "ok", "SAR by its peg to USD and AED by its peg to USD"),
        (("EGP", "EUR"), "warn", "no rate for EGP"),
        (("EUR", "EGP"), "warn", "no rate for EGP"),
        (("EGP", "KWD"), "warn", "no rate for EGP nor KWD"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_currency_without_rate_or_peg_is_warned_of(
    pair: tuple[str, str], verdict: str, said: str
) -> None:
    check = rates_check("act_1", pair, "ecb", ECB, PEGS)

    assert check.verdict == verdict
    assert said in check.sentence
    assert ("currency_pegs.csv" in check.next_step) == (verdict == "warn")


def test_pegged_currency_needs_the_rate_of_its_anchor() -> None:
    check = rates_check("act_1", ("SAR", "EUR"), "none", frozenset(), PEGS)

    assert check.verdict == "warn"


@pytest.mark.parametrize(
    ("tier", "percent", "verdict", "said"),
    [
        ("standard_access", 74.0, "ok", "74 % used; the app has tier standard_access."),
        ("standard_access", 75.0, "warn", "75 % used"),
        ("development_access", 3.0, "ok", "60 points"),
        (None, 3.0, "ok", "did not name"),
        (None, None, "skipped", "did not say"),
    ],
)
def test_quotas_are_told_with_the_tier_and_warned_of_when_nearly_used(
    tier: str | None, percent: float | None, verdict: str, said: str
) -> None:
    check = usage_check("act_1", tier, percent)

    assert check.verdict == verdict
    assert said in check.sentence
