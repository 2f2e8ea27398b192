"""From a request's headers to its caller, by the keys as the file has them now."""

import hmac
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.callers import EVERYONE, Caller
from api.errors import KeysUnusable, Unauthenticated
from api.keys import FILE_NAME, Key, Keys, KeysDamaged, digest, read_keys

LOGGER = logging.getLogger("api")
BEARER = HTTPBearer(
    auto_error=False, description="A key of `pathways keys add`; it opens its stores."
)
CHALLENGE = 'Bearer realm="pathways"'


class Keyring:
    """The keys of a data folder. A change of the file counts from the next request on.

    Once there was a key nothing opens without one, the file gone or damaged included.
    """

    def __init__(
        self, data_dir: Path, moment: Callable[[], datetime], *, is_open: bool
    ) -> None:
        self._data_dir = data_dir
        self._file = data_dir / FILE_NAME
        self._is_open = is_open
        self._moment = moment
        self._signature: tuple[int, ...] | None = None
        self._keys: Keys | None = None
        self._had_keys = False
        self._told = ""

    def caller(self, authorization: Sequence[bytes]) -> Caller:
        """Who sends these Authorization headers.

        Raises:
            Unauthenticated: there is no key, or it is not valid.
            KeysUnusable: keys.json is damaged, or gone.
        """
        keys = self._current()
        if not keys and not self._had_keys and self._is_open:
            return EVERYONE
        if not keys:
            raise self._unusable(f"{self._file} holds no key any more")
        presented = _bearer(authorization)
        if presented is None:
            raise _refused("No key came with the request.", CHALLENGE)
        key = _matching(keys, digest(presented))
        if key is None or key.state(self._moment()) != "valid":
            raise _refused(
                "The key is not valid: it is unknown, expired or revoked.",
                f'{CHALLENGE}, error="invalid_token"',
            )
        return Caller(key.id, key.visible_stores())

    def has_valid_key(self) -> bool:
        """Whether any key opens anything.

        Raises:
            KeysUnusable: keys.json is damaged, or gone.
        """
        now = self._moment()
        return any(key.state(now) == "valid" for key in self._current())

    def _current(self) -> tuple[Key, ...]:
        try:
            stat = self._file.stat()
            times = (stat.st_mtime_ns, stat.st_ctime_ns)
            signature: tuple[int, ...] = (stat.st_ino, stat.st_size, *times)
        except FileNotFoundError:
            signature = ()
        except OSError as error:
            raise self._unusable(str(error)) from error
        if signature != self._signature:
            # What cannot be read is tried again with each request.
            self._signature = None
            try:
                self._keys = read_keys(self._data_dir)
            except KeysDamaged as error:
                raise self._unusable(str(error)) from error
            self._signature, self._told = signature, ""
            # A file without any key is one that somebody emptied.
            self._had_keys = self._had_keys or self._keys is not None
        return self._keys.keys if self._keys else ()

    def _unusable(self, why: str) -> KeysUnusable:
        if why != self._told:
            LOGGER.error("Nobody is let in: %s", why)
        self._told = why
        return KeysUnusable(
            "The keys cannot be read, so nobody is let in.",
            "Whoever runs this server finds the reason in its log.",
        )


def _bearer(authorization: Sequence[bytes]) -> bytes | None:
    """The key of the one header there is."""
    if len(authorization) != 1:
        return None
    scheme, _, key = authorization[0].partition(b" ")
    return key.strip() if scheme.lower() == b"bearer" and key.strip() else None


def _matching(keys: Sequence[Key], sha256: str) -> Key | None:
    """Every key is compared, each in constant time: a miss tells no more than a hit."""
    found = None
    for key in keys:
        if hmac.compare_digest(key.sha256, sha256):
            found = key
    return found


def _refused(message: str, challenge: str) -> Unauthenticated:
    hint = "Send `Authorization: Bearer <key>`; `pathways keys add` makes keys."
    return Unauthenticated(message, hint, {"WWW-Authenticate": challenge})


async def who_asks(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Caller:
    """The caller that `api.doors` let in; the scheme is there for OpenAPI."""
    caller: Caller = request.state.caller
    return caller


WhoAsks = Annotated[Caller, Depends(who_asks)]
