"""`pathways`: the command line. Verbs are thin and import what they need when called.

Exit: 0 done; 1 handled failure, the last good data is still served; 2 usage or
configuration; 3 an error nobody expected; 75 another run holds the lock; 130 and 143 on
signals.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from ingest import ending, failpoints
from ingest.disk import disk_full
from ingest.errors import PathwaysError
from ingest.permissions import OWNER_ONLY

# dlt and dbt ask for these before anything of ours runs.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
# A signal ends dlt's load as it ends everything else: its packages are safe from that.
os.environ.setdefault("RUNTIME__INTERCEPT_SIGNALS", "false")

THEMES = (
    *("verbs_cycle", "verbs_plan", "verbs_show", "verbs_explain", "verbs_keys"),
    *("verbs_setup", "verbs_sandbox", "verbs_rollback"),
)


class LazyGroup(click.Group):
    """Finds the verbs of all themes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load()
        return sorted(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._load()
        return self.commands.get(cmd_name)

    def _load(self) -> None:
        # All of them each time: what imports one theme alone knows of no other.
        for theme in THEMES:
            importlib.import_module(f"ingest.{theme}")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="meta-data-pathways")
def pathways() -> None:
    """Meta ads data from the Graph API to numbers that two readers can trust."""


def verb(
    name: str, group: click.Group = pathways
) -> Callable[[Callable[..., Any]], click.Command]:
    """A command that takes `--json` and `-v` and prints what its function gives back.

    The function gives back a document for `--json`, the text for people, and the exit
    code.
    """

    def decorate(work: Callable[..., tuple[Any, str, int]]) -> click.Command:
        @click.pass_context
        def command(
            context: click.Context, /, as_json: bool, verbose: bool, **given: Any
        ) -> None:
            context.ensure_object(dict).update(verbose=verbose, as_json=as_json)
            try:
                document, text, exit_code = work(**given)
            except PathwaysError as problem:
                _refuse(problem, as_json)
            except Exception as problem:
                full = disk_full(problem)
                if full is None:
                    raise
                _refuse(full, as_json)
            if as_json:
                click.echo(json.dumps(document, ensure_ascii=False, default=str))
            elif text:
                click.echo(text, err=exit_code != 0)
            sys.exit(exit_code)

        command.__doc__ = work.__doc__
        params = getattr(work, "__click_params__", [])
        command = click.option(
            "--json", "as_json", is_flag=True, help="One JSON document on stdout."
        )(command)
        command = click.option("-v", "--verbose", is_flag=True, help="Say more.")(
            command
        )
        built = click.command(name)(command)
        built.params = [*reversed(params), *built.params]
        group.add_command(built)
        return built

    return decorate


def _refuse(problem: PathwaysError, as_json: bool) -> NoReturn:
    if as_json:
        error = {"code": problem.code, "message": problem.message, "hint": problem.hint}
        click.echo(json.dumps({"error": error}, ensure_ascii=False))
    click.echo(f"[{problem.code}] {problem.message}", err=True)
    if problem.hint:
        click.echo(problem.hint, err=True)
    sys.exit(problem.exit_code)


def main() -> None:
    """The entry point: signals and unexpected errors get their exit codes here."""
    ending.on_signals()
    # Until the settings are read and may name a group: see `permissions`.
    os.umask(OWNER_ONLY)
    exit_code = _run()
    ending.leave(exit_code)
    sys.exit(exit_code)


def _run() -> int:
    try:
        _arm_failpoints()
        pathways(standalone_mode=False)
    except SystemExit as asked:
        return asked.code if isinstance(asked.code, int) else 0
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 128 + signal.SIGINT
    except Exception as problem:
        from ingest.logs import cleaned

        kind = type(problem).__name__
        text = cleaned(str(problem))
        click.echo(f"[RUN-003] An error nobody expected ({kind}: {text}).", err=True)
        click.echo("Run again with -v for the trace, and report it.", err=True)
        if {"-v", "--verbose"} & set(sys.argv):
            import traceback

            click.echo(cleaned(traceback.format_exc()), err=True)
        return 3
    return 0


def _arm_failpoints() -> None:
    """Tests break runs on purpose; nobody else should without being told."""
    wanted = os.environ.get(failpoints.VARIABLE, "")
    if not wanted:
        return
    click.echo(
        f"WARNING: {failpoints.VARIABLE}={wanted} is set: this run breaks on purpose. "
        "It belongs in tests; unset it.",
        err=True,
    )
    try:
        failpoints.arm(wanted)
    except PathwaysError as problem:
        _refuse(problem, as_json=False)
