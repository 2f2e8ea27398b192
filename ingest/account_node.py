"""One ad account as Meta describes it, or why its numbers would be a guess."""

from datetime import date, datetime

from ingest import fields, planner
from ingest.account_statuses import ACTIVE, status_words
from ingest.currencies import known_currencies
from ingest.errors import AccountUnusable
from ingest.files import digest
from ingest.graph_client import GraphClient
from ingest.ledger import Account
from ingest.windows import local_day, zone_named


def described(
    client: GraphClient, account_id: str, now: datetime, api_version: str
) -> tuple[Account, list[str]]:
    """The account, and sentences about what is odd with it.

    Args:
        api_version: the one that was asked for.

    Raises:
        AccountUnusable: it lacks what every number depends on.
        MetaError, Deferred: as the client.
    """
    answer = client.node(
        f"act_{account_id}", {"fields": ",".join(fields.ACCOUNT_FIELDS)}
    )
    texts = {name: _text(answer.get(name)) for name in fields.ACCOUNT_FIELDS}
    _refuse_unusable(account_id, texts)
    account = Account(
        account_id=account_id,
        name=texts["name"] or "",
        currency=texts["currency"] or "",
        timezone_name=texts["timezone_name"] or "",
        account_status=texts["account_status"] or "",
        created_time=texts["created_time"],
        content_hash=digest(sorted(texts.items())),
        requested_at=now,
    )
    notices = []
    if account.account_status != ACTIVE:
        notices.append(
            f"Meta says the account is {status_words(account.account_status)}."
        )
    served = client.served_version
    if served is not None and served != api_version:
        notices.append(f"Meta answers with {served} where {api_version} was asked for.")
    if account.created_time and created_on(account) is None:
        notices.append(
            f"Meta says the account was created at {account.created_time!r}, "
            "which is no moment; its history is read as far as Meta answers."
        )
    return account, notices


def is_recent(account: Account, now: datetime) -> bool:
    """Within a day; a moment in the future was noted while the clock was wrong."""
    age = now - account.requested_at
    return -planner.SLACK <= age < planner.ACCOUNT_EVERY - planner.SLACK


def created_on(account: Account) -> date | None:
    """The day of the account's creation, its own; None where that is not known."""
    try:
        created = datetime.strptime(account.created_time or "", "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    return local_day(created, account.timezone_name)


def _refuse_unusable(account_id: str, texts: dict[str, str | None]) -> None:
    absent = [name for name in ("currency", "timezone_name") if not texts[name]]
    if absent or texts["account_id"] != account_id:
        raise AccountUnusable(
            f"Meta described account act_{account_id} without {absent or 'its id'}.",
            "Check that the token may read the ad account.",
        )
    if texts["currency"] not in known_currencies():
        raise AccountUnusable(
            f"Account act_{account_id} has the currency {texts['currency']}, whose "
            "minor units are not known, so its budgets would be a guess.",
            "Add it to dbt_project/seeds/currency_minor_units.csv, from Meta's page "
            "on currencies.",
            code="META-CURRENCY",
        )
    if zone_named(texts["timezone_name"] or "") is None:
        raise AccountUnusable(
            f"Account act_{account_id} has the time zone {texts['timezone_name']}, "
            "which this machine does not know, so its days would be a guess.",
            "Update the package tzdata.",
            code="META-TIMEZONE",
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
