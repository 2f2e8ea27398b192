"""Verbs that show what was published: serve, up, status."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click

from ingest.cli import verb
from ingest.verbs_cycle import Answer, configured

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ingest.settings import Settings


@verb("status")
def status() -> Answer:
    """What the last cycle did and how fresh each account is."""
    settings = configured()

    from ingest.files import read_json

    document = read_json(settings.data_dir / "status.json")
    if document is None:
        return {"status": None}, "No cycle has run here yet. Run `pathways run`.", 1
    return document, _summary(document), 0


@verb("serve")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Instead of the configured."
)
def serve(port: int | None) -> Answer:
    """Serve the published snapshot over HTTP until stopped."""
    settings = configured()
    serve_forever(settings, port)
    return {}, "", 0


@verb("up")
@click.option("--every", "interval", default="15m", show_default=True)
def up(interval: str) -> Answer:
    """Schedule cycles and serve what they publish, until stopped."""
    settings = configured()
    settings.require_stores()
    app = _application(settings, None)

    from ingest.schedule import end

    scheduler = subprocess.Popen(
        [sys.executable, "-m", "ingest", "schedule", "--every", interval]
    )
    try:
        _run(app, settings, None)
    finally:
        end(scheduler)
    return {}, "", 0


def serve_forever(settings: Settings, port: int | None) -> None:
    """Serve until a signal.

    Raises:
        ConfigError: others can reach the host, and there is no key.
    """
    _run(_application(settings, port), settings, port)


def _application(settings: Settings, port: int | None) -> FastAPI:
    from api.errors import ConfigurationError
    from api.main import create_app
    from api.settings import Settings as ApiSettings
    from ingest.errors import ConfigError

    serve = settings.serve
    try:
        return create_app(
            ApiSettings(
                data_dir=settings.data_dir,
                host=serve.host,
                port=port or serve.port,
                now=settings.now,
                readers=settings.reader_rules(),
                hosts=serve.hosts,
                cors_origins=serve.cors_origins,
                has_docs=serve.docs,
                requests_per_second=serve.requests_per_second,
                burst=serve.burst,
                requests_at_once=serve.requests_at_once,
                queries_at_once=serve.queries_at_once,
            )
        )
    except ConfigurationError as problem:
        raise ConfigError(str(problem), code="CFG-006") from None


def _run(app: FastAPI, settings: Settings, port: int | None) -> None:
    import uvicorn

    from ingest.http_protocol import BoundedProtocol

    host = settings.serve.host
    where = f"http://{host}:{port or settings.serve.port}"
    click.echo(f"Serving {where}/docs - stop with Ctrl-C.", err=True)
    uvicorn.run(
        app,
        host=host,
        port=port or settings.serve.port,
        http=BoundedProtocol,
        ws="none",
        log_level="warning",
        # Its log is ours: one form, and no secret in it.
        log_config=None,
        # Which program answers is nobody's business.
        server_header=False,
        # A request under way may end; a client that reads no further may not hold us.
        timeout_graceful_shutdown=2,
    )


def _summary(document: dict[str, Any]) -> str:
    cycle = document["cycle"]
    lines = [f"Last cycle {cycle['outcome']} at {cycle['finished_at']}."]
    if pinned := document.get("pinned"):
        lines.append(
            f"PINNED to {pinned['snapshot_id']} since {pinned['since']} by "
            f"{pinned['by']}: {pinned['why']}. `pathways rollback --resume` lets go."
        )
    if document["stale"]:
        lines.append(
            f"STALE since {document['stale']['since']}: {document['stale']['why']}"
        )
    for account in document["accounts"]:
        backfill = account["backfill"]
        missing = backfill["days_missing"]
        history = "whole" if backfill["is_complete"] else f"{missing} days missing"
        lines.append(
            f"{account['store']} act_{account['account_id']}: read "
            f"{account['last_read_at'] or 'never'}, history {history}"
        )
        lines += [f"  {json.dumps(failure)}" for failure in account["failures"]]
    return "\n".join(lines)
