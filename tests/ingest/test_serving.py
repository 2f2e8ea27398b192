"""`pathways serve`: what it tells the API, and a key's life while a process serves."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from ingest.cli import pathways as command
from ingest.http_protocol import BoundedProtocol
from tests.conftest import ROOT

STORE = """
[sources.meta.stores.acme]
accounts = ["act_100000000000001"]
reporting_currency = "USD"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(STORE)
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("SOURCES__", "PATHWAYS__")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATHWAYS__DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def test_what_is_configured_reaches_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    configured = {
        "PATHWAYS__SERVE__HOSTS": '["ads.example.com"]',
        "PATHWAYS__SERVE__CORS_ORIGINS": '["https://app.example.com"]',
        "PATHWAYS__SERVE__DOCS": "false",
        "PATHWAYS__SERVE__REQUESTS_PER_SECOND": "2.5",
        "PATHWAYS__SERVE__BURST": "7",
        "PATHWAYS__SERVE__REQUESTS_AT_ONCE": "5",
        "PATHWAYS__SERVE__QUERIES_AT_ONCE": "3",
    }
    for name, value in configured.items():
        monkeypatch.setenv(name, value)
    given: dict[str, Any] = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **more: given.update(more, app=app))
    CliRunner().invoke(command, ["keys", "add", "page", "--store", "acme"])

    result = CliRunner().invoke(command, ["serve", "--port", "8123"])

    assert result.exit_code == 0, result.output
    told = given["app"].state.settings
    assert (told.hosts, told.cors_origins) == (
        ("ads.example.com",),
        ("https://app.example.com",),
    )
    assert told.has_docs is False
    assert (told.requests_per_second, told.burst) == (2.5, 7)
    assert (told.requests_at_once, told.queries_at_once) == (5, 3)
    assert given["http"] is BoundedProtocol
    assert (given["host"], given["port"]) == ("127.0.0.1", 8123)
    assert given["server_header"] is False


@pytest.mark.slow
def test_a_key_is_revoked_while_a_process_serves_to_others(folder: Path) -> None:
    def keys(*arguments: str) -> Any:
        result = CliRunner().invoke(command, ["keys", *arguments, "--json"])
        return json.loads(result.stdout)

    text = keys("add", "page", "--store", "acme")["key"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", "serve", "--port", port, "-v"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATHWAYS__SERVE__HOST": "0.0.0.0",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url, bearer = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {text}"}
    try:
        wait_for(f"{url}/healthz")
        without = requests.get(f"{url}/v1/stores", timeout=30)
        with_it = requests.get(f"{url}/v1/stores", headers=bearer, timeout=30)
        in_url = requests.get(f"{url}/v1/stores?key={text}", timeout=30)
        keys("revoke", "page")
        revoked = requests.get(f"{url}/v1/stores", headers=bearer, timeout=30)
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[0]

    # Nothing was published, and whoever has a key is told so.
    assert (with_it.status_code, with_it.json()["code"]) == (503, "API-503-NO-DATA")
    assert (without.status_code, revoked.status_code) == (401, 401)
    assert in_url.status_code == 400
    assert text not in said
    assert "API-503-NO-DATA" in said


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=2)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}")
