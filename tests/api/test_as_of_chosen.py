"""What readers had at a moment of the past, by manifests, pointer and record alone.

Snapshot s1 was published at 1 h, s2 at 2 h, and so on.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.as_of import chosen, held_at
from api.pointing import ByHand, Pointer
from api.published import Published

START = datetime(2026, 3, 8, tzinfo=UTC)
Shown = tuple[str, bool] | None


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def out(
    number: int, previous: int | None, hour: float | None = None, is_sure: bool = True
) -> Published:
    """A snapshot.

    Args:
        previous: the number of the one that its manifest names before it.
        hour: when it was published, by its number if None.
        is_sure: False where the clock was ahead.
    """
    moment = at(number if hour is None else hour)
    before = f"s{previous}" if previous else None
    return Published(
        *(f"s{number}", Path(f"s{number}.duckdb"), "", moment, before, moment),
        *(None, True, not is_sure),
    )


def again(number: int, until: float | None, is_whole: bool = True) -> Published:
    """A state that was built again; until when it was published."""
    superseded_at = None if until is None else at(until)
    return Published(
        *(f"s{number}", Path(f"as_of/s{number}.duckdb"), "", at(number), None),
        *(at(number), superseded_at, is_whole),
    )


def rollback(hour: float, to: int, instead_of: int) -> ByHand:
    return ByHand(f"s{to}", True, at(hour), "", f"s{instead_of}")


def resume(hour: float, to: int, instead_of: int) -> ByHand:
    return ByHand(f"s{to}", False, at(hour), "", f"s{instead_of}")


def shown(
    hour: float,
    snapshots: list[Published],
    pointed: int | None,
    by_hand: list[ByHand] | None = None,
    built_again: list[Published] | None = None,
) -> Shown:
    """Which one answers for an hour, and whether it is called exact."""
    pointer = None if pointed is None else Pointer(f"s{pointed}", "", None)
    held = held_at(by_hand or [], pointer, at(hour))
    found = chosen(snapshots, built_again or [], held, at(hour))
    return None if found is None else (found.shown.snapshot_id, found.is_exact)


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (2.5, ("s2", True)),
        (3.5, ("s2", True)),
        (4.5, ("s2", True)),
        (5.5, ("s5", True)),
    ],
)
def test_while_a_rollback_held_it_is_what_the_rollback_gave(
    hour: float, expected: Shown
) -> None:
    """s3 at 3 h, rolled back at once to s2, s4 at 4 h, let go at 5 h with s5."""
    snapshots = [out(1, None), out(2, 1), out(3, 2), out(4, 3), out(5, 4)]
    by_hand = [rollback(3, 2, 3), resume(5, 5, 2)]

    assert shown(hour, snapshots, 5, by_hand) == expected


def test_what_was_gone_back_from_was_there_until_then() -> None:
    """s3 at 3 h, gone back from at 3:30; s4 names it, or steps over it."""
    by_hand = [rollback(3.5, 2, 3), resume(4, 4, 2)]
    for named in (3, 2):
        snapshots = [out(2, 1), out(3, 2), out(4, named)]

        assert shown(3.2, snapshots, 4, by_hand) == ("s3", True)
        assert shown(3.7, snapshots, 4, by_hand) == ("s2", True)


def test_what_was_gone_back_from_and_is_gone_leaves_nothing_exact() -> None:
    by_hand = [rollback(3.5, 2, 3), resume(4, 4, 2)]

    assert shown(3.2, [out(2, 1), out(4, 2)], 4, by_hand) == ("s2", False)
    assert shown(2.5, [out(2, 1), out(4, 2)], 4, by_hand) == ("s2", False)


def test_one_whose_publish_died_before_the_pointer_was_had_by_nobody() -> None:
    """s3 has its manifest; s4 names s2 as the one before it."""
    snapshots = [out(1, None), out(2, 1), out(3, 2), out(4, 2)]

    assert shown(3.5, snapshots, 4) == ("s2", True)
    assert shown(4.5, snapshots, 4) == ("s4", True)


def test_one_that_the_pointer_does_not_reach_yet_was_had_by_nobody() -> None:
    snapshots = [out(1, None), out(2, 1), out(3, 2)]

    assert shown(3.5, snapshots, 2) == ("s2", True)
    # Then somebody rolled back: what was there until then was s2.
    assert shown(3.5, snapshots, 1, [rollback(4, 1, 2)]) == ("s2", True)


def test_without_a_pointer_the_newest_is_not_called_exact() -> None:
    snapshots = [out(1, None), out(2, 1)]

    assert shown(2.5, snapshots, None) == ("s2", False)
    assert shown(1.5, snapshots, None) == ("s1", True)


def test_one_in_between_that_is_gone_leaves_its_neighbour_not_exact() -> None:
    assert shown(2.5, [out(1, None), out(3, 2)], 3) == ("s1", False)


@pytest.mark.parametrize("hour", [1.5, 11.9, 12.0])
def test_no_moment_beside_a_clock_that_was_ahead_is_exact(hour: float) -> None:
    """s1 at 1 h; the clock jumps to 12 h for s2, and is right again for s3, which
    counts as of 12 h too: at 1:30 readers may have had any of the three."""
    snapshots = [
        out(1, None),
        out(2, 1, 12),
        out(3, 2, 12, is_sure=False),
        out(4, 3, 13),
    ]

    expected = "s1" if hour < 12 else "s3"
    assert shown(hour, snapshots, 4) == (expected, False)
    assert shown(13.5, snapshots, 4) == ("s4", True)


@pytest.mark.parametrize(
    ("hour", "is_exact"), [(2.5, True), (3.5, True), (4.5, True), (6.5, False)]
)
def test_what_was_built_again_is_exact_for_its_time_and_while_it_was_held(
    hour: float, is_exact: bool
) -> None:
    """s2 is gone and built again; s3 at 3 h, gone back from until 5 h; s6 is gone."""
    snapshots = [out(1, None), out(7, 6)]
    by_hand = [rollback(3, 2, 3), resume(5, 3, 2)]

    told = shown(hour, snapshots, 7, by_hand, [again(2, until=3)])

    assert told == ("s2", is_exact)


def test_what_was_built_again_not_whole_is_never_exact() -> None:
    built = [again(2, until=3, is_whole=False)]

    assert shown(2.5, [out(1, None)], 5, [rollback(2.2, 2, 2)], built) == ("s2", False)


def test_what_was_the_newest_when_it_was_built_again_is_not_for_ever() -> None:
    built = [again(2, until=None)]

    assert shown(2.5, [out(1, None)], 2, None, built) == ("s2", True)
    assert shown(2.5, [out(1, None)], 9, None, built) == ("s2", False)
