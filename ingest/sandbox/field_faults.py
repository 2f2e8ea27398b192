"""Faults in the fields of rows: unknown ones, nulls, absence. Figures stay true.

Only `fields_lost` takes away what says something.
"""

from collections.abc import Callable
from typing import Any

from ingest.sandbox.faults import Fault
from ingest.sandbox.page_faults import page_edited

Row = dict[str, Any]

_NOTHING: tuple[Any, ...] = (None, "0", "0.00", 0, [], "")


def extra_fields() -> Fault:
    """Every row has fields that nobody asked for, of every JSON type."""
    extra = {
        "quality_ranking": "ABOVE_AVERAGE",
        "new_metric": 1.5e300,
        "new_flag": True,
        "new_nothing": None,
        "new_list": [{"action_type": "x", "value": "1"}],
        "new_object": {"a": {"b": []}},
        "": "no name",
    }
    return _rows_edited(lambda row: row | extra)


def new_action_types() -> Fault:
    """Lists of actions end with types, windows and values never seen before."""
    new = [
        {"action_type": "onsite_conversion.hologram_purchase", "value": "7"},
        {"action_type": "omni_wish", "value": "3.5", "28d_thought": "1"},
        {"action_type": "ünïcode.type", "value": "2", "action_device": "watch"},
    ]

    def edit(row: Row) -> Row:
        lists = ("actions", "action_values")
        return row | {name: row[name] + new for name in lists if name in row}

    return _rows_edited(edit)


def null_fields(*names: str) -> Fault:
    """These fields are null wherever they are absent or say nothing ("0", [])."""

    def edit(row: Row) -> Row:
        return row | {name: None for name in names if row.get(name) in _NOTHING}

    return _rows_edited(edit)


def absent_fields(*names: str) -> Fault:
    """These fields are absent wherever they say nothing ("0", [])."""

    def edit(row: Row) -> Row:
        return {
            name: value
            for name, value in row.items()
            if name not in names or value not in _NOTHING
        }

    return _rows_edited(edit)


def fields_lost(*names: str) -> Fault:
    """These fields are absent whatever they say: the figures are no longer true."""
    return _rows_edited(
        lambda row: {name: row[name] for name in row if name not in names}
    )


def _rows_edited(edit: Callable[[Row], Row]) -> Fault:
    return page_edited(
        lambda _, page: page | {"data": [edit(row) for row in page["data"]]}
    )
