"""Reader contracts: by which rules a reader comes to its number, and where two differ.

The shipped ones are rows of marts.reader_contracts; a store's own stand in the
configuration, each as another reader with some rules changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntFlag
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.errors import UnknownReader
from api.snapshots import Reader


class Rule(IntFlag):
    """The dimensions in which readers differ, in the order in which they are changed.

    The values are the bits of `queries/explain_*.sql`.
    """

    AS_OF = 1
    WINDOW = 2
    TIME_ZONE = 4
    PARTIAL_DAY = 8
    LEVEL = 16
    STATUS = 32
    COUNTRY = 64
    CURRENCY = 128
    DEFINITION = 256
    NOT_IN_EXPORT = 512
    NOT_IN_OURS = 1024
    OTHER_NUMBERS = 2048


# Where B is an export: which rows it has, and what stands in them.
OF_EXPORTS = (Rule.NOT_IN_EXPORT, Rule.NOT_IN_OURS, Rule.OTHER_NUMBERS)


class Contract(BaseModel):
    """By which rules a reader comes to its number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reader: str
    label: str
    window_days: int = Field(ge=1, le=1200)
    time_zone: str
    partial_days: Literal["include", "exclude"]
    level: Literal["account", "campaign", "adset", "ad"]
    status: Literal["all", "active", "ref_active"]
    status_level: Literal["own", "campaign"]
    status_moment: Literal["now", "day", "mixed"]
    countries: Literal["all", "no_residual", "known", "with_orders"]
    currency: Literal["reporting", "reporting_all_orders", "account"]
    clicks: Literal["all", "link", "outbound"]


@dataclass(frozen=True)
class Side:
    """A reader as it is asked: its rules, what it is given, and when.

    Attributes:
        snapshot_id: the snapshot that it reads, or the name of an export's file.
        now_at: the moment at which its today is taken.
    """

    contract: Contract
    snapshot_id: str
    now_at: datetime
    is_export: bool = False


def asked_contract(
    reader: Reader, own_readers: Mapping[str, Mapping[str, object]], name: str
) -> Contract:
    """The contract of a reader, the snapshot's or one of the configuration.

    Raises:
        UnknownReader: there is none of that name; or it is a configured one that takes
            a shipped one's name, is based on none, or whose rules make no contract.
    """
    shipped = {
        row["reader"]: Contract.model_validate(row)
        for row in reader.rows("reader_contracts", {})
    }
    if name in own_readers:
        return _own_contract(name, own_readers[name], shipped)
    if name not in shipped:
        raise UnknownReader(
            f"There is no reader `{name}`.",
            f"Name one of: {', '.join((*shipped, *own_readers))}.",
        )
    return shipped[name]


def _own_contract(
    name: str, rules: Mapping[str, object], shipped: Mapping[str, Contract]
) -> Contract:
    if name in shipped:
        raise UnknownReader(
            f"The configured reader `{name}` has the name of a shipped one.",
            f"Give [pathways.readers.{name}] in .dlt/config.toml another name.",
        )
    changed = {key: value for key, value in rules.items() if value is not None}
    base = shipped.get(str(changed.pop("based_on", "")))
    if base is None:
        raise UnknownReader(
            f"The configured reader `{name}` is based on none that is shipped.",
            f"Let pathways.readers.{name}.based_on be one of: {', '.join(shipped)}.",
        )
    try:
        return Contract.model_validate(
            {**base.model_dump(), "label": name, **changed, "reader": name}
        )
    except ValidationError as error:
        keys = ", ".join(".".join(map(str, found["loc"])) for found in error.errors())
        raise UnknownReader(
            f"The configured reader `{name}` has rules that cannot be used: {keys}.",
            f"Correct [pathways.readers.{name}] in .dlt/config.toml.",
        ) from error


def differing_rules(
    a: Side, b: Side, since: date | None, until: date | None
) -> list[Rule]:
    """The rules in which the two differ, in order. Days asked for are those of both.

    A rule may differ by what it rests on though both call it the same: countries with
    orders by all other rules, a mixed status by the reader's today.
    """
    one, other = a.contract, b.contract
    is_other_moment = a.now_at != b.now_at
    is_other_today = is_other_moment or one.time_zone != other.time_zone
    is_mixed = "mixed" in (one.status_moment, other.status_moment)
    is_all = one.status == other.status == "all"
    differs = {
        Rule.AS_OF: not b.is_export and a.snapshot_id != b.snapshot_id,
        Rule.WINDOW: (until is None and is_other_moment)
        or (since is None and one.window_days != other.window_days),
        Rule.TIME_ZONE: until is None and one.time_zone != other.time_zone,
        Rule.PARTIAL_DAY: one.partial_days != other.partial_days,
        Rule.LEVEL: one.level != other.level,
        Rule.STATUS: not is_all
        and (
            (one.status, one.status_level, one.status_moment)
            != (other.status, other.status_level, other.status_moment)
            or (is_mixed and is_other_today)
        ),
        Rule.CURRENCY: one.currency != other.currency,
        Rule.DEFINITION: one.clicks != other.clicks,
        **dict.fromkeys(OF_EXPORTS, b.is_export),
    }
    by_name = one.countries != other.countries
    rests_on_others = one.countries == "with_orders" and any(differs.values())
    differs[Rule.COUNTRY] = by_name or rests_on_others
    return [rule for rule in Rule if differs[rule]]
