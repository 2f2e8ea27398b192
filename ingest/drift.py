"""What a build lacks of what readers have now, or has too much: days, rows, spend.

A day that is four weeks old when it is read does not change any more. Much less of it,
or much more, is a fault of ours, of Meta's or of a rule, and worth a look before it is
shown. Accounts that are not configured any more are not missed.
"""

import logging
from decimal import Decimal
from pathlib import Path

import duckdb

logger = logging.getLogger(__name__)

SETTLED_AFTER_DAYS = 28

# What is compared, in the build and in what was published.
_COMPARED = (
    "marts.accounts.account_id",
    "marts.account_days.account_id",
    "marts.account_days.date_day",
    "marts.account_days.age_days",
    "core.meta_insights.account_id",
    "core.meta_insights.date_day",
    "core.meta_insights.level",
    "core.meta_insights.is_total",
    "core.meta_insights.spend_account_currency",
)

_COLUMNS = """
select schema_name || '.' || table_name || '.' || column_name
from duckdb_columns()
where database_name = coalesce($database, current_database())
"""

_DAYS_LOST = """
select account_id, count(*), min(date_day)
from (
    select account_id, date_day from published.marts.account_days
    except
    select account_id, date_day from marts.account_days
)
where account_id in (select account_id from marts.accounts)
group by account_id
order by account_id
limit 5
"""

# Totals of each level, in the account's own currency: no rate moves them. Of days that
# readers have at that level: history that is still being read adds others.
_OTHER_SETTLED_DAYS = """
with settled as (
    select distinct rows.account_id, rows.level, rows.date_day
    from published.core.meta_insights as rows
    inner join published.marts.account_days as days using (account_id, date_day)
    where
        rows.is_total
        and days.age_days >= $settled_after
        and rows.account_id in (select account_id from marts.accounts)
),

before as (
    select
        account_id,
        level,
        count(*) as row_count,
        sum(spend_account_currency) as spend
    from published.core.meta_insights
    inner join settled using (account_id, level, date_day)
    where is_total
    group by account_id, level
),

after as (
    select
        account_id,
        level,
        count(*) as row_count,
        sum(spend_account_currency) as spend
    from core.meta_insights
    inner join settled using (account_id, level, date_day)
    where is_total
    group by account_id, level
),

-- An account of which nothing is left has lost all: 0, and not unknown.
compared as (
    select
        before.account_id,
        before.level,
        before.row_count,
        before.spend,
        coalesce(after.row_count, 0) as rows_left,
        coalesce(after.spend, 0) as spend_left
    from before
    left join after using (account_id, level)
)

select *
from compared
where
    abs(row_count - rows_left) > $share * row_count
    or abs(spend - spend_left) > $share * abs(spend)
order by account_id, level
limit 5
"""


def attached(connection: duckdb.DuckDBPyConnection, published: Path) -> bool:
    """Whether what was published can be compared with, as database `published`.

    One that cannot be opened, or that an earlier release built, cannot.

    Args:
        connection: to the build.
    """
    path = str(published).replace("'", "''")
    try:
        connection.execute(f"attach '{path}' as published (read_only)")
    except duckdb.Error as problem:
        logger.warning("The build is not compared with %s: %s", published, problem)
        return False
    lacking = lacks(connection, "published")
    if lacking:
        logger.warning(
            "The build is not compared with %s, which another release built: it lacks "
            "%s.",
            published,
            ", ".join(lacking),
        )
        connection.execute("detach published")
    return not lacking


def lacks(
    connection: duckdb.DuckDBPyConnection, database: str | None = None
) -> list[str]:
    """Columns that are compared and that a database does not have.

    Args:
        database: None for the build itself.
    """
    found = connection.execute(_COLUMNS, {"database": database}).fetchall()
    there = {name for (name,) in found}
    return [name for name in _COMPARED if name not in there]


def losses(
    connection: duckdb.DuckDBPyConnection, loss_share: Decimal | None
) -> list[str]:
    """What the build lacks of `published`, or has too much, as sentences.

    Args:
        connection: to the build, with what readers have `attached`.
        loss_share: the part of rows or spend by which settled days may differ; None for
            any.
    """
    return [
        *_days_lost(connection),
        *([] if loss_share is None else _settled_changed(connection, loss_share)),
    ]


def _days_lost(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        f"account {account_id} would lose {count} days, from {first} on"
        for account_id, count, first in connection.execute(_DAYS_LOST).fetchall()
    ]


def _settled_changed(
    connection: duckdb.DuckDBPyConnection, loss_share: Decimal
) -> list[str]:
    found = connection.execute(
        _OTHER_SETTLED_DAYS,
        {"settled_after": SETTLED_AFTER_DAYS, "share": loss_share},
    ).fetchall()
    return [
        f"account {account_id} would have {rows_left} of {rows} rows and {spend_left} "
        f"of {spend} spend on settled days at level {level}"
        for account_id, level, rows, spend, rows_left, spend_left in found
    ]
