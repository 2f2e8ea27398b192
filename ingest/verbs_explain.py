"""The verb that says why two numbers differ."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import click

from ingest.cli import verb
from ingest.verbs_cycle import Answer, configured

if TYPE_CHECKING:
    from ingest.settings import Settings


@verb("explain")
@click.option("--store", help="The store; may be left out where there is only one.")
@click.option("--metric", required=True, help="A sum or a ratio, such as spend, roas.")
@click.option("--a", default="ai_budget", show_default=True, help="The one reader.")
@click.option("--b", default="dashboard", show_default=True, help="The other reader.")
@click.option("--since", help="First day of both; else each reader's own window.")
@click.option("--until", help="Last day of both, included.")
@click.option("--country", help="Only this country, ISO code, `unknown` or ZZ.")
@click.option("--campaign-id", multiple=True, help="Only this campaign; repeatable.")
@click.option("--as-of-a", help="What A showed at this moment, ISO with a zone.")
@click.option("--as-of-b", help="What B showed at this moment.")
@click.option("--rows", default=5, show_default=True, help="Rows behind each step.")
@click.option("--shares", is_flag=True, help="Split over all orders of the rules too.")
def explain(**asked: Any) -> Answer:
    """Why two readers show different numbers: steps that add up, rows, checks."""
    settings = configured()

    from ingest.waterfall import waterfall

    given = {name: value for name, value in asked.items() if value not in (None, ())}
    document = explained(settings, given)
    return document, waterfall(document["data"]), 0


def explained(settings: Settings, asked: dict[str, Any]) -> dict[str, Any]:
    """The document of /v1/explain for what is asked, of what is published.

    Raises:
        ConfigError: what is asked for cannot be explained.
        PathwaysError: what is published cannot be read.
    """
    from pydantic import ValidationError

    from api.callers import EVERYONE
    from api.errors import STATUS_OF, ApiError
    from api.explain.answer import explanation
    from api.params import ExplainQuery
    from api.settings import Settings as ApiSettings
    from api.snapshots import Snapshots
    from ingest.errors import ConfigError, PathwaysError

    api_settings = ApiSettings(
        data_dir=settings.data_dir, now=settings.now, readers=settings.reader_rules()
    )
    try:
        query = ExplainQuery.model_validate(asked)
    except ValidationError as problem:
        named = ", ".join(
            f"--{str(error['loc'][0]).replace('_', '-')} ({error['msg']})"
            for error in problem.errors(include_context=False)
        )
        raise ConfigError(
            f"Options that cannot be used: {named}.",
            "`pathways explain --help` lists them.",
            code="API-422-PARAMETER",
        ) from None
    snapshots = Snapshots(api_settings)
    try:
        answer = explanation(
            query, snapshots, EVERYONE, api_settings, api_settings.moment()
        )
    except ApiError as problem:
        is_ours = STATUS_OF[type(problem)] >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = PathwaysError if is_ours else ConfigError
        raise kind(problem.message, problem.hint, code=problem.code) from None
    finally:
        snapshots.close()
    return answer.model_dump(mode="json")
