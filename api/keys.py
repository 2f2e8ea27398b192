"""Keys: what they look like, and what `keys.json` keeps of them. Nothing here is HTTP.

A key is 256 random bits, told once; the file keeps its SHA-256. That is enough here and
slow hashes are not needed: nobody guesses 256 bits.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

FILE_NAME = "keys.json"
PREFIX = "pathways_"
ALL = "*"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
State = Literal["valid", "expired", "revoked"]
StoreScope = Annotated[str, Field(pattern=r"^(\*|[a-z0-9][a-z0-9_-]{0,62})$")]


class KeysDamaged(Exception):
    """keys.json cannot be read, or is none; the text says why, with its path."""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Key(_Kept):
    """What is kept of a key. `stores` is `*` alone for all of them."""

    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    name: str = Field(pattern=NAME)
    stores: tuple[StoreScope, ...] = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None

    def state(self, now: datetime) -> State:
        """Whether it opens anything at a moment. From `expires_at` on it does not."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "valid"

    def visible_stores(self) -> frozenset[str] | None:
        """The stores that it opens; None for all."""
        return None if ALL in self.stores else frozenset(self.stores)


class Keys(_Kept):
    """What keys.json holds. Revoked and expired keys stay in it."""

    version: Literal[1] = 1
    keys: tuple[Key, ...] = ()

    @model_validator(mode="after")
    def _each_stands_once(self) -> "Keys":
        for field in ("id", "sha256"):
            values = [getattr(key, field) for key in self.keys]
            if len(set(values)) < len(values):
                raise ValueError(f"two keys have the same {field}")
        return self

    def named(self, name_or_id: str) -> Key | None:
        """The key of an id, or of a name; of several the one not revoked."""
        found = [key for key in self.keys if name_or_id in (key.id, key.name)]
        return min(found, key=lambda key: key.revoked_at is not None, default=None)

    def with_key(self, key: Key) -> "Keys":
        """The same and one more."""
        return Keys(keys=(*self.keys, key))

    def without(self, revoked: Key, now: datetime) -> "Keys":
        """The same, one of them revoked."""
        changed = revoked.model_copy(update={"revoked_at": now})
        return Keys(
            keys=tuple(changed if key.id == revoked.id else key for key in self.keys)
        )


def new_key(
    name: str, stores: Sequence[str], now: datetime, expires_at: datetime | None
) -> tuple[Key, str]:
    """What to keep of a new key, and the key itself, which is kept nowhere."""
    text = PREFIX + secrets.token_urlsafe(32)
    key = Key(
        id=secrets.token_hex(4),
        name=name,
        stores=tuple(stores),
        sha256=digest(text.encode()),
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
    )
    return key, text


def digest(text: bytes) -> str:
    """What is kept of a key's text."""
    return hashlib.sha256(text).hexdigest()


def read_keys(data_dir: Path) -> Keys | None:
    """The keys of a data folder; None where none was ever made.

    Raises:
        KeysDamaged: the file is there and cannot be used.
    """
    file = data_dir / FILE_NAME
    try:
        return Keys.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeysDamaged(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise KeysDamaged(f"{file} is damaged: {place} {first['msg']}") from None
