"""Which published state answers for a past moment.

What was *published* then counts, not what had been read; while a rollback held the
pointer, that is the snapshot that it held. Snapshots are not kept for ever, so the
nearest one before may have to answer, and says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.errors import AsOfGone
from api.published import ByHand, Published, by_hand, on_disk, order_of

NEAREST = 3


@dataclass(frozen=True)
class Past:
    """The state that answers for a moment.

    Attributes:
        asked: the moment asked for.
        is_exact: nothing else was published then.
    """

    asked: datetime
    shown: Published
    is_exact: bool


def past(folder: Path, asked: datetime) -> Past:
    """What readers had at a moment, as far as it is still there.

    Raises:
        AsOfGone: nothing of that time or before is there.
    """
    built_again = on_disk(folder, "as_of")
    found = chosen(on_disk(folder), built_again, by_hand(folder), asked)
    if found is None:
        kept = [*on_disk(folder), *built_again]
        raise _gone(asked, [each.holds_for for each in kept])
    return found


def chosen(
    snapshots: Iterable[Published],
    built_again: Iterable[Published],
    done_by_hand: Iterable[ByHand],
    asked: datetime,
) -> Past | None:
    """The latest state that readers may have had at the moment; None without any.

    Args:
        snapshots: those that are there, newest first.
        built_again: past states that were built again from raw.
    """
    known = sorted(snapshots, key=lambda each: each.order)
    before = [done for done in done_by_hand if done.at <= asked]
    pin = before[-1] if before and before[-1].is_pin else None
    of_then = [
        _judged(each, known[number + 1 :], pin, asked)
        for number, each in enumerate(known)
        if _was_out(each, pin, asked)
    ]
    of_then += [
        _of_one_built_again(each, pin, asked)
        for each in built_again
        if _was_out(each, pin, asked)
    ]
    return max(of_then, key=_how_near, default=None)


def _was_out(each: Published, pin: ByHand | None, asked: datetime) -> bool:
    is_held_back = pin is not None and each.order > order_of(pin.snapshot_id)
    return each.published_at <= asked and not is_held_back


def _judged(
    each: Published, later: list[Published], pin: ByHand | None, asked: datetime
) -> Past:
    if pin is not None:
        return Past(asked, each, each.snapshot_id == pin.snapshot_id)
    # Whether one between the two is gone is told by the later one.
    is_next = not later or later[0].previous == each.snapshot_id
    return Past(asked, each, is_next)


def _of_one_built_again(each: Published, pin: ByHand | None, asked: datetime) -> Past:
    is_over = each.superseded_at is not None and each.superseded_at <= asked
    is_the_one = not is_over if pin is None else each.snapshot_id == pin.snapshot_id
    return Past(asked, each, each.is_exact and is_the_one)


def _how_near(past: Past) -> tuple[datetime, bool, tuple[int, ...], bool]:
    """The latest; of two of one moment the exact one, then the snapshot itself."""
    is_itself = past.shown.superseded_at is None
    return past.shown.holds_for, past.is_exact, past.shown.order, is_itself


def _gone(asked: datetime, moments: list[datetime]) -> AsOfGone:
    nearest = sorted(moments, key=lambda moment: abs(moment - asked))[:NEAREST]
    told = ", ".join(sorted(moment.isoformat() for moment in nearest))
    kept = f"The nearest moments that are there: {told}. " if told else ""
    return AsOfGone(
        f"What was published at {asked.isoformat()} is not kept as a snapshot.",
        f"{kept}`pathways build --as-of {asked.isoformat()}` builds it again from what "
        "was read, where that is still known.",
    )
