"""PUB-3, PUB-4: runs and the API read the same files by the same rules.

Neither may import the other, so each has its own reader of pointer, record and ids.
"""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from api import pointing
from api.documents import Refused, Unusable
from api.published import order_of
from ingest import by_hand, pointer, snapshot_ids
from ingest.errors import FileRefused

ROLLBACK = {
    "verb": "rollback",
    "snapshot_id": "20260310T120005Z-17726036005",
    "instead_of": "20260310T121005Z-17726042005",
    "at": "2026-03-10T13:00:05+00:00",
    "by": "ana",
    "why": "wrong spend, déjà vu",
}
POINTER = {
    "snapshot_id": "20260310T120005Z-17726036005",
    "file": "snapshots/20260310T120005Z-17726036005.duckdb",
    "sha256": "0" * 64,
    "published_at": "2026-03-10T12:00:05+00:00",
    "previous": "20260310T121005Z-17726042005",
    "by_hand": ROLLBACK,
}
# In place of a value, at any place.
VALUES: list[Any] = [
    *(None, 7, "", [], {}, True, "x", "../../etc/passwd", "a" * 101, "\ud800"),
    *("resume", "rollbabk", "2026-03-10T13:00:05", "2026-03-10T13:00:05Z", "2026"),
    *("snapshots/x.duckdb", "s1\n", "déjà"),
]


def _told(found: by_hand.ByHand | None) -> object:
    if found is None:
        return None
    return found.snapshot_id, found.verb == "rollback", found.why, found.instead_of


def _said(found: pointing.ByHand | None) -> object:
    if found is None:
        return None
    return found.snapshot_id, found.is_pin, found.why, found.instead_of


def runs_read(folder: Path) -> object:
    found, last = pointer.read(folder), by_hand.last_record(folder)
    pinned = _told(pointer.pin(folder))
    if found is None:
        return None, pinned, _told(last)
    return (found.snapshot_id, found.sha256), pinned, _told(last)


def api_reads(folder: Path) -> object:
    found: pointing.Pointer | None
    try:
        found = pointing.read_pointer(folder)
    except Refused:
        raise
    except Unusable:
        found = None
    last = next(reversed(pointing.records(folder)), None)
    pinned = _said(pointing.pin_of(folder, found))
    if found is None:
        return None, pinned, _said(last)
    return (found.snapshot_id, found.sha256), pinned, _said(last)


def damaged(document: dict[str, Any], chance: random.Random) -> bytes:
    """A document with one thing that is not as it was."""
    changed = json.loads(json.dumps(document))
    place = changed
    if "by_hand" in changed and chance.random() < 0.5:
        place = changed["by_hand"]
    name = chance.choice(sorted(place))
    kind = chance.randrange(6)
    if kind == 0:
        del place[name]
    elif kind in (1, 2):
        place[name] = chance.choice(VALUES)
    content = json.dumps(changed, ensure_ascii=chance.random() < 0.5).encode(
        chance.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig")),
        "surrogatepass",
    )
    if kind == 3:
        return content[: chance.randrange(len(content))]
    if kind == 4:
        at = chance.randrange(len(content))
        flipped = content[at] ^ 1 << chance.randrange(8)
        return content[:at] + bytes([flipped]) + content[at + 1 :]
    if kind == 5:
        return chance.choice((b"", b"[]", b"null", b"\xff", b"[" * 9999, b"{}\n{}"))
    return content


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_pointer_and_record_are_the_same_to_both(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    seen = set()
    for _ in range(250):
        lines = [damaged(ROLLBACK, chance) for _ in range(chance.randrange(3))]
        (tmp_path / "rollbacks.jsonl").write_bytes(b"\n".join(lines))
        (tmp_path / "current.json").write_bytes(damaged(POINTER, chance))

        told = runs_read(tmp_path)

        assert told == api_reads(tmp_path)
        seen.add(str(told)[:40])
    assert len(seen) > 5


def test_a_verb_that_is_neither_of_the_two_is_damage(tmp_path: Path) -> None:
    """One letter of it flips: the record still says that readers are held."""
    text = json.dumps(POINTER).replace("rollback", "rollbabk")
    (tmp_path / "current.json").write_text(text)
    (tmp_path / "rollbacks.jsonl").write_text(json.dumps(ROLLBACK))

    assert runs_read(tmp_path) == api_reads(tmp_path)
    pinned = pointer.pin(tmp_path)
    assert pinned is not None
    assert pinned.snapshot_id == ROLLBACK["snapshot_id"]


@pytest.mark.parametrize("name", ["current.json", "rollbacks.jsonl"])
def test_what_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name == "current.json":
        (tmp_path / name).write_text(json.dumps(POINTER))
    read_bytes = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)

    with pytest.raises(FileRefused, match=name):
        pointer.pin(tmp_path)
    with pytest.raises(Refused):
        api_reads(tmp_path)


def test_ids_have_one_order() -> None:
    moment = 1_764_521_800.123456
    loads = []
    for _ in range(40):
        moment = math.nextafter(moment, math.inf)
        loads.append(str(moment).replace(".", ""))
    # Oldest first: the numbers behind a load's point have no fixed length.
    oldest_first = [
        *(f"20260310T120005Z-{load}" for load in loads),
        "20260310T120005Z-177260360015",
        "20260310T120005Z-17726036002",
        "20260310T120005Z-17726036002-2",
        "20260310T120005Z-17726036002-10",
        "20260310T120006Z-1",
    ]

    for order in (order_of, snapshot_ids.order):
        shuffled = random.Random(7).sample(oldest_first, len(oldest_first))
        assert sorted(shuffled, key=order) == oldest_first
    for each in ("", "x", "s1-", "20260310T120005Z-1-²", "20260310T120005Z-1-x"):
        assert order_of(each) == snapshot_ids.order(each)
