"""API-10: the API answers for its own names alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.keys import new_key
from api.main import create_app
from api.settings import Settings
from tests.fixtures.keys_file import write
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8000", True),
        ("LocalHost:9", True),
        ("[::1]:8000", True),
        ("127.8.8.8", True),
        ("testserver", False),
        ("attacker.example", False),
        ("127.0.0.1.attacker.example", False),
        ("localhost.attacker.example:8000", False),
        ("attacker.example@127.0.0.1", False),
        ("127.0.0.1/", False),
        ("127.0.0.1:8000:8000", False),
        ("0.0.0.0", False),
        ("[::ffff:10.0.0.1]", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/stores", "/nothing"])
def test_it_answers_for_its_own_names_alone(
    client: LocalClient, path: str, host: str, is_ours: bool
) -> None:
    answer = client.get(path, headers={"Host": host})

    refused = answer.status_code == 400 and answer.json()["code"] == "API-400-HOST"
    assert refused is not is_ours
    if refused:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "attacker" not in answer.text


def test_a_name_that_was_added_is_answered_for(
    settings: Settings, data_dir: Path
) -> None:
    key, _ = new_key("proxy", ["*"], NOW, None)
    write(data_dir, key)
    app = create_app(replace(settings, hosts=("ads.example.com",)))
    client = LocalClient(app)

    statuses = [
        client.get("/healthz", headers={"Host": host}).status_code
        for host in ("ADS.example.com", "127.0.0.1", "example.com", "x.ads.example.com")
    ]

    assert statuses == [200, 200, 400, 400]


def test_two_hosts_are_none(client: LocalClient) -> None:
    answer = client.get("/healthz", headers=[("Host", "127.0.0.1")] * 2)

    assert answer.json()["code"] == "API-400-HOST"
