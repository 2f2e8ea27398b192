"""The pointer to the current snapshot, and what people did to it by hand.

A rollback pins it. `ingest` writes both files and reads them by the same rules.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.documents import (
    Unusable,
    content_of,
    identifier,
    moment,
    read_document,
    text,
)


@dataclass(frozen=True)
class ByHand:
    """What somebody did to the pointer: a rollback pins it, a resume lets it go.

    Attributes:
        instead_of: the id of what was current until then; None where nothing was.
    """

    snapshot_id: str
    is_pin: bool
    at: datetime
    why: str
    instead_of: str | None = None


@dataclass(frozen=True)
class Pointer:
    """What current.json names, and what was last done to it by hand."""

    snapshot_id: str
    sha256: str
    by_hand: ByHand | None


def read_pointer(folder: Path) -> Pointer:
    """The pointer of a data folder.

    Raises:
        Unusable: it is missing or damaged, or names what is no snapshot; `Refused`
            where it may not be read.
    """
    file = folder / "current.json"
    document = read_document(file, "the pointer")
    try:
        snapshot_id = identifier(document["snapshot_id"])
        if document["file"] != f"snapshots/{snapshot_id}.duckdb":
            raise ValueError
        by_hand = document.get("by_hand")
        return Pointer(
            snapshot_id,
            text(document["sha256"]),
            None if by_hand is None else _by_hand(by_hand),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable("the pointer does not name a snapshot", file) from error


def pin_of(folder: Path, pointer: Pointer | None) -> ByHand | None:
    """The rollback that holds the pointer, also where it cannot be used.

    Raises:
        Unusable: there is no pointer, and the record cannot be read.
    """
    last = pointer.by_hand if pointer else next(reversed(records(folder)), None)
    return last if last is not None and last.is_pin else None


def history(folder: Path, pointer: Pointer | None) -> list[ByHand]:
    """What was done by hand, oldest first.

    Raises:
        Unusable: the record cannot be read.
    """
    done = records(folder)
    # A process that died in between did not write its line.
    if pointer and pointer.by_hand and pointer.by_hand not in done[-1:]:
        done.append(pointer.by_hand)
    return done


def records(folder: Path) -> list[ByHand]:
    """The lines of rollbacks.jsonl; those that cannot be read are left out.

    Raises:
        Unusable: it cannot be read.
    """
    found = []
    content = content_of(folder / "rollbacks.jsonl", "the record of rollbacks")
    for line in (content or b"").split(b"\n"):
        try:
            found.append(_by_hand(json.loads(line)))
        except (KeyError, TypeError, ValueError, RecursionError):
            continue
    return found


def _by_hand(document: Any) -> ByHand:
    verb, before = document["verb"], document["instead_of"]
    if verb not in ("rollback", "resume"):
        raise ValueError
    text(document["by"])
    return ByHand(
        snapshot_id=identifier(document["snapshot_id"]),
        is_pin=verb == "rollback",
        at=moment(document["at"]),
        why=text(document["why"]),
        instead_of=None if before is None else identifier(before),
    )
