"""A running sandbox, and how a test asks it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from ingest.sandbox.server import Sandbox
from ingest.sandbox.statuses import KNOWN
from ingest.sandbox.world import default_world

Rows = list[dict[str, Any]]
Ask = Callable[..., requests.Response]
AskAll = Callable[..., Rows]


@pytest.fixture(scope="session")
def ask() -> Iterator[Ask]:
    """GET of a Graph path with a good token."""
    with requests.Session() as session:
        session.trust_env = False

        def get(sandbox: Sandbox, path: str, **params: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {sandbox.token}"}
            url = f"{sandbox.url}/v25.0/{path}"
            return session.get(url, params=params, headers=headers, timeout=10)

        yield get


@pytest.fixture(scope="session")
def ask_all(ask: Ask) -> AskAll:
    """The rows of all pages, following `next` to its end."""

    def get(sandbox: Sandbox, path: str, **params: Any) -> Rows:
        rows: Rows = []
        while True:
            body = ask(sandbox, path, **params).json()
            rows.extend(body["data"])
            if "next" not in body.get("paging", {}):
                return rows
            params["after"] = body["paging"]["cursors"]["after"]

    return get


@pytest.fixture(scope="session")
def insights(ask_all: AskAll) -> AskAll:
    """Daily rows of a level with every status asked for."""

    def get(
        sandbox: Sandbox,
        account_id: str,
        level: str,
        since: str,
        until: str,
        **more: Any,
    ) -> Rows:
        params: dict[str, Any] = {
            "level": level,
            "time_range": json.dumps({"since": since, "until": until}),
            "time_increment": 1,
            "limit": 500,
            "fields": (
                "account_id,campaign_id,adset_id,ad_id,spend,impressions,clicks,reach,"
                "inline_link_clicks,outbound_clicks,actions,action_values,"
                "attribution_setting"
            ),
        }
        if level != "account":
            params["filtering"] = every_status(level)
        params |= more
        return ask_all(sandbox, f"act_{account_id}/insights", **params)

    return get


@pytest.fixture(scope="session")
def shared() -> Iterator[Sandbox]:
    """The default world at its start. Tests must not change it."""
    with Sandbox(default_world()) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The default world at its start, for one test to change."""
    with Sandbox(default_world()) as running:
        yield running


@pytest.fixture(scope="session")
def statuses() -> Callable[[str], str]:
    """The filter that asks for a level's objects of every status."""
    return every_status


def every_status(level: str) -> str:
    known = next(values for name, values in KNOWN.items() if name == level)
    condition = {
        "field": f"{level}.effective_status",
        "operator": "IN",
        "value": sorted(known),
    }
    return json.dumps([condition])
