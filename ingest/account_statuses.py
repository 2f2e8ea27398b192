"""What the `account_status` of an ad account means. Pure.

Source: Meta Marketing API, Ad Account, `account_status`.
"""

ACTIVE = "1"
_WORDS = {
    ACTIVE: "active",
    "2": "disabled",
    "3": "unsettled",
    "7": "pending a risk review",
    "8": "pending settlement",
    "9": "in its grace period",
    "100": "pending closure",
    "101": "closed",
}


def status_words(status: str) -> str:
    """The status in words that follow "the account is"."""
    return _WORDS.get(status, f"in status {status or 'unknown'}")
