"""What is published, as files tell it: pointer, manifests, what was done by hand.

Nothing here opens a database. A snapshot counts where pointer, manifest and the bytes
of its file agree; each of the three may be missing, cut or another's.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

_ID = re.compile(r"[A-Za-z0-9-]{1,100}")


class Unusable(Exception):
    """A pointer, manifest or snapshot cannot be used.

    Attributes:
        why: in words without any path, for answers.
    """

    def __init__(self, why: str, where: object) -> None:
        super().__init__(f"{where}: {why}")
        self.why = why


@dataclass(frozen=True)
class Published:
    """A snapshot with its manifest, or a past state that was built again.

    Attributes:
        published_at: aware.
        previous: the id of the one published before it; None where that is not known.
        holds_for: the moment that its numbers are those of. Earlier than `published_at`
            where something of that moment was gone when it was built again.
        superseded_at: when the next one was published; None where it does not say.
        is_exact: whether it is all that was published at `published_at`.
    """

    snapshot_id: str
    file: Path
    sha256: str
    published_at: datetime
    previous: str | None
    holds_for: datetime
    superseded_at: datetime | None
    is_exact: bool

    @property
    def order(self) -> tuple[int, ...]:
        """Moment, load and number, as its name has them: later ones are greater."""
        return order_of(self.snapshot_id)


@dataclass(frozen=True)
class ByHand:
    """What somebody did to the pointer: a rollback pins it, a resume lets it go."""

    snapshot_id: str
    is_pin: bool
    at: datetime
    why: str


@dataclass(frozen=True)
class Pointer:
    """What current.json names, and what was last done to it by hand."""

    snapshot_id: str
    sha256: str
    by_hand: ByHand | None


def order_of(snapshot_id: str) -> tuple[int, ...]:
    """The numbers in an id, in turn."""
    return tuple(int(number) for number in re.findall(r"\d+", snapshot_id))


def read_pointer(folder: Path) -> Pointer:
    """The pointer of a data folder.

    Raises:
        Unusable: it is missing or damaged, or names what is no snapshot.
    """
    file = folder / "current.json"
    document = _read(file)
    try:
        snapshot_id = _id(document["snapshot_id"])
        if document["file"] != f"snapshots/{snapshot_id}.duckdb":
            raise ValueError
        by_hand = document.get("by_hand")
        return Pointer(
            snapshot_id,
            _text(document["sha256"]),
            None if by_hand is None else _by_hand(by_hand),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable("the pointer does not name a snapshot", file) from error


def read_manifest(file: Path) -> Published:
    """What a manifest says of the database beside it.

    Raises:
        Unusable: it is missing or damaged, or another's.
    """
    document = _read(file)
    try:
        published_at = _moment(document["published_at"])
        superseded_at = document.get("superseded_at")
        if _id(document["snapshot_id"]) != file.stem:
            raise ValueError
        return Published(
            snapshot_id=file.stem,
            file=file.with_suffix(".duckdb"),
            sha256=_text(document["sha256"]),
            published_at=published_at,
            previous=document.get("previous"),
            holds_for=_moment(document.get("holds_for", document["published_at"])),
            superseded_at=_moment(superseded_at) if superseded_at else None,
            is_exact=document.get("is_exact", True) is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable("the manifest does not fit its snapshot", file) from error


def pointed_at(folder: Path, pointer: Pointer) -> Published:
    """The snapshot that the pointer names.

    Raises:
        Unusable: its manifest is missing, damaged or says something else.
    """
    file = folder / "snapshots" / f"{pointer.snapshot_id}.json"
    found = read_manifest(file)
    if found.sha256 != pointer.sha256:
        raise Unusable("pointer and manifest name different bytes", file)
    return found


def on_disk(folder: Path, below: str = "snapshots") -> list[Published]:
    """Those whose manifest can be read, newest first."""
    found = []
    for file in (folder / below).glob("*.json"):
        try:
            found.append(read_manifest(file))
        except Unusable:
            continue
    return sorted(found, key=lambda each: each.order, reverse=True)


def instead_of(folder: Path, pointer: Pointer | None) -> Iterator[Published]:
    """What may be read where the pointed one cannot, newest first.

    None newer than the pointed one: it was not let out, or was rolled back from.
    """
    pin = pin_of(pointer.by_hand if pointer else last_by_hand(folder))
    limit = pointer.snapshot_id if pointer else pin.snapshot_id if pin else None
    for each in on_disk(folder):
        if limit is None or each.order <= order_of(limit):
            yield each


def pin_of(by_hand: ByHand | None) -> ByHand | None:
    """What was done by hand, where it still holds the pointer."""
    return by_hand if by_hand is not None and by_hand.is_pin else None


def by_hand(folder: Path) -> list[ByHand]:
    """What was done by hand, oldest first; lines that cannot be read are left out."""
    try:
        lines = (folder / "rollbacks.jsonl").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return []
    found = []
    for line in lines:
        try:
            found.append(_by_hand(json.loads(line)))
        except (KeyError, TypeError, ValueError, RecursionError):
            continue
    return found


def last_by_hand(folder: Path) -> ByHand | None:
    """The last of it."""
    return next(reversed(by_hand(folder)), None)


def was_published(folder: Path) -> bool:
    """Whether anything ever was, readable or not."""
    return (folder / "current.json").exists() or any(
        (folder / "snapshots").glob("*.duckdb")
    )


def digest_of(content: BufferedReader) -> str:
    """The SHA-256 of an open file."""
    return hashlib.file_digest(content, "sha256").hexdigest()


def _read(file: Path) -> Any:
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise Unusable("the pointer or a manifest is missing", file) from error
    except (OSError, ValueError, RecursionError) as error:
        raise Unusable("the pointer or a manifest is damaged", file) from error
    if not isinstance(document, dict):
        raise Unusable("the pointer or a manifest is damaged", file)
    return document


def _by_hand(document: Any) -> ByHand:
    return ByHand(
        snapshot_id=_id(document["snapshot_id"]),
        is_pin=document["verb"] == "rollback",
        at=_moment(document["at"]),
        why=_text(document["why"]),
    )


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment
