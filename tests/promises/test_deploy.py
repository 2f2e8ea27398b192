"""The files in deploy/ say what is there: verbs, paths, settings, exit codes."""

import configparser
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ingest.sandbox.server import Sandbox
from tests.conftest import ROOT, Pathways
from tests.promises.crashed_runs import RUN
from tests.warehouse.test_runs import small_world

DEPLOY = ROOT / "deploy"
UNITS = ("pathways-serve.service", "pathways-run.service", "pathways-run.timer")
HOME = Path("/opt/pathways")


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string((DEPLOY / name).read_text())
    return read


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.M)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2]) for line in lines if line.strip()]


def variables() -> set[str]:
    example = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^#?([A-Z_]+)=", example, re.M))


def verbs() -> set[str]:
    from ingest.cli import pathways

    return set(pathways.list_commands(None))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", UNITS[:2])
def test_a_unit_runs_a_verb_that_there_is_and_sets_what_is_read(name: str) -> None:
    service = unit(name)["Service"]
    program, verb = service["ExecStart"].split()

    assert Path(program) == HOME / ".venv/bin/pathways"
    assert service["WorkingDirectory"] == str(HOME)
    assert verb in verbs()
    text = (DEPLOY / name).read_text()
    named = set(re.findall(r"^Environment=([A-Z_]+)=", text, re.M))
    assert named
    assert named <= variables()
    assert service["User"] != "root"


def test_a_run_that_meets_another_is_no_failure_of_the_unit() -> None:
    from ingest.errors import LockHeld

    assert unit("pathways-run.service")["Service"]["SuccessExitStatus"] == str(
        LockHeld.exit_code
    )


def test_units_give_a_process_longer_than_it_takes_to_end() -> None:
    from ingest.ending import GRACE_SECONDS

    for name in UNITS[:2]:
        seconds = int(unit(name)["Service"]["TimeoutStopSec"])
        assert seconds > GRACE_SECONDS + 3


def test_the_timer_starts_the_cycle_every_quarter_of_an_hour() -> None:
    from ingest.cycle import INTERVAL

    timer = unit("pathways-run.timer")["Timer"]

    # A timer starts the service of its own name.
    assert (DEPLOY / "pathways-run.service").exists()
    assert timer["OnCalendar"] == f"*:0/{INTERVAL.total_seconds() / 60:.0f}"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"),
    reason="systemd's own check needs systemd; the tests above hold what units say",
)
def test_systemd_has_nothing_to_say_against_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / name).read_text()
        # The one thing that is not on this machine is the installed program.
        (tmp_path / name).write_text(text.replace(str(HOME), str(ROOT)))

    ended = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr.strip()) == (0, "")


def test_the_cron_line_runs_a_cycle_as_somebody_else_than_root() -> None:
    lines = (DEPLOY / "pathways.cron").read_text().splitlines()
    (job,) = [line for line in lines if line and line[0] not in "#P"]
    minute, *others, user, command = job.split(maxsplit=6)

    assert (minute, others) == ("*/15", ["*"] * 4)
    assert user == "pathways"
    assert command.startswith(f"cd {HOME} && .venv/bin/pathways run ")
    assert {line.partition("=")[0] for line in lines if line[:1] == "P"} <= variables()
    # cron reads a percent sign as the end of the line.
    assert "%" not in job


def test_the_cron_line_runs_where_there_is_nothing_but_the_program(
    tmp_path: Path,
) -> None:
    """It needs no folder that nobody makes; what the run says is logged."""
    lines = (DEPLOY / "pathways.cron").read_text().splitlines()
    command = lines[-1].split(maxsplit=6)[6].replace(str(HOME), str(tmp_path))
    programs = {
        ".venv/bin/pathways": 'echo "ran $1" > ran; echo trouble >&2; exit 1',
        "bin/logger": f'echo "$@" > {tmp_path}/logged; cat >> {tmp_path}/logged',
    }
    for name, script in programs.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    subprocess.run(["/bin/sh", "-c", command], env={"PATH": path}, check=False)

    assert (tmp_path / "ran").read_text() == "ran run\n"
    assert (tmp_path / "logged").read_text() == "-t pathways\ntrouble\n"


def test_the_image_copies_what_there_is_and_all_that_is_needed() -> None:
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY"
        for source in rest.split()[:-1]
    }
    admitted = {
        line[1:]
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }

    assert all((ROOT / source).exists() for source in copied)
    assert copied == admitted
    assert {"ingest", "api", "dbt_project", "dbt_project.yml", "profiles.yml"} <= copied
    assert {"Makefile", "pyproject.toml", "constraints.txt"} <= copied


def test_the_image_runs_a_verb_as_somebody_else_than_root() -> None:
    told = dict(instructions())
    last = [name for name, _ in instructions()].index

    assert told["USER"] not in ("root", "0")
    assert last("USER") < last("ENTRYPOINT")
    (program,), (verb,) = json.loads(told["ENTRYPOINT"]), json.loads(told["CMD"])
    assert program == ".venv/bin/pathways"
    assert verb in verbs()
    assert told["STOPSIGNAL"] == "SIGTERM"
    named = set(re.findall(r"([A-Z_]+)=", told["ENV"]))
    assert named
    assert named <= variables()


def test_the_image_installs_with_the_one_target_that_checks_hashes() -> None:
    runs = [rest for name, rest in instructions() if name == "RUN"]

    assert any("make install" in run for run in runs)
    assert not [run for run in runs if "pip" in run]


def test_the_image_asks_the_route_that_is_there_whether_it_lives() -> None:
    from api.main import create_app
    from api.settings import Settings

    check = dict(instructions())["HEALTHCHECK"]
    (path,) = re.findall(r"127\.0\.0\.1:8000(/\w+)", check)

    assert path in create_app(Settings(ROOT / ".pathways")).openapi()["paths"]


@pytest.mark.slow
def test_a_run_writes_into_its_data_folder_alone(tmp_path: Path) -> None:
    """Units give it a read-only system: neither home nor working folder is written."""
    with Sandbox(small_world()) as sandbox:
        home = {"HOME": str(tmp_path / "home")}
        ended = Pathways(tmp_path / "data", sandbox, home)(*RUN)

    assert ended.exit_code == 0, ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
