"""PUB-2: the audit compares a build with what readers have, whatever happened to it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingest import audit
from ingest.audit import audit_build
from ingest.errors import AuditFailed
from ingest.rollback import roll_back
from ingest.snapshots import publish
from tests.fixtures.small_builds import NOON
from tests.ingest.test_drift import WHOLE, Rows, write

LITTLE: Rows = [("1", 40, "ad", 1, "0.01"), WHOLE[1]]
SHARE = Decimal("0.05")


def build(data_dir: Path, rows: Rows) -> None:
    file = data_dir / "build.duckdb"
    file.unlink(missing_ok=True)
    write(file, rows)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "alter table marts.accounts add column newest_day date; "
            "alter table marts.accounts add column timezone_name varchar; "
            "create table marts.build_results as select 'build' as command, "
            "false as is_selection, 'ended' as status, null::varchar as node, "
            "'1772603600.5' as load_id"
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two whole snapshots, and a build that lost nearly all of them."""
    for number in range(2):
        build(tmp_path, WHOLE)
        publish(tmp_path, NOON + timedelta(minutes=number), f"177260360{number}.5")
    build(tmp_path, LITTLE)
    return tmp_path


def refusal(data_dir: Path, share: Decimal | None = SHARE) -> str:
    with pytest.raises(AuditFailed) as refused:
        audit_build(data_dir, share)
    return str(refused.value)


def _nothing(_: Path) -> None:
    pass


def _cut(folder: Path) -> None:
    file = (folder / "current.duckdb").resolve()
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-4096])


def _anothers(folder: Path) -> None:
    """The file is a whole database, with as little in it as the build has."""
    file = (folder / "current.duckdb").resolve()
    file.chmod(0o600)
    file.write_bytes((folder / "build.duckdb").read_bytes())


def _flipped(folder: Path) -> None:
    file = (folder / "current.duckdb").resolve()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.chmod(0o600)
    file.write_bytes(content)


def _gone(folder: Path) -> None:
    (folder / "current.duckdb").resolve().unlink()


def _manifest_gone(folder: Path) -> None:
    (folder / "current.duckdb").resolve().with_suffix(".json").unlink()


def _pointer_cut(folder: Path) -> None:
    file = folder / "current.json"
    file.write_text(file.read_text()[:-9])


@pytest.mark.parametrize(
    "damage",
    [
        _anothers,
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (_nothing, _cut, _flipped, _gone, _manifest_gone, _pointer_cut)
        ),
    ],
)
def test_what_is_lost_is_refused_whatever_is_damaged(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder)

    told = refusal(folder)

    assert "1 of 200 rows" in told
    assert "--accept-loss" in told


@pytest.mark.slow
def test_what_was_gone_back_from_is_no_measure(folder: Path) -> None:
    """It had a hundred times the rows; whoever rolled back did not believe them."""
    build(folder, [("1", 40, "ad", 20_000, "10.00"), WHOLE[1]])
    publish(folder, NOON + timedelta(minutes=5), "1772603605.5")
    roll_back(folder, None, NOON + timedelta(minutes=6), "ana", "far too much")
    build(folder, WHOLE)

    assert audit_build(folder, SHARE) == "1772603600.5"


def test_a_build_that_lacks_a_column_is_refused(folder: Path) -> None:
    with duckdb.connect(str(folder / "build.duckdb")) as connection:
        connection.execute("alter table core.meta_insights drop is_total")

    told = refusal(folder, share=None)

    assert "it lacks core.meta_insights.is_total" in told
    assert "--accept-loss" not in told


def test_what_could_not_be_compared_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losses(*_: object) -> list[str]:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate")

    monkeypatch.setattr(audit, "losses", losses)

    told = refusal(folder)

    assert "could not be compared" in told
    assert "Out of Memory" in told


def test_the_first_build_of_all_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    build(tmp_path, WHOLE)

    assert audit_build(tmp_path, SHARE) == "1772603600.5"
