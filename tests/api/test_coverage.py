"""Which days an answer does not know: those that were not read at its own level."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.test_query import world
from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import served
from tests.fixtures.world_rows import World

DAYS = {"since": "2026-03-03", "until": "2026-03-10"}
Asked = tuple[str, dict[str, Any]]


def unread_in_part() -> World:
    """acme, whose ads were not read on 03-04 nor its ad sets on 03-05.

    Ads were read again when 03-10 was over.
    """
    made = world()
    days = made["marts.level_days"]
    unread = {("ad", "2026-03-04"), ("adset", "2026-03-05")}
    made["marts.level_days"] = [
        {**day, "is_partial_day": day["is_partial_day"] and day["level"] != "ad"}
        for day in days
        if (day["level"], str(day["date_day"])) not in unread
    ]
    return made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    readers = {"ads": {"based_on": "ai_budget", "level": "ad"}}
    folder = tmp_path_factory.mktemp("acme")
    with served(folder, unread_in_part(), readers=readers) as client:
        yield client


def told(client: LocalClient, asked: Asked) -> dict[str, Any]:
    path, more = asked
    answer = (
        client.post(path, json={**DAYS, **more})
        if path == "/v1/query"
        else client.get(path, params={**DAYS, **more})
    )
    assert answer.status_code == 200, answer.text
    meta: dict[str, Any] = answer.json()["meta"]
    return meta


def query(*dimensions: str) -> Asked:
    return "/v1/query", {"measures": ["spend"], "dimensions": dimensions}


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        (("/v1/rows/account", {}), []),
        (("/v1/rows/campaign", {}), []),
        (("/v1/rows/adset", {}), ["2026-03-05"]),
        (("/v1/rows/ad", {}), ["2026-03-04"]),
        (query(), []),
        (query("campaign_id"), []),
        (query("adset_id", "campaign_id"), ["2026-03-05"]),
        (query("ad_id"), ["2026-03-04"]),
        (("/v1/dashboard", {}), []),
        # Campaigns and ad sets.
        (("/v1/budget", {}), ["2026-03-05"]),
        # Campaigns on one side, ads on the other.
        (("/v1/explain", {"metric": "spend", "a": "ads"}), ["2026-03-04"]),
        (("/v1/explain", {"metric": "spend", "a": "ai_budget"}), []),
    ],
    ids=str,
)
def test_a_day_is_missing_where_the_answers_own_level_was_not_read(
    client: LocalClient, asked: Asked, missing: list[str]
) -> None:
    coverage = told(client, asked)["coverage"]

    assert coverage["missing_days"] == missing
    assert coverage["missing"] == [
        {"account_id": "111", "since": day, "until": day, "why": "not_read"}
        for day in missing
    ]


def test_a_day_is_partial_where_the_answers_own_level_was(client: LocalClient) -> None:
    assert told(client, ("/v1/rows/ad", {}))["partial_days"] == []
    assert told(client, ("/v1/rows/adset", {}))["partial_days"] == ["2026-03-10"]


def test_days_of_the_compared_window_are_looked_at_too(client: LocalClient) -> None:
    asked = ("/v1/dashboard", {"since": "2026-02-26", "until": "2026-02-27"})

    coverage = told(client, asked)["coverage"]

    # The first day that was read is 02-25.
    assert coverage["missing_days"] == []
    assert coverage["previous_missing_days"] == ["2026-02-24"]
