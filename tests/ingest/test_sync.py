"""One load of both stores from the sandbox: read again, cut short, refused."""

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from ingest.sandbox.faults import truncated
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from tests.fixtures.raw_tables import rows
from tests.fixtures.two_stores import ACME, DAYS, NOOR, TOKEN, Run, read_once


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after the two days were read, at the world's start."""
    return read_once(tmp_path_factory.mktemp("once"))


@pytest.fixture
def run(loaded_once: Path, tmp_path: Path) -> Iterator[Run]:
    """The loaded folder, for one test to load into again, a day later."""
    shutil.copy(loaded_once / "warehouse.duckdb", tmp_path)
    with Sandbox(default_world(), token=TOKEN) as sandbox:
        sandbox.clock.advance(days=1)
        yield Run(tmp_path, sandbox)


pytestmark = pytest.mark.xdist_group("sync")


def test_days_read_once_are_the_truth(loaded_once: Path) -> None:
    with Sandbox(default_world()) as sandbox:
        once = Run(loaded_once, sandbox)
        truth = once.truth()

    # Two accounts, four levels, two days; nothing of them is empty.
    assert len(truth) == 16
    assert all(spend > 0 for spend in truth.values())
    assert once.spend() == truth


def test_days_read_again_after_a_restatement_are_the_new_truth(run: Run) -> None:
    before = run.spend()

    run.sync()

    assert run.spend() == run.truth()
    assert run.spend() != before


def test_days_read_twice_at_one_moment_are_stored_once(run: Run) -> None:
    run.sandbox.clock.advance(days=-1)
    counting = "select count(*) from raw_meta.ad_insights"
    before = rows(run.data_dir, counting)

    summary = run.sync()

    assert rows(run.data_dir, counting) == before
    # Four levels, in total and by country, two days.
    assert [account.windows for account in summary.accounts] == [16, 16]
    assert [account.changed_windows for account in summary.accounts] == [0, 0]
    assert run.spend() == run.truth()


def test_listing_cut_on_its_third_page_keeps_the_rows_of_before(run: Run) -> None:
    before = run.spend()
    cut = rf"act_{ACME}/insights\?level=ad&(?!.*breakdowns)"
    run.sandbox.faults.add(match=cut, fault=truncated(), times=None, after=2)

    summary = run.sync()

    ads = {(ACME, "ad", day) for day in DAYS.days()}
    acme, noor = summary.accounts
    outcomes = rows(
        run.data_dir,
        "select distinct outcome, error_code, row_count from raw_meta.receipts "
        f"where _dlt_load_id = '{summary.load_id}' and account_id = '{ACME}' "
        "and level = 'ad' and breakdown = 'none'",
    )
    assert {key: run.spend()[key] for key in ads} == {key: before[key] for key in ads}
    assert outcomes == [("failed", "META-002", None)]
    assert [failure.code for failure in acme.failures] == ["META-002"]
    assert noor.failures == []


def test_refused_account_keeps_its_rows_and_the_other_is_read(run: Run) -> None:
    before = run.spend()
    run.sandbox.fail_account(ACME, "expired_token")

    summary = run.sync()

    after, truth = run.spend(), run.truth()
    acme, noor = summary.accounts
    asked = [entry for entry in run.sandbox.requests if ACME in entry.path]
    assert {key: after[key] for key in after if key[0] == ACME} == {
        key: before[key] for key in before if key[0] == ACME
    }
    assert {key: after[key] for key in after if key[0] == NOOR} == {
        key: truth[key] for key in truth if key[0] == NOOR
    }
    assert [problem.code for problem in acme.failures] == ["META-190"]
    assert acme.failures[0].hint
    assert noor.failures == []
    # A refusal is not asked again.
    assert len(asked) == 1


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL-encoded": quote,
    "base64": lambda token: base64.b64encode(token.encode()).decode(),
    "its first twelve letters": lambda token: token[:12],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_token_is_in_no_file_that_a_load_leaves(
    loaded_once: Path, form: Callable[[str], str]
) -> None:
    needle = form(TOKEN).encode()

    files = [file for file in loaded_once.rglob("*") if file.is_file()]

    assert len(files) > 1
    assert [file for file in files if needle in file.read_bytes()] == []
