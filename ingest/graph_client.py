"""HTTP to Meta: the only module that does it. GET only, to one host, token in a header.

Retries are decided by what the body says, since Meta throttles with 400 and 403 and
sends passing trouble with any status.
"""

import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import orjson
import requests

from ingest import errors
from ingest.pages import Page, Transient, read_object, read_page

logger = logging.getLogger(__name__)

CONNECT_AND_READ_SECONDS = (10, 120)
ATTEMPTS = 5
FIRST_WAIT_SECONDS = 1.0

Answer = TypeVar("Answer")


@dataclass
class Usage:
    """What one client has cost so far."""

    calls: int = 0
    retries: int = 0
    received_bytes: int = 0
    waited_seconds: float = 0.0
    usage_headers: dict[str, str] = field(default_factory=dict)


class GraphClient:
    """Reads the Graph API with one token.

    Args:
        base_url: scheme and host, such as `https://graph.facebook.com`.
        version: such as `v25.0`.
        token: sent as `Authorization: Bearer`, never in a URL.
        app_secret: when given, each call carries an `appsecret_proof`.
        sleep: waits between tries; an argument so that tests need not.
    """

    def __init__(
        self,
        base_url: str,
        version: str,
        token: str,
        app_secret: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._token = token
        self._sleep = sleep
        self._proof = (
            hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            if app_secret
            else None
        )
        self._session = requests.Session()
        # As an auth object, not a header: a .netrc entry would replace the header.
        self._session.auth = self._authorize
        self.usage = Usage()

    def close(self) -> None:
        self._session.close()

    def node(self, path: str, params: Mapping[str, object]) -> dict[str, object]:
        """One node.

        Raises:
            errors.MetaError: Meta refused, or gave no usable answer in five tries.
        """
        return self._ask(path, params, read_object)

    def pages(self, path: str, params: Mapping[str, object]) -> Iterator[Page]:
        """The pages of a listing, until Meta names no next one; empty pages included.

        Raises:
            errors.MetaError: Meta refused, gave no usable answer in five tries, or
                sent a cursor twice.
        """
        after: str | None = None
        seen: set[str] = set()
        while True:
            asked = {**params, "after": after} if after else params
            page = self._ask(path, asked, read_page)
            yield page
            after = page.after
            if after is None:
                return
            if after in seen:
                raise errors.NoUsableAnswer(
                    f"Meta repeated a cursor while listing {path}.",
                    "The window is read again in the next run.",
                    code="META-CURSOR",
                )
            seen.add(after)

    def _ask(
        self,
        path: str,
        params: Mapping[str, object],
        read: Callable[[int, bytes], Answer],
    ) -> Answer:
        trouble: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                wait = FIRST_WAIT_SECONDS * 2 ** (attempt - 1)
                logger.info("Asking for %s again in %.0f s: %s", path, wait, trouble)
                self.usage.retries += 1
                self.usage.waited_seconds += wait
                self._sleep(wait)
            try:
                return read(*self._get(path, params))
            except (Transient, requests.RequestException) as problem:
                trouble = problem
        raise errors.NoUsableAnswer(
            f"Meta gave no usable answer for {path} in {ATTEMPTS} tries "
            f"({self._without_token(str(trouble))}).",
            "The window is read again in the next run.",
        ) from None

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _get(self, path: str, params: Mapping[str, object]) -> tuple[int, bytes]:
        texts = {key: _text(value) for key, value in params.items()}
        if self._proof:
            texts["appsecret_proof"] = self._proof
        self.usage.calls += 1
        # A followed redirect could carry the token to another host.
        response = self._session.get(
            f"{self._root}/{path}",
            params=texts,
            timeout=CONNECT_AND_READ_SECONDS,
            allow_redirects=False,
        )
        if response.is_redirect:
            raise errors.MetaError(
                f"{self._root} answers with a redirect, which is never followed.",
                "Check `api_base_url`.",
                code="META-HOST",
            )
        body = response.content
        self.usage.received_bytes += len(body)
        self.usage.usage_headers = {
            name.lower(): value
            for name, value in response.headers.items()
            if name.lower().endswith(("usage", "throttle"))
        }
        if response.status_code != 200 or b'"error"' in body[:64]:
            # Meta quotes a malformed token in its message.
            body = body.replace(self._token.encode(), b"<token>")
        return response.status_code, body

    def _without_token(self, text: str) -> str:
        return text.replace(self._token, "<token>")


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
