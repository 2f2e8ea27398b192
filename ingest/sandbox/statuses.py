"""Effective status from an object and its parents; which values each level knows."""

from ingest.sandbox.nodes import Ad, AdSet, Campaign, Level

CAMPAIGN_STATUSES = frozenset(
    ("ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES")
)
ADSET_STATUSES = CAMPAIGN_STATUSES | {"CAMPAIGN_PAUSED"}
AD_STATUSES = ADSET_STATUSES | {
    "ADSET_PAUSED",
    "DISAPPROVED",
    "PENDING_REVIEW",
    "PREAPPROVED",
    "PENDING_BILLING_INFO",
}
KNOWN: dict[Level, frozenset[str]] = {
    "campaign": CAMPAIGN_STATUSES,
    "adset": ADSET_STATUSES,
    "ad": AD_STATUSES,
}
GONE = frozenset(("ARCHIVED", "DELETED"))


def campaign_status(campaign: Campaign) -> str:
    """The campaign's effective status."""
    return _own_status(campaign) or campaign.issue or "ACTIVE"


def adset_status(adset: AdSet, campaign: Campaign) -> str:
    """The ad set's effective status: a parent that is gone wins, then its own."""
    if campaign.status in GONE:
        return campaign.status
    if own := _own_status(adset):
        return own
    if campaign.status == "PAUSED":
        return "CAMPAIGN_PAUSED"
    return adset.issue or "ACTIVE"


def ad_status(ad: Ad, adset: AdSet, campaign: Campaign) -> str:
    """The ad's effective status: a parent that is gone wins, then its own."""
    for parent in (campaign, adset):
        if parent.status in GONE:
            return parent.status
    if own := _own_status(ad):
        return own
    if campaign.status == "PAUSED":
        return "CAMPAIGN_PAUSED"
    if adset.status == "PAUSED":
        return "ADSET_PAUSED"
    return ad.issue or "ACTIVE"


def _own_status(node: Campaign | AdSet | Ad) -> str | None:
    return None if node.status == "ACTIVE" else node.status
