"""What people did to the pointer, one line each in `rollbacks.jsonl`.

A rollback pins the pointer, a resume releases it. The last thing done stands in the
pointer too (`pointer`); a line that a dead process did not write is made good from it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.clock import is_moment
from ingest.files import content_of, sync_folder
from ingest.permissions import give_to_owner
from ingest.snapshot_ids import is_id

ROLLBACK, RESUME = "rollback", "resume"


@dataclass(frozen=True)
class ByHand:
    """What somebody did to the pointer.

    Attributes:
        verb: `rollback`, which pins, or `resume`, which releases.
        snapshot_id: the one that was made current.
        instead_of: the one that was current before.
        at: ISO moment in UTC.
        by: the user of the operating system.
    """

    verb: str
    snapshot_id: str
    instead_of: str | None
    at: str
    by: str
    why: str


def records(data_dir: Path) -> list[ByHand]:
    """What was done by hand, oldest first; lines that cannot be read are left out.

    Raises:
        FileRefused: this user may not read it.
    """
    found = []
    for line in content_of(data_dir / "rollbacks.jsonl").split(b"\n"):
        try:
            found.append(read_by_hand(json.loads(line)))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def last_record(data_dir: Path) -> ByHand | None:
    """The last thing done by hand."""
    return next(reversed(records(data_dir)), None)


def pin_at(data_dir: Path, moment: datetime) -> ByHand | None:
    """The rollback that held the pointer at a moment of the past."""
    done = [
        each for each in records(data_dir) if datetime.fromisoformat(each.at) <= moment
    ]
    return done[-1] if done and done[-1].verb == ROLLBACK else None


def record(data_dir: Path, done: ByHand) -> None:
    """Write down what was done by hand, once. Within `replacing`."""
    if last_record(data_dir) == done:
        return
    with (data_dir / "rollbacks.jsonl").open("a", encoding="utf-8") as file:
        give_to_owner(file.fileno(), data_dir)
        # What a dead process left of a line ends here.
        file.write(f"\n{json.dumps(asdict(done))}\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(data_dir)


def told(pinned: ByHand | None) -> Mapping[str, object] | None:
    """A pin as status.json has it."""
    if pinned is None:
        return None
    return {
        "snapshot_id": pinned.snapshot_id,
        "since": pinned.at,
        "by": pinned.by,
        "why": pinned.why,
    }


def said(pinned: ByHand) -> str:
    """A pin as a sentence for people."""
    return (
        f"readers stay at {pinned.snapshot_id}, rolled back by {pinned.by} at "
        f"{pinned.at}: {pinned.why}"
    )


def read_by_hand(told: Any) -> ByHand:
    """What somebody did, from a document. `api.pointing` reads the same.

    Raises:
        KeyError, TypeError, ValueError: it is not told in whole.
    """
    verb, at, before = told["verb"], text(told["at"]), told["instead_of"]
    if verb not in (ROLLBACK, RESUME) or not is_moment(at):
        raise ValueError
    return ByHand(
        verb=verb,
        snapshot_id=identifier(told["snapshot_id"]),
        instead_of=None if before is None else identifier(before),
        at=at,
        by=text(told["by"]),
        why=text(told["why"]),
    )


def identifier(value: object) -> str:
    """A snapshot's id, or ValueError or TypeError."""
    if not is_id(text(value)):
        raise ValueError
    return text(value)


def text(value: object) -> str:
    """Text, or ValueError or TypeError."""
    if not isinstance(value, str):
        raise TypeError
    # Half a character is no text: no answer could hold it.
    value.encode()
    return value
