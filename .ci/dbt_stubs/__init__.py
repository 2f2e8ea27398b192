"""What dbt puts into Jinja, as far as our SQL uses it: SQLFluff needs no build."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context


class _Adapter:
    @pass_context
    def dispatch(self, context: Context, name: str) -> Callable[..., str]:
        own = context.get(f"duckdb__{name}")
        return own or context[f"default__{name}"]

    def get_relation(self, *_: str) -> None:
        return None


def _relation(**parts: str) -> str:
    return f"{parts['schema']}.{parts['identifier']}"


def _given(value: Any) -> Any:
    return value


def var(*_: Any) -> int:
    return 7


adapter = _Adapter()
api = SimpleNamespace(Relation=SimpleNamespace(create=_relation))
dbt = SimpleNamespace(
    bool_or=lambda column: f"bool_or({column})",
    dateadd=lambda part, count, day: f"{day} + interval ({count}) {part}",
    datediff=lambda start, end, part: f"date_diff('{part}', {start}, {end})",
    listagg=lambda column, separator, order: (
        f"string_agg({column}, {separator} {order})"
    ),
    type_bigint=lambda: "bigint",
    type_string=lambda: "varchar",
)
execute = False
generate_database_name = _given
flags = SimpleNamespace(FULL_REFRESH=False, WHICH="build")
invocation_args_dict: dict[str, Any] = {}
run_started_at = SimpleNamespace(isoformat=lambda: "2026-03-01T00:00:00+00:00")
target = SimpleNamespace(database="build", schema="core")
globals()["return"] = _given
