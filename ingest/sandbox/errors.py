"""The Graph API's refusals, as it words them.

    GraphError      an HTTP status and the body's `error` object

Source: Graph API guides, "Handle errors"; Marketing API, "Error codes".
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

MINIMUM_VERSION = 25


class GraphError(Exception):
    """A refusal to be answered with `status` and `body(...)`."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        kind: str = "OAuthException",
        is_transient: bool = False,
        title: str | None = None,
        text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.subcode = subcode
        self.kind = kind
        self.is_transient = is_transient
        self.title = title
        self.text = text

    def body(self, trace_id: str) -> dict[str, Any]:
        """The answer's JSON document."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": self.kind,
            "code": self.code,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["is_transient"] = self.is_transient
        if self.title is not None:
            error["error_user_title"] = self.title
        if self.text is not None:
            error["error_user_msg"] = self.text
        error["fbtrace_id"] = trace_id
        return {"error": error}


def bad_parameter(message: str) -> GraphError:
    return GraphError(400, 100, f"(#100) {message}")


def unknown_field(name: str, node_type: str) -> GraphError:
    return bad_parameter(
        f"Tried accessing nonexisting field ({name}) on node type ({node_type})"
    )


def unknown_insights_field(name: str) -> GraphError:
    return bad_parameter(
        f"{name} is not valid for fields param. please check "
        "https://developers.facebook.com/docs/marketing-api/insights/parameters "
        "for all valid values"
    )


def bad_status(values: list[str]) -> GraphError:
    return GraphError(
        400,
        100,
        "Invalid parameter",
        subcode=1487561,
        title="Run Status not valid",
        text=f"The run status {', '.join(values)} is not valid for this object.",
    )


def unknown_object(object_id: str) -> GraphError:
    return GraphError(
        400,
        100,
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot "
        "be loaded due to missing permissions, or does not support this operation. "
        "Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def unknown_path(path: str) -> GraphError:
    return GraphError(400, 2500, f"Unknown path components: {path}")


def only_reading(method: str) -> GraphError:
    return GraphError(
        405,
        100,
        f"Unsupported {method.lower()} request. Please read the Graph API "
        "documentation at https://developers.facebook.com/docs/graph-api",
        kind="GraphMethodException",
    )


def old_version() -> GraphError:
    return GraphError(
        400,
        2635,
        "(#2635) You are calling a deprecated version of the Ads API. Please update to "
        f"the latest version: v{MINIMUM_VERSION}.0.",
    )


def beyond_37_months() -> GraphError:
    return GraphError(
        400,
        3018,
        "(#3018) The start date of the time range cannot be beyond 37 months from the "
        "current date",
    )


def missing_token() -> GraphError:
    return GraphError(400, 104, "An access token is required to request this resource.")


def missing_token_of_user() -> GraphError:
    return GraphError(
        400,
        2500,
        "An active access token must be used to query information about the current "
        "user.",
    )


def malformed_token() -> GraphError:
    return GraphError(
        400, 190, "Invalid OAuth access token - Cannot parse access token"
    )


def wrong_proof() -> GraphError:
    return GraphError(
        400,
        100,
        "Invalid appsecret_proof provided in the API argument",
        kind="GraphMethodException",
    )


def expired_token(now: datetime) -> GraphError:
    current = f"{now:%A, %d-%b-%y %H:%M:%S} UTC"
    return GraphError(
        400,
        190,
        "Error validating access token: Session has expired on "
        f"{now:%A, %d-%b-%y} 00:00:00 UTC. The current time is {current}.",
        subcode=463,
    )


def permission(now: datetime) -> GraphError:
    return GraphError(
        403,
        200,
        "(#200) Ad account owner has NOT grant ads_management or ads_read permission",
    )


def application_permission(now: datetime) -> GraphError:
    return GraphError(
        403, 10, "(#10) Application does not have permission for this action"
    )


def _refused(
    status: int, code: int, message: str, subcode: int | None = None
) -> Callable[[datetime], GraphError]:
    return lambda _: GraphError(status, code, message, subcode=subcode)


token_invalid = _refused(
    400, 190, "Error validating access token: The session is invalid.", 467
)
_GONE = (
    "Unsupported get request. Object does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation."
)

# How an account can be made to refuse, by the name given to `Sandbox.fail_account`.
# A disabled account refuses insights only, and says so in its `account_status`.
ACCOUNT_FAILURES: dict[str, Callable[[datetime], GraphError]] = {
    "expired_token": expired_token,
    "session_invalid": _refused(
        400,
        190,
        "Error validating access token: The session has been invalidated because the "
        "user changed their password or Facebook has changed the session for security "
        "reasons.",
        460,
    ),
    "app_removed": _refused(
        400,
        190,
        "Error validating access token: The user has not authorized application.",
        458,
    ),
    "token_invalid": token_invalid,
    "no_session": _refused(
        400, 102, "The session key is invalid or no longer valid. Log in again."
    ),
    "permission": permission,
    "application_permission": application_permission,
    "permission_3": _refused(
        400, 3, "(#3) Application does not have the capability to make this API call."
    ),
    "permission_10": application_permission,
    "permission_200": permission,
    "permission_272": _refused(
        403,
        272,
        "(#272) This Ads API call requires the user to be admin of the account",
    ),
    "permission_294": _refused(
        403,
        294,
        "(#294) Managing advertisements requires an access token with the extended "
        "permission for ads_management",
    ),
    "disabled_account": _refused(403, 200, "(#200) The ad account is disabled."),
    "unknown_object": _refused(400, 100, _GONE, 33),
    "unknown_error": _refused(500, 1, "An unknown error occurred", 99),
}
