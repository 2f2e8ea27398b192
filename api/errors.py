"""What can go wrong, as one family, and how it is told: RFC 9457 problem+json.

    ApiError
    ├── NoData             API-503-NO-DATA     nothing was published yet
    ├── SnapshotUnusable   API-503-SNAPSHOT    what was published cannot be opened
    ├── TooSlow            API-503-TIME        the queries took too long
    ├── TooLarge           API-503-MEMORY      the queries took too much memory
    ├── UnknownStore       API-404-STORE
    ├── UnknownCampaign    API-404-CAMPAIGN
    ├── NoLineage          API-404-LINEAGE     the documentation was not generated
    ├── StoreNeeded        API-422-STORE       several stores, none named
    ├── BadParameter       API-422-PARAMETER
    ├── BadRange           API-422-RANGE
    ├── BadCursor          API-422-CURSOR      not a cursor of this request
    ├── CursorExpired      API-410-CURSOR      its snapshot is no longer served
    └── AsOfGone           API-410-AS-OF       the moment's snapshot is not kept

An answer never holds a path, SQL or a stack; those of a 5xx are in the log, under the
same request id.
"""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

LOGGER = logging.getLogger("api")
PROBLEM_TYPE = "application/problem+json"


class ConfigurationError(Exception):
    """The API cannot be created as it is configured."""


class ApiError(Exception):
    """A failure that a caller can act on.

    Attributes:
        code: stable, for programs.
        hint: the next thing to do, as a sentence.
    """

    code = "API-500"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NoData(ApiError):
    code = "API-503-NO-DATA"


class SnapshotUnusable(ApiError):
    code = "API-503-SNAPSHOT"


class TooSlow(ApiError):
    code = "API-503-TIME"


class TooLarge(ApiError):
    code = "API-503-MEMORY"


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
    UnknownStore: HTTPStatus.NOT_FOUND,
    UnknownCampaign: HTTPStatus.NOT_FOUND,
    NoLineage: HTTPStatus.NOT_FOUND,
    StoreNeeded: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadParameter: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadRange: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadCursor: HTTPStatus.UNPROCESSABLE_ENTITY,
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
    headers = {"X-Request-ID": request_id, "Cache-Control": "no-store"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "5"
    return JSONResponse(body, status, headers, media_type=PROBLEM_TYPE)


def register(app: FastAPI) -> None:
    """Make every failure of the app answer as problem+json."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, unexpected)


def _api_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    status = STATUS_OF[type(error)]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        LOGGER.error(
            "%s %s: %s",
            request.state.request_id,
            error.code,
            error.message,
            exc_info=error,
            extra={"request_id": request.state.request_id},
        )
    return problem(request, status, error.code, error.message, error.hint)


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
        "Correct what `errors` names; /docs lists every parameter and its values.",
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
        "/docs lists the routes and their methods.",
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
