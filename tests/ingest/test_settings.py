"""The configuration: where values come from, and every way in which it can be wrong."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.errors import ConfigError
from ingest.settings import Settings, load_settings
from tests.fixtures.bad_configurations import META, SECRET, STORE


@dataclass
class Folder:
    """A project folder with nothing configured, and no variable of ours set."""

    path: Path
    monkeypatch: pytest.MonkeyPatch

    def config(self, text: str) -> None:
        (self.path / ".dlt" / "config.toml").write_text(text)

    def secrets(self, text: str) -> None:
        (self.path / ".dlt" / "secrets.toml").write_text(text)

    def variable(self, name: str, value: str) -> None:
        self.monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    (tmp_path / ".dlt").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("SOURCES__", "PATHWAYS__")):
            monkeypatch.delenv(name)
    return Folder(tmp_path, monkeypatch)


def test_nothing_configured_is_the_default(folder: Folder) -> None:
    settings = load_settings()

    assert settings == Settings()
    assert settings.data_dir == Path(".pathways")
    assert settings.meta.api_base_url == "https://graph.facebook.com"
    assert settings.meta.stores == {}
    assert (settings.serve.host, settings.serve.port) == ("127.0.0.1", 8000)
    assert settings.fx.provider == "ecb"


def test_config_file_gives_every_value(folder: Folder) -> None:
    folder.config(
        """
        [pathways]
        data_dir = "elsewhere"
        now = "2026-03-10T12:00:00+03:00"
        [pathways.serve]
        port = 9000
        [sources.meta]
        api_version = "v26.0"
        page_limit = 50
        [sources.meta.stores.acme]
        accounts = ["act_100000000000001", "act_100000000000002"]
        reporting_currency = "EUR"
        target_roas = 2.5
        break_even_roas = "1.80"
        [sources.fx]
        provider = "frankfurter"
        base_url = "https://fx.example"
        """
    )

    settings = load_settings()

    store = settings.meta.stores["acme"]
    assert settings.data_dir == Path("elsewhere")
    assert settings.clock() == datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert settings.serve.port == 9000
    assert (settings.meta.api_version, settings.meta.page_limit) == ("v26.0", 50)
    assert store.accounts == ("100000000000001", "100000000000002")
    assert store.reporting_currency == "EUR"
    assert (store.target_roas, store.break_even_roas) == (
        Decimal("2.5"),
        Decimal("1.8"),
    )
    assert settings.fx.url == "https://fx.example"


def test_environment_wins_over_secrets_and_secrets_over_config(folder: Folder) -> None:
    folder.config('[sources.meta]\napi_version="v25.0"\naccess_token="c"\npage_limit=1')
    folder.secrets('[sources.meta]\naccess_token="s"\npage_limit=2')
    folder.variable("SOURCES__META__PAGE_LIMIT", "3")

    meta = load_settings().meta

    assert meta.access_token is not None
    found = (meta.api_version, meta.access_token.get_secret_value(), meta.page_limit)
    assert found == ("v25.0", "s", 3)


def test_environment_adds_to_a_store_of_the_file(folder: Folder) -> None:
    folder.config(STORE)
    folder.variable("SOURCES__META__STORES__ACME__ACCESS_TOKEN", "own")
    folder.variable("SOURCES__META__ACCESS_TOKEN", "for-all")

    settings = load_settings()

    assert settings.meta.token_of("acme").get_secret_value() == "own"
    assert settings.meta.stores["acme"].reporting_currency == "USD"


def test_store_without_a_token_of_its_own_has_the_one_for_all(folder: Folder) -> None:
    folder.config(STORE)
    folder.variable("SOURCES__META__ACCESS_TOKEN", "for-all")

    settings = load_settings()

    assert settings.meta.token_of("acme").get_secret_value() == "for-all"


def test_list_comes_from_the_environment_as_json(folder: Folder) -> None:
    prefix = "SOURCES__META__STORES__ACME__"
    folder.variable(
        f"{prefix}ACCOUNTS", '["act_100000000000001","act_100000000000002"]'
    )
    folder.variable(f"{prefix}REPORTING_CURRENCY", "USD")

    settings = load_settings()

    assert settings.meta.stores["acme"].accounts == (
        "100000000000001",
        "100000000000002",
    )


def test_each_call_reads_the_folder_it_stands_in(
    folder: Folder, tmp_path: Path
) -> None:
    folder.config('[pathways]\ndata_dir = "one"')
    one = load_settings()
    folder.config('[pathways]\ndata_dir = "two"')
    two = load_settings()
    (tmp_path / "other" / ".dlt").mkdir(parents=True)
    folder.monkeypatch.chdir(tmp_path / "other")
    other = load_settings()

    assert [str(found.data_dir) for found in (one, two, other)] == [
        "one",
        "two",
        ".pathways",
    ]


def test_clock_runs_unless_it_is_set(folder: Folder) -> None:
    before = datetime.now(UTC)

    found = load_settings().clock()

    assert before <= found <= datetime.now(UTC)


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.facebook.com",
        "http://127.0.0.1:8900",
        "http://localhost:8900",
        "http://[::1]:8900",
    ],
)
def test_http_is_allowed_on_loopback_only(folder: Folder, url: str) -> None:
    folder.variable("SOURCES__META__API_BASE_URL", url)

    settings = load_settings()

    assert settings.meta.api_base_url == url


def test_every_complaint_is_made_at_once(folder: Folder) -> None:
    folder.config(META + 'page_limit = 0\napi_version = "v1.0"')
    folder.variable("PATHWAYS__SERVE__PORT", "none")

    with pytest.raises(ConfigError) as caught:
        load_settings()

    keys = (
        "sources.meta.page_limit",
        "sources.meta.api_version",
        "pathways.serve.port",
    )
    assert [key for key in keys if f"`{key}`" not in caught.value.message] == []


@pytest.mark.parametrize("name", ["config", "secrets"])
def test_broken_toml_is_refused_without_its_secrets(folder: Folder, name: str) -> None:
    (folder.path / ".dlt" / f"{name}.toml").write_text(
        f'[sources.meta]\naccess_token = "{SECRET}'
    )

    with pytest.raises(ConfigError) as caught:
        load_settings()

    assert caught.value.code == "CFG-002"
    assert SECRET not in str(caught.value)


def test_run_without_a_store_is_refused(folder: Folder) -> None:
    settings = load_settings()

    with pytest.raises(ConfigError, match="No store is configured") as caught:
        settings.require_stores()

    assert caught.value.code == "CFG-003"


def test_store_without_any_token_is_refused_with_the_variable_to_set(
    folder: Folder,
) -> None:
    folder.config(STORE)
    settings = load_settings()

    with pytest.raises(ConfigError, match="`acme` has no access token") as caught:
        settings.require_stores()

    assert caught.value.code == "CFG-004"
    assert "SOURCES__META__STORES__ACME__ACCESS_TOKEN" in caught.value.hint


def test_settings_never_show_a_secret(folder: Folder) -> None:
    folder.config(STORE)
    folder.variable("SOURCES__META__ACCESS_TOKEN", SECRET)
    folder.variable("SOURCES__META__APP_SECRET", SECRET)

    settings = load_settings()

    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


def test_every_secret_is_told_to_the_redaction(folder: Folder) -> None:
    folder.config(STORE)
    folder.variable("SOURCES__META__ACCESS_TOKEN", "one")
    folder.variable("SOURCES__META__APP_SECRET", "two")
    folder.variable("SOURCES__META__STORES__ACME__ACCESS_TOKEN", "three")

    found = set(load_settings().secrets())

    assert found == {"one", "two", "three"}
