"""OPS-6: told to end, a run ends within ten seconds and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ingest.ending import GRACE_SECONDS
from ingest.sandbox.server import Sandbox
from ingest.sandbox.wire_faults import hanging
from tests.conftest import ROOT, Pathways
from tests.promises.crashed_runs import DAY_TWO, RUN, Folder, base_folder
from tests.warehouse.test_runs import small_world

LONGEST_SECONDS = 10.0
EXIT_CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
DASHBOARD = "/v1/dashboard?store=acme HTTP/1.1\r\nHost: 127.0.0.1"
EVERY_HOUR = ("schedule", "--every", "1h", "--backfill-minutes", "0")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("signals") / "data"
    base_folder(data_dir)
    return data_dir


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(small_world(), clock=DAY_TWO) as sandbox:
        yield sandbox


@pytest.fixture
def folder(base: Path, sandbox: Sandbox, tmp_path: Path) -> Folder:
    extra = {"PATHWAYS__SERVE__PORT": str(free_port())}
    return Folder(Pathways(base, sandbox, extra)).copied(tmp_path / "data")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ending:
    """A process in a session of its own, and how it ended."""

    def __init__(self, run: Pathways, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [str(ROOT / ".venv/bin/python"), "-m", "ingest", *arguments],
            cwd=ROOT,
            env=run.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.exit_code: int | None = None
        self.seconds = 0.0
        self.err = ""

    def told(self, number: signal.Signals, times: int = 1) -> "Ending":
        started = time.monotonic()
        for _ in range(times):
            self.process.send_signal(number)
            time.sleep(0.3 if times > 1 else 0.0)
        _, self.err = self.process.communicate(timeout=30)
        self.seconds = time.monotonic() - started
        self.exit_code = self.process.returncode
        return self


def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    ends_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_at, "it never came to that"
        time.sleep(0.02)


def running(data_dir: Path) -> list[str]:
    """Command lines of processes that were given this data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(data_dir).encode() in environment and int(process.name) != os.getpid():
            found.append(command)
    return found


def dbt_works(folder: Folder) -> bool:
    """Whether dbt has begun with its models."""
    is_there = any("dbt_child" in command for command in running(folder.run.data_dir))
    return is_there and (folder.run.data_dir / "build.duckdb.wal").exists()


def is_ended_cleanly(folder: Folder, ending: Ending, number: signal.Signals) -> None:
    assert ending.exit_code == EXIT_CODES[number], ending.err
    assert ending.seconds < LONGEST_SECONDS
    assert "Traceback" not in ending.err
    until(lambda: not running(folder.run.data_dir), LONGEST_SECONDS - ending.seconds)
    assert folder.is_free()


@pytest.mark.parametrize("number", EXIT_CODES, ids=["SIGTERM", "SIGINT"])
def test_run_told_to_end_while_dbt_works_ends_with_its_child(
    folder: Folder, number: signal.Signals
) -> None:
    ending = Ending(folder.run, *RUN)
    until(lambda: dbt_works(folder))

    ending.told(number)

    is_ended_cleanly(folder, ending, number)
    assert "The run ended in build" in (folder.run.data_dir / "status.json").read_text()
    again = folder(*RUN)
    assert again.exit_code == 0, again.err
    assert folder.leftovers() == []


@pytest.mark.parametrize("number", EXIT_CODES, ids=["SIGTERM", "SIGINT"])
def test_run_told_to_end_while_meta_does_not_answer_ends_in_time(
    sandbox: Sandbox, folder: Folder, number: signal.Signals
) -> None:
    sandbox.faults.add(match=r"/insights", fault=hanging(60), times=None)
    ending = Ending(folder.run, *RUN)
    asked = len(sandbox.requests)
    until(lambda: len(sandbox.requests) > asked + 6)
    time.sleep(0.5)

    ending.told(number)

    is_ended_cleanly(folder, ending, number)
    # Not only because the watching thread lost its patience.
    assert ending.seconds < GRACE_SECONDS - 1
    sandbox.faults.clear()
    again = folder("sync")
    assert again.exit_code == 0, again.err


def test_run_stuck_where_no_signal_reaches_it_ends_in_time(folder: Folder) -> None:
    """Here something swallows the end; the watching thread ends the process."""
    program = (
        "import time\n"
        "from ingest import ending\n"
        "ending.on_signals()\n"
        "while True:\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(60)\n"
        "    except SystemExit:\n"
        "        pass\n"
    )
    process = subprocess.Popen(
        [str(ROOT / ".venv/bin/python"), "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    started = time.monotonic()

    process.terminate()
    exit_code = process.wait(30)

    assert exit_code == 143
    assert 5 < time.monotonic() - started < LONGEST_SECONDS


def test_second_ctrl_c_waits_for_nothing(sandbox: Sandbox, folder: Folder) -> None:
    sandbox.faults.add(match=r"/insights", fault=hanging(60), times=None)
    ending = Ending(folder.run, *RUN)
    asked = len(sandbox.requests)
    until(lambda: len(sandbox.requests) > asked + 6)

    ending.told(signal.SIGINT, times=2)

    is_ended_cleanly(folder, ending, signal.SIGINT)
    assert ending.seconds < 3


@pytest.mark.parametrize("number", EXIT_CODES, ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("verb", [EVERY_HOUR, ("up",)], ids=["schedule", "up"])
def test_what_starts_runs_ends_with_them(
    folder: Folder, verb: tuple[str, ...], number: signal.Signals
) -> None:
    ending = Ending(folder.run, *verb)
    until(lambda: dbt_works(folder))

    ending.told(number)

    is_ended_cleanly(folder, ending, number)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("number", EXIT_CODES, ids=["SIGTERM", "SIGINT"])
def test_serving_ends_in_time_though_clients_hold_on(
    folder: Folder, number: signal.Signals
) -> None:
    """One has sent half a request, one reads no answer."""
    assert folder.run.extra is not None
    port = int(folder.run.extra["PATHWAYS__SERVE__PORT"])
    ending = Ending(folder.run, "serve")
    until(lambda: listens(port))

    with ExitStack() as stack:
        for sent in ("GET /v1/dashboard?store=acme HT", f"GET {DASHBOARD}\r\n\r\n"):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(sent.encode())
        ending.told(number)

    is_ended_cleanly(folder, ending, number)
    print(f"\nserve ended {ending.seconds:.1f} s after {number.name}")


def test_dbt_does_not_outlive_a_killed_run(folder: Folder) -> None:
    ending = Ending(folder.run, *RUN)
    until(lambda: dbt_works(folder))

    ending.told(signal.SIGKILL)

    until(lambda: not running(folder.run.data_dir), 2.0)
    again = folder(*RUN)
    assert again.exit_code == 0, again.err


def test_killed_dbt_fails_the_build_and_the_next_run_heals(folder: Folder) -> None:
    ending = Ending(folder.run, *RUN)
    until(lambda: dbt_works(folder))
    children = Path(f"/proc/{ending.process.pid}/task").glob("*/children")
    (dbt,) = {int(pid) for file in children for pid in file.read_text().split()}

    os.kill(dbt, signal.SIGKILL)
    _, err = ending.process.communicate(timeout=60)
    again = folder(*RUN)

    assert ending.process.returncode == 1
    assert "BUILD-001" in err
    assert again.exit_code == 0, again.err
