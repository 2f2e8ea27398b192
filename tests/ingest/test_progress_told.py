"""What the readers tell of a load, against what the load's summary says."""

from pathlib import Path

import click
import pytest

from ingest.expectation import Window
from ingest.progress.interface import Progress
from ingest.progress.watch import AccountProgress, Watch
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from ingest.verbs_cycle import shown_progress, sync
from tests.fixtures.stopwatch import Stopwatch
from tests.fixtures.two_stores import ACME, NOOR, TOKEN, Run

pytestmark = pytest.mark.xdist_group("sync")


class Begun(Watch):
    """Also keeps the windows that were begun, and what became of turns."""

    def __init__(self) -> None:
        super().__init__(Stopwatch())
        self.windows: dict[str, list[Window]] = {ACME: [], NOOR: []}
        self.turns: list[tuple[str, str]] = []

    def taken_up(self, account_id: str) -> None:
        self.turns.append((account_id, "taken up"))
        super().taken_up(account_id)

    def laid_aside(self, account_id: str) -> None:
        self.turns.append((account_id, "laid aside"))
        super().laid_aside(account_id)

    def window_begun(self, account_id: str, window: Window, is_report: bool) -> None:
        self.windows[account_id].append(window)
        super().window_begun(account_id, window, is_report)


def by_id(watch: Watch) -> dict[str, AccountProgress]:
    return {account.account_id: account for account in watch.accounts()}


def test_what_was_told_of_a_load_is_what_its_summary_says(tmp_path: Path) -> None:
    watch = Begun()

    with Sandbox(default_world(), token=TOKEN) as sandbox:
        summary = Run(tmp_path, sandbox).sync(progress=watch)

    told = by_id(watch)
    assert {outcome.account_id for outcome in summary.accounts} == {ACME, NOOR}
    for outcome in summary.accounts:
        account = told[outcome.account_id]
        assert (account.rows, account.pages) == (outcome.rows, outcome.pages)
        assert account.received_bytes > 0
        # Two days were asked for, four levels in total and by country.
        assert (account.days_done, account.days_planned) == (2, 2)
        assert len(set(watch.windows[outcome.account_id])) == 8
        assert (account.outcome, account.reading) == ("ok", ())


def test_an_account_that_fails_ends_as_failed_and_the_other_as_done(
    tmp_path: Path,
) -> None:
    watch = Begun()

    with Sandbox(default_world(), token=TOKEN) as sandbox:
        sandbox.fail_account(NOOR, "app_removed")
        Run(tmp_path, sandbox).sync(progress=watch)

    told = by_id(watch)
    assert sorted(watch.turns) == [
        (ACME, "laid aside"),
        (ACME, "taken up"),
        (NOOR, "taken up"),
    ]
    assert (told[NOOR].outcome, told[NOOR].days_done) == ("failed", 0)
    assert (told[ACME].outcome, told[ACME].days_done) == ("ok", 2)


def test_an_account_that_waits_too_long_ends_as_read_on_later(tmp_path: Path) -> None:
    watch = Begun()

    with Sandbox(default_world(), token=TOKEN) as sandbox:
        sandbox.throttle(NOOR, "insights", minutes=600)
        Run(tmp_path, sandbox).sync(progress=watch)

    assert by_id(watch)[NOOR].outcome == "deferred"
    assert by_id(watch)[ACME].outcome == "ok"


@pytest.mark.parametrize(
    ("given", "is_shown"),
    [
        pytest.param({"as_json": False, "verbose": False}, True, id="plain"),
        pytest.param({"as_json": True, "verbose": False}, False, id="json"),
        pytest.param({"as_json": True, "verbose": True}, True, id="json -v"),
    ],
)
def test_lines_are_left_out_beside_json_but_for_verbose(
    given: dict[str, bool], is_shown: bool
) -> None:
    with click.Context(sync, obj=given).scope(), shown_progress() as progress:
        assert isinstance(progress, Watch if is_shown else Progress)
        assert isinstance(progress, Watch) == is_shown
