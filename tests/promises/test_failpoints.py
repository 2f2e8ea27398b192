"""Failpoints: every name has a place in the code and a case in the crash matrix, and
nothing happens without the variable."""

import ast
import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import failpoints
from ingest.errors import ConfigError
from ingest.failpoints import POINTS, Injected, arm, reached
from tests.conftest import Pathways
from tests.promises import crash_points

ROOT = Path(__file__).resolve().parents[2]
NAMES = {name for name, _ in POINTS}


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm("")


def reached_in_the_source() -> Iterator[tuple[str, object]]:
    """File and argument of every call of `reached`."""
    for file in sorted((ROOT / "ingest").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id == "reached":  # type: ignore[attr-defined]
                (argument,) = node.args  # type: ignore[attr-defined]
                yield file.name, getattr(argument, "value", None)


def broken_alone() -> set[str]:
    """Points that the matrix breaks by a verb of their own, in several ways."""
    return {
        name
        for name, _ in (
            *crash_points.IN_A_SYNC,
            *crash_points.IN_A_BUILD,
            *crash_points.IN_A_PUBLISH,
            *crash_points.IN_A_PRUNE,
            *crash_points.IN_A_COMPACTION,
            *crash_points.IN_A_ROLLBACK,
            *crash_points.IN_A_BACKUP,
        )
    }


def test_every_point_that_the_code_names_is_known() -> None:
    unknown = [
        (file, name) for file, name in reached_in_the_source() if name not in NAMES
    ]

    assert unknown == []


def test_every_known_point_has_one_place_in_the_code() -> None:
    places = [name for _, name in reached_in_the_source()]

    assert sorted(map(str, places)) == sorted(NAMES)


def test_every_known_point_is_broken_in_the_crash_matrix() -> None:
    # Only a whole cycle writes status.json; the next test holds it.
    assert broken_alone() == NAMES - {"status.written"}


def test_every_point_is_killed_within_a_whole_cycle() -> None:
    killed = {
        point.partition(":")[0] for points in crash_points.CYCLES for point in points
    }

    seldom = {
        *crash_points.IN_A_COMPACTION,
        *crash_points.IN_A_ROLLBACK,
        *crash_points.IN_A_BACKUP,
    }
    assert killed == NAMES - {name for name, _ in seldom}


def test_every_point_says_in_a_sentence_what_is_so_there() -> None:
    assert all(said.endswith(".") and len(said) > 20 for _, said in POINTS)
    assert len(NAMES) == len(POINTS)


def test_without_the_variable_nothing_happens_and_nothing_is_counted() -> None:
    arm("")

    for name in NAMES:
        reached(name)

    assert failpoints._armed == []


def test_point_acts_at_its_nth_time_only() -> None:
    arm("sync.page_written:3:raise")

    reached("sync.page_written")
    reached("sync.window_spooled")
    reached("sync.page_written")
    with pytest.raises(Injected, match=r"sync\.page_written"):
        reached("sync.page_written")
    reached("sync.page_written")


def test_several_points_are_armed_with_commas() -> None:
    arm("load.ended:1:enospc,build.ended:1:raise")

    with pytest.raises(OSError, match="No space left") as caught:
        reached("load.ended")
    with pytest.raises(Injected):
        reached("build.ended")

    assert caught.value.errno == errno.ENOSPC


def test_threads_reach_a_point_together_but_it_acts_once() -> None:
    arm("sync.page_written:5:raise")
    raised: list[Injected] = []

    def write_pages() -> None:
        try:
            for _ in range(10):
                reached("sync.page_written")
        except Injected as error:
            raised.append(error)

    threads = [threading.Thread(target=write_pages) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(raised) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        "nowhere:1:kill",
        "load.ended:one:kill",
        "load.ended:1:explode",
        "load.ended",
        "x",
    ],
)
def test_variable_that_cannot_be_read_is_refused_with_what_can(wanted: str) -> None:
    with pytest.raises(ConfigError, match="PATHWAYS_FAILPOINT") as caught:
        arm(wanted)

    assert "publish.copied" in caught.value.hint
    assert "enospc" in caught.value.hint


def test_run_with_the_variable_set_says_so_loudly(tmp_path: Path) -> None:
    run = Pathways(tmp_path, extra={failpoints.VARIABLE: "prune.removed:1:kill"})

    ended = run("status")

    assert "WARNING: PATHWAYS_FAILPOINT=prune.removed:1:kill is set" in ended.err
    assert "unset it" in ended.err


def test_run_without_the_variable_says_nothing_of_it(tmp_path: Path) -> None:
    ended = Pathways(tmp_path)("status")

    assert "PATHWAYS_FAILPOINT" not in ended.err


def test_run_with_a_wrong_variable_ends_as_configured_wrongly(tmp_path: Path) -> None:
    ended = Pathways(tmp_path, extra={failpoints.VARIABLE: "nowhere:1:kill"})("status")

    assert ended.exit_code == 2
    assert "CFG-007" in ended.err
