"""Logging for every verb, with one filter that no secret passes."""

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

_TOKEN_SHAPES = re.compile(
    r"(EAA[A-Za-z0-9]{16,}|(?<=access_token=)[^&\s\"']+|pathways_[A-Za-z0-9_-]{43})"
)
REDACTED = "<secret>"


class Redaction(logging.Filter):
    """Replaces secrets in the finished text of each record, its traceback included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        forms = {
            form
            for secret in secrets
            if secret
            for form in (secret, quote(secret), quote(secret, safe=""))
        }
        # The longest first: one secret may begin with another.
        ordered = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE)
        self._has_secrets = bool(ordered)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self.clean(record.getMessage())
        record.args = None
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_text = self.clean(text)
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self.clean(record.stack_info)
        return True

    def clean(self, text: str) -> str:
        """The text without any secret, plain or URL-encoded."""
        if self._has_secrets:
            text = self._secrets.sub(REDACTED, text)
        return _TOKEN_SHAPES.sub(REDACTED, text)


class JsonLines(logging.Formatter):
    """One JSON object a record, in one line: moment in UTC, level, logger, message, and
    of a request its id, method, route, status and seconds."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {
            name: getattr(record, name)
            for name in ("request_id", "method", "route", "status", "seconds")
            if hasattr(record, name)
        }
        if record.exc_text:
            told["trace"] = record.exc_text
        return json.dumps(told, ensure_ascii=False, default=str)


TEXT = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")


def set_up(
    secrets: Iterable[str],
    verbose: bool = False,
    formatter: logging.Formatter = TEXT,
) -> None:
    """Log to stderr, warnings only unless verbose, with secrets taken out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(Redaction(secrets))
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        handlers=[handler],
        force=True,
    )


def cleaned(text: str) -> str:
    """A text for people as the log would show it, without any known secret."""
    filters = [kept for handler in logging.root.handlers for kept in handler.filters]
    redactions = [kept for kept in filters if isinstance(kept, Redaction)]
    for redaction in redactions or [Redaction([])]:
        text = redaction.clean(text)
    return text
