"""Models and data tests are SQL of every engine; what differs is in dispatched macros.

Each file is rendered with a word in place of whatever is dispatched, then read as
Postgres and as Spark would read it. That they give equal rows there is the matter of
test_engines.
"""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlglot
from jinja2 import Template
from sqlglot import exp

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
# One call of a macro whose assumptions are a dictionary, which only dbt can return.
NOT_RENDERED = {"budget_recommendations"}
FILES = sorted(
    path
    for folder in ("models", "tests/core", "tests/marts")
    for path in (PROJECT / folder).rglob("*.sql")
    if path.stem not in NOT_RENDERED
)
# Functions that the three engines have by the same name and meaning.
FUNCTIONS = {
    *(
        "abs",
        "cast",
        "coalesce",
        "concat_ws",
        "count",
        "exp",
        "lag",
        "least",
        "lead",
        "ln",
        "max",
        "md5",
    ),
    *("metrics.aov", "metrics.cac", "metrics.roas", "min", "nullif", "row_number"),
    *("round", "sum"),
}
# Words that a bracket may follow and that are no functions.
WORDS = {
    *("and", "as", "by", "decimal", "exists", "from", "in", "on", "or", "over"),
    *("sets", "then", "when", "where"),
}
TYPES = {"BIGINT", "BOOLEAN", "DATE", "DECIMAL"}
# What parses in more engines than understand it.
NEVER = {
    "a cast with ::": r"::",
    "qualify": r"\bqualify\b",
    "group by all": r"\b(?:group|order) by all\b",
    "a list of columns left out": r"\b(?:exclude|replace) *\(",
    "by name": r"\bby name\b",
    "distinct on": r"\bdistinct on\b",
    "a list in brackets": r"\[",
    "a lambda": r"->|\blambda\b",
    "a double quote": r'"',
    "an interval without quotes": r"\binterval [^']",
}
# Ways to ask what time it is, the engines' and Jinja's. The rows must not depend on it.
CLOCK = re.compile(
    r"\b(?:current_(?:date|time|timestamp)|get_current_timestamp|localtime(?:stamp)?"
    r"|(?:clock|statement|transaction)_timestamp|getdate|now|sysdate|today"
    r"|run_started_at|modules[.](?:datetime|pytz))\b|'(?:now|today|tomorrow|yesterday)'",
    re.IGNORECASE,
)
# Where the moment of a run belongs: a table about the run, which no model reads.
TELLS_OF_THE_RUN = {"build_results.sql"}


def dispatched(name: str) -> Callable[..., str]:
    """What stands for a macro that each engine has its own of."""
    stands_for = {
        "built_partitions": "select account_id, date_day, fingerprint from dispatched",
        "type_double": "decimal(38, 14)",
        "type_moment": "date",
    }
    return lambda *_: stands_for.get(name, "dispatched")


class Relation(str):
    """A table's name, as `ref` and `source` give it."""

    def include(self, **_: bool) -> str:
        return str(self)


def given() -> dict[str, Any]:
    """What dbt gives to Jinja; its own cross-engine macros are dispatched too."""
    return {
        "adapter": SimpleNamespace(dispatch=lambda name, *_: dispatched(name)),
        "api": SimpleNamespace(
            Relation=SimpleNamespace(create=lambda **parts: parts["identifier"])
        ),
        "config": lambda **_: "",
        "dbt": SimpleNamespace(
            bool_or=lambda *_: "dispatched",
            dateadd=lambda *_: "dispatched",
            datediff=lambda *_: "dispatched",
            listagg=lambda *_: "dispatched",
            type_bigint=lambda: "bigint",
            type_string=lambda: "date",
        ),
        "execute": False,
        "flags": SimpleNamespace(FULL_REFRESH=False),
        "generate_database_name": lambda *_: "",
        "is_incremental": lambda: True,
        "ref": Relation,
        "return": lambda value: value,
        "source": lambda schema, table: Relation(f"{schema}.{table}"),
        "this": "built",
        "var": lambda *_: 7,
    }


def rendered(text: str) -> str:
    """SQL without comments and Jinja, lower case; strings are emptied."""
    macros = "".join(
        path.read_text()
        for path in sorted((PROJECT / "macros").glob("*.sql"))
        if not path.stem.startswith("budget_")
    )
    sql = Template(macros + text, extensions=["jinja2.ext.do"]).render(given())
    # A comment may hold a quote and a string two hyphens: whichever begins first.
    plain = re.sub(r"(interval '[^']*')|('[^']*')|--.*", _emptied, sql)
    return plain.lower().strip()


def _emptied(found: re.Match[str]) -> str:
    interval, string = found.groups()
    return interval or ("''" if string else "")


def problems(sql: str) -> list[str]:
    """What an engine would not take, or take otherwise."""
    found = [what for what, pattern in NEVER.items() if re.search(pattern, sql)]
    called = set(re.findall(r"([a-z_][\w.]*) *\(", sql))
    tables = set(re.findall(r"\b([a-z_]\w*) as \(", sql))
    found += sorted(f"function {name}" for name in called - FUNCTIONS - WORDS - tables)
    for dialect in ("postgres", "spark"):
        try:
            tree = sqlglot.parse_one(sql, dialect=dialect)
        except sqlglot.ParseError as error:
            found.append(f"{dialect}: {error}")
            continue
        found += [
            f"type {cast.to.sql()}"
            for cast in tree.find_all(exp.Cast)
            if cast.to.this.name not in TYPES
        ]
        found += [
            "a full join on more than equality"
            for join in tree.find_all(exp.Join)
            if join.side == "FULL" and unequal(join.args["on"])
        ]
    return found


def unequal(condition: Any) -> bool:
    """Whether a join's condition is anything but columns that are equal."""
    terms = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return not all(isinstance(term.unnest(), exp.EQ) for term in terms)


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_sql_is_every_engines(file: Path) -> None:
    assert problems(rendered(file.read_text())) == []


def clocks(text: str) -> list[str]:
    """Each way in which SQL, as it is written, asks the clock; texts and comments may
    speak of it."""
    # Jinja's double quotes may hold SQL, and an apostrophe that begins no string.
    parts = r"""\{#.*?#\}|--[^\n]*|"[^"\n]*"|'[^']*'"""
    code = re.sub(parts, _said_or_asked, text, flags=re.DOTALL)
    return [found.group() for found in CLOCK.finditer(code)]


def _said_or_asked(found: re.Match[str]) -> str:
    part = found.group()
    return part if part.startswith('"') or CLOCK.fullmatch(part) else ""


@pytest.mark.parametrize(
    "file",
    [
        path
        for path in sorted(PROJECT.rglob("*.sql"))
        if path.name not in TELLS_OF_THE_RUN
    ],
    ids=lambda path: path.stem,
)
def test_no_sql_asks_the_clock(file: Path) -> None:
    """Dispatched macros too, which the test above does not look into."""
    assert clocks(file.read_text()) == []


@pytest.mark.parametrize(
    "asked",
    [
        "current_date",
        "CURRENT_DATE",
        "current_time",
        "current_timestamp",
        "current_timestamp()",
        "get_current_timestamp()",
        "localtimestamp",
        "now()",
        "today()",
        "cast('now' as date)",
        "date 'today'",
        "{{ dbt.current_timestamp() }}",
        "{{ run_started_at }}",
        "{{ modules.datetime.datetime.now() }}",
    ],
)
def test_whoever_asks_the_clock_is_found(asked: str) -> None:
    assert clocks(f"select date_day from days where date_day < {asked}")


def test_names_texts_and_comments_may_speak_of_now() -> None:
    assert not clocks(
        "-- Today's rate, as of now.\n{# current_date is\nnot asked. #}\n"
        "select effective_status_now, now_value, 'not active now' from current_rates"
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select spend::bigint as spend from t", "a cast with ::"),
        ("select list_sum(spends) as spend from t", "function list_sum"),
        ("select try_cast(spend as bigint) as spend from t", "function try_cast"),
        ("select cast(name as varchar) as name from t", "type VARCHAR"),
        ("select cast(part as double) as part from t", "type DOUBLE"),
        ("select cast(at as timestamp with time zone) as at from t", "type TIMESTAMP"),
        ("select * exclude (spend) from t", "a list of columns left out"),
        ("select store, sum(spend) as spend from t group by all", "group by all"),
        ("select day + interval 1 day as day from t", "an interval without quotes"),
        (
            "select a.day from a full outer join b on a.day is not distinct from b.day",
            "a full join on more than equality",
        ),
    ],
    ids=lambda value: value[:40],
)
def test_what_one_engine_alone_takes_is_found(sql: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in problems(rendered(sql)))


def test_a_macro_of_one_engine_is_reached_by_dispatch_only() -> None:
    texts = {
        path.name: path.read_text()
        for path in (PROJECT / "macros").glob("*.sql")
        if not path.stem.startswith("budget_")
    }
    engine = r"(?:duckdb|postgres|spark)__\w+"
    made = {
        name
        for text in texts.values()
        for name in re.findall(rf"macro ({engine})", text)
    }
    called = {
        (name, file)
        for file, text in texts.items()
        for name in re.findall(rf"(?<!macro )\b({engine})", text)
    }

    assert len(made) > 15
    # A metric's definition is handed over by the engine's own macro beside it.
    assert {file for _, file in called} <= {"metrics.sql"}
