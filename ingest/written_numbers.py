"""Numbers as people write them, read by the rules of a language, never by a guess.

`1.234` is a thousand in German and a fraction in English. All numbers of a file are
written alike: the rules that read them all are its rules, if they agree on every one.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

# Languages of Ads Manager; what two of them write alike is one format.
LOCALES = (
    *("en_US", "de_DE", "de_CH", "de_AT", "fr_FR", "fr_CH", "es_ES", "es_MX", "it_IT"),
    *("pt_BR", "pt_PT", "nl_NL", "pl_PL", "sv_SE", "fi_FI", "cs_CZ", "hu_HU", "ro_RO"),
    *("el_GR", "ru_RU", "uk_UA", "tr_TR", "ar_EG", "ar_SA", "he_IL", "fa_IR", "hi_IN"),
    *("th_TH", "vi_VN", "id_ID", "ja_JP", "ko_KR", "zh_CN"),
)
NOTHING = ("", "-", "–", "—")


@dataclass(frozen=True)
class NumberFormat:
    """How a language writes a number: 1,234.5 or 12,34,567.8.

    Attributes:
        groups: how many digits stand in the last group and in those before it.
    """

    decimal: str
    group: str
    groups: tuple[int, int]

    def value(self, text: str) -> Decimal | None:
        """The number of `plain` text; None where it is none in this format."""
        found = _pattern(self).fullmatch(text)
        if found is None:
            return None
        whole = found["whole"].replace(self.group, "")
        fraction = f".{found['fraction']}" if found["fraction"] else ""
        return Decimal(f"{found['sign']}{whole}{fraction}")


class NoNumber(ValueError):
    """A text that cannot be read as a number, or not in one way only."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"`{text}` {why}")
        self.text = text
        self.why = why


class UnknownLocale(ValueError):
    """A name that Babel has no language for."""


@functools.cache
def _pattern(written: NumberFormat) -> re.Pattern[str]:
    last, before = written.groups
    mark, point = re.escape(written.group), re.escape(written.decimal)
    grouped = rf"\d{{1,{before}}}(?:{mark}\d{{{before}}})*{mark}\d{{{last}}}"
    return re.compile(
        rf"(?P<sign>-?)(?P<whole>{grouped}|\d+)(?:{point}(?P<fraction>\d+))?", re.ASCII
    )


def plain(text: str) -> str:
    """Text with ASCII digits, one kind of space and minus, no marks of direction."""
    return "".join(map(_plain, text)).strip()


def _plain(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Cf":
        return ""
    if character in "−‐‑":
        return "-"
    if character in "’`":
        return "'"
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def formats_of(locale: str | None) -> dict[NumberFormat, str]:
    """The formats of a locale, or of all languages; each with a locale that has it.

    Raises:
        UnknownLocale: there is no such locale.
    """
    from babel import Locale, UnknownLocaleError
    from babel.numbers import get_decimal_symbol, get_group_symbol

    found: dict[NumberFormat, str] = {}
    for name in (locale,) if locale else LOCALES:
        try:
            known = Locale.parse(name, sep="-" if "-" in name else "_")
        except (UnknownLocaleError, ValueError) as error:
            raise UnknownLocale(name) from error
        for digits in ("latn", "default"):
            decimal = get_decimal_symbol(known, numbering_system=digits)
            group = get_group_symbol(known, numbering_system=digits)
            groups = known.decimal_formats[None].grouping
            # Whoever types a group by hand types a plain space or apostrophe.
            found.setdefault(
                NumberFormat(plain(decimal) or decimal, _plain(group), groups), name
            )
    return found


def numbers_of(
    texts: Mapping[str, bool], formats: Mapping[NumberFormat, str]
) -> dict[str, Decimal]:
    """The numbers of plain texts.

    Args:
        texts: whether each must be whole, as a count is.

    Raises:
        NoNumber: one cannot be read, or not in the way in which the others are, or no
            text tells which of two ways it is.
    """
    alive = dict(formats)
    for text, is_whole in texts.items():
        reading = {
            each: name for each, name in alive.items() if _fits(each, text, is_whole)
        }
        if not reading:
            kind = "whole number" if is_whole else "number"
            raise NoNumber(text, f"is no {kind} as {', '.join(alive.values())} has it")
        alive = reading
    return {text: _only_value(text, alive) for text in texts}


def _fits(written: NumberFormat, text: str, is_whole: bool) -> bool:
    value = written.value(text)
    return value is not None and (not is_whole or value == value.to_integral_value())


def _only_value(text: str, formats: Mapping[NumberFormat, str]) -> Decimal:
    values: dict[Decimal, str] = {}
    for each, name in formats.items():
        value = each.value(text)
        if value is not None:
            values.setdefault(value, name)
    if len(values) > 1:
        told = " or ".join(f"{value} ({name})" for value, name in values.items())
        raise NoNumber(text, f"can be {told}, and no other number tells which")
    return next(iter(values))
