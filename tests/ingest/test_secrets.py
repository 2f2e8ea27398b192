"""SEC-1: forms of a token that are easily overlooked."""

import logging
import traceback

import pytest

from ingest import errors
from ingest.graph_client import GraphClient
from ingest.logs import Redaction
from ingest.pages import Transient, read_page
from ingest.settings import load_settings
from tests.fixtures.fake_time import FakeTime
from tests.fixtures.loopback import Answer, Loopback, in_turn


@pytest.mark.parametrize("token", ["EAAmarker0123\n", "EAAmar\u2026ker0123", " "])
def test_token_that_no_header_can_hold_is_refused_without_being_shown(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A token file read with its line break is the usual way to get here.
    monkeypatch.setenv("SOURCES__META__ACCESS_TOKEN", token)

    with pytest.raises(errors.ConfigError) as caught:
        load_settings()

    trace = "".join(traceback.format_exception(caught.value))
    assert "sources.meta.access_token" in trace
    assert "EAAmar" not in trace


def test_token_in_a_spaced_out_refusal_with_status_200_is_not_shown() -> None:
    token = "EAAmarker0123"
    body = b'{ "error": {"code": 190, "message": "Malformed token EAAmarker0123"} }'
    with Loopback(in_turn(Answer(body))) as server:
        it = GraphClient(server.url, "v25.0", token, clock=FakeTime().clock)

        with pytest.raises(errors.TokenInvalid) as caught:
            list(it.pages("act_1/campaigns", {}))

    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x=ab%2Fcd%2Bef", id="as requests encodes a slash"),
        pytest.param("x=ab%2fcd%2bef", id="small hex digits"),
        pytest.param("x='ab/cd+ef'", id="plain"),
    ],
)
def test_secret_with_a_slash_is_redacted_in_every_encoding(text: str) -> None:
    cleaned = Redaction(["ab/cd+ef"]).clean(text)

    assert "cd" not in cleaned


def test_longer_secret_that_begins_with_a_shorter_one_is_taken_out_whole() -> None:
    cleaned = Redaction(["abcdef", "abcdef-tail-of-the-other"]).clean(
        "t abcdef-tail-of-the-other"
    )

    assert "tail" not in cleaned


def test_secret_in_a_stack_is_taken_out() -> None:
    record = logging.LogRecord("x", 20, "f", 1, "m", None, None, sinfo="tok s3cret")
    Redaction(["s3cret"]).filter(record)

    assert "s3cret" not in logging.Formatter().format(record)


def test_unknown_code_marked_transient_is_asked_again() -> None:
    # GRAPH_API.md section 6: code and subcode, then is_transient, then the status.
    body = b'{"error":{"code":9999,"message":"m","is_transient":true}}'

    with pytest.raises(Transient):
        read_page(400, body)


def test_summary_param_refusal_is_asked_again() -> None:
    # GRAPH_API.md section 4, Limits: HTTP 400 but passing.
    body = (
        b'{"error":{"code":100,"message":"(#100) Cannot include spend in summary param '
        b"because they weren't there while creating the report run\"}}"
    )

    with pytest.raises(Transient):
        read_page(400, body)
