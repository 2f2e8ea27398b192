"""By how much a build may differ from what readers have on settled days."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingest.drift import attached, lacks, losses

HALF_A_PERCENT = Decimal("0.005")
# Account, age of the day when it was read, level, rows, spend of each.
Rows = list[tuple[str, int, str, int, str]]
WHOLE: Rows = [("1", 40, "ad", 200, "10.00"), ("1", 3, "ad", 50, "10.00")]


def write(file: Path, rows: Rows) -> str:
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema core; create schema marts;"
            "create table marts.accounts (account_id varchar);"
            "create table marts.account_days ("
            "account_id varchar, date_day date, age_days bigint);"
            "create table core.meta_insights (account_id varchar, date_day date, "
            "level varchar, is_total boolean, spend_account_currency decimal(18, 4))"
        )
        for account_id, age, level, count, spend in rows:
            values = {"id": account_id, "age": age, "level": level, "spend": spend}
            connection.execute("insert into marts.accounts values ($id)", {"id": "1"})
            day = "date '2026-03-10' - $age::integer"
            connection.execute(
                f"insert into marts.account_days select $id, {day}, $age",
                {"id": account_id, "age": age},
            )
            # Rows by country are no totals and not counted.
            connection.execute(
                f"insert into core.meta_insights select $id, {day}, $level, "
                f"unnest([true, false]), $spend::decimal(18, 4) from range({count})",
                values,
            )
    return str(file)


def lost(
    tmp_path: Path,
    build: Rows,
    share: Decimal | None = HALF_A_PERCENT,
    had: Rows = WHOLE,
) -> list[str]:
    published = tmp_path / "it's published.duckdb"
    write(published, had)
    with duckdb.connect(write(tmp_path / "build.duckdb", build)) as connection:
        assert attached(connection, published)
        return losses(connection, share)


def test_the_same_lacks_nothing(tmp_path: Path) -> None:
    assert lost(tmp_path, WHOLE) == []


@pytest.mark.parametrize(
    ("rows", "spend", "reasons"),
    [
        # Of 200 rows one may go, of 2,000 spend 10.
        pytest.param(199, "10.00", 0, id="one row of two hundred"),
        pytest.param(198, "10.10", 1, id="two rows, spend as it was"),
        pytest.param(200, "9.95", 0, id="half a percent of spend"),
        pytest.param(200, "9.94", 1, id="more of spend"),
        pytest.param(201, "10.00", 0, id="one row more"),
        pytest.param(202, "9.90", 1, id="two rows more, spend as it was"),
        pytest.param(200, "10.05", 0, id="half a percent more of spend"),
        pytest.param(200, "10.06", 1, id="more than that"),
        pytest.param(200, "1000.00", 1, id="a hundred times the spend"),
    ],
)
def test_settled_days_may_differ_by_the_share(
    tmp_path: Path, rows: int, spend: str, reasons: int
) -> None:
    build: Rows = [("1", 40, "ad", rows, spend), WHOLE[1]]

    assert len(lost(tmp_path, build)) == reasons


def test_what_is_lost_is_told_in_figures(tmp_path: Path) -> None:
    (reason,) = lost(tmp_path, [("1", 40, "ad", 100, "10.00"), WHOLE[1]])

    assert reason == (
        "account 1 would have 100 of 200 rows and 1000.0000 of 2000.0000 spend on "
        "settled days at level ad"
    )


def test_a_level_that_is_gone_has_lost_all(tmp_path: Path) -> None:
    (reason,) = lost(tmp_path, [("1", 40, "campaign", 200, "10.00"), WHOLE[1]])

    assert "0 of 200 rows" in reason


def test_days_that_still_change_may_shrink(tmp_path: Path) -> None:
    assert lost(tmp_path, [WHOLE[0], ("1", 3, "ad", 1, "0.01")]) == []


def test_a_level_of_which_a_day_is_read_now_has_not_grown(tmp_path: Path) -> None:
    """The history of ads comes after that of campaigns."""
    before: Rows = [*WHOLE, ("1", 41, "campaign", 5, "1.00")]

    assert lost(tmp_path, [*before, ("1", 41, "ad", 500, "10.00")], had=before) == []


def test_a_day_may_not_go(tmp_path: Path) -> None:
    (reason,) = lost(tmp_path, [WHOLE[0]])

    assert reason == "account 1 would lose 1 days, from 2026-03-07 on"


def test_who_accepts_losses_still_loses_no_day(tmp_path: Path) -> None:
    less: Rows = [("1", 40, "ad", 1, "0.01"), WHOLE[1]]

    assert lost(tmp_path, less, share=None) == []
    (tmp_path / "again").mkdir()
    assert len(lost(tmp_path / "again", less[:1], share=None)) == 1


def test_what_cannot_be_opened_or_is_of_another_release_is_not_compared(
    tmp_path: Path,
) -> None:
    damaged, earlier = tmp_path / "damaged.duckdb", tmp_path / "earlier.duckdb"
    damaged.write_bytes(b"x" * 20_000)
    write(earlier, WHOLE)
    with duckdb.connect(str(earlier)) as connection:
        connection.execute("alter table marts.account_days drop column age_days")

    with duckdb.connect(write(tmp_path / "build.duckdb", WHOLE)) as connection:
        found = [attached(connection, file) for file in (damaged, earlier)]

        assert found == [False, False]
        assert lacks(connection) == []


def test_a_build_says_what_it_lacks(tmp_path: Path) -> None:
    with duckdb.connect(write(tmp_path / "build.duckdb", WHOLE)) as connection:
        connection.execute(
            "alter table core.meta_insights rename spend_account_currency to spend"
        )

        assert lacks(connection) == ["core.meta_insights.spend_account_currency"]
