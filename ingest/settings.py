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
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from ingest.api_versions import OLDEST_API_VERSION
from ingest.errors import ConfigError
from ingest.kept_snapshots import KEPT, Shelf

SECTIONS = ("pathways", "sources")
RATE_URLS = {
    "ecb": "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip",
    "frankfurter": "https://api.frankfurter.dev",
}


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


def _header_text(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]{1,4096}", value.get_secret_value()):
        raise ValueError("a token is printable ASCII without spaces or line breaks")
    return value


def _host_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", value):
        raise ValueError(
            "write a host as a browser shows it, in small letters and without a port; "
            "there is no wildcard"
        )
    return value


def _origin(value: str) -> str:
    if not re.fullmatch(
        r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", value
    ):
        raise ValueError(
            "write an origin as https:// and a host, with its port if it has one, and "
            "nothing behind; there is no wildcard"
        )
    return value


Token = Annotated[SecretStr, AfterValidator(_header_text)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
AccountId = Annotated[str, AfterValidator(_account_id)]
HostName = Annotated[str, AfterValidator(_host_name)]
Origin = Annotated[str, AfterValidator(_origin)]
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
    access_token: Token | None = None


class MetaSettings(_Section):
    """Where the Graph API is, how it is asked, and the stores to read.

    Attributes:
        request_seconds: what one request may take, its body included.
        load_seconds: what reading all accounts may take in a run.
        wait_seconds: what one account may wait in a run, as Meta's limits ask.
        shrink_share: the part of a day or listing that may go without a second reading.
    """

    api_base_url: Annotated[str, AfterValidator(_base_url)] = (
        "https://graph.facebook.com"
    )
    api_version: Annotated[str, AfterValidator(_api_version)] = "v25.0"
    page_limit: Annotated[int, Field(ge=1, le=5000)] = 500
    request_seconds: Annotated[float, Field(gt=0, le=600)] = 120
    load_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600
    wait_seconds: Annotated[float, Field(ge=0, le=3600)] = 300
    shrink_share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.5")
    access_token: Token | None = None
    app_secret: Token | None = None
    stores: dict[
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")], StoreSettings
    ] = {}

    @field_validator("stores")
    @classmethod
    def _one_store_an_account(
        cls, stores: dict[str, StoreSettings]
    ) -> dict[str, StoreSettings]:
        owners: dict[str, str] = {}
        for store, settings in stores.items():
            for account in settings.accounts:
                if account in owners:
                    raise ValueError(
                        f"account act_{account} stands under `{owners[account]}` and "
                        f"`{store}`; its spend would count twice"
                    )
                owners[account] = store
        return stores

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


class SnapshotSettings(_Section):
    """Which published snapshots stay beside the newest ones.

    Attributes:
        days: the last one of each of so many days.
        gigabytes: what all may take; current, previous and newest ones stay anyway.
    """

    days: Annotated[int, Field(ge=0, le=400)] = 7
    gigabytes: Annotated[Decimal, Field(gt=0, le=100_000)] = Decimal(20)

    def shelf(self, newest: int = KEPT) -> Shelf:
        """How many snapshots stay.

        Args:
            newest: so many of the newest, whatever their age.
        """
        return Shelf(newest, self.days, int(self.gigabytes * 10**9))


class AuditSettings(_Section):
    """What a build may lack of what readers have.

    Attributes:
        loss_share: the part of rows or spend of settled days, by account.
    """

    loss_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.05")


class LogSettings(_Section):
    """How the log on stderr is written.

    Attributes:
        requests: whether each request to the API has a line.
    """

    format: Literal["text", "json"] = "text"
    requests: bool = False


class ServeSettings(_Section):
    """Where the API listens, and whom it answers how much.

    Attributes:
        hosts: further names under which it may be asked for.
        cors_origins: origins whose pages may read answers.
        docs: whether /docs and /openapi.json are served; to everybody.
        requests_per_second: of one key, in the long run.
        burst: requests of one key at once.
        requests_at_once: of all callers.
        queries_at_once: answers that read the snapshot side by side.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    hosts: Annotated[tuple[HostName, ...], BeforeValidator(_jsonable)] = ()
    cors_origins: Annotated[tuple[Origin, ...], BeforeValidator(_jsonable)] = ()
    docs: bool = True
    requests_per_second: Annotated[float, Field(gt=0, le=1_000_000)] = 50
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    # More would wait for a thread; FastAPI has forty.
    requests_at_once: Annotated[int, Field(ge=1, le=36)] = 32
    queries_at_once: Annotated[int, Field(ge=1, le=36)] = 8


def _zone(value: str) -> str:
    # `localtime` is a file of some machines, no zone.
    zones = available_timezones() - {"localtime"}
    if value != "account" and value not in zones:
        raise ValueError("write `account`, or a time zone such as UTC or Asia/Riyadh")
    return value


class ReaderSettings(_Section):
    """A reader to compare with: a shipped one with some rules changed.

    The rules and their values are those of `marts.reader_contracts`.
    """

    based_on: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    label: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    window_days: Annotated[int, Field(ge=1, le=1200)] | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] | None = None
    partial_days: Literal["include", "exclude"] | None = None
    level: Literal["account", "campaign", "adset", "ad"] | None = None
    status: Literal["all", "active", "ref_active"] | None = None
    status_level: Literal["own", "campaign"] | None = None
    status_moment: Literal["now", "day", "mixed"] | None = None
    countries: Literal["all", "no_residual", "known", "with_orders"] | None = None
    currency: Literal["reporting", "reporting_all_orders", "account"] | None = None
    clicks: Literal["all", "link", "outbound"] | None = None


class PathwaysSettings(_Section):
    """Section `pathways`. `now` stands in for the clock when set."""

    data_dir: Path = Path(".pathways")
    now: AwareDatetime | None = None
    parallel_accounts: Annotated[int, Field(ge=1, le=64)] = 8
    serve: ServeSettings = ServeSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    audit: AuditSettings = AuditSettings()
    logs: LogSettings = LogSettings()
    readers: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")], ReaderSettings
    ] = {}


class SourcesSettings(_Section):
    """Section `sources`: what is read, and from where."""

    meta: MetaSettings = MetaSettings()
    fx: FxSettings = FxSettings()


class _Configuration(_Section):
    """The configuration as its files are laid out."""

    pathways: PathwaysSettings = PathwaysSettings()
    sources: SourcesSettings = SourcesSettings()


class Settings(PathwaysSettings, SourcesSettings):
    """All of it, flat."""

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

    def reader_rules(self) -> dict[str, dict[str, object]]:
        """The configured readers by name, each with the rules that it changes."""
        return {
            name: reader.model_dump(exclude_none=True)
            for name, reader in self.readers.items()
        }

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
    complaints: list[str] = []
    for path, value, origin in _configured():
        node = values
        for depth, part in enumerate(path[:-1], 1):
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                table = ".".join(path[:depth])
                complaints.append(f"`{table}` is not a table (from {origin})")
                break
        else:
            node[path[-1]] = value
            origins[path] = origin
    try:
        read = _Configuration.model_validate(values)
    except ValidationError as problem:
        complaints += [_complaint(error, origins) for error in problem.errors()]
    if complaints:
        raise ConfigError(
            "The configuration cannot be used:\n  " + "\n  ".join(complaints) + "\n",
            "Nothing was read, sent or written.",
        )
    return Settings(**dict(read.pathways), **dict(read.sources))


def _configured() -> Iterator[tuple[tuple[str, ...], object, str]]:
    """Key path, value and place of what is configured, weakest provider first."""
    for name, document in _toml_documents():
        for section in SECTIONS:
            if section in document:
                for path, value in _leaves(document[section]):
                    yield (section, *path), value, f".dlt/{name}"
    for variable, value in os.environ.items():
        section, *below = variable.lower().split("__")
        if section in SECTIONS and below:
            yield (section, *below), value, f"the environment ({variable})"


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


def _leaves(node: object) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values below a table; a value where a table belongs has an empty path."""
    if not isinstance(node, dict):
        yield (), node
        return
    for key, value in node.items():
        yield from (((key, *path), leaf) for path, leaf in _leaves(value))


def _complaint(error: Any, origins: dict[tuple[str, ...], str]) -> str:
    path = tuple(str(part) for part in error["loc"] if part != "[key]")
    said = {
        "missing": "is missing",
        "extra_forbidden": "is unknown" + _did_you_mean(path),
    }.get(error["type"], f"is wrong: {error['msg'].removeprefix('Value error, ')}")
    place = _place(path, origins)
    return f"`{'.'.join(path)}` {said}" + (f" (from {place})" if place else "")


def _place(path: tuple[str, ...], origins: dict[tuple[str, ...], str]) -> str:
    """Where a key stands, or the nearest one beside or around it."""
    for length in range(len(path), 0, -1):
        for known, place in origins.items():
            if known[:length] == path[:length]:
                return place
    return ""


def _did_you_mean(path: tuple[str, ...]) -> str:
    model: type[BaseModel] = _Configuration
    for part in path[:-1]:
        field = model.model_fields.get(part)
        if field is not None and isinstance(field.annotation, type):
            model = field.annotation
        elif model is PathwaysSettings:
            model = ReaderSettings
        elif part in ("stores",) or model is MetaSettings:
            model = StoreSettings
    close = difflib.get_close_matches(path[-1], list(model.model_fields), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
