"""The verb that gives readers an earlier snapshot, and takes it away again."""

import os

import click

from ingest.cli import verb
from ingest.verbs_cycle import Answer, configured


@verb("rollback")
@click.option("--to", "snapshot_id", help="This snapshot; by default the one before.")
@click.option("--resume", is_flag=True, help="Let readers have the newest one again.")
@click.option("--reason", default="no reason was given", help="Why, for who asks.")
def rollback(snapshot_id: str | None, resume: bool, reason: str) -> Answer:
    """Give readers an earlier snapshot until --resume. Waits for no run.

    Runs go on publishing meanwhile; readers do not get what they publish.
    """
    if resume and snapshot_id:
        raise click.UsageError("--resume takes no --to: it gives the newest one")
    settings = configured()

    from dataclasses import asdict

    from ingest import rollback as back
    from ingest.permissions import user_name

    by, now = user_name(os.getuid()), settings.clock()
    if resume:
        done = back.resume(settings.data_dir, now, by, reason)
        return asdict(done), f"Readers get {done.snapshot_id} and what comes next.", 0
    done = back.roll_back(settings.data_dir, snapshot_id, now, by, reason)
    text = (
        f"Readers get {done.snapshot_id} instead of {done.instead_of} until "
        "`pathways rollback --resume`."
    )
    return asdict(done), text, 0
