"""Which database is open, by the files alone: how often their bytes are read, and what
one request does to another."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import pytest

from api import opening, shelf
from api.documents import Unusable
from api.errors import SnapshotUnusable
from api.pointing import Pointer, read_pointer
from api.published import digest_of
from api.shelf import Shelf, Source
from tests.fixtures.small_builds import published


class Database:
    """As good as open."""

    def close(self) -> None:
        pass


Folder = tuple[Path, list[str]]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = tmp_path_factory.mktemp("shelf")
    return folder, published(folder, 3)


@pytest.fixture
def folder(three: Folder, tmp_path: Path) -> Path:
    """A copy of three snapshots."""
    source, _ = three
    for name in ("current.json", *(f"snapshots/{file.name}" for file in files(source))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((source / name).read_bytes())
    return tmp_path


def files(folder: Path) -> Iterator[Path]:
    return (folder / "snapshots").iterdir()


def opened(folder: Path, poll_seconds: float = 0.0) -> Shelf[Database]:
    return Shelf(folder, poll_seconds, lambda _: Database())


def source_of(on: Shelf[Database]) -> Source:
    with on.held(None) as (_, source):
        return source


def point_to(folder: Path, snapshot_id: str) -> None:
    """The pointer is replaced, as a publication or a rollback does it."""
    manifest = json.loads((folder / f"snapshots/{snapshot_id}.json").read_bytes())
    pointer = manifest | {"file": f"snapshots/{snapshot_id}.duckdb"}
    (folder / "new").write_text(json.dumps(pointer))
    (folder / "new").replace(folder / "current.json")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the bytes of each file were read."""
    counted: Counter[str] = Counter()

    def counting(content: BufferedReader) -> str:
        counted[Path(content.name).stem] += 1
        return digest_of(content)

    monkeypatch.setattr(opening, "digest_of", counting)
    return counted


def test_a_damaged_file_is_read_once_until_it_looks_otherwise(
    folder: Path, three: Folder, read: Counter[str]
) -> None:
    _, ids = three
    file = folder / "snapshots" / f"{ids[2]}.duckdb"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    on = opened(folder)

    damaged = [source_of(on).snapshot_id for _ in range(3)]
    meanwhile = dict(read)
    file.write_bytes(whole)
    mended = source_of(on).snapshot_id

    assert damaged == [ids[1]] * 3
    assert meanwhile == {ids[1]: 1, ids[2]: 1}
    assert mended == ids[2]


def test_a_whole_file_that_cannot_be_opened_is_read_once(
    folder: Path, three: Folder, read: Counter[str]
) -> None:
    """Until it looks otherwise. It is tried at each look, once."""
    _, ids = three
    tried: Counter[str] = Counter()

    def connect(file: Path) -> Database:
        tried[file.stem] += 1
        if file.stem == ids[2]:
            raise Unusable("another release built it", file)
        return Database()

    on = Shelf(folder, 0.0, connect)

    served = [source_of(on).snapshot_id for _ in range(3)]

    assert served == [ids[1]] * 3
    assert read == {ids[2]: 1, ids[1]: 1}
    assert tried == {ids[2]: 3, ids[1]: 1}


def test_a_rollback_during_a_look_is_followed_by_the_next_request(
    folder: Path, three: Folder
) -> None:
    _, ids = three

    def connect(file: Path) -> Database:
        if file.stem == ids[2]:
            point_to(folder, ids[1])
        return Database()

    on = Shelf(folder, 0.0, connect)

    assert [source_of(on).snapshot_id for _ in range(2)] == [ids[2], ids[1]]


def test_a_doubt_during_a_look_has_the_next_request_look_again(
    folder: Path, three: Folder, read: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another request finds a block wrong just when this one reads the pointer."""
    _, ids = three
    on = opened(folder, poll_seconds=3600)

    def doubting(of: Path) -> Pointer:
        on.doubt()
        return read_pointer(of)

    with monkeypatch.context() as patched:
        patched.setattr(shelf, "read_pointer", doubting)
        source_of(on)
    assert on.seen() is None
    source_of(on)

    assert read == {ids[2]: 2}
    assert on.seen() is not None


def test_who_comes_while_a_doubted_one_is_opened_again_waits_for_it(
    folder: Path, three: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ids = three
    on = opened(folder)
    source_of(on)
    is_reading, may_go_on = threading.Event(), threading.Event()

    def slow(content: BufferedReader) -> str:
        is_reading.set()
        assert may_go_on.wait(30)
        return digest_of(content)

    monkeypatch.setattr(opening, "digest_of", slow)
    on.doubt()
    got: list[str] = []

    def ask() -> None:
        got.append(source_of(on).snapshot_id)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    threads[0].start()
    assert is_reading.wait(30)
    # As one does that looked away before the other let go of it.
    monkeypatch.setattr(on, "_look", lambda: None)
    for thread in threads[1:]:
        thread.start()
    may_go_on.set()
    for thread in threads:
        thread.join()

    assert got == [ids[2]] * 4


@pytest.mark.parametrize("refused", ["current.json", "rollbacks.jsonl"])
def test_where_readers_are_held_is_not_guessed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """Whoever rolled back left files that this process may not read."""
    if refused == "rollbacks.jsonl":
        (folder / "current.json").write_text("{")
    read_bytes = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == refused:
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    on = opened(folder)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refusing)
        with pytest.raises(SnapshotUnusable, match="may not be read"):
            source_of(on)
    (folder / "current.json").touch()

    assert source_of(on).snapshot_id


def test_where_readers_are_held_is_not_guessed_from_a_damaged_record(
    folder: Path, three: Folder
) -> None:
    _, ids = three
    (folder / "current.json").write_text("{")
    (folder / "rollbacks.jsonl").mkdir()
    on = opened(folder)

    with pytest.raises(SnapshotUnusable, match="the record of rollbacks is damaged"):
        source_of(on)
    (folder / "rollbacks.jsonl").rmdir()

    assert source_of(on).snapshot_id == ids[2]
