"""PUB-3: five hundred ways in which snapshots, manifests and pointers are not what they
were. Each is answered from the newest whole snapshot, or with 503 and the reason; never
with other numbers.

Snapshot s1 spends 1, s2 spends 2, s3 spends 3, and s3 is current.
"""

import hashlib
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.callers import EVERYONE
from api.errors import SnapshotUnusable
from api.main import create_app
from api.settings import Settings
from tests.api.test_snapshots import marked
from tests.fixtures.local_client import LocalClient

pytestmark = pytest.mark.slow

IDS = ("s1", "s2", "s3")
BATCHES, A_BATCH = 10, 50


@dataclass(frozen=True)
class Folder:
    """A data folder and what was in it."""

    path: Path
    whole: dict[str, bytes]

    def put_back(self) -> None:
        shutil.rmtree(self.path)
        for name, content in self.whole.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_bytes(content)

    def read(self, name: str) -> bytes | None:
        file = self.path / name
        return file.read_bytes() if file.is_file() else None

    def is_good(self, snapshot_id: str) -> bool:
        """By the bytes of the file and what its manifest says."""
        name = f"snapshots/{snapshot_id}"
        manifest = _json(self.read(f"{name}.json"))
        if self.read(f"{name}.duckdb") != self.whole[f"{name}.duckdb"]:
            return False
        return (
            manifest.get("snapshot_id") == snapshot_id
            and manifest.get("sha256") == self.digest(snapshot_id)
            and _is_moment(manifest.get("published_at"))
        )

    def digest(self, snapshot_id: str) -> str:
        content = self.whole[f"snapshots/{snapshot_id}.duckdb"]
        return hashlib.sha256(content).hexdigest()

    def pointed(self) -> str | None:
        """The snapshot that the pointer can be understood to name."""
        pointer = _json(self.read("current.json"))
        named = pointer.get("snapshot_id")
        is_one = isinstance(named, str) and pointer.get("file") == (
            f"snapshots/{named}.duckdb"
        )
        has_digest = isinstance(pointer.get("sha256"), str)
        return named if is_one and has_digest else None

    def wanted(self) -> str | None:
        """The newest whole snapshot that is not newer than the pointed one."""
        limit = self.pointed() or "s3"
        good = [each for each in IDS if each <= limit and self.is_good(each)]
        return max(good, default=None)

    def follows_the_pointer(self) -> bool:
        pointed = self.pointed()
        pointer = _json(self.read("current.json"))
        return (
            pointed in IDS
            and self.is_good(pointed)
            and pointer.get("sha256") == self.digest(pointed)
        )


def _json(content: bytes | None) -> dict[str, Any]:
    try:
        document = json.loads(content or b"")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_moment(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False


Damage = Callable[[Path, random.Random], None]


def _flip(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def _flip_and_hide(file: Path, chance: random.Random) -> None:
    before = file.stat()
    _flip(file, chance)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _cut(file: Path, chance: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: chance.randrange(len(content))])


def _zeros(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    start = chance.randrange(len(content))
    content[start : start + 4096] = bytes(len(content[start : start + 4096]))
    file.write_bytes(content)


def _more(file: Path, chance: random.Random) -> None:
    file.write_bytes(file.read_bytes() + chance.randbytes(17))


def _gone(file: Path, chance: random.Random) -> None:
    file.unlink()


def _folder(file: Path, chance: random.Random) -> None:
    file.unlink()
    file.mkdir()


def _other_text(file: Path, chance: random.Random) -> None:
    texts = (b"", b"[]", b"{}", b"null", b'"s3"', b"\xff\xfe", b"<html>", b"[" * 9999)
    file.write_bytes(chance.choice(texts))


def _swapped(file: Path, chance: random.Random) -> None:
    """Changes its place with another of its kind."""
    others = sorted(set(file.parent.glob(f"s*{file.suffix}")) - {file})
    other = chance.choice(others or [file])
    content = file.read_bytes()
    file.write_bytes(other.read_bytes())
    other.write_bytes(content)


def _other_value(file: Path, chance: random.Random) -> None:
    """One value of a JSON file becomes another, of another kind maybe."""
    document = json.loads(file.read_bytes())
    values: tuple[object, ...] = (
        "s1",
        "s2",
        "../../etc/passwd",
        "snapshots/s1.duckdb",
        None,
        7,
        [],
        "0" * 64,
    )
    document[chance.choice(sorted(document))] = chance.choice(values)
    file.write_text(json.dumps(document))


def _lacking(file: Path, chance: random.Random) -> None:
    document = json.loads(file.read_bytes())
    del document[chance.choice(sorted(document))]
    file.write_text(json.dumps(document))


def _older(file: Path, chance: random.Random) -> None:
    """The pointer names another snapshot, wholly and rightly."""
    manifest = json.loads((file.parent / "snapshots/s2.json").read_bytes())
    file.write_text(json.dumps(manifest | {"file": "snapshots/s2.duckdb"}))


OF_ANY: tuple[Damage, ...] = (
    _flip,
    _flip_and_hide,
    _cut,
    _zeros,
    _more,
    _gone,
    _folder,
)
OF_JSON: tuple[Damage, ...] = (_other_text, _other_value, _lacking)


def damage(folder: Path, chance: random.Random) -> list[str]:
    """One to three places are damaged; where and how."""
    told = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        name = chance.choice(
            ["current.json"] * 2
            + [f"snapshots/{each}.duckdb" for each in (*IDS, "s3", "s3")]
            + [f"snapshots/{each}.json" for each in (*IDS, "s3")]
        )
        kinds = OF_ANY
        if name.endswith(".json"):
            kinds += OF_JSON
        if name == "current.json":
            kinds += (_older,)
        else:
            kinds += (_swapped,)
        kind = chance.choice(kinds)
        try:
            kind(folder / name, chance)
        except (OSError, ValueError, KeyError, IndexError, AttributeError, TypeError):
            # It was damaged already, so much that this is no damage any more.
            continue
        told.append(f"{kind.__name__[1:]} {name}")
    return told


def _as_it_is(data_dir: Path) -> Folder:
    return Folder(
        data_dir,
        {
            str(file.relative_to(data_dir)): file.read_bytes()
            for file in data_dir.rglob("*")
            if file.is_file()
        },
    )


@pytest.fixture
def folder(publish: Callable[..., None], acme_world: Any, data_dir: Path) -> Folder:
    for number, snapshot_id in enumerate(IDS, 1):
        publish(marked(acme_world, number), snapshot_id)
    return _as_it_is(data_dir)


@pytest.fixture
def rolled_back(folder: Folder) -> Folder:
    """Somebody went back from s3 to s2."""
    by_hand = {
        "verb": "rollback",
        "snapshot_id": "s2",
        "instead_of": "s3",
        "at": "2026-03-10T09:00:00+00:00",
        "by": "ana",
        "why": "wrong rates",
    }
    _older(folder.path / "current.json", random.Random())
    pointer = json.loads((folder.path / "current.json").read_bytes())
    (folder.path / "current.json").write_text(
        json.dumps(pointer | {"by_hand": by_hand})
    )
    (folder.path / "rollbacks.jsonl").write_text(json.dumps(by_hand) + "\n")
    return _as_it_is(folder.path)


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Counter[str]]:
    counted: Counter[str] = Counter()
    yield counted
    print(f"\n{counted.total()} damaged folders: {dict(sorted(counted.items()))}")


@pytest.mark.parametrize("is_serving", [False, True], ids=["start", "serving"])
@pytest.mark.parametrize("batch", range(BATCHES // 2))
def test_what_is_damaged_is_never_served(
    settings: Settings,
    folder: Folder,
    outcomes: Counter[str],
    batch: int,
    is_serving: bool,
) -> None:
    chance = random.Random(f"{batch} {is_serving}")
    for _ in range(A_BATCH):
        folder.put_back()
        with LocalClient(create_app(settings)) as client:
            if is_serving:
                assert client.get("/readyz").json()["snapshot_id"] == "s3"
            told = damage(folder.path, chance)
            answer = client.get("/v1/dashboard?compare=none")
            status = client.get("/v1/status")
        wanted = folder.wanted()
        document = answer.json()

        if wanted is None:
            assert (answer.status_code, document["code"]) == (
                503,
                "API-503-SNAPSHOT",
            ), told
            assert "cannot be" in document["detail"], told
            assert str(folder.path) not in answer.text
        else:
            assert answer.status_code == 200, (told, document)
            assert document["meta"]["snapshot_id"] == wanted, told
            spend = document["data"]["overview"]["spend"]["value"]
            assert spend == f"{wanted[1]}.00", told
            is_told = any("cannot be used" in w for w in document["meta"]["warnings"])
            assert is_told is not folder.follows_the_pointer(), told
            assert document["meta"]["warnings"] == status.json()["meta"]["warnings"]
        assert status.status_code == 200
        outcomes[wanted or "503"] += 1


@pytest.mark.parametrize("is_serving", [False, True], ids=["start", "serving"])
def test_what_was_gone_back_from_is_never_served_whatever_is_damaged(
    settings: Settings, rolled_back: Folder, is_serving: bool
) -> None:
    chance = random.Random(f"rolled back {is_serving}")
    seen: Counter[str] = Counter()
    for _ in range(A_BATCH // 2):
        rolled_back.put_back()
        with LocalClient(create_app(settings)) as client:
            if is_serving:
                assert client.get("/readyz").json()["snapshot_id"] == "s2"
            told = damage(rolled_back.path, chance)
            answer = client.get("/v1/dashboard?compare=none")
        good = [each for each in IDS[:2] if rolled_back.is_good(each)]

        if good:
            document = answer.json()
            assert document["meta"]["snapshot_id"] == max(good), told
            spend = document["data"]["overview"]["spend"]["value"]
            assert spend == f"{max(good)[1]}.00", told
            assert document["meta"]["stale"] is not None, told
        else:
            assert answer.status_code == 503, told
        seen[max(good, default="503")] += 1
    assert seen["s1"]
    assert seen["s2"]


@pytest.mark.parametrize("where", range(5))
def test_what_changes_under_a_reader_gives_no_other_numbers(
    settings: Settings, folder: Folder, where: int
) -> None:
    """Blocks are read while they change; the next request has the one before."""
    with LocalClient(create_app(settings)) as client:
        assert client.get("/readyz").status_code == 200
        with client.state.snapshots.reading(EVERYONE) as reader:
            file = folder.path / "snapshots/s3.duckdb"
            with file.open("r+b") as content:
                content.seek(12_288 + where * 40_000)
                content.write(b"\xff" * 200_000)
            with suppress(SnapshotUnusable):
                rows = reader.rows("stores", {"store": None})
                assert [row["store"] for row in rows] == ["acme"]
        document = client.get("/v1/dashboard?compare=none").json()

    assert document["meta"]["snapshot_id"] == "s2"
    assert document["data"]["overview"]["spend"]["value"] == "2.00"
