"""Readers' rules: the shipped ones, the configured ones, and where two differ."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from fastapi.testclient import TestClient

from api.explain.contracts import Contract, Rule, Side, differing_rules
from api.main import create_app
from api.settings import Settings
from ingest.settings import ReaderSettings
from tests.api.explain.conftest import MODELS, World, steps_of
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import shipped_readers

Row = dict[str, Any]


def test_rules_that_rest_on_the_readers_today_or_other_rules_differ_with_them() -> None:
    """Days are asked for, so that no window differs; both call the rest alike."""
    row = next(each for each in shipped_readers() if each["reader"] == "ref_dashboard")
    one = Contract.model_validate(row)
    other = one.model_copy(update={"time_zone": "UTC"})
    now, day = datetime(2026, 3, 10, 9, 30, tzinfo=UTC), date(2026, 3, 9)

    rules = differing_rules(Side(one, "s1", now), Side(other, "s1", now), day, day)

    # Statuses are today's for 61 days until it; countries are those of all other rules.
    assert rules == [Rule.STATUS, Rule.COUNTRY]


def test_the_rules_of_a_configured_reader_are_those_of_a_shipped_one() -> None:
    """Three places know the values: the table's tests, the API, the configuration."""
    models = yaml.safe_load((MODELS / "explain" / "_explain__models.yml").read_text())
    (table,) = [each for each in models["models"] if each["name"] == "reader_contracts"]
    accepted = {
        column["name"]: set(
            column["data_tests"][0]["accepted_values"]["arguments"]["values"]
        )
        for column in table["columns"]
        if "data_tests" in column
    }

    for model in (Contract, ReaderSettings):
        values = {
            name: {value for value in flat(field.annotation) if value is not None}
            for name, field in model.model_fields.items()
            if name in accepted
        }
        assert values == accepted
    assert len(accepted) == 8


def flat(kind: Any) -> set[Any]:
    """The values of a Literal, or of one that may be None."""
    if get_origin(kind) is Literal:
        return set(get_args(kind))
    return {value for part in get_args(kind) for value in flat(part)}


def test_a_status_that_changed_today_is_told_by_the_moment_it_is_judged_at(
    published: None, settings: Settings
) -> None:
    """Campaign 2 was active on its days and is paused now."""
    own = {"then": {"based_on": "dashboard", "status_moment": "day"}}
    client = LocalClient(create_app(replace(settings, readers=own)))

    data = client.get("/v1/explain?store=acme&metric=spend&a=then").json()["data"]

    assert (data["a"]["contract"]["label"], data["a"]["value"]) == ("then", "27.00")
    assert steps_of(data) == [("status", "-7.00")]


def test_why_the_reference_hid_countries_and_kept_orders_without_money(
    explained: Callable[..., Row],
) -> None:
    """E2: it hid countries without an order; E3-21: its CAC was too low."""
    hidden = explained(a="ref_dashboard")
    cac = explained("cac", "bolt", a="ref_dashboard")

    # ZZ (1.50) has no order and `unknown` (0.25) is never shown.
    assert ("country", "1.75") in steps_of(hidden)
    # 10.00 for two orders with a rate; the reference divided by all five.
    assert (cac["a"]["value"], cac["b"]["value"]) == ("2.00", "5.00")
    assert ("currency", "3.00") in steps_of(cac)


def test_amounts_of_several_currencies_are_never_added(
    published: None, settings: Settings
) -> None:
    own = {"original": {"based_on": "dashboard", "currency": "account"}}
    client = LocalClient(create_app(replace(settings, readers=own)))

    mixed = client.get("/v1/explain?store=bolt&metric=spend&a=original")
    plain = client.get("/v1/explain?store=acme&metric=spend&a=original")

    assert mixed.json()["code"] == "API-422-NOT-ADDITIVE"
    assert "EUR, USD" in mixed.json()["detail"]
    assert plain.json()["data"]["a"]["currency"] == "USD"
    assert plain.json()["data"]["b"]["currency"] == "EUR"


def test_the_dashboard_shows_what_its_contract_says(
    client: TestClient, explained: Callable[..., Row]
) -> None:
    asked = {"since": "2026-03-01", "until": "2026-03-10"}
    overview = client.get("/v1/dashboard", params={"store": "acme", **asked}).json()[
        "data"
    ]["overview"]

    for metric in ("spend", "revenue", "orders", "clicks"):
        shown = explained(metric, **asked)["b"]["value"]
        assert Decimal(shown) == Decimal(str(overview[metric]["value"])), metric
    for metric in ("cac", "ctr", "cpm"):
        shown = explained(metric, **asked)["b"]["value"]
        assert float(shown) == pytest.approx(
            float(overview[metric]["value"]), abs=1e-10
        )


def test_money_is_told_in_as_currency_until_the_step_that_changes_it(
    published: None, settings: Settings
) -> None:
    own = {"original": {"based_on": "ai_budget", "currency": "account"}}
    client = LocalClient(create_app(replace(settings, readers=own)))

    data = client.get("/v1/explain?store=acme&metric=spend&a=original").json()["data"]

    assert data["summary"] == (
        "original shows 143.00 USD, Dashboard 20.00 EUR. The difference is made by "
        "window (-116.00 USD), status (-7.00 USD)."
    )
    assert "makes it 116.00 USD less" in data["steps"][0]["sentence"]


def test_equal_amounts_of_two_currencies_do_not_agree(
    published: None, settings: Settings
) -> None:
    own = {"original": {"based_on": "dashboard", "currency": "account"}}
    client = LocalClient(create_app(replace(settings, readers=own)))

    data = client.get("/v1/explain?store=acme&metric=spend&a=original").json()["data"]

    assert data["summary"] == "original shows 20.00 USD, Dashboard 20.00 EUR."


def test_two_readers_of_one_label_are_told_apart(
    published: None, settings: Settings
) -> None:
    own = {"mine": {"based_on": "ai_budget", "label": "Dashboard"}}
    client = LocalClient(create_app(replace(settings, readers=own)))

    data = client.get("/v1/explain?store=acme&metric=spend&a=mine").json()["data"]

    assert data["summary"].startswith(
        "Dashboard (mine) shows 143.00 EUR, Dashboard (dashboard) 20.00 EUR."
    )


def test_a_configured_reader_that_cannot_be_used_is_refused_where_it_is_asked_for(
    published: None, settings: Settings
) -> None:
    own = {"lost": {"based_on": "dashbord"}, "dashboard": {"based_on": "ai_budget"}}
    client = LocalClient(create_app(replace(settings, readers=own)))
    asked = "/v1/explain?store=acme&metric=spend&a=ai_budget&b="

    lost, taken = (client.get(asked + name).json() for name in own)

    assert (lost["code"], taken["code"]) == ("API-422-READER", "API-422-READER")
    assert "based on none that is shipped" in lost["detail"]
    assert "has the name of a shipped one" in taken["detail"]
    assert client.get(asked + "ref_dashboard").status_code == 200


@pytest.fixture
def of_accounts(
    world: World, publish: Callable[..., None], report: Callable[..., None]
) -> None:
    """Published: each row once more, as its account's."""
    rows = world["marts.explain_rows"]
    own = {"level": "account", "object_id": "111", "campaign_id": None}
    # Of 1 March there are two campaigns in one country.
    account = [row | own for row in rows if row["campaign_id"] != "2"]
    account[0] |= {"spend": "116.00"}
    account.append(rows[5] | own)
    publish({**world, "marts.explain_rows": rows + account})
    report()


def test_an_accounts_row_stands_for_those_of_its_campaigns(
    of_accounts: None, settings: Settings
) -> None:
    own = {"accounts": {"based_on": "ai_budget", "level": "account"}}
    client = LocalClient(create_app(replace(settings, readers=own)))
    asked = "/v1/explain?store=acme&metric=spend&a=accounts&b=ai_budget"

    data = client.get(asked).json()["data"]
    narrowed = client.get(asked + "&campaign_id=1").json()

    assert data["summary"] == (
        "The two agree: accounts and AI Budget both show 143.00 EUR."
    )
    assert [(step["dimension"], step["row_count"]) for step in data["steps"]] == [
        ("level", 0)
    ]
    # Account rows of one campaign would be none: 0.00 where 35.75 was spent.
    assert narrowed["code"] == "API-422-PARAMETER"
