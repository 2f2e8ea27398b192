"""Pages that lie: rows, cursors, links and usage headers."""

import json
from typing import Any

import pytest
import requests

from ingest.sandbox.faults import Fault
from ingest.sandbox.page_faults import (
    cursor_missing,
    cursor_repeated,
    deep,
    edited,
    emptied,
    endless,
    endless_empty,
    foreign_next,
    headers_absent,
    headers_garbled,
    headers_of_other_types,
    headers_with_odd_values,
    page_overlapping,
    rows_dropped,
    rows_repeated,
    stale_cursor,
)
from ingest.sandbox.server import Sandbox

CAMPAIGNS = "act_100000000000001/campaigns"


def names(body: dict[str, Any]) -> list[str]:
    return [row["name"] for row in body["data"]]


@pytest.fixture
def first_page(sandbox: Sandbox, ask: Any) -> Any:
    """The first page of two of the five campaigns, true and under a fault."""

    def get(fault: Fault) -> tuple[dict[str, Any], dict[str, Any]]:
        true = ask(sandbox, CAMPAIGNS, fields="name", limit=2).json()
        sandbox.faults.add(match="/campaigns", fault=fault)
        return true, ask(sandbox, CAMPAIGNS, fields="name", limit=2).json()

    return get


def test_a_body_is_edited(first_page: Any) -> None:
    true, false = first_page(edited(lambda body: body.replace(b"Broad", b"Narrow")))

    assert names(true)[0] == "Prospecting | Broad"
    assert names(false)[0] == "Prospecting | Narrow"


def test_a_page_is_emptied(first_page: Any) -> None:
    assert first_page(emptied())[1] == {"data": []}


def test_last_rows_are_dropped_or_repeated(first_page: Any) -> None:
    true, dropped = first_page(rows_dropped(1))
    _, repeated = first_page(rows_repeated(1))

    assert names(dropped) == names(true)[:1]
    assert names(repeated) == [*names(true), names(true)[1]]
    assert dropped["paging"] == repeated["paging"] == true["paging"]


def test_a_page_begins_with_rows_of_the_one_before(
    sandbox: Sandbox, ask_all: Any
) -> None:
    true = ask_all(sandbox, CAMPAIGNS, limit=2)
    sandbox.faults.add(match="after=", fault=page_overlapping(1), times=None)

    false = ask_all(sandbox, CAMPAIGNS, limit=2)

    # Pages of 2, 2 and 1 become 2, 3 and 2.
    assert false == [*true[:2], *true[1:4], *true[3:]]


def test_a_cursor_leads_to_its_own_page(sandbox: Sandbox, ask: Any) -> None:
    second = ask(sandbox, CAMPAIGNS, limit=2).json()["paging"]["cursors"]["after"]
    sandbox.faults.add(match="after=", fault=cursor_repeated())

    body = ask(sandbox, CAMPAIGNS, limit=2, after=second).json()

    assert body["paging"]["cursors"]["after"] == second
    assert "next" in body["paging"]


def test_cursors_are_missing_beside_next(first_page: Any) -> None:
    true, false = first_page(cursor_missing())

    assert set(false["paging"]) == {"next"}
    assert false["data"] == true["data"]


def test_a_cursor_goes_stale(first_page: Any) -> None:
    error = first_page(stale_cursor())[1]["error"]

    assert error["code"] == 100
    assert "Invalid cursors values" in error["message"]


@pytest.mark.parametrize(("fault", "rows"), [(endless(), 2), (endless_empty(), 0)])
def test_pages_without_end_have_ever_fresh_cursors(
    sandbox: Sandbox, ask: Any, fault: Fault, rows: int
) -> None:
    sandbox.faults.add(match="/campaigns", fault=fault, times=None)
    cursors: list[str] = []
    counts: list[int] = []
    params: dict[str, Any] = {"limit": 2}

    for _ in range(8):
        body = ask(sandbox, CAMPAIGNS, **params).json()
        counts.append(len(body["data"]))
        assert "next" in body["paging"]
        params["after"] = body["paging"]["cursors"]["after"]
        cursors.append(params["after"])

    assert counts == [rows] * 8
    assert len(set(cursors)) == 8


def test_next_leads_abroad_with_true_rows_and_cursors(first_page: Any) -> None:
    true, false = first_page(foreign_next("http://192.0.2.1"))

    assert false["paging"]["next"].startswith("http://192.0.2.1/v25.0/act_")
    assert false["data"] == true["data"]
    assert false["paging"]["cursors"] == true["paging"]["cursors"]


def test_json_is_deep(sandbox: Sandbox, ask: Any) -> None:
    sandbox.faults.add(match="/campaigns", fault=deep(2_000))

    text = ask(sandbox, CAMPAIGNS).text

    assert '"nested":' + "[" * 2_000 + "]" * 2_000 in text


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (headers_garbled(), "{call_count: 28%"),
        (headers_absent(), None),
        (headers_of_other_types(), '[null,"28",{"call_count":{"value":"28"}}]'),
    ],
)
def test_usage_headers_are_wrong(
    sandbox: Sandbox, ask: Any, fault: Fault, shown: str | None
) -> None:
    sandbox.faults.add(match="/insights", fault=fault)

    answer: requests.Response = ask(sandbox, "act_100000000000001/insights")

    for name in ("x-app-usage", "x-business-use-case-usage", "x-ad-account-usage"):
        assert answer.headers.get(name) == shown
    assert len(answer.json()["data"]) == 1


def test_usage_headers_hold_odd_values(sandbox: Sandbox, ask: Any) -> None:
    sandbox.faults.add(match="/insights", fault=headers_with_odd_values())

    answer = ask(sandbox, "act_100000000000001/insights")

    assert json.loads(answer.headers["x-app-usage"])["call_count"] == "28"
    (cases,) = json.loads(answer.headers["x-business-use-case-usage"]).values()
    assert cases[0]["estimated_time_to_regain_access"] is None
