"""What was published then can be shown now; what cannot be says so."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.main import create_app
from api.settings import Settings
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import Rename, RestateDay
from tests.conftest import Ended, Pathways, table_hashes
from tests.fixtures.local_client import LocalClient
from tests.warehouse.test_runs import START, small_world

pytestmark = pytest.mark.slow

# What speaks of older readings, and so loses with them.
THINNED = {
    "core.built_partitions",
    "core.meta_receipts",
    "marts.as_of",
    "marts.restatements",
}
# Two a day on the second day; the first of them is thinned out in the end.
HOURS = {"A": 0, "B": 24, "C": 30, "D": 48, "E": 120, "F": 144}


@dataclass
class Told:
    run: Pathways
    shown: dict[str, list[Any]] = field(default_factory=dict)
    copies: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)
    published_at: dict[str, datetime] = field(default_factory=dict)
    answers: dict[str, Ended] = field(default_factory=dict)
    hashes: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)

    def moment(self, name: str) -> datetime:
        """Some minutes after it was published."""
        return self.published_at[name] + timedelta(minutes=7)


def compared(run: Pathways, file: str) -> list[tuple[str, int, str]]:
    return [each for each in table_hashes(run, file) if each[0] not in THINNED]


def dashboards(data_dir: Path, now: datetime, as_of: str = "") -> list[Any]:
    """What the API answers each store, but for what it says of itself."""
    with LocalClient(create_app(Settings(data_dir, now=now))) as client:
        answers = [
            client.get(f"/v1/dashboard?store={store}{as_of}")
            for store in ("acme", "noor")
        ]
    return [answer.json().get("data", answer.text) for answer in answers]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    world = small_world()
    with Sandbox(world) as sandbox:
        folder: Path = tmp_path_factory.mktemp("as_of")
        story = Told(Pathways(folder / "data", sandbox))
        campaign = world.campaigns[0]
        sandbox.append(
            Rename(START + timedelta(hours=40), campaign.id, "Renamed"),
            RestateDay(
                START + timedelta(hours=100),
                campaign.account_id,
                (START - timedelta(days=5)).date(),
                900,
                1500,
            ),
        )
        for name, hours in HOURS.items():
            sandbox.clock.set(START + timedelta(hours=hours))
            ended = story.run("run", "--backfill-minutes", "0")
            assert ended.exit_code == 0, ended.err
            story.copies[name] = compared(story.run, "current.duckdb")
            story.shown[name] = dashboards(story.run.data_dir, sandbox.clock.now())
            story.published_at[name] = sandbox.clock.now()
        for name in HOURS:
            moment = story.moment(name).isoformat()
            into = str(folder / f"{name}.duckdb")
            story.answers[name] = story.run(
                "build", "--as-of", moment, "--into", into, "--json"
            )
            if story.answers[name].exit_code == 0:
                shutil.copy(into, story.run.data_dir / f"{name}.duckdb")
                story.hashes[name] = compared(story.run, f"{name}.duckdb")
        yield story


@pytest.mark.parametrize("name", ["A", "C", "D", "E", "F"])
def test_a_kept_moment_is_shown_as_the_copy_that_was_kept_then(
    told: Told, name: str
) -> None:
    answer = told.answers[name]

    assert answer.exit_code == 0, answer.err
    assert answer.document["is_exact"] is True
    assert len(told.hashes[name]) > 15
    assert told.hashes[name] == told.copies[name]


@pytest.mark.parametrize("name", ["A", "C", "D", "E", "F"])
def test_the_api_answers_for_a_day_as_it_answered_then(told: Told, name: str) -> None:
    """Of each day the last snapshot is still there."""
    now = told.moment("F") + timedelta(hours=1)
    moment = told.published_at[name].isoformat().replace("+00:00", "Z")

    assert dashboards(told.run.data_dir, now, f"&as_of={moment}") == told.shown[name]


def test_what_was_built_again_is_answered_with_what_it_holds_for(told: Told) -> None:
    """B was published and is gone: as near as it can be shown is A."""
    moment = told.moment("B").isoformat().replace("+00:00", "Z")
    told.run("build", "--as-of", moment)
    app = create_app(Settings(told.run.data_dir, now=told.moment("F")))

    with LocalClient(app) as client:
        meta = client.get(f"/v1/dashboard?store=acme&as_of={moment}").json()["meta"]

    assert meta["as_of"]["is_exact"] is False
    assert datetime.fromisoformat(meta["as_of"]["holds_for"]) == told.published_at["A"]


def test_a_moment_of_a_rollback_is_built_again_as_what_it_held(
    told: Told, tmp_path: Path
) -> None:
    """F was gone back from, to E; then E's snapshot is gone."""
    shutil.copytree(told.run.data_dir, tmp_path / "data", symlinks=True)
    run = Pathways(tmp_path / "data", told.run.sandbox)
    pointed = json.loads((run.data_dir / "current.json").read_text())
    assert run("rollback", "--to", pointed["previous"]).exit_code == 0
    for file in (run.data_dir / "snapshots").glob(f"{pointed['previous']}.*"):
        file.unlink()
    held, before = told.moment("F"), told.moment("E")
    trends = told.shown["E"][0]["trends"]
    # By name: the last seven days end a day later at F's moment.
    days = f"since={trends[0]['date_day']}&until={trends[-1]['date_day']}"

    built = [
        run("build", "--as-of", each.isoformat(), "--json") for each in (held, before)
    ]

    assert [each.document["is_exact"] for each in built] == [True, True]
    with LocalClient(create_app(Settings(run.data_dir, now=held))) as client:
        for each in (held, before):
            moment = each.isoformat().replace("+00:00", "Z")
            asked = f"/v1/dashboard?store=acme&{days}&as_of={moment}"
            answer = client.get(asked).json()
            assert answer["meta"]["as_of"]["is_exact"] is True
            assert answer["data"] == told.shown["E"][0]


def test_the_moments_differ(told: Told) -> None:
    """Else that they are equal to copies would say nothing."""
    assert len({str(copy) for copy in told.copies.values()}) == len(HOURS)


def test_a_thinned_moment_says_which_one_it_is_shown_as(told: Told) -> None:
    answer = told.answers["B"].document

    assert answer["is_exact"] is False
    assert {each["holds_for"] for each in answer["accounts"].values()} == {
        told.published_at["A"].isoformat()
    }
    file = told.run.query(
        "select distinct holds_for, is_exact from marts.as_of", "B.duckdb"
    )
    assert file == [(told.published_at["A"], False)]
    facts = "core.meta_insights"
    of_b, of_a = dict_of(told.hashes["B"]), dict_of(told.copies["A"])
    assert of_b[facts] == of_a[facts]


def dict_of(hashes: list[tuple[str, int, str]]) -> dict[str, Any]:
    return {name: rest for name, *rest in hashes}


def test_a_moment_before_everything_is_refused_by_name(told: Told) -> None:
    ended = told.run("build", "--as-of", "2026-01-01T00:00:00Z", "--json")

    assert ended.exit_code == 1
    assert ended.document["error"]["code"] == "ASOF-001"
    assert told.published_at["A"].isoformat() in ended.document["error"]["hint"]


def test_what_is_served_and_the_warehouse_stay_as_they_are(told: Told) -> None:
    assert compared(told.run, "current.duckdb") == told.copies["F"]
    assert sorted(path.name for path in told.run.data_dir.glob("as_of/.*")) == []


@pytest.mark.parametrize("text", ["yesterday", "2026-03-10T09:30:00"])
def test_a_moment_that_is_none_is_a_usage_error(told: Told, text: str) -> None:
    ended = told.run("build", "--as-of", text)

    assert ended.exit_code == 2
    assert text in ended.err


def test_a_backup_taken_home_builds_the_same(told: Told, tmp_path: Path) -> None:
    """After the disk is gone: the copy in place of the warehouse, and a build."""
    told.run("backup", "--into", str(tmp_path / "away"))
    (copy,) = (tmp_path / "away").glob("*.duckdb")
    home = Pathways(tmp_path / "data", told.run.sandbox)
    home.data_dir.mkdir()
    shutil.copy(copy, home.data_dir / "warehouse.duckdb")

    assert home("build").exit_code == 0
    assert home("publish").exit_code == 0

    assert compared(home, "current.duckdb") == told.copies["F"]
