"""SEC-6: no secret is in the tree or in any commit."""

import subprocess
from pathlib import Path

import pytest

from tests.fixtures.secret_shapes import (
    IN_HISTORY,
    IN_TREE,
    found_in_history,
    found_in_tree,
)

# Put together here, so that this file holds none.
REAL_LOOKING = {
    "token": "EA" + "AGm0PX4ZCpsBAKZCabc123DEF456",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "cloud key": "AK" + "IAIOSFODNN7EXAMPLE",
    "code host token": "gh" + "p_" + "a1B2" * 9,
    "ad account": "act_" + "812345678901234",
    "longer ad account": "act_" + "1000000000000015",
}


def test_nothing_committed_looks_like_a_secret_or_a_machine_path(root: Path) -> None:
    assert found_in_tree(root) == []


def test_no_commit_ever_held_what_looks_like_a_secret(root: Path) -> None:
    assert found_in_history(root) == []


@pytest.mark.parametrize("text", REAL_LOOKING.values(), ids=REAL_LOOKING.keys())
def test_what_looks_real_is_found_in_tree_and_history(text: str) -> None:
    assert IN_TREE.search(f'value = "{text}"')
    assert IN_HISTORY.search(f'value = "{text}"')


@pytest.mark.parametrize(
    "text",
    ["act_100000000000001", "act_100000000000042", "EAAmarker0123", "sandbox-token"],
)
def test_what_the_sandbox_and_tests_make_up_is_no_secret(text: str) -> None:
    assert IN_TREE.search(text) is None
    assert IN_HISTORY.search(text) is None


def test_token_that_a_later_commit_took_away_is_found(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        command = ["git", *identity, *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    git("init")
    file = tmp_path / "notes.txt"
    file.write_text(REAL_LOOKING["token"])
    git("add", ".")
    git("commit", "--no-verify", "-m", "first")
    file.write_text("nothing")
    git("commit", "--no-verify", "-am", "second")

    found = found_in_history(tmp_path)

    assert found_in_tree(tmp_path) == []
    assert {line.split(": ")[1] for line in found} == {REAL_LOOKING["token"]}
    assert len({line.split(": ")[0] for line in found}) == 2
