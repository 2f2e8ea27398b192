"""Verbs that need no account: sandbox and demo."""

from __future__ import annotations

import click

from ingest.cli import verb
from ingest.verbs_cycle import Answer


@verb("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=8900, show_default=True)
def sandbox(port: int) -> Answer:
    """A Graph API on loopback with a seeded world, until stopped."""
    from ingest.sandbox.server import run

    run(port)
    return {}, "", 0


@verb("demo")
@click.option("--serve", "serving", is_flag=True, help="Go on serving the API.")
def demo(serving: bool) -> Answer:
    """The whole way on a sandbox: two cycles, two days apart, against its truth."""
    from ingest.demo import run_demo

    return run_demo(serving)
