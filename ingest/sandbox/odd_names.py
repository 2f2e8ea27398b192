"""Names that are allowed and break careless readers: quotes, controls, surrogates."""

_ODD = (
    'He said "go" \\ and \\" left',
    "two\nlines\r\nand a\ttab",
    "\u200fعرض \u202eشرق\u202c\u200e",
    "🛍️ sale 🇩🇪",
    '=HYPERLINK("http://192.0.2.1","x")',
    "nul \u0000 and bell \u0007 and escape \u001b[31m",
    "half a pair \ud800 and \udc00",
    "separators \u2028 \u2029 and a mark \ufeff",
    "'; drop table ads; -- {{ x }} %s $1",
    "  blanks around  ",
    "e\u0301 is not é",
    "x" * 400,
)


def odd(name: str, place: int) -> str:
    """The name with something odd before and after it, another at each place."""
    before = _ODD[place % len(_ODD)]
    return f"{before} {name} {_ODD[(place + 1) % len(_ODD)]}"
