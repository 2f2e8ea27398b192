"""An Ads Manager export in place of B: matched by id, day and country, to the cent.

Of acme AI Budget shows 143.00 from 25 February to 10 March: see conftest.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import ConfigError
from tests.api.explain.conftest import World, steps_of

Row = dict[str, Any]
HEADER = "Campaign ID;Campaign name;Day;Country;Amount spent (USD);Purchases"
SPENT_USD = "Campaign ID,Day,Amount spent (USD)"
# What was read, but for what Meta gave to no country: 1.50 on 4 March.
READ = (
    "1;campaign 1;2026-03-01;US;16,00;4",
    "2;campaign 2;2026-03-01;US;100,00;",
    "1;campaign 1;2026-03-04;US;10,00;2",
    "4;campaign 4;2026-03-05;unknown;0,25;1",
    "2;campaign 2;2026-03-05;US;7,00;1",
    "1;campaign 1;2026-03-10;DE;8,25;2",
)


def classes_of(data: Row) -> list[tuple[Any, ...]]:
    told = ("name", "left_out_of_a_by", "left_out_of_b_by", "other_value_by")
    return [
        tuple(each[name] for name in (*told, "row_count", "top_a", "top_b"))
        for each in data["classes"]
    ]


@pytest.fixture
def compared(
    tmp_path: Path, data_dir: Path, published: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Row]:
    """What `pathways explain --export` says of these lines."""
    from ingest.ads_manager import read_export
    from ingest.settings import load_settings
    from ingest.verbs_explain import explained

    monkeypatch.setenv("PATHWAYS__DATA_DIR", str(data_dir))
    monkeypatch.setenv("PATHWAYS__NOW", "2026-03-10T09:30:00Z")

    def _compared(*lines: str, header: str = HEADER, **asked: Any) -> Row:
        file = tmp_path / "export.csv"
        file.write_text("\n".join((header, *lines)), "utf-8")
        days = {name: asked.pop(name, None) for name in ("since", "until")}
        export = read_export(file, named={}, locale=None, **days)
        asked = {"store": "acme", "metric": "spend"} | asked
        data: Row = explained(load_settings(), asked, export)["data"]
        return data

    return _compared


def test_what_ads_manager_shows_of_what_was_read_differs_by_nothing_but_no_country(
    compared: Callable[..., Row],
) -> None:
    data = compared(*READ)

    assert (data["a"]["value"], data["b"]["value"]) == ("143.00", "141.50")
    assert steps_of(data) == [
        ("currency", "0.00"),
        ("not_in_export", "-1.50"),
        ("not_in_ours", "0.00"),
        ("other_numbers", "0.00"),
    ]
    (row,) = data["steps"][1]["rows"]
    assert (row["campaign_id"], row["country_code"]) == ("1", "ZZ")
    assert data["residual"] == "0.00"
    assert data["link"] is None
    # An export is no snapshot: whether it was made before or after is not known.
    assert "restatements" not in [check["check"] for check in data["checks"]]


def test_each_campaign_day_and_country_that_differs_is_a_row_of_its_step(
    compared: Callable[..., Row],
) -> None:
    """Campaign 2 removed, 4 March another number, campaign 99 added."""
    kept = [line for line in READ if not line.startswith("2;")]
    changed = [line.replace("10,00;2", "12,50;3") for line in kept]

    data = compared(*changed, "99;not ours;2026-03-02;US;5,00;1")

    # 143 - 107 - 1.50, then + 5, then 12.50 for 10.
    assert data["b"]["value"] == "42.00"
    assert steps_of(data)[1:] == [
        ("not_in_export", "-108.50"),
        ("not_in_ours", "5.00"),
        ("other_numbers", "2.50"),
    ]
    _, lacking, more, other = data["steps"]
    assert [
        (row["campaign_id"], row["date_day"], row["top_delta"])
        for row in lacking["rows"]
    ] == [
        ("2", "2026-03-01", "-100.00"),
        ("2", "2026-03-05", "-7.00"),
        ("1", "2026-03-04", "-1.50"),
    ]
    (added,) = more["rows"]
    assert (added["campaign_name"], added["account_id"]) == ("not ours", None)
    (row,) = other["rows"]
    assert (row["campaign_id"], row["date_day"], row["country_code"]) == (
        "1",
        "2026-03-04",
        "US",
    )
    assert "That makes it 2.50 USD more, by 1 row." in other["sentence"]
    # What both have is one row, and in both: the days of campaign 1 and of 4.
    assert classes_of(data) == [
        ("a_only", [], ["not_in_export"], [], 3, "108.50", "0.00"),
        ("b_only", ["not_in_ours"], [], [], 1, "0.00", "5.00"),
        ("both_other_value", [], [], ["other_numbers"], 1, "10.00", "12.50"),
        ("both_same_value", [], [], [], 3, "24.50", "24.50"),
    ]
    assert data["summary"].startswith("AI Budget shows 143.00 EUR, Ads Manager 42.00 ")


def test_a_reader_that_hides_campaigns_is_told_by_its_own_rules_first(
    compared: Callable[..., Row],
) -> None:
    data = compared(*READ, a="dashboard")

    # 36 without campaign 2, which Ads Manager shows.
    assert data["a"]["value"] == "36.00"
    assert steps_of(data)[0] == ("status", "107.00")
    assert data["difference"] == "105.50"
    assert ("b_only", ["status"], [], [], 2, "0.00", "107.00") in classes_of(data)


def test_a_ratio_adds_up_too(compared: Callable[..., Row]) -> None:
    data = compared(*READ, metric="cac")

    # 143 over ten purchases; 141.50 over the same ten.
    assert (data["a"]["value"], data["b"]["value"]) == ("14.30", "14.15")
    assert data["residual"] == "0.00"


def test_without_days_campaigns_and_countries_are_compared(
    compared: Callable[..., Row],
) -> None:
    data = compared(
        "1,US,27.00,2026-03-01,2026-03-10",
        "1,DE,8.25,2026-03-01,2026-03-10",
        "4,unknown,0.25,2026-03-01,2026-03-10",
        header="Campaign ID,Country,Amount spent (USD),Reporting starts,Reporting ends",
    )

    # Campaign 2 is missing, of campaign 1 in US 26 were read in two days.
    assert steps_of(data)[1:] == [
        ("not_in_export", "-108.50"),
        ("not_in_ours", "0.00"),
        ("other_numbers", "1.00"),
    ]
    (row,) = data["steps"][3]["rows"]
    assert (row["campaign_id"], row["country_code"], row["date_day"]) == (
        "1",
        "US",
        None,
    )


def test_without_countries_what_meta_gave_to_none_is_compared_too(
    compared: Callable[..., Row],
) -> None:
    data = compared("1,2026-03-04,11.50", header=SPENT_USD)

    assert (data["a"]["value"], data["b"]["value"]) == ("11.50", "11.50")
    assert data["summary"].startswith(
        "AI Budget shows 11.50 EUR, Ads Manager 11.50 USD."
    )
    assert data["difference"] == "0.00"
    assert all(step["row_count"] == 0 for step in data["steps"])


def test_days_that_were_exported_and_not_read_are_not_in_ours(
    compared: Callable[..., Row],
) -> None:
    """24 February was never read; the window is the export's."""
    data = compared(*READ, "1;campaign 1;2026-02-24;US;3,00;0")

    assert data["a"]["since"] == data["b"]["since"] == "2026-02-24"
    assert steps_of(data)[2] == ("not_in_ours", "3.00")
    assert "pathways sync" in data["steps"][2]["sentence"]


def test_of_a_store_with_several_accounts_the_exported_one_is_compared(
    compared: Callable[..., Row],
) -> None:
    """Bolt has campaign 10 in dollars and, in another account, 11 in euros."""
    data = compared("10,2026-03-09,12.00", header=SPENT_USD, store="bolt")

    assert (data["a"]["value"], data["b"]["value"]) == ("10.00", "12.00")
    assert steps_of(data) == [
        ("currency", "0.00"),
        ("not_in_export", "0.00"),
        ("not_in_ours", "0.00"),
        ("other_numbers", "2.00"),
    ]
    (check,) = [each for each in data["checks"] if each["check"] == "export_accounts"]
    assert check["evidence"].startswith("The export has no campaign of 222;")


def test_an_account_that_the_export_leaves_out_casts_no_doubt(
    compared: Callable[..., Row], world: World, publish: Callable[..., None]
) -> None:
    """Account 222: a failed check, a gap, a row that one table lacks, days unread."""
    day = {"store": "bolt", "account_id": "222", "date_day": "2026-03-09"}
    failed = {"check_name": "hierarchy", "verdict": "fail", "evidence": "It fails."}
    gap = {"parent_id": "11", "spend_account_currency": "2.50", "purchases": 0}
    world["marts.status_checks"].append(day | failed)
    world["marts.level_gaps"] = [day | gap]
    world["core.meta_daily_metrics"] = [
        row for row in world["core.meta_daily_metrics"] if row["account_id"] != "222"
    ]
    world["marts.level_days"] = [
        row for row in world["marts.level_days"] if row["account_id"] != "222"
    ]
    publish(world)

    data = compared("10,2026-03-09,12.00", header=SPENT_USD, store="bolt")

    doubted = {each["check"] for each in data["checks"] if each["verdict"] != "ok"}
    assert doubted == {"export_accounts"}
    assert "222" not in {each["account_id"] for each in data["checks"]}


def test_a_day_that_only_an_account_left_out_has_read_is_not_known(
    compared: Callable[..., Row],
) -> None:
    """Account 222 was read from 8 March on, 333 from 4 March."""
    header = "Campaign ID,Day,Amount spent (EUR)"

    data = compared("11,2026-03-05,3.00", header=header, store="bolt")

    assert (data["a"]["value"], data["a"]["reason"]) == (None, "not_read")
    assert data["b"]["value"] == "3.00"


@pytest.mark.parametrize(
    ("header", "line", "asked", "said"),
    [
        (
            "Campaign ID,Day,Amount spent (EUR)",
            "1,2026-03-04,10.00",
            {},
            "is in EUR, the store's accounts count in USD",
        ),
        (
            "Campaign ID,Day,Amount spent (USD)",
            "1,2026-03-04,10.00",
            {"metric": "roas"},
            "has no column for purchase_value",
        ),
        (
            "Campaign ID,Day,Amount spent (USD)",
            "1,2026-03-04,10.00",
            {"country": "US"},
            "does not say which country",
        ),
        (HEADER, READ[0], {"shares": True}, "no numbers under A's rules"),
    ],
    ids=["another currency", "a lacking part", "a country it does not name", "shares"],
)
def test_what_the_export_cannot_be_compared_in_is_refused(
    compared: Callable[..., Row], header: str, line: str, asked: Row, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        compared(line, header=header, **asked)

    assert said in refused.value.message
    assert refused.value.hint


def test_the_verb_draws_an_export_and_refuses_another_reader_beside_it(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes("\n".join((HEADER, *READ)).encode("utf-16"))
    asked = ("--store", "acme", "--metric", "spend", "--export", str(file))

    drawn = run(*asked)
    both = run(*asked, "--b", "dashboard")
    torn = run(*asked, "--column", "campaign_id")

    assert drawn.exit_code == 0, drawn.output
    lines = [" ".join(line.split()) for line in drawn.stdout.splitlines()]
    assert "not in export -1.50 ------------------------ 1 row" in lines
    assert "Ads Manager 141.50 USD 2026-03-01 to 2026-03-10" in lines
    assert (both.exit_code, torn.exit_code) == (2, 2)
    assert "stands in for B" in both.stderr


def test_a_file_that_is_no_export_ends_the_verb_as_a_wrong_use(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    file.write_text("Campaign ID,Day,Amount spent (USD)\n1,2026-03-04,1.2.3\n")

    ended = run("--store", "acme", "--metric", "spend", "--export", str(file))

    assert ended.exit_code == 2
    assert "[EXPORT-001] export.csv, row 2, column `Amount spent (USD)`" in ended.stderr
