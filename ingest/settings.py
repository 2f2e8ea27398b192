"""The configuration, read once through dlt's providers and checked whole.

Environment wins over `.dlt/secrets.toml`, which wins over `.dlt/config.toml`; which of
them a value came from is part of each complaint. Nothing below the command line reads
the environment.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from ingest.errors import ConfigError

SECTIONS = (("pathways",), ("sources", "meta"), ("sources", "fx"))
RATE_URLS = {
    "ecb": "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip",
    "frankfurter": "https://api.frankfurter.dev",
}
OLDEST_API_VERSION = 25


def _account_id(value: str) -> str:
    if not re.fullmatch(r"act_[0-9]{5,25}", value):
        raise ValueError("write an ad account as `act_` and its digits")
    return value.removeprefix("act_")


def _api_version(value: str) -> str:
    match = re.fullmatch(r"v([0-9]{1,3})\.0", value)
    if not match or int(match[1]) < OLDEST_API_VERSION:
        raise ValueError(
            f"write a version Meta still serves, v{OLDEST_API_VERSION}.0 or later"
        )
    return value


def _base_url(value: str) -> str:
    if not re.fullmatch(
        r"https://[^/\s@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", value
    ):
        raise ValueError(
            "write https:// and a host, without a path (http only on loopback)"
        )
    return value


def _jsonable(value: object) -> object:
    """Lists come from the environment as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as problem:
            raise ValueError('write a list as ["a", "b"]') from problem
    return value


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
AccountId = Annotated[str, AfterValidator(_account_id)]
Ratio = Annotated[Decimal, Field(gt=0, le=1000)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StoreSettings(_Section):
    """One store: its ad accounts (digits), its currency and its targets."""

    accounts: Annotated[
        tuple[AccountId, ...], Field(min_length=1), BeforeValidator(_jsonable)
    ]
    reporting_currency: Currency
    target_roas: Ratio | None = None
    break_even_roas: Ratio | None = None
    access_token: SecretStr | None = None


class MetaSettings(_Section):
    """Where the Graph API is, and the stores to read."""

    api_base_url: Annotated[str, AfterValidator(_base_url)] = (
        "https://graph.facebook.com"
    )
    api_version: Annotated[str, AfterValidator(_api_version)] = "v25.0"
    page_limit: Annotated[int, Field(ge=1, le=5000)] = 500
    access_token: SecretStr | None = None
    app_secret: SecretStr | None = None
    stores: dict[
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")], StoreSettings
    ] = {}

    def token_of(self, store: str) -> SecretStr:
        """The store's token, or the one for all.

        Raises:
            ConfigError: neither is set.
        """
        token = self.stores[store].access_token or self.access_token
        if token is None:
            variable = f"SOURCES__META__STORES__{store.upper()}__ACCESS_TOKEN"
            raise ConfigError(
                f"Store `{store}` has no access token.",
                f"Set {variable} or SOURCES__META__ACCESS_TOKEN in the environment, or "
                "access_token in .dlt/secrets.toml.",
                code="CFG-004",
            )
        return token


class FxSettings(_Section):
    """Where exchange rates come from."""

    provider: Literal["ecb", "frankfurter", "file", "none"] = "ecb"
    base_url: str | None = None
    path: Path | None = None

    @property
    def url(self) -> str:
        """Where the provider is."""
        return (self.base_url or RATE_URLS.get(self.provider, "")).rstrip("/")

    @model_validator(mode="after")
    def _file_needs_path(self) -> "FxSettings":
        if self.provider == "file" and self.path is None:
            raise ValueError("provider `file` needs `path`, a CSV of rates")
        return self


class ServeSettings(_Section):
    """Where the API listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000


class Settings(_Section):
    """All of it. `now` stands in for the clock when set."""

    data_dir: Path = Path(".pathways")
    now: AwareDatetime | None = None
    parallel_accounts: Annotated[int, Field(ge=1, le=64)] = 4
    meta: MetaSettings = MetaSettings()
    fx: FxSettings = FxSettings()
    serve: ServeSettings = ServeSettings()

    @model_validator(mode="after")
    def _one_store_an_account(self) -> "Settings":
        owners: dict[str, str] = {}
        for store, settings in self.meta.stores.items():
            for account in settings.accounts:
                if account in owners:
                    raise ValueError(
                        f"account act_{account} stands under `{owners[account]}` and "
                        f"`{store}`; its spend would count twice"
                    )
                owners[account] = store
        return self

    @property
    def clock(self) -> Callable[[], datetime]:
        """The moment now, aware, in UTC."""
        fixed = self.now
        if fixed is None:
            return lambda: datetime.now(UTC)
        return lambda: fixed.astimezone(UTC)

    def secrets(self) -> Iterator[str]:
        """Every secret value, for redaction."""
        held = [self.meta.access_token, self.meta.app_secret]
        held += [store.access_token for store in self.meta.stores.values()]
        return (secret.get_secret_value() for secret in held if secret)

    def require_stores(self) -> None:
        """Raises ConfigError unless there is a store, each with a token."""
        if not self.meta.stores:
            raise ConfigError(
                "No store is configured.",
                "Add a [sources.meta.stores.<name>] block with `accounts` and "
                "`reporting_currency` to .dlt/config.toml, or see `pathways demo`.",
                code="CFG-003",
            )
        for store in self.meta.stores:
            self.meta.token_of(store)


def load_settings() -> Settings:
    """The configuration.

    Raises:
        ConfigError: a key is unknown, missing or wrong; every one is named, with the
            place it stands in. No value is repeated, since it may be a secret.
    """
    values: dict[str, Any] = {}
    origins: dict[tuple[str, ...], str] = {}
    for path, value, origin in _configured():
        node = values
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = value
        origins[path] = origin
    try:
        return Settings.model_validate(values)
    except ValidationError as problem:
        complaints = [_complaint(error, origins) for error in problem.errors()]
        raise ConfigError(
            "The configuration cannot be used:\n  " + "\n  ".join(complaints) + "\n",
            "Nothing was read, sent or written.",
        ) from None


def _configured() -> Iterator[tuple[tuple[str, ...], object, str]]:
    """Configured values, weakest provider first: path in `Settings`, value, place."""
    for name, document in _toml_documents():
        for section in SECTIONS:
            node: Any = document
            for part in section:
                node = node.get(part, {}) if isinstance(node, dict) else {}
            for path, value in _leaves(node):
                yield (*_home(section), *path), value, f".dlt/{name}"
    for variable, value in os.environ.items():
        for section in SECTIONS:
            prefix = "__".join(section).upper() + "__"
            if variable.startswith(prefix):
                path = tuple(variable.removeprefix(prefix).lower().split("__"))
                yield (*_home(section), *path), value, f"the environment ({variable})"


def _toml_documents() -> list[tuple[str, dict[str, Any]]]:
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.exceptions import ConfigProviderException
    from dlt.common.configuration.providers.toml import SettingsTomlProvider
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    try:
        context = Container()[PluggableRunContext]
        context.reload_providers()
        providers = {
            provider.name: provider
            for provider in context.providers.providers
            if isinstance(provider, SettingsTomlProvider)
        }
        return [
            (name, tomllib.loads(providers[name].to_toml()))
            for name in ("config.toml", "secrets.toml")
            if name in providers
        ]
    except ConfigProviderException as problem:
        raise ConfigError(
            f"A configuration file is not valid TOML ({problem.__cause__ or problem}).",
            "Correct the line it names.",
            code="CFG-002",
        ) from None


def _home(section: tuple[str, ...]) -> tuple[str, ...]:
    return () if section == ("pathways",) else section[-1:]


def _leaves(node: object) -> Iterator[tuple[tuple[str, ...], object]]:
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from (((key, *path), leaf) for path, leaf in _leaves(value))
        else:
            yield (key,), value


def _complaint(error: Any, origins: dict[tuple[str, ...], str]) -> str:
    path = tuple(str(part) for part in error["loc"] if part != "[key]")
    place = next(
        (
            origins[path[:length]]
            for length in range(len(path), 0, -1)
            if path[:length] in origins
        ),
        next(
            (place for known, place in origins.items() if known[: len(path)] == path),
            "",
        ),
    )
    head, *rest = path or ("",)
    section = {"meta": "sources.meta", "fx": "sources.fx"}.get(head, f"pathways.{head}")
    key = ".".join([section, *rest]).rstrip(".")
    said = {
        "missing": "is missing",
        "extra_forbidden": "is unknown" + _did_you_mean(path),
    }.get(error["type"], f"is wrong: {error['msg'].removeprefix('Value error, ')}")
    return f"`{key}` {said}" + (f" (from {place})" if place else "")


def _did_you_mean(path: tuple[str, ...]) -> str:
    models: dict[str, type[_Section]] = {
        "meta": MetaSettings,
        "fx": FxSettings,
        "serve": ServeSettings,
    }
    model: type[_Section] = models.get(path[0], Settings) if len(path) > 1 else Settings
    if path[:2] == ("meta", "stores") and len(path) > 3:
        model = StoreSettings
    close = difflib.get_close_matches(path[-1], list(model.model_fields), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
