"""Two readers on the same rows: every figure worked out from the world by hand.

Of acme, spend / value / purchases: 1 March campaign 1 16.00 / 30.00 / 4 and campaign 2
(paused now) 100.00 / 0 / 0; 4 March campaign 1 10.00 / 30.00 / 2 in US and 1.50 / 0 / 0
in ZZ; 5 March campaign 2 7.00 / 7.00 / 1 and campaign 4 (never listed) 0.25 / 4.00 / 1
in an unknown country; 10 March, today, campaign 1 8.25 / 26.00 / 2.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from click.testing import CliRunner
from fastapi.testclient import TestClient

from api.explain.contracts import Contract, Rule, Side, differing_rules
from api.main import create_app
from api.settings import Settings
from ingest.settings import ReaderSettings
from tests.api.conftest import shipped_readers
from tests.conftest import Pathways
from tests.fixtures.local_client import LocalClient

Row = dict[str, Any]
World = dict[str, list[Row]]
MODELS = Path(__file__).parents[2] / "dbt_project" / "models" / "marts"
REGISTRY = MODELS / "definitions" / "_definitions__metrics.yml"


def registered() -> list[Row]:
    """The metrics as marts.metric_definitions has them."""
    found = []
    for metric in yaml.safe_load(REGISTRY.read_text())["metrics"]:
        asked = metric["type_params"]
        inputs = [asked.get("numerator"), asked.get("denominator")]
        inputs = [each["name"] for each in asked.get("metrics", [])] or inputs
        found.append(
            {
                "name": metric["name"],
                "label": metric["label"],
                "type": metric["type"],
                "inputs": ", ".join(filter(None, inputs)) or None,
                "unit": metric["config"]["meta"]["unit"],
                "good_direction": metric["config"]["meta"]["good_direction"],
                "node": f"metric.pathways.{metric['name']}",
            }
        )
    return found


@pytest.fixture
def world(both_world: World) -> World:
    rows = both_world["marts.dashboard_daily"]
    return {
        **both_world,
        "marts.metric_definitions": registered(),
        "core.meta_adset_metrics": rows,
        "core.meta_daily_metrics": rows,
    }


@pytest.fixture
def published(
    world: World, publish: Callable[..., None], report: Callable[..., None]
) -> None:
    publish(world)
    report()


@pytest.fixture
def explained(client: TestClient, published: None) -> Callable[..., Row]:
    def _explained(metric: str = "spend", store: str = "acme", **asked: Any) -> Row:
        params = {"store": store, "metric": metric, **asked}
        answer = client.get("/v1/explain", params=params)
        assert answer.status_code == 200, answer.text
        data: Row = answer.json()["data"]
        return data

    return _explained


def steps_of(data: Row) -> list[tuple[str, str]]:
    return [(step["dimension"], step["delta"]) for step in data["steps"]]


def test_the_two_readers_side_by_side_difference_steps_and_sum(
    explained: Callable[..., Row],
) -> None:
    data = explained()

    # AI Budget: all, from 25 February. The dashboard: from 4 March, without campaign 2.
    assert (data["a"]["reader"], data["a"]["value"]) == ("ai_budget", "143.00")
    assert (data["b"]["reader"], data["b"]["value"]) == ("dashboard", "20.00")
    assert data["difference"] == "-123.00"
    # 1 March goes with the window, 16 + 100; campaign 2's 7 of 5 March by its status.
    assert steps_of(data) == [("window", "-116.00"), ("status", "-7.00")]
    assert data["residual"] == "0.00"
    assert data["a"]["currency"] == data["b"]["currency"] == "EUR"


def test_each_step_carries_its_rows_and_the_sum_of_those_not_listed(
    explained: Callable[..., Row],
) -> None:
    window, status = explained(rows=1)["steps"]

    (row,) = window["rows"]
    assert (row["campaign_id"], row["date_day"]) == ("2", "2026-03-01")
    assert (row["country_code"], row["top_delta"]) == ("US", "-100.00")
    assert window["row_count"] == 2
    assert window["rest"] == {
        "row_count": 1,
        "top_delta": "-16.00",
        "bottom_delta": None,
    }
    assert [row["campaign_name"] for row in status["rows"]] == ["campaign 2"]
    assert status["rest"] is None


def test_a_step_is_told_with_figures_rows_and_what_to_do(
    explained: Callable[..., Row],
) -> None:
    window = explained()["steps"][0]

    assert window["sentence"] == (
        "AI Budget: 14 days, 2026-02-25 to 2026-03-10; Dashboard: 7 days, 2026-03-04 "
        "to 2026-03-10. Dashboard's rule makes it 116.00 EUR less, by 2 rows. Ask both "
        "for the same days: add since= and until=."
    )


def test_a_ratio_is_split_into_what_its_top_and_its_bottom_make(
    explained: Callable[..., Row],
) -> None:
    data = explained("roas")

    # 97 / 143, then 67 / 27 without 1 March, then 60 / 20 without campaign 2.
    assert data["a"]["value"] == "0.6783216783"
    assert data["b"]["value"] == "3"
    window, status = data["steps"]
    assert window["delta"] == "1.8031598032"  # 2.4814814815 - 0.6783216783
    assert status["delta"] == "0.5185185185"  # 3 - 2.4814814815
    assert (window["top_delta"], window["bottom_delta"]) == ("-30.00", "-116.00")
    # Half of (67/143 - 97/143) + (67/27 - 97/27) = -0.2097902098 - 1.1111111111.
    assert window["top_effect"] == "-0.66045066045"
    assert window["bottom_effect"] == "2.46361046365"  # 1.8031598032 + 0.66045066045
    assert data["residual"] == "0"


def test_days_that_were_asked_for_are_both_readers(
    explained: Callable[..., Row],
) -> None:
    data = explained(since="2026-03-04", until="2026-03-05")

    # 10 + 1.50 + 7 + 0.25 and the same without campaign 2.
    assert (data["a"]["value"], data["b"]["value"]) == ("18.75", "11.75")
    assert steps_of(data) == [("status", "-7.00")]


def test_country_and_campaign_narrow_both(explained: Callable[..., Row]) -> None:
    by_country = explained(country="US")
    by_campaign = explained(campaign_id=["1", "4"])

    # US: 16 + 100 + 10 + 7, and 10. Campaigns 1 and 4: 16 + 10 + 1.50 + 0.25 + 8.25.
    assert (by_country["a"]["value"], by_country["b"]["value"]) == ("133.00", "10.00")
    assert (by_campaign["a"]["value"], by_campaign["b"]["value"]) == ("36.00", "20.00")


def test_when_nothing_is_wrong_it_says_that_the_two_agree(
    explained: Callable[..., Row],
) -> None:
    data = explained(a="dashboard")

    assert data["summary"] == (
        "The two agree: Dashboard and Dashboard both show 20.00 EUR."
    )
    assert (data["steps"], data["difference"]) == ([], "0.00")
    assert {check["verdict"] for check in data["checks"]} == {"ok"}


def test_the_summary_names_the_largest_cause_first(
    explained: Callable[..., Row],
) -> None:
    assert explained()["summary"] == (
        "AI Budget shows 143.00 EUR, Dashboard 20.00 EUR. The difference is made by "
        "window (-116.00 EUR), status (-7.00 EUR)."
    )


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


def test_a_status_that_changed_today_is_told_by_the_moment_it_is_judged_at(
    published: None, settings: Settings
) -> None:
    """Campaign 2 was active on its days and is paused now."""
    own = {"then": {"based_on": "dashboard", "status_moment": "day"}}
    client = LocalClient(create_app(replace(settings, readers=own)))

    data = client.get("/v1/explain?store=acme&metric=spend&a=then").json()["data"]

    assert (data["a"]["contract"]["label"], data["a"]["value"]) == ("then", "27.00")
    assert steps_of(data) == [("status", "-7.00")]


def test_the_same_difference_without_an_order(explained: Callable[..., Row]) -> None:
    data = explained(shares=True)

    classes = {
        (row["name"], *row["left_out_of_b_by"]): (row["row_count"], row["top_delta"])
        for row in data["classes"]
    }
    assert classes == {
        ("a_only", "window"): (1, "-16.00"),
        ("a_only", "status"): (1, "-7.00"),
        ("a_only", "window", "status"): (1, "-100.00"),
        ("both_same_value",): (4, "0.00"),
    }
    # Campaign 2's 100 of 1 March go with whichever rule comes first: 16 + 50, 7 + 50.
    shares = {row["dimension"]: row for row in data["shares"]}
    assert (shares["window"]["weighted_sum"], shares["window"]["orders"]) == ("-132", 2)
    assert (shares["window"]["share"], shares["status"]["share"]) == (-66.0, -57.0)


def test_a_window_of_which_no_day_was_read_is_not_known(
    explained: Callable[..., Row],
) -> None:
    data = explained(since="2025-11-01", until="2025-11-02")

    assert (data["a"]["value"], data["a"]["reason"]) == (None, "not_read")
    assert data["difference"] is None
    assert data["summary"].startswith("AI Budget and Dashboard: Amount spent is not")


def test_money_of_which_no_row_has_a_rate_is_not_known(
    explained: Callable[..., Row],
) -> None:
    data = explained(store="bolt", country="DE")

    assert (data["b"]["value"], data["b"]["reason"]) == (None, "no_rate")


def test_a_ratio_without_its_divisor_says_what_it_lacks(
    explained: Callable[..., Row],
) -> None:
    data = explained("cac", country="ZZ")

    assert (data["b"]["value"], data["b"]["reason"]) == (None, "no_purchases")
    # What can be said is said: the rows still differ in spend.
    assert data["b"]["top"] == "1.50"


@pytest.mark.parametrize(
    ("asked", "status", "code", "said"),
    [
        ({"metric": "reach"}, 422, "API-422-NOT-ADDITIVE", "reach is never summed"),
        (
            {"metric": "daily_budget"},
            422,
            "API-422-NOT-ADDITIVE",
            "does not come from sums",
        ),
        ({"metric": "nothing"}, 422, "API-422-NAME", "no metric `nothing`"),
        ({"a": "nobody"}, 422, "API-422-READER", "no reader `nobody`"),
        ({"store": "else"}, 404, "API-404-STORE", "no store"),
        ({"campaign_id": "77"}, 404, "API-404-CAMPAIGN", "77"),
        ({"metric": "Spend"}, 422, "API-422-PARAMETER", "metric"),
        ({"bogus": "1"}, 422, "API-422-PARAMETER", "bogus"),
        (
            {"since": "2026-03-05", "until": "2026-03-04"},
            422,
            "API-422-RANGE",
            "before it starts",
        ),
        ({"since": "2010-01-01", "until": "2026-03-04"}, 422, "API-422-RANGE", "1200"),
        (
            {"as_of_a": "2026-03-10T09:31:00Z"},
            422,
            "API-422-PARAMETER",
            "has not come yet",
        ),
        ({"as_of_a": "2026-01-01T00:00:00Z"}, 410, "API-410-AS-OF", "2026-01-01"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_explained_is_refused_with_what_to_do(
    client: TestClient, published: None, asked: Row, status: int, code: str, said: str
) -> None:
    answer = client.get(
        "/v1/explain", params={"store": "acme", "metric": "spend"} | asked
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert said in problem["detail"]
    assert problem["hint"]


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


def test_the_link_gives_the_same_answer_whatever_is_published_since(
    client: TestClient,
    explained: Callable[..., Row],
    publish: Callable[..., None],
    world: World,
) -> None:
    data = explained("cac", a="ref_ai_budget", campaign_id=["1", "2"], shares=True)

    publish({**world, "marts.explain_rows": []}, "s2", "2026-03-10T09:29:00+00:00")
    pinned = data["link"].replace("09%3A30", "09%3A28")
    again = client.get(pinned).json()["data"]

    assert "as_of_a=2026-03-10T09%3A30" in data["link"]
    for name in ("a", "b"):
        assert again[name].pop("now_at") != data[name].pop("now_at")
    unlike = ("link", "checks")
    assert {name: again[name] for name in again if name not in unlike} == {
        name: data[name] for name in data if name not in unlike
    }
    assert explained()["a"]["row_count"] == 0


def test_what_changed_since_mondays_report_is_one_step(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    """On Monday campaign 1 had spent 9.00 of its 10.00 of 4 March, campaign 4 was not
    known and campaign 2 ran."""
    rows = world["marts.explain_rows"]
    monday = [
        row | ({"spend": "9.00"} if row["spend"] == "10.00" else {})
        for row in rows
        if row["campaign_id"] != "4" and row["date_day"] != "2026-03-10"
    ]
    monday = [row | {"is_active": True} for row in monday]
    publish({**world, "marts.explain_rows": monday}, "s1", "2026-03-09T09:00:00+00:00")
    publish(world, "s2", "2026-03-10T09:00:00+00:00")
    report()

    asked = {"store": "acme", "metric": "spend", "a": "dashboard"}
    asked |= {"as_of_a": "2026-03-09T10:00:00Z"}
    data = client.get("/v1/explain", params=asked).json()["data"]

    # Monday, 3 to 9 March: 9 + 1.50 + 7. Since then +1, -7 (paused) and +0.25; then the
    # window brings today's 8.25.
    assert (data["a"]["value"], data["b"]["value"]) == ("17.50", "20.00")
    assert (data["a"]["snapshot_id"], data["b"]["snapshot_id"]) == ("s1", "s2")
    assert (data["a"]["until"], data["b"]["until"]) == ("2026-03-09", "2026-03-10")
    assert steps_of(data) == [("as_of", "-5.75"), ("window", "8.25")]
    assert [
        (row["campaign_id"], row["top_delta"]) for row in data["steps"][0]["rows"]
    ] == [("2", "-7.00"), ("1", "1.00"), ("4", "0.25")]
    assert data["summary"].startswith(
        "Dashboard as of 2026-03-09 10:00 UTC shows 17.50 EUR, "
        "Dashboard as of 2026-03-10 09:30 UTC 20.00 EUR. "
    )
    restatements = data["checks"][7]
    assert (restatements["check"], restatements["verdict"]) == ("restatements", "ok")
    assert restatements["evidence"] == (
        "No day of those compared changed between both snapshots."
    )


def test_as_of_alone_is_of_both(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    publish({**world, "marts.explain_rows": []}, "s1", "2026-03-09T09:00:00+00:00")
    publish(world, "s2", "2026-03-10T09:00:00+00:00")
    report()

    asked = {"store": "acme", "metric": "spend", "as_of": "2026-03-09T10:00:00Z"}
    answer = client.get("/v1/explain", params=asked).json()

    assert answer["data"]["a"]["snapshot_id"] == "s1"
    assert answer["data"]["b"]["today"] == "2026-03-09"
    assert answer["meta"]["as_of"]["holds_for"] == "2026-03-09T09:00:00Z"


def test_the_checks_come_in_the_order_in_which_to_look(
    explained: Callable[..., Row],
) -> None:
    checks = explained()["checks"]

    assert [(check["step"], check["check"]) for check in checks] == [
        (1, "freshness_and_backfill"),
        (2, "table_parity"),
        (2, "level_parity"),
        (2, "country_conservation"),
        (3, "status_mix"),
        (4, "hierarchy"),
        (None, "currency_coverage"),
        (None, "restatements"),
        (None, "level_gaps"),
        (None, "vanished_objects"),
    ]


def test_what_a_check_finds_in_the_days_compared_is_its_evidence(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    gap = {
        "store": "acme",
        "account_id": "111",
        "parent_id": "1",
        "parent_level": "campaign",
        "child_level": "adset",
        "cause": "hidden_by_meta",
        "spend_account_currency": "2.50",
        "purchases": 0,
    }
    world["marts.level_gaps"] = [
        {**gap, "date_day": "2026-03-04"},
        {**gap, "date_day": "2026-01-01"},
    ]
    world["marts.object_tree"][1]["is_present"] = False
    world["core.meta_adset_metrics"] = world["core.meta_adset_metrics"][1:]
    publish(world)
    report()

    data = client.get("/v1/explain?store=acme&metric=spend").json()["data"]

    checks = {check["check"]: check for check in data["checks"]}
    assert checks["table_parity"]["verdict"] == "warn"
    # Of both gaps one lies in the days compared.
    (found,) = checks["level_gaps"]["rows"]
    assert (found["name"], found["cause"]) == ("1", "hidden_by_meta")
    assert found["spend_account_currency"] == "2.50"
    assert "1 sums" in checks["level_gaps"]["evidence"]
    # Campaign 2 is no longer listed: 100 and 7.
    (gone,) = checks["vanished_objects"]["rows"]
    assert (gone["name"], gone["spend_account_currency"]) == ("campaign 2", "107.00")


def test_tables_that_differ_fail_and_are_named_first(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    world["core.meta_daily_metrics"] = world["core.meta_daily_metrics"][1:]
    publish(world)
    report()

    data = client.get("/v1/explain?store=acme&metric=spend").json()["data"]

    parity = data["checks"][1]
    assert (parity["check"], parity["verdict"]) == ("table_parity", "fail")
    assert [row["name"] for row in parity["rows"]][:2] == [
        "marts.dashboard_daily",
        "core.meta_daily_metrics",
    ]
    assert "look at them first" in data["summary"]


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


@pytest.fixture
def run(
    data_dir: Path, published: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """`pathways` in this process, over the published snapshot."""
    from ingest.cli import pathways

    monkeypatch.setenv("PATHWAYS__DATA_DIR", str(data_dir))
    monkeypatch.setenv("PATHWAYS__NOW", "2026-03-10T09:30:00Z")
    return lambda *words: CliRunner().invoke(pathways, ["explain", *words])


def test_the_verb_prints_the_same_document(
    run: Callable[..., Any], client: TestClient
) -> None:
    asked = {"store": "acme", "metric": "roas", "rows": "5"}

    ended = run("--store", "acme", "--metric", "roas", "--json")

    assert ended.exit_code == 0, ended.output
    document = json.loads(ended.stdout)
    assert document == client.get("/v1/explain", params=asked).json()


def test_the_verb_draws_the_way_from_one_number_to_the_other(
    run: Callable[..., Any],
) -> None:
    ended = run("--store", "acme", "--metric", "spend")

    lines = [" ".join(line.split()) for line in ended.stdout.splitlines()]
    assert "AI Budget 143.00 EUR 2026-02-25 to 2026-03-10" in lines
    assert "window -116.00 ------------------------ 2 rows" in lines
    assert "status -7.00 - 1 row" in lines
    assert "Dashboard 20.00 EUR 2026-03-04 to 2026-03-10" in lines
    assert "difference -123.00" in lines
    assert "unexplained 0.00" in lines


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--metric", "reach"], "API-422-NOT-ADDITIVE"),
        (["--metric", "spend", "--a", "nobody"], "API-422-READER"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_verb_refuses_what_it_cannot_explain_as_a_wrong_use(
    run: Callable[..., Any], words: list[str], code: str
) -> None:
    ended = run("--store", "acme", *words)

    assert ended.exit_code == 2
    assert f"[{code}]" in ended.stderr


def test_rules_that_rest_on_the_readers_today_or_other_rules_differ_with_them() -> None:
    """Days are asked for, so that no window differs; both call the rest alike."""
    row = next(each for each in shipped_readers() if each["reader"] == "ref_dashboard")
    one = Contract.model_validate(row)
    other = one.model_copy(update={"time_zone": "UTC"})
    now, day = datetime(2026, 3, 10, 9, 30, tzinfo=UTC), date(2026, 3, 9)

    rules = differing_rules(Side(one, "s1", now), Side(other, "s1", now), day, day)

    # Statuses are today's for 61 days until it; countries are those of all other rules.
    assert rules == [Rule.STATUS, Rule.COUNTRY]


@pytest.mark.slow
def test_the_verb_names_the_option_that_cannot_be_used(
    data_dir: Path, published: None
) -> None:
    """In a process of its own: what pydantic holds on to, DuckDB misses at the end."""
    ended = Pathways(data_dir)(
        *("explain", "--store", "acme", "--metric", "spend", "--since", "yesterday")
    )

    assert ended.exit_code == 2
    assert "[API-422-PARAMETER] Options that cannot be used: --since (" in ended.err


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
