"""`pathways explain`: the same document, drawn for a terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.waterfall import waterfall
from tests.api.explain.conftest import Row
from tests.conftest import Pathways


def test_the_verb_prints_the_same_document(
    run: Callable[..., Any], client: TestClient
) -> None:
    asked = {"store": "acme", "metric": "roas", "rows": "5"}

    ended = run("--store", "acme", "--metric", "roas", "--json")

    assert ended.exit_code == 0, ended.output
    document = json.loads(ended.stdout)
    assert document == client.get("/v1/explain", params=asked).json()


def test_the_verb_draws_the_way_from_one_number_to_the_other(
    run: Callable[..., Any],
) -> None:
    ended = run("--store", "acme", "--metric", "spend")

    lines = [" ".join(line.split()) for line in ended.stdout.splitlines()]
    assert "AI Budget 143.00 EUR 2026-02-25 to 2026-03-10" in lines
    assert "window -116.00 ------------------------ 2 rows" in lines
    assert "status -7.00 - 1 row" in lines
    assert "Dashboard 20.00 EUR 2026-03-04 to 2026-03-10" in lines
    assert "difference -123.00" in lines
    assert "unexplained 0.00" in lines


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--metric", "reach"], "API-422-NOT-ADDITIVE"),
        (["--metric", "spend", "--a", "nobody"], "API-422-READER"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_verb_refuses_what_it_cannot_explain_as_a_wrong_use(
    run: Callable[..., Any], words: list[str], code: str
) -> None:
    ended = run("--store", "acme", *words)

    assert ended.exit_code == 2
    assert f"[{code}]" in ended.stderr


@pytest.mark.slow
def test_the_verb_names_the_option_that_cannot_be_used(
    data_dir: Path, published: None
) -> None:
    """In a process of its own: what pydantic holds on to, DuckDB misses at the end."""
    ended = Pathways(data_dir)(
        *("explain", "--store", "acme", "--metric", "spend", "--since", "yesterday")
    )

    assert ended.exit_code == 2
    assert "[API-422-PARAMETER] Options that cannot be used: --since (" in ended.err


def test_names_are_printed_as_they_are_and_steer_no_terminal(
    explained: Callable[..., Row],
) -> None:
    data = explained()
    data["summary"] = "Report [old] shows nothing [/x]"
    data["a"]["contract"]["label"] = "Report [old]"
    unnamed = {"date_day": None, "country_code": None}
    data["steps"][0]["rows"][0] |= unnamed | {"campaign_name": "\x1b[2J\u202egone"}

    drawn = waterfall(data)

    assert "Report [old] shows nothing [/x]" in drawn
    assert "Report [old]  " in drawn
    assert "\x1b" not in drawn
    assert "  all days ?[2J?gone (" in drawn
