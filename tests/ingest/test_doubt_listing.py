"""A whole listing that lacks much is believed when a second one lacks the very same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.fields import ObjectType
from ingest.sandbox.faults import Fault
from ingest.sandbox.page_faults import page_edited
from ingest.sync import SyncSummary
from ingest.warehouse import known_objects
from tests.promises.fault_run import BAD, FaultRun, copied, first_run, small_world


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_run(tmp_path_factory.mktemp("first"))


@pytest.fixture
def run(base: Path, tmp_path: Path) -> Iterator[FaultRun]:
    """A day after the first run, when everything is listed again."""
    with small_world() as sandbox:
        sandbox.clock.advance(days=1, hours=1)
        yield FaultRun(copied(base, tmp_path), sandbox)


def only(part: slice) -> Fault:
    """These of the first page's rows, as if they were all."""
    return page_edited(lambda _, page: {"data": page["data"][part]})


def synced(run: FaultRun, fault: Fault, edge: str = "ads") -> SyncSummary:
    run.sandbox.faults.clear()
    run.sandbox.faults.add(match=rf"act_{BAD}/{edge}\?", fault=fault, times=None)
    summary, _ = run.sync()
    run.sandbox.clock.advance(minutes=15)
    return summary


def codes(summary: SyncSummary) -> list[str]:
    return [failure.code for failure in summary.failures]


def present(run: FaultRun, object_type: ObjectType = "ad") -> list[str]:
    known = known_objects(run.data_dir, BAD, object_type).to_pylist()
    return sorted(each["id"] for each in known if each["is_present"])


@pytest.mark.slow
def test_listing_that_lacks_much_is_believed_when_the_next_lacks_the_same(
    run: FaultRun,
) -> None:
    before = present(run)

    first = synced(run, only(slice(0, 2)))
    held = present(run)
    second = synced(run, only(slice(0, 2)))

    assert len(before) > 5
    assert codes(first) == ["META-SHRINK"]
    assert held == before
    assert codes(second) == []
    assert len(present(run)) == 2


@pytest.mark.slow
def test_as_many_others_missing_confirm_nothing(run: FaultRun) -> None:
    before = present(run)

    synced(run, only(slice(0, 2)))
    second = synced(run, only(slice(2, 4)))

    assert codes(second) == ["META-SHRINK"]
    assert present(run) == before


def test_one_or_two_of_three_gone_are_believed_at_once(run: FaultRun) -> None:
    before = present(run, "campaign")

    summary = synced(run, only(slice(0, 1)), "campaigns")

    assert len(before) == 3
    assert codes(summary) == []
    assert len(present(run, "campaign")) == 1


@pytest.mark.slow
def test_listing_that_was_a_slip_changes_nothing(run: FaultRun) -> None:
    before = present(run)

    synced(run, only(slice(0, 2)))
    healed = synced(run, Fault())

    assert codes(healed) == []
    assert present(run) == before
