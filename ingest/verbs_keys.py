"""Verbs about who may read over HTTP: keys add, list, revoke.

What a key is and what is kept of it is in `api.keys`; the file is changed here alone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import click

from ingest.cli import pathways, verb
from ingest.errors import ConfigError, KeyRefused, KeysUnusable
from ingest.verbs_cycle import Answer, configured

if TYPE_CHECKING:
    from api.keys import Key, Keys
    from ingest.settings import Settings

LONGEST_DAYS = 3650
EXPIRES_HINT = "Write days, such as 90d, or the last day (UTC), such as 2027-03-31."


@pathways.group("keys")
def keys() -> None:
    """Who may read over HTTP: add, list and revoke keys."""


@verb("add", keys)
@click.argument("name")
@click.option(
    "--store",
    "stores",
    multiple=True,
    required=True,
    help="A store that it opens; repeatable. `*` for all, later ones too.",
)
@click.option("--expires", help="Days (90d) or the last day, UTC. Default: never.")
def add(name: str, stores: tuple[str, ...], expires: str | None) -> Answer:
    """Make a key and print it, once: only its hash is kept."""
    settings = configured()
    now = settings.clock()
    _check_name(name)
    _check_stores(settings, stores)
    expires_at = _end(expires, now) if expires is not None else None

    from api.keys import new_key
    from ingest.lock import in_turn

    with in_turn(settings.data_dir):
        known = _read(settings)
        holder = known.named(name)
        if holder is not None and holder.revoked_at is None:
            raise KeyRefused(
                f"There is a key `{name}` already, with the id {holder.id}.",
                f"Choose another name, or first `pathways keys revoke {name}`.",
            )
        key, text = new_key(name, sorted(set(stores)), now, expires_at)
        _write(settings, known.with_key(key))
    click.echo(
        f"Key {key.id} (`{name}`) opens {_scope(key)}, {_until(key)}. It is shown this "
        "once. Send it as `Authorization: Bearer <key>`.",
        err=True,
    )
    return {"key": text, **_document(key, now)}, text, 0


@verb("list", keys)
def list_keys() -> Answer:
    """The keys, revoked and expired ones too; never their text."""
    settings = configured()
    now = settings.clock()
    found = _read(settings).keys
    lines = [
        f"{key.id}  {key.state(now):7}  {key.name}  {_scope(key)}  {_until(key)}"
        for key in found
    ]
    text = "\n".join(lines) or "There is no key. Make one: `pathways keys add`."
    return {"keys": [_document(key, now) for key in found]}, text, 0


@verb("revoke", keys)
@click.argument("name_or_id")
def revoke(name_or_id: str) -> Answer:
    """Revoke a key by its name or id; the next request with it is refused."""
    settings = configured()
    now = settings.clock()

    from ingest.lock import in_turn

    with in_turn(settings.data_dir):
        known = _read(settings)
        key = known.named(name_or_id)
        if key is None:
            raise KeyRefused(
                f"There is no key `{name_or_id}`.", "`pathways keys list` has them."
            )
        if key.revoked_at is None:
            known = known.without(key, now)
            _write(settings, known)
    revoked = next(one for one in known.keys if one.id == key.id)
    text = f"Key {key.id} (`{key.name}`) is revoked since {revoked.revoked_at}."
    return _document(revoked, now), text, 0


def _read(settings: Settings) -> Keys:
    from api.keys import Keys, KeysDamaged, read_keys

    try:
        return read_keys(settings.data_dir) or Keys()
    except KeysDamaged as problem:
        raise KeysUnusable(
            f"{problem}.",
            "Restore the file, or remove it and make new keys: the old ones stop "
            "working then. Until that nobody is let in.",
        ) from None


def _write(settings: Settings, keys: Keys) -> None:
    from api.keys import FILE_NAME
    from ingest.files import write_json

    write_json(settings.data_dir / FILE_NAME, keys.model_dump(mode="json"))


def _check_name(name: str) -> None:
    from api.keys import NAME

    if not re.fullmatch(NAME, name):
        raise KeyRefused(
            "The name of the key cannot be used.",
            "Write up to 63 letters, digits, dots, dashes and underscores, the first "
            "one a letter or a digit.",
        )


def _check_stores(settings: Settings, stores: tuple[str, ...]) -> None:
    from api.keys import ALL

    for store in stores:
        if store != ALL and store not in settings.meta.stores:
            known = ", ".join(settings.meta.stores) or "none"
            raise ConfigError(
                f"There is no store `{store}`.",
                f"Configured stores: {known}. `--store '*'` is for all of them.",
                code="CFG-005",
            )


def _end(expires: str, now: datetime) -> datetime:
    """The moment from which a key is no longer valid.

    Raises:
        KeyRefused: it is no such time, in the past, or years ahead.
    """
    if days := re.fullmatch(r"([0-9]{1,4})d", expires):
        end = now + timedelta(days=int(days[1]))
    else:
        try:
            day_after = date.fromisoformat(expires) + timedelta(days=1)
        except (ValueError, OverflowError):
            raise KeyRefused(
                f"`--expires {expires}` is no time.", EXPIRES_HINT
            ) from None
        end = datetime.combine(day_after, time.min, UTC)
    if not now < end <= now + timedelta(days=LONGEST_DAYS):
        raise KeyRefused(
            f"`--expires {expires}` is in the past, or more than {LONGEST_DAYS} days "
            "ahead.",
            EXPIRES_HINT,
        )
    return end


def _document(key: Key, now: datetime) -> dict[str, Any]:
    kept = key.model_dump(mode="json", exclude={"sha256"})
    return {**kept, "state": key.state(now)}


def _scope(key: Key) -> str:
    return "all stores" if key.visible_stores() is None else ", ".join(key.stores)


def _until(key: Key) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC"
    if key.expires_at is None:
        return "without an end"
    return f"until {key.expires_at:%Y-%m-%d %H:%M} UTC"
