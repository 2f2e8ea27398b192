"""`pathways keys`: what it prints, what it keeps, what it refuses."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.keys import Keys, digest
from ingest.cli import pathways as command
from tests.conftest import ROOT

CONFIG = """
[pathways]
data_dir = "data"
now = "2026-03-10T09:30:00Z"
[sources.meta.stores.acme]
accounts = ["act_100000000000001"]
reporting_currency = "USD"
[sources.meta.stores.bolt]
accounts = ["act_100000000000002"]
reporting_currency = "USD"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("SOURCES__", "PATHWAYS__")):
            monkeypatch.delenv(name)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["keys", *arguments])


def document(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def kept(folder: Path) -> Keys:
    return Keys.model_validate_json((folder / "data" / "keys.json").read_text())


def test_a_key_is_printed_once_and_its_hash_is_kept(folder: Path) -> None:
    result = run("add", "page", "--store", "bolt", "--store", "acme")

    text = result.stdout.strip()
    (key,) = kept(folder).keys
    assert result.exit_code == 0
    assert re.fullmatch(r"pathways_[A-Za-z0-9_-]{43}", text)
    assert key.sha256 == digest(text.encode())
    assert (key.name, key.stores) == ("page", ("acme", "bolt"))
    assert key.expires_at is None
    assert text not in result.stderr
    assert f"Key {key.id} (`page`) opens acme, bolt, without an end." in result.stderr
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert [file for file in files if text in file.read_text()] == []


def test_the_file_is_its_owners_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        run("add", "page", "--store", "*")
    finally:
        os.umask(before)

    file = folder / "data" / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


def test_the_list_tells_neither_a_key_nor_its_hash(folder: Path) -> None:
    made = document("add", "page", "--store", "acme", "--expires", "1d")
    run("add", "all", "--store", "*")
    run("revoke", "all")

    listed, said = document("list")["keys"], run("list").stdout

    sha256 = [key.sha256 for key in kept(folder).keys]
    told = said + json.dumps(listed)
    assert [(one["name"], one["state"]) for one in listed] == [
        ("page", "valid"),
        ("all", "revoked"),
    ]
    assert "page  acme  until 2026-03-11 09:30 UTC" in said
    assert "all  all stores  revoked 2026-03-10 09:30 UTC" in said
    assert not [text for text in (made["key"], *sha256) if text[:12] in told]


@pytest.mark.parametrize(
    ("expires", "end"),
    [
        ("90d", "2026-06-08T09:30:00Z"),
        # The last day is included, and ends at midnight UTC.
        ("2026-03-10", "2026-03-11T00:00:00Z"),
        ("2027-03-31", "2027-04-01T00:00:00Z"),
    ],
)
def test_a_key_ends_after_days_or_with_a_day(expires: str, end: str) -> None:
    made = document("add", "page", "--store", "acme", "--expires", expires)

    assert made["expires_at"] == end


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("page", "--store", "acne"), "Configured stores: acme, bolt."),
        (("page", "--store", "ACME"), "There is no store `ACME`."),
        (("page",), "Missing option '--store'"),
        (("page", "--store", "acme", "--expires", "2026-03-09"), "in the past"),
        (("page", "--store", "acme", "--expires", "0d"), "in the past"),
        (("page", "--store", "acme", "--expires", "3651d"), "3650 days ahead"),
        (("page", "--store", "acme", "--expires", "9999-12-31"), "no time"),
        (("page", "--store", "acme", "--expires", "soon"), "such as 90d"),
        (("front page", "--store", "acme"), "letters, digits"),
        (("", "--store", "acme"), "letters, digits"),
    ],
)
def test_what_cannot_be_a_key_is_refused_and_nothing_is_kept(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run("add", *arguments)

    assert result.exit_code == 2
    assert said in result.output
    assert result.stdout == ""
    assert not (folder / "data" / "keys.json").exists()


def test_a_name_is_given_again_once_its_key_is_revoked(folder: Path) -> None:
    run("add", "page", "--store", "acme")

    second = run("add", "page", "--store", "acme")
    revoked = run("revoke", "page")
    third = run("add", "page", "--store", "acme")

    assert second.exit_code == 2
    assert "`pathways keys revoke page`" in second.output
    assert (revoked.exit_code, third.exit_code) == (0, 0)
    assert [key.revoked_at is None for key in kept(folder).keys] == [False, True]


def test_a_key_is_revoked_by_its_id_and_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document("add", "page", "--store", "acme")

    first = document("revoke", made["id"])
    monkeypatch.setenv("PATHWAYS__NOW", "2026-03-11T00:00:00Z")
    second = document("revoke", made["id"])

    assert first["state"] == "revoked"
    # When it stopped is not written over.
    assert first["revoked_at"] == second["revoked_at"] == "2026-03-10T09:30:00Z"


def test_a_key_that_is_not_there_is_not_revoked() -> None:
    result = run("revoke", "nobody")

    assert result.exit_code == 2
    assert "[KEY-002] There is no key `nobody`." in result.output


@pytest.mark.parametrize(
    "verb", [("list",), ("revoke", "page"), ("add", "page", "--store", "acme")]
)
def test_damaged_keys_are_told_and_left_as_they_are(
    folder: Path, verb: tuple[str, ...]
) -> None:
    file = folder / "data" / "keys.json"
    file.parent.mkdir()
    file.write_text('{"version": 1, "keys": [{"id": "x"}]}')

    result = run(*verb)

    assert result.exit_code == 1
    assert "[KEY-001]" in result.output
    assert "keys.json is damaged: keys.0.id" in result.output
    assert file.read_text() == '{"version": 1, "keys": [{"id": "x"}]}'


@pytest.mark.slow
def test_keys_that_are_made_at_once_are_all_kept(folder: Path) -> None:
    names = [f"key-{number}" for number in range(4)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "ingest", "keys", "add", name, "--store", "acme"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in names
    ]

    assert [process.wait(60) for process in running] == [0] * 4
    assert sorted(key.name for key in kept(folder).keys) == names


@pytest.mark.parametrize(
    "variables",
    [
        {"PATHWAYS__SERVE__HOST": "0.0.0.0"},
        {"PATHWAYS__SERVE__HOSTS": '["ads.example.com"]'},
    ],
    ids=["another host", "another name"],
)
@pytest.mark.parametrize("verb", ["serve", "up"])
def test_where_others_reach_it_serving_is_refused_without_a_key(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    variables: dict[str, str],
) -> None:
    monkeypatch.setenv("SOURCES__META__ACCESS_TOKEN", "made-up")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    started: list[object] = []
    # This module's own: others start children when they are imported.
    starting = SimpleNamespace(Popen=lambda *_, **__: started.append(1))
    monkeypatch.setattr("ingest.verbs_show.subprocess", starting)

    result = CliRunner().invoke(command, [verb])

    assert result.exit_code == 2
    assert "[CFG-006]" in result.output
    assert "`pathways keys add NAME --store STORE`" in result.output
    # Not even the scheduler of `up`.
    assert started == []


def test_no_log_holds_a_key() -> None:
    from ingest.logs import Redaction

    text = document("add", "page", "--store", "acme")["key"]

    assert text not in Redaction([]).clean(f'"GET /v1/stores?key={text} HTTP/1.1"')
