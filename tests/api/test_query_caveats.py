"""What of POST /v1/query is no plain sum: reach, money without a rate, attribution.

The rows are those of tests/api/test_query.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.test_query import ALL_DAYS, asked, cells, registry, rows, world
from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import served
from tests.fixtures.worlds import both


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    with served(tmp_path_factory.mktemp("acme"), world()) as client:
        yield client


@pytest.fixture(scope="module")
def of_both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    with served(tmp_path_factory.mktemp("both"), both() | registry()) as client:
        yield client


@pytest.mark.parametrize(
    ("dimensions", "reach"),
    [
        (["date_day", "account_id"], [900]),
        (["date_day", "campaign_id"], [700]),
        (["date_day", "campaign_id", "adset_id"], [400, 350]),
    ],
)
def test_reach_is_an_objects_own_of_one_day(
    client: LocalClient, dimensions: list[str], reach: list[int]
) -> None:
    found = rows(client, measures=["reach", "spend"], dimensions=dimensions)

    assert [row["reach"] for row in found] == reach
    assert {row["spend"] for row in found} == {"16.00"}


def test_rows_without_a_rate_are_left_out_of_money_and_said(
    of_both: LocalClient,
) -> None:
    query = {"store": "bolt", "since": "2026-03-09", "until": "2026-03-09"}

    whole = asked(of_both, **query, measures=["spend", "orders", "purchases", "ctr"])
    parts = asked(
        of_both,
        **query,
        measures=["spend", "cac", "spend_account_currency"],
        dimensions=["account_currency"],
    )

    # Of 333 in USD: 10.00, 2 purchases; of 222 without a rate: 33.00 EUR, 3 purchases.
    (row,) = whole["data"]["rows"]
    assert (row["spend"], row["orders"], row["purchases"]) == ("10.00", 2, 5)
    assert row["ctr"] == pytest.approx(100 * 15 / 1500)
    assert row["has_unconverted"] is True
    assert "exchange rate" in whole["meta"]["warnings"][0]
    euro, dollar = parts["data"]["rows"]
    assert (euro["spend"], euro["spend_account_currency"]) == (None, "33.00")
    assert euro["reasons"] == {"spend": "no_rate", "cac": "no_rate"}
    assert (dollar["spend_account_currency"], dollar["has_unconverted"]) == (
        "10.00",
        False,
    )


def test_amounts_of_two_currencies_have_no_sum(of_both: LocalClient) -> None:

    (row,) = asked(of_both, store="bolt", measures=["spend_account_currency"])["data"][
        "rows"
    ]

    assert row["spend_account_currency"] is None
    assert row["reasons"] == {"spend_account_currency": "several_currencies"}


def test_several_attribution_settings_in_one_sum_are_told(client: LocalClient) -> None:
    # Campaign 4 has another one than the rest.
    whole = asked(client, measures=["purchases"])
    parts = asked(client, measures=["purchases"], dimensions=["attribution_setting"])

    assert whole["data"]["rows"][0]["is_attribution_mixed"] is True
    assert "attribution" in whole["meta"]["warnings"][0]
    assert cells(parts["data"]["rows"], "attribution_setting", "purchases") == [
        ("1d_click", 1),
        ("7d_click_1d_view", 5),
    ]
    assert parts["meta"]["warnings"] == []


@pytest.mark.parametrize(
    ("settings", "is_mixed", "said"),
    [
        (["1d_click", "1d_click"], False, []),
        (["1d_click", "7d_click"], True, ["add up several"]),
        (["1d_click", None], None, ["it is not known"]),
        ([None, None], None, ["it is not known"]),
        (["1d_click", "7d_click", None], True, ["add up several"]),
        # Of one row whose ad sets differ.
        (["mixed"], True, ["add up several"]),
    ],
)
def test_an_unknown_attribution_setting_is_not_another_one(
    tmp_path: Path, settings: list[str | None], is_mixed: bool | None, said: list[str]
) -> None:
    made = world()
    made["marts.dashboard_daily"] = [
        {**row, "attribution_setting": setting}
        for row, setting in zip(made["marts.dashboard_daily"], settings, strict=False)
    ]

    with served(tmp_path, made) as client:
        document = asked(client, measures=["purchases"], **ALL_DAYS)

    (row,) = document["data"]["rows"]
    assert row["is_attribution_mixed"] is is_mixed
    warnings = document["meta"]["warnings"]
    assert len(warnings) == len(said)
    assert all(text in warning for text, warning in zip(said, warnings, strict=True))
