"""No secret passes the log, in whichever form it comes."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ingest.logs import JsonLines, Redaction

SECRET = "123456|s3cret value+of=app"


@dataclass
class Log:
    logger: logging.Logger
    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def log() -> Iterator[Log]:
    """A logger that writes through the redaction of `SECRET`."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Redaction([SECRET, ""]))
    logger = logging.Logger("test", level=logging.DEBUG)
    logger.addHandler(handler)
    yield Log(logger, stream)
    handler.close()


def test_text_without_a_secret_passes_unchanged(log: Log) -> None:
    log.logger.info("%d rows of %s (50%%)", 3, "act_1")

    assert log.text == "3 rows of act_1 (50%)\n"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(f"token {SECRET}.", id="plain"),
        pytest.param("?t=123456%7Cs3cret%20value%2Bof%3Dapp&x=1", id="URL-encoded"),
        pytest.param("bad token EAAabcdefghijklmnopq.", id="a token of Meta's"),
        pytest.param("/me?access_token=whatever&x=1", id="a token in a link"),
        pytest.param(f"{SECRET}{SECRET}", id="twice"),
    ],
)
def test_secret_in_a_message_is_taken_out(log: Log, message: str) -> None:
    log.logger.info(message)

    assert "<secret>" in log.text
    for form in ("s3cret", "abcdefghijklmnop", "whatever"):
        assert form not in log.text


def test_secret_in_an_argument_is_taken_out(log: Log) -> None:
    log.logger.info("asked %s for %r", "Meta", {"token": SECRET})

    assert log.text == "asked Meta for {'token': '<secret>'}\n"


def test_secret_in_a_traceback_is_taken_out(log: Log) -> None:
    try:
        try:
            raise ValueError(f"cause {SECRET}")
        except ValueError as cause:
            raise RuntimeError(f"effect {SECRET}") from cause
    except RuntimeError:
        log.logger.exception("failed")

    assert "s3cret" not in log.text
    assert "cause <secret>" in log.text
    assert "effect <secret>" in log.text
    assert "Traceback" in log.text


def test_rest_of_a_link_stays_readable(log: Log) -> None:
    log.logger.info("GET /v25.0/act_1?access_token=abc&limit=5")

    assert log.text == "GET /v25.0/act_1?access_token=<secret>&limit=5\n"


def test_every_logger_writes_through_the_redaction_once_it_is_set_up() -> None:
    script = (
        "import logging, sys\n"
        "from ingest.logs import set_up\n"
        "logging.basicConfig(stream=sys.stdout)\n"
        "set_up(['top-secret'], verbose=True)\n"
        "logging.getLogger('ingest.sync').info('a %s', 'top-secret')\n"
        "logging.getLogger('urllib3').warning('b top-secret')\n"
        "logging.getLogger('urllib3').debug('c')\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "INFO ingest.sync a <secret>" in ended.stderr
    assert "WARNING urllib3 b <secret>" in ended.stderr
    assert "top-secret" not in ended.stderr + ended.stdout
    assert "urllib3 c" not in ended.stderr


def test_only_warnings_are_written_unless_verbose() -> None:
    script = (
        "import logging\n"
        "from ingest.logs import set_up\n"
        "set_up([])\n"
        "logging.getLogger('ingest').info('quiet')\n"
        "logging.getLogger('ingest').warning('loud')\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "loud" in ended.stderr
    assert "quiet" not in ended.stderr


def test_json_lines_are_one_object_a_record_without_any_secret() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Redaction([SECRET]))
    handler.setFormatter(JsonLines())
    logger = logging.Logger("api")
    logger.addHandler(handler)

    logger.info("two\nlines", extra={"request_id": "r-1", "status": 200})
    try:
        raise ValueError(f"token {SECRET}")
    except ValueError:
        logger.exception("it failed with %s", SECRET)

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["message"], first["request_id"]) == ("two\nlines", "r-1")
    assert first["status"] == 200
    assert first["at"].endswith("+00:00")
    assert (second["level"], second["logger"]) == ("ERROR", "api")
    assert "ValueError: token <secret>" in second["trace"]
    assert "s3cret" not in stream.getvalue()
