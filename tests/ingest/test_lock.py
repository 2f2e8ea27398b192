"""One run at a time, whoever starts it and however it ends."""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.errors import LockHeld
from ingest.lock import exclusive, in_turn

STARTED_AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
# Holds the lock until its input ends.
HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ingest.errors import LockHeld
from ingest.lock import exclusive

sys.stdin.readline()
try:
    with exclusive(Path(sys.argv[1]), "run", datetime(2026, 3, 10, tzinfo=UTC)):
        print("held", flush=True)
        sys.stdin.readline()
except LockHeld as problem:
    print(problem, flush=True)
    sys.exit(problem.exit_code)
"""


def holder(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def tell(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def test_second_holder_is_refused_with_pid_verb_and_start_of_the_first(
    tmp_path: Path,
) -> None:
    with (
        exclusive(tmp_path, "sync", STARTED_AT),
        pytest.raises(LockHeld) as caught,
        exclusive(tmp_path, "run", STARTED_AT),
    ):
        pass

    assert f"pid {os.getpid()}" in caught.value.message
    assert "`pathways sync`" in caught.value.message
    assert "2026-03-10T12:00:00+00:00" in caught.value.message
    assert caught.value.exit_code == 75


def test_refused_one_leaves_the_holders_note_alone(tmp_path: Path) -> None:
    with exclusive(tmp_path, "sync", STARTED_AT):
        before = (tmp_path / "lock").read_text()
        with pytest.raises(LockHeld), exclusive(tmp_path, "run", STARTED_AT):
            pass
        after = (tmp_path / "lock").read_text()

    assert after == before
    assert json.loads(after)["pid"] == os.getpid()


def test_lock_is_free_after_its_block(tmp_path: Path) -> None:
    with exclusive(tmp_path, "sync", STARTED_AT):
        pass

    with exclusive(tmp_path, "run", STARTED_AT):
        note = json.loads((tmp_path / "lock").read_text())

    assert note["verb"] == "run"


def test_lock_is_free_after_a_failure_in_its_block(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), exclusive(tmp_path, "sync", STARTED_AT):
        raise RuntimeError

    with exclusive(tmp_path, "run", STARTED_AT):
        held = (tmp_path / "lock").exists()

    assert held


def test_lock_makes_its_data_folder(tmp_path: Path) -> None:
    data_dir = tmp_path / "new" / "folder"

    with exclusive(data_dir, "sync", STARTED_AT):
        held = (data_dir / "lock").exists()

    assert held


def test_locks_of_two_data_folders_do_not_meet(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "one", "sync", STARTED_AT),
        exclusive(tmp_path / "two", "sync", STARTED_AT),
    ):
        both = True

    assert both


def test_shorter_note_replaces_a_longer_one_whole(tmp_path: Path) -> None:
    with exclusive(tmp_path, "a verb with a very long name indeed", STARTED_AT):
        pass

    with exclusive(tmp_path, "run", STARTED_AT):
        note = json.loads((tmp_path / "lock").read_text())

    assert set(note) == {"pid", "verb", "started_at"}


def test_holder_without_a_note_is_refused_in_plain_words(tmp_path: Path) -> None:
    with exclusive(tmp_path, "sync", STARTED_AT):
        (tmp_path / "lock").write_text("")

        with (
            pytest.raises(LockHeld, match="has not written its name yet"),
            exclusive(tmp_path, "run", STARTED_AT),
        ):
            pass


def test_lock_is_freed_when_its_holder_is_killed(tmp_path: Path) -> None:
    child = holder(tmp_path)
    tell(child)
    assert said(child) == "held"
    with (
        pytest.raises(LockHeld, match=f"pid {child.pid}"),
        exclusive(tmp_path, "sync", STARTED_AT),
    ):
        pass

    child.send_signal(signal.SIGKILL)
    child.communicate()

    with exclusive(tmp_path, "sync", STARTED_AT):
        note = json.loads((tmp_path / "lock").read_text())
    assert note["pid"] == os.getpid()


def test_of_five_started_at_once_one_works_and_four_are_refused(
    tmp_path: Path,
) -> None:
    children = [holder(tmp_path) for _ in range(5)]
    for child in children:
        tell(child)

    lines = [said(child) for child in children]

    for child in children:
        child.communicate()
    assert lines.count("held") == 1
    assert sorted(child.returncode for child in children) == [0, 75, 75, 75, 75]


def test_changes_beside_a_run_wait_for_each_other_and_not_for_the_run(
    tmp_path: Path,
) -> None:
    order: list[str] = []

    def change() -> None:
        with in_turn(tmp_path):
            order.append("second")

    waiting = threading.Thread(target=change)
    with exclusive(tmp_path, "run", STARTED_AT), in_turn(tmp_path):
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]
