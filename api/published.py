"""What is published, as manifests tell it.

Nothing here opens a database. A snapshot counts where pointer, manifest and the bytes
of its file agree; each of the three may be missing, cut or another's.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path

from api.documents import Unusable, identifier, moment, read_document, text
from api.pointing import Pointer


@dataclass(frozen=True)
class Published:
    """A snapshot with its manifest, or a past state that was built again.

    Attributes:
        published_at: aware.
        previous: the id of the last one that readers got before it; None where that is
            not known.
        holds_for: the moment that its numbers are those of. Earlier than `published_at`
            where something of that moment was gone when it was built again.
        superseded_at: when the next one was published; None where it does not say.
        is_exact: whether it is all that was published at `published_at`.
        clock_was_ahead: whether nobody knows when it was published.
    """

    snapshot_id: str
    file: Path
    sha256: str
    published_at: datetime
    previous: str | None
    holds_for: datetime
    superseded_at: datetime | None
    is_exact: bool
    clock_was_ahead: bool = False

    @property
    def order(self) -> tuple[str, str, int]:
        """Later ones are greater."""
        return order_of(self.snapshot_id)


def order_of(snapshot_id: str) -> tuple[str, str, int]:
    """Moment, load and number of an id, as `ingest.snapshot_ids` has them.

    A load's id is a moment whose point was taken away: its digits compare as text.
    """
    published_at, _, rest = snapshot_id.partition("-")
    load_id, _, number = rest.partition("-")
    return published_at, load_id, int(number) if number.isdecimal() else 1


def read_manifest(file: Path) -> Published:
    """What a manifest says of the database beside it.

    Raises:
        Unusable: it is missing or damaged, or another's.
    """
    document = read_document(file, "a manifest")
    try:
        published_at = moment(document["published_at"])
        superseded_at, previous = (
            document.get("superseded_at"),
            document.get("previous"),
        )
        if identifier(document["snapshot_id"]) != file.stem:
            raise ValueError
        return Published(
            snapshot_id=file.stem,
            file=file.with_suffix(".duckdb"),
            sha256=text(document["sha256"]),
            published_at=published_at,
            previous=previous if isinstance(previous, str) else None,
            holds_for=moment(document.get("holds_for", document["published_at"])),
            superseded_at=moment(superseded_at) if superseded_at else None,
            is_exact=document.get("is_exact", True) is True,
            clock_was_ahead=document.get("clock_was_ahead", False) is not False,
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


def instead_of(folder: Path, newest: str | None) -> Iterator[Published]:
    """What may be read where the current one cannot, newest first.

    Args:
        newest: the id that the pointer names, or that readers were rolled back to. What
            is newer was not let out, or was rolled back from. None where neither is
            known.
    """
    for each in on_disk(folder):
        if newest is None or each.order <= order_of(newest):
            yield each


def was_published(folder: Path) -> bool:
    """Whether anything ever was, readable or not."""
    return (folder / "current.json").exists() or any(
        (folder / "snapshots").glob("*.duckdb")
    )


def digest_of(content: BufferedReader) -> str:
    """The SHA-256 of an open file."""
    return hashlib.file_digest(content, "sha256").hexdigest()
