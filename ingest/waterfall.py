"""An explanation for a terminal: from one reader's number to the other's in steps."""

import io
import sys
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.printable import printable

BAR = 24


def in_short(explained: dict[str, Any]) -> str:
    """The document of `pathways explain --json`: a sentence and the steps."""
    console = _console()
    _print_steps(console, _all_printable(explained))
    return _printed(console)


def waterfall(explained: dict[str, Any]) -> str:
    """The document of `pathways explain --json`, as a table, sentences and checks."""
    console = _console()
    explained = _all_printable(explained)
    _print_steps(console, explained)
    for step in explained["steps"]:
        console.print(f"{_name(step['dimension'])}: {step['sentence']}", markup=False)
        for row in step["rows"]:
            console.print(f"  {_row(row)}", markup=False)
        if step["rest"]:
            rest = step["rest"]
            console.print(
                f"  and {rest['row_count']} more rows: {_signed(rest['top_delta'])}"
            )
    console.print()
    for check in explained["checks"]:
        _print_check(console, check)
    if explained["link"]:
        console.print(f"\nPinned to its snapshot: {explained['link']}", soft_wrap=True)
    return _printed(console)


def _all_printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _all_printable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_all_printable(each) for each in value]
    if isinstance(value, str):
        return printable(value)
    return value


def _console() -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=sys.stdout.isatty(),
        width=100,
        highlight=False,
    )


def _printed(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().rstrip("\n")


def _print_steps(console: Console, explained: dict[str, Any]) -> None:
    console.print(explained["summary"], markup=False)
    console.print(_table(explained))


def _table(explained: dict[str, Any]) -> Table:
    longest = max(
        (abs(Decimal(step["delta"] or 0)) for step in explained["steps"]),
        default=Decimal(0),
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    table.add_column()
    has_currency = explained["metric"]["unit"].endswith("_currency")
    table.add_row(*_end(explained["a"], has_currency))
    for step in explained["steps"]:
        rows = step["row_count"]
        table.add_row(
            f"  {_name(step['dimension'])}",
            _signed(step["delta"]),
            _bar(step["delta"], longest),
            f"{rows:,} row{'' if rows == 1 else 's'}",
        )
    table.add_row(*_end(explained["b"], has_currency))
    table.add_row("difference", _signed(explained["difference"]), "", "")
    table.add_row("unexplained", explained["residual"] or "-", "", "")
    return table


def _end(side: dict[str, Any], has_currency: bool) -> tuple[Text, str, str, str]:
    value = side["value"] if side["value"] is not None else f"({side['reason']})"
    unit = f" {side['currency']}" if side["value"] and has_currency else ""
    return (
        # As it is: in a string brackets would be marks.
        Text(side["contract"]["label"]),
        f"{value}{unit}",
        "",
        f"{side['since']} to {side['until']}",
    )


def _bar(delta: str | None, longest: Decimal) -> Text:
    if not delta or not longest or not Decimal(delta):
        return Text("")
    change = Decimal(delta)
    length = max(1, round(BAR * abs(change) / longest))
    is_less = change < 0
    return Text(("-" if is_less else "+") * length, style="red" if is_less else "green")


def _signed(value: str | None) -> str:
    if value is None:
        return "-"
    return value if value.startswith("-") or not Decimal(value) else f"+{value}"


def _name(dimension: str) -> str:
    return dimension.replace("_", " ")


def _row(row: dict[str, Any]) -> str:
    who = row["campaign_name"] or row["campaign_id"] or f"account {row['account_id']}"
    what = [_signed(row["top_delta"])]
    if row["bottom_delta"] is not None:
        what.append(f"over {_signed(row['bottom_delta'])}")
    ids = f"{row['level']} {row['object_id']}" if row["object_id"] else "all levels"
    # An export may have one row for all days and countries.
    where = " ".join(filter(None, (row["date_day"], row["country_code"]))) or "all days"
    return f"{where} {who} ({ids}): {' '.join(what)}"


def _print_check(console: Console, check: dict[str, Any]) -> None:
    styles = {"ok": "green", "warn": "yellow", "fail": "red", "not_comparable": "red"}
    verdict = Text(f"{check['verdict']:<15}", style=styles[check["verdict"]])
    of = f" ({check['account_id']})" if check["account_id"] else ""
    line = Text.assemble(verdict, f"{check['check']}{of}")
    console.print(line)
    if check["verdict"] == "ok":
        return
    console.print(f"  {check['evidence']}", markup=False)
    if check["fix"]:
        console.print(f"  -> {check['fix']}", markup=False)
