"""The token is nowhere: every file, output, answer and command line is searched."""

import base64
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from ingest.sandbox.faults import graph_error
from ingest.sandbox.server import Sandbox
from ingest.sandbox.wire_faults import redirected
from ingest.sandbox.world import (
    DEFAULT_SEED,
    DEFAULT_START,
    build_world,
    default_plans,
)
from tests.conftest import ROOT, Ended, Pathways

pytestmark = pytest.mark.slow

TOKEN = "EAAmarker|9876543210zyxwvutsrq"
SECRET = "s3cret-of-the-app-0123456789"
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL-encoded": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "its first twelve letters": lambda text: text[:12],
}


@dataclass
class Left:
    """Everything that the runs left: files, outputs, answers, command lines."""

    folder: Path
    outputs: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    command_lines: list[bytes] = field(default_factory=list)

    def keep(self, name: str, ended: Ended) -> None:
        self.outputs[name] = ended.out + ended.err


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("grep")
    plans = [
        replace(plan, campaigns=1, adsets_per_campaign=1, created_days_ago=5)
        for plan in default_plans()
    ]
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)
    found = Left(folder)
    extra = {"SOURCES__META__APP_SECRET": SECRET, "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir()
    with Sandbox(world, token=TOKEN, log_path=folder / "requests.jsonl") as sandbox:
        run = Pathways(folder / "data", sandbox, extra)
        found.keep("doctor", run("doctor", "-v"))
        found.keep("sync", run("sync", "-v"))
        found.keep("run", run("run", "-v", "--backfill-minutes", "0"))
        found.keep("plan", run("plan", "--json"))
        sandbox.clock.advance(hours=3)
        quoted = f"Malformed access token {TOKEN}"
        for spoiled in (
            graph_error(190, status=400, message=quoted),
            graph_error(2, status=500, message=quoted),
            redirected(f"http://127.0.0.1:9/?access_token={TOKEN}"),
        ):
            sandbox.faults.add(match="insights", fault=spoiled)
            found.keep(f"sync, {spoiled}", run("sync", "-v"))
            found.keep(f"run, {spoiled}", run("run", "-v", "--json"))
        found.keep("status", run("status", "--json"))
        serve(run, found)
    found.keep("unreachable", run("sync", "-v"))
    return found


def serve(run: Pathways, found: Left) -> None:
    """Ask the API for everything that needs no parameter but a store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", "serve", "--port", str(port)],
        cwd=ROOT,
        env=run.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthz")
        cmdline = Path(f"/proc/{process.pid}/cmdline")
        if cmdline.exists():
            found.command_lines.append(cmdline.read_bytes())
        document = requests.get(f"{url}/openapi.json", timeout=30).json()
        for path in document["paths"]:
            for level in ("campaign", "account") if "{" in path else ("",):
                target = path.replace("{level}", level) + "?store=acme"
                found.answers[target] = answer(url + target)
        found.answers["/v1/nothing"] = answer(f"{url}/v1/nothing?access_token=x")
    finally:
        process.terminate()
        found.outputs["serve"] = process.communicate()[0]


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=2)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}")


def answer(url: str) -> bytes:
    """Body and headers of an answer, whatever its status."""
    response = requests.get(url, timeout=30)
    return response.content + b"\n" + str(response.headers).encode()


def test_the_runs_did_what_they_should(left: Left) -> None:
    assert "META-190" in "".join(left.outputs.values())
    assert "META-HOST" in "".join(left.outputs.values())
    assert len(left.answers) > 8
    assert b'"data"' in left.answers["/v1/dashboard?store=acme"]
    assert (left.folder / "data" / "warehouse.duckdb").exists()
    assert (left.folder / "data" / "current.duckdb").exists()


@pytest.mark.parametrize("secret", [TOKEN, SECRET], ids=["token", "app secret"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_no_file_output_answer_or_command_line_holds_it(
    left: Left, secret: str, form: Callable[[str], str]
) -> None:
    needle = form(secret).encode()

    files = [file for file in left.folder.rglob("*") if file.is_file()]
    places = [str(file) for file in files if needle in file.read_bytes()]
    places += [name for name, text in left.outputs.items() if needle in text.encode()]
    places += [name for name, body in left.answers.items() if needle in body]
    places += ["a command line" for line in left.command_lines if needle in line]

    assert len(files) > 20
    assert places == []


def test_a_token_that_is_there_would_be_found(left: Left, tmp_path: Path) -> None:
    # The search itself: the same bytes in a DuckDB file and in a log.
    import duckdb

    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute(f"create table t as select '{TOKEN}' as token")
    shutil.copy(tmp_path / "x.duckdb", tmp_path / "copy.duckdb")

    held = (tmp_path / "copy.duckdb").read_bytes()

    assert TOKEN.encode() in held
