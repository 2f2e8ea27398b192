"""What POST /v1/query refuses, each with what to do instead."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.cursors import write_cursor
from api.snapshots import Reader
from tests.api.test_query import world
from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import served

Row = dict[str, Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    with served(tmp_path_factory.mktemp("acme"), world()) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "over"),
    [
        ({}, "days or objects"),
        ({"dimensions": ["campaign_id"]}, "days"),
        ({"dimensions": ["date_day"]}, "objects"),
        ({"dimensions": ["date_day", "campaign_id"], "grain": "week"}, "days"),
        ({"dimensions": ["date_day", "campaign_id", "country_code"]}, "countries"),
        (
            {
                "dimensions": ["date_day", "campaign_id"],
                "filters": [{"dimension": "country_code", "values": ["US"]}],
            },
            "countries",
        ),
        (
            {
                "dimensions": ["date_day", "campaign_id"],
                "filters": [{"dimension": "ad_id", "values": ["31"]}],
            },
            "objects",
        ),
    ],
)
def test_reach_is_refused_where_it_does_not_add_up(
    client: LocalClient, query: Row, over: str
) -> None:
    answer = client.post("/v1/query", json={"measures": ["spend", "reach"], **query})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "API-422-NOT-ADDITIVE")
    assert (
        f"`reach` does not add up over {over}. One person counts once"
        in (problem["detail"])
    )
    assert "date_day" in problem["hint"]


def test_reach_has_no_names_and_says_so(client: LocalClient) -> None:
    query = {"measures": ["reach"], "dimensions": ["date_day", "campaign_id"]}
    query["dimensions"] = [*query["dimensions"], "campaign_name"]

    problem = client.post("/v1/query", json=query).json()

    assert problem["code"] == "API-422-NOT-ADDITIVE"
    assert "campaign_name" in problem["hint"]


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ({"measures": ["spnd"]}, "API-422-NAME", "Did you mean `spend`?"),
        ({"measures": ["zzz"]}, "API-422-NAME", "/v1/definitions lists all."),
        ({"measures": ["country_code"]}, "API-422-NAME", "under dimensions"),
        ({"measures": ["daily_budget"]}, "API-422-NOT-ADDITIVE", "never summed"),
        ({"dimensions": ["contry_code"]}, "API-422-NAME", "mean `country_code`?"),
        ({"dimensions": ["spend"]}, "API-422-NAME", "under measures"),
        ({"dimensions": ["load_id"]}, "API-422-NAME", "They can by "),
        ({"grain": "week"}, "API-422-PARAMETER", "Add date_day"),
        (
            {"filters": [{"dimension": "date_day", "values": ["2026-03-01"]}]},
            "API-422-PARAMETER",
            "since and until",
        ),
        (
            {"filters": [{"dimension": "campaign", "values": ["1"]}]},
            "API-422-NAME",
            "mean `campaign_id`?",
        ),
        (
            {"filters": [{"dimension": "country_code", "values": ["US"]}] * 2},
            "API-422-PARAMETER",
            "one filter",
        ),
        ({"order": {"name": "clicks"}}, "API-422-PARAMETER", "one of the measures"),
        ({"since": "2026-03-10", "until": "2026-03-01"}, "API-422-RANGE", "earlier"),
        ({"store": "nobody"}, "API-404-STORE", "/v1/stores"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_to_do(
    client: LocalClient, query: Row, code: str, said: str
) -> None:
    problem = client.post("/v1/query", json={"measures": ["spend"], **query}).json()

    assert problem["code"] == code, problem
    assert said in problem["detail"] + problem["hint"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"measures": []},
        {"measures": ["spend"] * 31},
        {"measures": ["Spend; drop table x"]},
        {"measures": "spend"},
        {"measures": ["spend"], "sql": "select 1"},
        {"measures": ["spend"], "limit": 10_001},
        {"measures": ["spend"], "limit": 0},
        {"measures": ["spend"], "limit": "10"},
        {"measures": ["spend"], "limit": True},
        {"measures": ["spend"], "limit": 10.0},
        {"measures": ["spend"], "since": 1_772_323_200},
        {"measures": ["spend"], "until": 20_260_310},
        {"measures": ["spend"], "as_of": 1_772_323_200},
        {"measures": ["spend"], "cursor": 1},
        {"measures": ["spend"], "filters": [{"dimension": "country_code"}]},
        {
            "measures": ["spend"],
            "filters": [{"dimension": "country_code", "values": ["x"] * 101}],
        },
        {
            "measures": ["spend"],
            "filters": [{"dimension": "country_code", "values": ["x" * 501]}],
        },
        {
            "measures": ["spend"],
            "filters": [
                {"dimension": "country_code", "operator": "like", "values": ["U%"]}
            ],
        },
        [],
        None,
        "spend",
    ],
)
def test_a_body_of_another_shape_is_refused(client: LocalClient, body: Any) -> None:
    answer = client.post("/v1/query", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 60_000, b"", b'{"a":1e999}'])
def test_a_body_that_is_no_json_is_refused(client: LocalClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = client.post("/v1/query", content=body, headers=headers)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "changed",
    [
        {"measures": ["clicks"], "order": None},
        {"dimensions": ["country_code"]},
        {"filters": [{"dimension": "country_code", "values": ["US"]}]},
        {"until": "2026-03-09"},
        {"order": {"name": "spend", "direction": "asc"}},
    ],
    ids=str,
)
def test_a_cursor_of_another_query_is_refused(
    client: LocalClient, changed: Row
) -> None:
    query = {"measures": ["spend"], "dimensions": ["campaign_id"], "limit": 1}
    query |= {"order": {"name": "spend"}, "since": "2026-03-01"}
    cursor = client.post("/v1/query", json=query).json()["meta"]["next_cursor"]

    same = client.post("/v1/query", json={**query, "cursor": cursor})
    other = client.post("/v1/query", json={**query, **changed, "cursor": cursor})

    assert same.status_code == 200
    assert (other.status_code, other.json()["code"]) == (422, "API-422-CURSOR")


@pytest.mark.parametrize("passed", ["-1", "1.5", "x", "9" * 12, "", "٣"])
def test_a_cursor_that_counts_nothing_is_refused(
    client: LocalClient, passed: str
) -> None:
    query = {"measures": ["spend"], "since": "2026-03-01", "until": "2026-03-10"}

    def made_up(reader: Reader, request: dict[str, object], _: object) -> str:
        return write_cursor(reader, request, [passed])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.routes.query.write_cursor", made_up)
        by_day = {**query, "dimensions": ["date_day"], "limit": 1}
        cursor = client.post("/v1/query", json=by_day).json()["meta"]["next_cursor"]
    answer = client.post("/v1/query", json={**by_day, "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-CURSOR")
