"""What can go wrong, as one family, and how it is told: RFC 9457 problem+json.

    ApiError
    ├── NoData             API-503-NO-DATA     nothing was published yet
    ├── SnapshotUnusable   API-503-SNAPSHOT    what was published cannot be opened
    ├── TooSlow            API-503-TIME        the queries took too long
    ├── TooLarge           API-503-MEMORY      the queries took too much memory
    ├── ExportFailed       API-503-EXPORT      the file of an export was not written
    ├── TooManyExports     API-503-EXPORTS     as many as allowed are under way
    ├── Busy               API-503-BUSY        too many requests are under way
    ├── KeysUnusable       API-503-KEYS        keys.json is damaged, or gone
    ├── UnknownHost        API-400-HOST        asked for under a name that is not ours
    ├── KeyInUrl           API-400-KEY         a key where others can read it
    ├── Unauthenticated    API-401-KEY         no key, or one that is not valid
    ├── BodyTooLarge       API-413
    ├── UrlTooLong         API-414
    ├── TooMany            API-429-RATE        more requests than the key may send
    ├── UnknownStore       API-404-STORE
    ├── UnknownCampaign    API-404-CAMPAIGN
    ├── NoLineage          API-404-LINEAGE     the documentation was not generated
    ├── StoreNeeded        API-422-STORE       several stores, none named
    ├── UnknownReader      API-422-READER      no such reader, or its rules do not hold
    ├── BadParameter       API-422-PARAMETER
    ├── BadRange           API-422-RANGE
    ├── UnknownName        API-422-NAME        no name of /v1/definitions
    ├── NotAdditive        API-422-NOT-ADDITIVE  no sum of what it is asked by
    ├── BadCursor          API-422-CURSOR      not a cursor of this request
    ├── CursorExpired      API-410-CURSOR      its snapshot is no longer served
    └── AsOfGone           API-410-AS-OF       the moment's snapshot is not kept

An answer never holds a path, SQL or a stack; those of a 5xx are in the log, under the
same request id.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.headers import SECURITY

LOGGER = logging.getLogger("api")
PROBLEM_TYPE = "application/problem+json"


class ConfigurationError(Exception):
    """The API cannot be created as it is configured."""


class ApiError(Exception):
    """A failure that a caller can act on.

    Attributes:
        code: stable, for programs.
        hint: the next thing to do, as a sentence.
        headers: what the answer says beside its body.
        is_logged: whether a 5xx of this kind is; not those that anyone can make
            by the thousand.
    """

    code = "API-500"
    is_logged = True

    def __init__(
        self, message: str, hint: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.headers = headers or {}


class NoData(ApiError):
    code = "API-503-NO-DATA"


class SnapshotUnusable(ApiError):
    code = "API-503-SNAPSHOT"


class TooSlow(ApiError):
    code = "API-503-TIME"


class TooLarge(ApiError):
    code = "API-503-MEMORY"


class ExportFailed(ApiError):
    code = "API-503-EXPORT"


class TooManyExports(ApiError):
    code = "API-503-EXPORTS"
    is_logged = False


class Busy(ApiError):
    code = "API-503-BUSY"
    is_logged = False


class KeysUnusable(ApiError):
    """`api.auth` logs why, once."""

    code = "API-503-KEYS"
    is_logged = False


class UnknownHost(ApiError):
    code = "API-400-HOST"


class KeyInUrl(ApiError):
    code = "API-400-KEY"


class Unauthenticated(ApiError):
    code = "API-401-KEY"


class BodyTooLarge(ApiError):
    code = "API-413"


class UrlTooLong(ApiError):
    code = "API-414"


class TooMany(ApiError):
    code = "API-429-RATE"


class UnknownStore(ApiError):
    code = "API-404-STORE"


class UnknownCampaign(ApiError):
    code = "API-404-CAMPAIGN"


class NoLineage(ApiError):
    code = "API-404-LINEAGE"


class StoreNeeded(ApiError):
    code = "API-422-STORE"


class BadParameter(ApiError):
    code = "API-422-PARAMETER"


class BadRange(ApiError):
    code = "API-422-RANGE"


class UnknownReader(ApiError):
    code = "API-422-READER"


class UnknownName(ApiError):
    code = "API-422-NAME"


class NotAdditive(ApiError):
    code = "API-422-NOT-ADDITIVE"


class BadCursor(ApiError):
    code = "API-422-CURSOR"


class CursorExpired(ApiError):
    code = "API-410-CURSOR"


class AsOfGone(ApiError):
    code = "API-410-AS-OF"


STATUS_OF: dict[type[ApiError], HTTPStatus] = {
    NoData: HTTPStatus.SERVICE_UNAVAILABLE,
    SnapshotUnusable: HTTPStatus.SERVICE_UNAVAILABLE,
    TooSlow: HTTPStatus.SERVICE_UNAVAILABLE,
    TooLarge: HTTPStatus.SERVICE_UNAVAILABLE,
    ExportFailed: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyExports: HTTPStatus.SERVICE_UNAVAILABLE,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    KeysUnusable: HTTPStatus.SERVICE_UNAVAILABLE,
    UnknownHost: HTTPStatus.BAD_REQUEST,
    KeyInUrl: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UrlTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    UnknownStore: HTTPStatus.NOT_FOUND,
    UnknownCampaign: HTTPStatus.NOT_FOUND,
    NoLineage: HTTPStatus.NOT_FOUND,
    StoreNeeded: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadParameter: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadRange: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownName: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAdditive: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadCursor: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownReader: HTTPStatus.UNPROCESSABLE_ENTITY,
    CursorExpired: HTTPStatus.GONE,
    AsOfGone: HTTPStatus.GONE,
}


def problem(
    request: Request,
    status: HTTPStatus,
    code: str,
    detail: str,
    hint: str,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A failure as problem+json."""
    request_id = request.state.request_id
    body: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "hint": hint,
        "request_id": request_id,
    }
    if errors is not None:
        body["errors"] = errors
    said = {"X-Request-ID": request_id, **SECURITY, "Cache-Control": "no-store"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        said["Retry-After"] = "5"
    said.update(headers or {})
    return JSONResponse(body, status, said, media_type=PROBLEM_TYPE)


def register(app: FastAPI) -> None:
    """Make every failure of the app that is foreseen answer as problem+json."""
    app.add_exception_handler(ApiError, refusal)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


def refusal(request: Request, error: Exception) -> JSONResponse:
    """The answer to an ApiError; those of a 5xx are logged."""
    assert isinstance(error, ApiError)
    status = STATUS_OF[type(error)]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and error.is_logged:
        LOGGER.error(
            "%s %s: %s",
            request.state.request_id,
            error.code,
            error.message,
            exc_info=error,
            extra={"request_id": request.state.request_id},
        )
    return problem(
        request, status, error.code, error.message, error.hint, headers=error.headers
    )


def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {
            "parameter": ".".join(str(part) for part in found["loc"][1:]),
            "message": found["msg"].removeprefix("Value error, "),
        }
        for found in error.errors()
    ]
    names = ", ".join(sorted({found["parameter"] for found in errors}))
    return problem(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        BadParameter.code,
        f"The request has parameters that cannot be used: {names}.",
        "Correct what `errors` names; /docs, where it is served, lists every parameter "
        "and its values.",
        errors,
    )


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    answer = problem(
        request,
        status,
        f"API-{status.value}",
        f"{status.phrase}.",
        "/docs, where it is served, lists the routes and their methods.",
    )
    answer.headers.update(error.headers or {})
    return answer


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Log an error that nobody foresaw, and answer it with nothing but the id."""
    request_id = request.state.request_id
    LOGGER.error(
        "%s API-500: unexpected",
        request_id,
        exc_info=error,
        extra={"request_id": request_id},
    )
    return problem(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        ApiError.code,
        "The request failed for a reason that was not foreseen.",
        "Look up the request id in the log of the API.",
    )
