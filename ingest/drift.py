"""What a build lacks of what readers have now: days, rows or spend.

A day that is four weeks old when it is read does not change any more, so much of it
gone is a fault of ours, of Meta's or of a rule, and worth a look before it is shown.
Accounts that are not configured any more are not missed.
"""

import logging
from decimal import Decimal

import duckdb

logger = logging.getLogger(__name__)

SETTLED_AFTER_DAYS = 28

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

# Totals of each level, in the account's own currency: no rate moves them.
_LESS_OF_SETTLED_DAYS = """
with settled as (
    select account_id, date_day
    from published.marts.account_days
    where
        age_days >= $settled_after
        and account_id in (select account_id from marts.accounts)
),

before as (
    select
        account_id,
        level,
        count(*) as row_count,
        sum(spend_account_currency) as spend
    from published.core.meta_insights
    inner join settled using (account_id, date_day)
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
    inner join settled using (account_id, date_day)
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
    row_count - rows_left > $share * row_count
    or spend - spend_left > $share * spend
order by account_id, level
limit 5
"""


def losses(
    connection: duckdb.DuckDBPyConnection, published: str, loss_share: Decimal | None
) -> list[str]:
    """What the build lacks, as sentences. A published file that cannot be read, or that
    an earlier release built, has nothing to compare with.

    Args:
        connection: to the build.
        published: path of the snapshot that readers have.
        loss_share: the part of rows or spend of settled days that may go; None for all.
    """
    try:
        path = published.replace("'", "''")
        connection.execute(f"attach '{path}' as published (read_only)")
        return [
            *_days_lost(connection),
            *([] if loss_share is None else _settled_lost(connection, loss_share)),
        ]
    except duckdb.Error as problem:
        logger.warning("The build is compared with nothing: %s", problem)
        return []


def _days_lost(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        f"account {account_id} would lose {count} days, from {first} on"
        for account_id, count, first in connection.execute(_DAYS_LOST).fetchall()
    ]


def _settled_lost(
    connection: duckdb.DuckDBPyConnection, loss_share: Decimal
) -> list[str]:
    found = connection.execute(
        _LESS_OF_SETTLED_DAYS,
        {"settled_after": SETTLED_AFTER_DAYS, "share": loss_share},
    ).fetchall()
    return [
        f"account {account_id} would have {rows_left} of {rows} rows and {spend_left} "
        f"of {spend} spend on settled days at level {level}"
        for account_id, level, rows, spend, rows_left, spend_left in found
    ]
