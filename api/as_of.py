"""Which published state answers for a past moment.

What was *published* then counts, not what had been read; while a rollback held the
pointer, that is the snapshot that it held. Snapshots are not kept for ever, so the
nearest one before may have to answer, and says so. So does one of which it is not
certain that readers had it then.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.documents import Refused, Unusable
from api.errors import AsOfGone
from api.pointing import ByHand, Pointer, history, read_pointer
from api.published import Published, on_disk, order_of

NEAREST = 3


@dataclass(frozen=True)
class Past:
    """The state that answers for a moment.

    Attributes:
        asked: the moment asked for.
        is_exact: readers had this and nothing else then.
    """

    asked: datetime
    shown: Published
    is_exact: bool


@dataclass(frozen=True)
class Held:
    """What is known of the pointer at a moment.

    Attributes:
        pin: the rollback that held it; None where it followed what was published.
        latest: the id of the last snapshot that it named by then or, where nobody did
            anything to it by hand since, later. None where that is not known.
    """

    pin: ByHand | None
    latest: str | None


def past(folder: Path, asked: datetime) -> Past:
    """What readers had at a moment, as far as it is still there.

    Raises:
        AsOfGone: nothing of that time or before is there.
        Unusable: what was done by hand may not be read.
    """
    pointer = _pointer(folder)
    held = held_at(history(folder, pointer), pointer, asked)
    built_again = on_disk(folder, "as_of")
    found = chosen(on_disk(folder), built_again, held, asked)
    if found is None:
        kept = [*on_disk(folder), *built_again]
        raise _gone(asked, [each.holds_for for each in kept])
    return found


def held_at(
    done_by_hand: Sequence[ByHand], pointer: Pointer | None, asked: datetime
) -> Held:
    """What is known of the pointer at a moment.

    Args:
        done_by_hand: oldest first.
        pointer: as it is now; None where it cannot be used.
    """
    before = [done for done in done_by_hand if done.at <= asked]
    after = [done for done in done_by_hand if done.at > asked]
    if before and before[-1].is_pin:
        return Held(before[-1], before[-1].snapshot_id)
    if after:
        return Held(None, after[0].instead_of)
    return Held(None, pointer.snapshot_id if pointer else None)


def chosen(
    snapshots: Iterable[Published],
    built_again: Iterable[Published],
    held: Held,
    asked: datetime,
) -> Past | None:
    """The latest state that readers may have had at the moment; None without any.

    Args:
        snapshots: those that are there.
        built_again: past states that were built again from raw.
    """
    let_out = _let_out(snapshots, held)
    # When one of these took the place of what was there before, nobody knows.
    uncertain = {each.published_at for each in let_out if each.clock_was_ahead}
    of_then = [
        Past(asked, each, _is_exact(each, following, held, uncertain))
        for each, following in zip(let_out, [*let_out[1:], None], strict=True)
        if each.published_at <= asked
    ]
    of_then += [
        Past(asked, each, each.is_exact and _was_the_one(each, held, asked))
        for each in built_again
        if each.published_at <= asked and not _is_beyond(each, held)
    ]
    return max(of_then, key=_how_near, default=None)


def _let_out(snapshots: Iterable[Published], held: Held) -> list[Published]:
    """Those that readers may have had, oldest first.

    A publish that died before the pointer named its snapshot is told by the next one,
    whose `previous` steps over it, and by the pointer where there is no next one.
    """
    found: list[Published] = []
    for each in sorted(snapshots, key=lambda each: each.order, reverse=True):
        before_next = found[-1].previous if found else None
        is_stepped_over = before_next is not None and each.order > order_of(before_next)
        if not is_stepped_over and not _is_beyond(each, held):
            found.append(each)
    return found[::-1]


def _is_beyond(each: Published, held: Held) -> bool:
    return held.latest is not None and each.order > order_of(held.latest)


def _is_exact(
    each: Published,
    following: Published | None,
    held: Held,
    uncertain: Collection[datetime],
) -> bool:
    if held.pin is not None or following is None:
        return each.snapshot_id == held.latest
    is_next = following.previous == each.snapshot_id
    moments = {each.published_at, following.published_at}
    return is_next and moments.isdisjoint(uncertain)


def _was_the_one(each: Published, held: Held, asked: datetime) -> bool:
    """Whether readers had what was built again."""
    if held.pin is not None or each.superseded_at is None:
        return each.snapshot_id == held.latest
    return asked < each.superseded_at


def _pointer(folder: Path) -> Pointer | None:
    try:
        return read_pointer(folder)
    except Refused:
        raise
    except Unusable:
        return None


def _how_near(past: Past) -> tuple[datetime, bool, tuple[str, str, int], bool]:
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
