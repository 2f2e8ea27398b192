"""CFG-1: each wrong configuration ends a verb with 2 before any call or write."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.cli import pathways as command
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from tests.conftest import ROOT, Pathways
from tests.fixtures.bad_configurations import BAD, SECRET, Bad

# What a terminal shows at once.
SCREEN_LINES = 24
# The whole way, with a process of its own: one of each place, and a secret.
WHOLE_WAY = (
    "unknown key in config",
    "secrets cut short",
    "secret where a number belongs",
    "account in two stores",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(default_world()) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dlt").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("SOURCES__", "PATHWAYS__")):
            monkeypatch.delenv(name)
    return tmp_path


def variables_of(bad: Bad, sandbox: Sandbox) -> dict[str, str]:
    """The variables of a case, and an address where a call would be seen."""
    address = {"SOURCES__META__API_BASE_URL": sandbox.url}
    is_about_it = "api_base_url" in bad.config + bad.secrets
    return bad.variables if is_about_it else {**address, **bad.variables}


def write(bad: Bad, folder: Path) -> list[Path]:
    """Every file and folder that stands there once the case is laid out."""
    (folder / ".dlt" / "config.toml").write_text(bad.config)
    (folder / ".dlt" / "secrets.toml").write_text(bad.secrets)
    return sorted(folder.rglob("*"))


def said(result: Result) -> str:
    return result.output + str(result.exception) + str(result.exc_info)


def test_the_table_holds_sixty_cases_and_more() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_configuration_is_refused_by_key_and_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, bad: Bad
) -> None:
    there = write(bad, folder)
    for name, value in variables_of(bad, sandbox).items():
        monkeypatch.setenv(name, value)

    result = CliRunner().invoke(command, ["run"])

    assert result.exit_code == 2, said(result)
    assert [name for name in bad.names if name not in result.output] == []
    assert SECRET not in said(result)
    assert "Traceback" not in result.output
    assert len(result.output.splitlines()) <= SCREEN_LINES
    assert sandbox.requests == []
    assert sorted(folder.rglob("*")) == there


@pytest.mark.parametrize("case", WHOLE_WAY)
def test_process_with_a_bad_configuration_ends_2_on_one_screen(
    folder: Path, sandbox: Sandbox, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = BAD[case]
    there = write(bad, folder)
    extra = {**variables_of(bad, sandbox), "PYTHONPATH": str(ROOT)}
    run = Pathways(folder / "data", extra=extra, folder=folder)

    ended = run("run")

    assert ended.exit_code == 2
    assert [name for name in bad.names if name not in ended.err] == []
    assert SECRET not in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert sandbox.requests == []
    assert sorted(folder.rglob("*")) == there
