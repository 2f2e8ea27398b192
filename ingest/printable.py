"""Text from elsewhere, as a terminal may have it."""


def printable(text: str) -> str:
    """The same with `?` for what would steer the terminal: names are others'."""
    return "".join(each if each.isprintable() else "?" for each in text)
