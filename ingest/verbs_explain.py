"""The verb that says why two numbers differ."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli import verb
from ingest.verbs_cycle import Answer, configured

if TYPE_CHECKING:
    from ingest.ads_manager import Export
    from ingest.settings import Settings

PATH = click.Path(path_type=Path)


@verb("explain")
@click.option("--store", help="The store; may be left out where there is only one.")
@click.option("--metric", required=True, help="A sum or a ratio, such as spend, roas.")
@click.option("--a", default="ai_budget", show_default=True, help="The one reader.")
@click.option("--b", help="The other reader.  [default: dashboard]")
@click.option("--export", type=PATH, help="An Ads Manager export (CSV) in place of B.")
@click.option("--column", multiple=True, help="A header of it not known: NAME=HEADER.")
@click.option("--locale", help="Whose numbers and days it has, such as de_DE.")
@click.option("--since", help="First day of both; else each reader's own window.")
@click.option("--until", help="Last day of both, included.")
@click.option("--country", help="Only this country, ISO code, `unknown` or ZZ.")
@click.option("--campaign-id", multiple=True, help="Only this campaign; repeatable.")
@click.option("--as-of-a", help="What A showed at this moment, ISO with a zone.")
@click.option("--as-of-b", help="What B showed at this moment.")
@click.option("--rows", default=5, show_default=True, help="Rows behind each step.")
@click.option("--shares", is_flag=True, help="Split over all orders of the rules too.")
def explain(
    export: Path | None, column: tuple[str, ...], locale: str | None, **asked: Any
) -> Answer:
    """Why two readers show different numbers: steps that add up, rows, checks.

    With --export B is what Ads Manager shows, on the days of the export.
    """
    settings = configured()

    from ingest.waterfall import waterfall

    given = {name: value for name, value in asked.items() if value not in (None, ())}
    exported = _exported(export, column, locale, given)
    document = explained(settings, given, exported)
    return document, waterfall(document["data"]), 0


def _exported(
    file: Path | None,
    columns: tuple[str, ...],
    locale: str | None,
    asked: dict[str, Any],
) -> Export | None:
    """What the export holds; the days asked for are its own, and go."""
    from ingest.errors import ConfigError

    if file is None:
        if columns or locale:
            raise ConfigError(
                "--column and --locale are of an export.", "Add --export FILE."
            )
        return None
    if "b" in asked or "as_of_b" in asked:
        raise ConfigError(
            "An export stands in for B.", "Leave out --b and --as-of-b, or --export."
        )
    unclear = [each for each in columns if "=" not in each]
    if unclear:
        raise ConfigError(
            f"`--column {unclear[0]}` names no header.",
            "Write --column campaign_id=HEADER.",
        )

    from ingest.ads_manager import read_export

    return read_export(
        file,
        named=dict(each.split("=", 1) for each in columns),
        locale=locale,
        since=_day(asked.pop("since", None)),
        until=_day(asked.pop("until", None)),
    )


def _day(text: str | None) -> date | None:
    from ingest.errors import ConfigError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConfigError(
            f"`{text}` is no day.", "Write days as YYYY-MM-DD."
        ) from error


def explained(
    settings: Settings, asked: dict[str, Any], export: Export | None = None
) -> dict[str, Any]:
    """The document of /v1/explain for what is asked, of what is published.

    Args:
        export: what stands in for B.

    Raises:
        ConfigError: what is asked for cannot be explained.
        PathwaysError: what is published cannot be read.
    """
    from pydantic import ValidationError

    from api.callers import EVERYONE
    from api.errors import STATUS_OF, ApiError
    from api.explain.answer import explanation
    from api.explain.exported import Exported
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
            query,
            snapshots,
            EVERYONE,
            api_settings,
            api_settings.moment(),
            Exported(**vars(export)) if export else None,
        )
    except ApiError as problem:
        is_ours = STATUS_OF[type(problem)] >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = PathwaysError if is_ours else ConfigError
        raise kind(problem.message, problem.hint, code=problem.code) from None
    finally:
        snapshots.close()
    return answer.model_dump(mode="json")
