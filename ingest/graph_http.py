"""One exchange with Meta: the only module that asks it. One host, token in a header.

An answer is bounded in bytes and seconds; a redirect is refused; what Meta quotes of a
secret is cut out.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import orjson
import requests
import urllib3

from ingest import errors
from ingest.bounded_http import BoundedAdapter, body_in_time
from ingest.pages import TimedOut, Transient

# Slices of days are read side by side, and the reports of a slice.
CONNECTIONS = 96
_BLOCK = 1 << 16

Method = Literal["GET", "POST"]


@dataclass(frozen=True)
class Response:
    """An answer, whatever it holds. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class GraphHttp:
    """Exchanges requests for answers with one token. Threads may share it.

    Args:
        base_url: scheme and host, such as `https://graph.facebook.com`.
        version: such as `v25.0`.
        token: sent as `Authorization: Bearer`, never in a URL.
        app_secret: when given, each call carries an `appsecret_proof`.
        request_seconds: a request as a whole, its body included.
        page_bytes: a body after unpacking.

    Attributes:
        server_time: what Meta's clock said last; None before the first answer.
        served_version: the API version that the last answer was given by.
    """

    def __init__(
        self,
        base_url: str,
        version: str,
        token: str,
        app_secret: str | None,
        request_seconds: float,
        page_bytes: int,
    ) -> None:
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._token = token
        self._proof = (
            hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            if app_secret
            else None
        )
        self._request_seconds = request_seconds
        self._page_bytes = page_bytes
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, BoundedAdapter(request_seconds, CONNECTIONS))
        # As an auth object, not a header: a .netrc entry would replace the header.
        self._session.auth = self._authorize
        # A proxy of the environment must not see what is meant for this machine.
        self._session.trust_env = base_url.startswith("https:")
        self.server_time: datetime | None = None
        self.served_version: str | None = None

    def close(self) -> None:
        self._session.close()

    def exchange(
        self,
        method: Method,
        path: str,
        params: Mapping[str, object],
        received: Callable[[int], None],
    ) -> Response:
        """One answer, whatever it holds.

        Args:
            params: texts as they are, everything else as JSON.
            received: told how many bytes came, also of an answer that broke off.

        Raises:
            Transient: the connection broke; `TimedOut` when it took too long.
            errors.TooMuchData: the body is larger than a page may be.
            errors.MetaError: a redirect, which could carry the token elsewhere.
        """
        try:
            return self._exchange(method, path, params, received)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as problem:
            kind = TimedOut if _is_timeout(problem) else Transient
            text = str(problem)
            # It stands in the address, and so in the text of a broken connection.
            text = text.replace(self._proof, "<proof>") if self._proof else text
            raise kind(text) from problem

    def _exchange(
        self,
        method: Method,
        path: str,
        params: Mapping[str, object],
        received: Callable[[int], None],
    ) -> Response:
        texts = {key: _text(value) for key, value in params.items()}
        if self._proof:
            texts["appsecret_proof"] = self._proof
        seconds = self._request_seconds
        ends_at = time.monotonic() + seconds
        is_get = method == "GET"
        with self._session.request(
            method,
            f"{self._root}/{path}",
            params=texts if is_get else None,
            data=None if is_get else texts,
            timeout=(min(10.0, seconds), seconds),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.is_redirect:
                raise errors.MetaError(
                    f"{self._root} answers with a redirect, which is never followed.",
                    "Check `api_base_url`.",
                    code="META-HOST",
                )
            try:
                with body_in_time(response.raw, ends_at - time.monotonic()):
                    body = self._body(response.raw, path, received)
            except TimeoutError as problem:
                raise TimedOut(f"no whole answer in {seconds:.0f} s") from problem
            headers = {name.lower(): text for name, text in response.headers.items()}
            status = response.status_code
        self._note_time(headers.get("date"))
        self.served_version = headers.get("facebook-api-version", self.served_version)
        return Response(status, headers, self._without_secrets(body))

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _body(
        self,
        raw: urllib3.response.BaseHTTPResponse,
        path: str,
        received: Callable[[int], None],
    ) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while part := raw.read1(_BLOCK, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > self._page_bytes:
                    raise errors.TooMuchData(
                        f"An answer for {path} is larger than "
                        f"{self._page_bytes // 2**20} MB.",
                        "Ask for smaller pages.",
                        code="META-BYTES",
                    )
        finally:
            received(size)
        return b"".join(parts)

    def _without_secrets(self, body: bytes) -> bytes:
        # Meta quotes a malformed token in its message, wherever that stands.
        body = body.replace(self._token.encode(), b"<token>")
        return body.replace(self._proof.encode(), b"<proof>") if self._proof else body

    def _note_time(self, date_header: str | None) -> None:
        try:
            told = parsedate_to_datetime(date_header or "")
        except ValueError:
            return
        if told.tzinfo is not None:
            self.server_time = told


def _is_timeout(problem: Exception) -> bool:
    timeouts = (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError)
    return isinstance(problem, timeouts) or "timed out" in str(problem)


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
