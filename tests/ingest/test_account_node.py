"""An ad account as Meta describes it: what is refused, and what is only told."""

import json
from datetime import UTC, date, datetime

import pytest

from ingest.account_node import created_on, described, is_recent
from ingest.errors import AccountUnusable
from ingest.graph_client import GraphClient
from ingest.ledger import Account
from tests.fixtures.loopback import Answer, Loopback, in_turn

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
ACME = {
    "account_id": "1",
    "name": "Acme",
    "currency": "USD",
    "timezone_name": "America/New_York",
    "account_status": 1,
    "created_time": "2025-03-01T23:30:00-0500",
}


def read(**told: object) -> tuple[Account, list[str]]:
    headers = {"facebook-api-version": "v25.0"}
    answer = Answer(json.dumps(ACME | told).encode(), headers=headers)
    with Loopback(in_turn(answer)) as server:
        client = GraphClient(server.url, "v25.0", "token")
        try:
            return described(client, "1", NOW, "v25.0")
        finally:
            client.close()


def test_account_is_as_meta_describes_it() -> None:
    account, notices = read()

    assert (account.currency, account.timezone_name) == ("USD", "America/New_York")
    # Its own day: in London it was the second already.
    assert created_on(account) == date(2025, 3, 1)
    assert notices == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param({"currency": "QQQ"}, "META-CURRENCY", id="unknown currency"),
        pytest.param({"currency": None}, "META-ACCOUNT", id="no currency"),
        pytest.param({"timezone_name": "Mars/Base"}, "META-TIMEZONE", id="unknown"),
        pytest.param({"timezone_name": "America"}, "META-TIMEZONE", id="no zone"),
        pytest.param({"timezone_name": "../x"}, "META-TIMEZONE", id="no name"),
        pytest.param({"timezone_name": None}, "META-ACCOUNT", id="no time zone"),
        pytest.param({"account_id": "2"}, "META-ACCOUNT", id="another's"),
    ],
)
def test_account_without_what_numbers_depend_on_is_refused(
    told: dict[str, object], code: str
) -> None:
    with pytest.raises(AccountUnusable) as caught:
        read(**told)

    assert caught.value.code == code
    assert "act_1" in caught.value.message


@pytest.mark.parametrize(
    ("told", "words"),
    [
        pytest.param({"account_status": 2}, "disabled", id="disabled"),
        pytest.param({"created_time": "long ago"}, "'long ago'", id="no moment"),
    ],
)
def test_what_is_odd_is_told_and_read_on(told: dict[str, object], words: str) -> None:
    _, notices = read(**told)

    assert len(notices) == 1
    assert words in notices[0]


@pytest.mark.parametrize(
    ("now", "recent"),
    [
        pytest.param(datetime(2026, 3, 11, 9, 0, tzinfo=UTC), True, id="within a day"),
        pytest.param(datetime(2026, 3, 11, 9, 30, tzinfo=UTC), False, id="a day later"),
        pytest.param(datetime(2026, 3, 10, 8, 0, tzinfo=UTC), False, id="in the past"),
    ],
)
def test_description_holds_for_a_day(now: datetime, recent: bool) -> None:
    account, _ = read()

    assert is_recent(account, now) is recent
