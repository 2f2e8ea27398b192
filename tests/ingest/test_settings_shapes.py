"""CFG-1: every bad configuration is a ConfigError that names key and place."""

import os
from pathlib import Path

import pytest

from ingest.errors import ConfigError
from ingest.settings import load_settings

STORE = """
[sources.meta.stores.acme]
accounts = ["act_100000000000001"]
reporting_currency = "USD"
"""
TWO = STORE + STORE.replace("acme", "noor")
TWICE = STORE.replace('1"]', '1", "act_100000000000001"]')


@pytest.mark.parametrize(
    ("config", "variables", "names"),
    [
        # settings.py:_did_you_mean takes path[-1] of an empty loc: IndexError.
        pytest.param(
            TWO,
            {},
            ["act_100000000000001", "`acme`", "`noor`"],
            id="account in two stores",
        ),
        pytest.param(TWICE, {}, ["act_100000000000001", "`acme`"], id="account twice"),
        # The place of a missing key: the file that holds the rest of its store.
        pytest.param(
            STORE.replace('reporting_currency = "USD"', ""),
            {},
            ["`sources.meta.stores.acme.reporting_currency` is missing", "config.toml"],
            id="missing key names its file",
        ),
        # A value where a table belongs, or the other way round.
        pytest.param(
            STORE,
            {"SOURCES__META__STORES__ACME__ACCOUNTS__0": "act_100000000000009"},
            ["SOURCES__META__STORES__ACME__ACCOUNTS__0"],
            id="path below a list",
        ),
        pytest.param(
            "[sources.meta]\npage_limit = 5",
            {"SOURCES__META__PAGE_LIMIT__X": "1"},
            ["SOURCES__META__PAGE_LIMIT__X"],
            id="path below a number",
        ),
        pytest.param(
            '[pathways]\nserve = "x"',
            {"PATHWAYS__SERVE__PORT": "9000"},
            ["pathways.serve"],
            id="path below a word",
        ),
        # [pathways.meta] and [pathways.fx] are taken for [sources.meta], [sources.fx].
        pytest.param(
            '[pathways.fx]\nprovider = "none"', {}, ["pathways.fx"], id="pathways.fx"
        ),
        pytest.param(
            "[pathways.meta]\npage_limit = 5", {}, ["pathways.meta"], id="pathways.meta"
        ),
        # A misspelt section is passed over in silence.
        pytest.param(
            "[sources.mete]\npage_limit = 5", {}, ["sources.mete"], id="sources.mete"
        ),
    ],
)
def test_bad_configuration_is_a_config_error(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    variables: dict[str, str],
    names: list[str],
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(config)
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("SOURCES__", "PATHWAYS__")):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        load_settings()

    assert [name for name in names if name not in str(caught.value)] == []
