"""Days as people write them, in numbers and in the order of a language.

04/03/2026 is in April for an American and in March for a Briton: without a language no
such day is read. One that has its year elsewhere, or another calendar's, is none.
"""

import re
from datetime import date

from ingest.written_numbers import plain

# Hungarians and Koreans write 2026. 03. 04.
_WRITTEN = re.compile(r"(\d{1,4})[-./] ?(\d{1,2})[-./] ?(\d{1,4})\.?", re.ASCII)
_YEAR = re.compile(r"20\d\d", re.ASCII)


def day_of(text: str, locale: str | None) -> date | None:
    """The day of a text, as YYYY-MM-DD or as the locale has it; None where it is none.

    Args:
        locale: one that Babel knows.
    """
    try:
        return date.fromisoformat(plain(text))
    except ValueError:
        return _local_day(plain(text), locale) if locale else None


def _local_day(text: str, locale: str) -> date | None:
    from babel.dates import get_date_format

    short = get_date_format("short", locale=locale.replace("-", "_")).pattern
    order = dict.fromkeys(re.findall("[ymd]", short.lower()))
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    parts = dict(zip(order, found.groups(), strict=True))
    if not _YEAR.fullmatch(parts["y"]):
        return None
    try:
        return date(int(parts["y"]), int(parts["m"]), int(parts["d"]))
    except ValueError:
        return None
