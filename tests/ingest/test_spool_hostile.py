"""Bytes that no honest server sends: kept exactly, or the window is refused by name."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import WindowUnusable
from ingest.spool import Spool
from ingest.windows import DateWindow

ACCOUNT = "100000000000001"
MONDAY = date(2026, 3, 2)
ONE_DAY = DateWindow(MONDAY, MONDAY)
# Strings that stand for a piece of JSON which Python would not write.
GOOD = (
    f'{{"account_id":"{ACCOUNT}","campaign_id":"6","campaign_name":"fine",'
    '"spend":"1.00","clicks":"1","date_start":"2026-03-02","date_stop":"2026-03-02"}'
)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


def row(old: str = "", new: str = "") -> str:
    """A row like the good one but for one piece, and of another campaign."""
    assert old in GOOD
    return GOOD.replace(old, new, 1).replace('"6"', '"7"')


def with_actions(actions: str) -> str:
    return row('"clicks"', f'"actions":{actions},"clicks"')


def add(spool: Spool, *rows: str | bytes) -> None:
    parts = [part.encode() if isinstance(part, str) else part for part in rows]
    page = spool.write_page(b"[" + b",".join(parts) + b"]")
    spool.add_insights(ACCOUNT, "campaign", "none", ONE_DAY, [page], lambda *_: True)


def kept(spool: Spool) -> list[dict[str, Any]]:
    batches = spool.batches("campaign_insights")
    return [found for batch in batches for found in batch.to_pylist()]


def deep(levels: int, opened: str = "[", closed: str = "]") -> str:
    return opened * levels + "1" + closed * levels


KEPT_TEXT = [
    pytest.param(r'"a\u0000b"', "a\0b", id="NUL"),
    pytest.param(r'"\ud83c\udf81"', "🎁", id="a surrogate pair"),
    pytest.param('"\u200f\u0645\u202e"', "\u200f\u0645\u202e", id="right to left"),
    pytest.param(r'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t', id="every short escape"),
    pytest.param('"null"', "null", id="the word null"),
    pytest.param('"[1.10]"', "[1.10]", id="text that looks like a list"),
    pytest.param('"1.10"', "1.10", id="text that looks like a number"),
    pytest.param('""', "", id="empty"),
    pytest.param("null", None, id="null"),
]


@pytest.mark.parametrize(("name", "expected"), KEPT_TEXT)
def test_odd_name_is_kept_letter_for_letter(
    spool: Spool, name: str, expected: str | None
) -> None:
    add(spool, row('"fine"', name))

    (found,) = kept(spool)

    assert found["campaign_name"] == expected


def test_name_of_ten_megabytes_is_kept_whole(spool: Spool) -> None:
    name = "é" * (5 * 2**20)

    add(spool, GOOD, row("fine", name))

    assert {found["campaign_name"] for found in kept(spool)} == {"fine", name}


@pytest.mark.parametrize(
    "number",
    [
        "9223372036854775808",
        "18446744073709551617",
        "123456789012345678901234567890",
    ],
)
def test_bare_id_past_what_an_integer_holds_keeps_its_digits(
    spool: Spool, number: str
) -> None:
    add(spool, GOOD.replace('"6"', number))

    (found,) = kept(spool)

    assert found["campaign_id"] == number


def test_bare_count_keeps_its_digits(spool: Spool) -> None:
    add(spool, row('"clicks":"1"', '"clicks":12'))

    (found,) = kept(spool)

    assert found["clicks"] == "12"


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param("[]", id="none"),
        pytest.param('[{"action_type":"a","value":"-0.5"}]', id="below zero"),
        pytest.param('[{"action_type":"a","value":"1.234567"}]', id="six places"),
        pytest.param(r'[{"action_type":"\u0000","value":"1"}]', id="NUL"),
        pytest.param(r'[{"action_type":"\"value\":x","value":"1"}]', id="quotes"),
        pytest.param(f'[{{"deep":{deep(10_000)},"value":"1"}}]', id="10,000 deep"),
    ],
)
def test_odd_actions_are_kept_as_sent(spool: Spool, actions: str) -> None:
    add(spool, with_actions(actions))

    (found,) = kept(spool)

    assert found["actions"] == actions


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(f'"x":{deep(10_000)}', id="10,000 lists deep"),
        pytest.param('"x":' + deep(10_000, '{"a":', "}"), id="10,000 objects deep"),
        pytest.param('"x":1e400,"y":{"spend":"9.99"}', id="numbers and a namesake"),
        pytest.param('"SPEND":"9.99"', id="the same name in capitals"),
    ],
)
def test_field_that_nobody_asked_for_changes_nothing(spool: Spool, field: str) -> None:
    add(spool, row('"clicks"', f'{field},"clicks"'))

    (found,) = kept(spool)

    assert (found["spend"], found["clicks"], found["actions"]) == ("1.00", "1", None)


BAD_ROWS = [
    pytest.param(row("fine", "a\\ud800b"), id="lone surrogate"),
    pytest.param(row("fine", "a\\udc00b"), id="lone low surrogate"),
    pytest.param(
        with_actions(r'[{"action_type":"\ud800","value":"1"}]'),
        id="lone surrogate in an action",
    ),
    pytest.param(row("fine", "a\0b"), id="bare NUL"),
    pytest.param(row("fine", "a\nb"), id="bare line break in a text"),
    pytest.param(row().encode().replace(b"fine", b"\xff"), id="no UTF-8"),
    pytest.param(row().encode().replace(b"fine", b"\xed\xa0\x80"), id="CESU-8"),
    pytest.param(row('"clicks"', '"spend":"2.00","clicks"'), id="spend twice"),
    pytest.param(row('"clicks"', '"spend":"1.00","clicks"'), id="spend twice, same"),
    pytest.param(row("fine", "x" * (40 * 2**20)), id="a name of 40 MB"),
    pytest.param("null", id="null for a row"),
    pytest.param("{}", id="an empty row"),
    pytest.param("5", id="a number for a row"),
    pytest.param('"6"', id="a text for a row"),
    pytest.param("[]", id="a list for a row"),
    pytest.param(deep(10_000), id="10,000 lists for a row"),
    pytest.param(row() + "}", id="a brace too many"),
    pytest.param(row('"fine"', "5"), id="a number for a name"),
    pytest.param(row('"fine"', "1.0"), id="1.0 for a name"),
    pytest.param(row('"fine"', "true"), id="true for a name"),
    pytest.param(row('"fine"', '{"a":1}'), id="an object for a name"),
    pytest.param(row('"fine"', deep(10_000)), id="10,000 lists for a name"),
    pytest.param(row('"1.00"', "1.10"), id="spend as a number"),
    pytest.param(row('"1.00"', "12345678901234.1234"), id="spend as a long number"),
    pytest.param(row('"1.00"', "1"), id="spend as a whole number"),
    pytest.param(row('"1.00"', "true"), id="spend true"),
    pytest.param(row('"1.00"', '["1.00"]'), id="spend in a list"),
    pytest.param(row('"1.00"', "NaN"), id="spend NaN"),
    pytest.param(row('"1.00"', "-Infinity"), id="spend -Infinity"),
    pytest.param(row('"1.00"', '"NaN"'), id='spend "NaN"'),
    pytest.param(row('"1.00"', '"Infinity"'), id='spend "Infinity"'),
    pytest.param(row('"1.00"', '"1\\u0000"'), id="spend with a NUL"),
    pytest.param(row('"1.00"', '"\u0661.\u0660"'), id="spend in Arabic digits"),
    pytest.param(row('"1.00"', '"--1"'), id="spend --1"),
    pytest.param(row('"clicks":"1"', '"clicks":1.0'), id="clicks 1.0"),
    pytest.param(row('"clicks":"1"', '"clicks":1e2'), id="clicks 1e2"),
    pytest.param(row('"clicks":"1"', '"clicks":true'), id="clicks true"),
    pytest.param(row('"clicks":"1"', '"clicks":["1"]'), id="clicks in a list"),
    pytest.param(GOOD.replace('"6"', "7.0"), id="an id 7.0"),
    pytest.param(GOOD.replace('"6"', "6e14"), id="an id 6e14"),
    pytest.param(GOOD.replace('"6"', "true"), id="an id true"),
    pytest.param(GOOD.replace('"6"', '"7\\u001f"'), id="an id with a separator"),
    pytest.param(GOOD.replace('"6"', '""'), id="an empty id"),
    *(
        pytest.param(GOOD.replace("2026-03-02", text), id=f"day {text or 'empty'}")
        for text in (
            "0001-01-01",
            "9999-12-31",
            "10000-01-01",
            "0044-03-15 (BC)",
            "epoch",
            "infinity",
            "today",
            " 2026-03-02",
            "2026-3-2",
            "2026/03/02",
            "2026-03-02T00:00:00+0000",
            "2026-02-30",
            "",
        )
    ),
    pytest.param(GOOD.replace('"2026-03-02"', "20260302"), id="a day as a number"),
    pytest.param(
        row('"date_stop":"2026-03-02"', '"date_stop":"2026-03-08"'), id="a week"
    ),
    *(
        pytest.param(with_actions(actions), id=f"actions {actions[:40]}")
        for actions in (
            '"x"',
            r'"[{\"value\":\"1\"}]"',
            "5",
            "true",
            '{"value":"1"}',
            "[5]",
            '["purchase"]',
            deep(10_000),
            '[{"value":"NaN"}]',
            '[{"value":""}]',
            '[{"value":"1e3"}]',
            '[{"value":"1."}]',
            '[{"value":"-"}]',
            '[{"value":" 1"}]',
            '[{"value":"1 "}]',
            '[{"value":"1.5.5"}]',
            '[{"value":"123456789012345"}]',
            '[{"value":1}]',
            '[{"value":null}]',
            '[{"value":{"a":1}}]',
            '[{"value":"1","value":"2"}]',
            '[{"value":"1"},{"value":"one"}]',
        )
    ),
]


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_bad_row_is_refused_with_the_good_one_beside_it(
    spool: Spool, bad: str | bytes
) -> None:
    with pytest.raises(WindowUnusable) as caught:
        add(spool, GOOD, bad)

    assert caught.value.code.startswith("SPOOL-")
    assert kept(spool) == []
    # Neither is the spool harmed by it.
    add(spool, GOOD)
    assert [found["campaign_id"] for found in kept(spool)] == ["6"]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"  ", id="blanks"),
        pytest.param(b"[", id="cut at once"),
        pytest.param(f"[{GOOD}".encode(), id="cut after a row"),
        pytest.param(f"[{GOOD},]".encode(), id="a comma too many"),
        pytest.param(f"[{GOOD}][{GOOD}]".encode(), id="two lists"),
        pytest.param(f"{GOOD}\n{GOOD}".encode(), id="a row a line"),
        pytest.param(b"\xef\xbb\xbf[]", id="a byte order mark"),
        pytest.param(b"\x1f\x8b\x08\x00\x00", id="packed"),
        pytest.param(("[" * 10_000 + "]" * 10_000).encode(), id="10,000 lists deep"),
    ],
)
def test_page_that_is_no_list_of_rows_is_refused(spool: Spool, page: bytes) -> None:
    pages = [spool.write_page(f"[{GOOD}]".encode()), spool.write_page(page)]

    with pytest.raises(WindowUnusable):
        spool.add_insights(ACCOUNT, "campaign", "none", ONE_DAY, pages, lambda *_: True)

    assert kept(spool) == []


def test_million_empty_rows_are_refused(spool: Spool) -> None:
    page = spool.write_page(b"[" + b",".join([b"{}"] * 1_000_000) + b"]")

    with pytest.raises(WindowUnusable, match="1000000 x rows without their key"):
        spool.add_insights(
            ACCOUNT, "campaign", "none", ONE_DAY, [page], lambda *_: True
        )
