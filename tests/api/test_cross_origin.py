"""API-10: what pages of other origins may send and read."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.keys import new_key
from api.main import create_app
from api.settings import Settings
from tests.fixtures.keys_file import write
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW

PAGE = "https://app.example.com"


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("origin", [PAGE, "null", "http://127.0.0.1:8000"])
@pytest.mark.parametrize("method", ["get", "options"])
def test_no_page_of_another_origin_reads_anything_by_default(
    client: LocalClient, origin: str, method: str
) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}

    answer = client.request(method, "/v1/stores", headers=asked)

    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.fixture
def listed(settings: Settings) -> LocalClient:
    """The API that lists one origin."""
    app = create_app(replace(settings, cors_origins=(PAGE,)))
    app.add_api_route("/v1/fail", lambda: 1 / 0)
    return LocalClient(app, raise_server_exceptions=False)


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "origin",
    [
        PAGE,
        "null",
        "https://app.example.com.attacker.example",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://APP.example.com",
    ],
)
def test_only_the_listed_origin_reads_answers_and_never_with_cookies(
    listed: LocalClient, origin: str
) -> None:
    answer = listed.get("/v1/stores", headers={"Origin": origin, "Cookie": "a=b"})

    allowed = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed == (PAGE if origin == PAGE else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.usefixtures("acme_only")
def test_a_listed_page_may_send_its_key_and_read_why_it_is_refused(
    listed: LocalClient, data_dir: Path
) -> None:
    write(data_dir, new_key("page", ["acme"], NOW, None)[0])
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }

    before = listed.options("/v1/stores", headers=asked)
    refused = listed.get("/v1/stores", headers={"Origin": PAGE})

    assert before.status_code == 200
    assert before.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Authorization" in before.headers["Access-Control-Allow-Headers"]
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


def test_a_listed_page_may_read_of_a_failure_that_nobody_foresaw(
    listed: LocalClient,
) -> None:
    answer = listed.get("/v1/fail", headers={"Origin": PAGE})

    assert (answer.status_code, answer.json()["code"]) == (500, "API-500")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    "asked",
    [
        {"Origin": "https://attacker.example", "Access-Control-Request-Method": "GET"},
        {"Origin": PAGE, "Access-Control-Request-Method": "DELETE"},
        {
            "Origin": PAGE,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-anything",
        },
    ],
    ids=["origin", "method", "header"],
)
def test_what_a_page_may_not_send_is_refused_before_it_does(
    listed: LocalClient, asked: dict[str, str]
) -> None:
    answer = listed.options("/v1/stores", headers=asked)

    assert (answer.status_code, answer.json()["code"]) == (403, "API-403-ORIGIN")
    assert "Access-Control-Allow-Origin" not in answer.headers
