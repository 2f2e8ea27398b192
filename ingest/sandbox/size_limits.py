"""Too much data: how large an insights answer may be before it is refused."""

from dataclasses import dataclass

from ingest.sandbox.errors import GraphError

_REDUCE = "Please reduce the amount of data you're asking for, then retry your request"
_TITLES = {
    (100, 1487534): "Data per call limit",
    (100, 1504018): "The request timed out",
    (2, 1504038): "Service temporarily unavailable",
}


@dataclass(frozen=True)
class SizeLimits:
    """None: no limit.

    `rows_a_page` is what one page may really hold (a larger `limit` over fewer rows
    passes), `rows_a_request` what all pages of a request together, `days_a_request` its
    days, `report_rows` what a report job brings to its end. `code` is code and subcode
    of the refusal: (1, None), (100, 1487534), (100, 1504018) or (2, 1504038).
    """

    rows_a_page: int | None = None
    rows_a_request: int | None = None
    days_a_request: int | None = None
    report_rows: int | None = None
    code: tuple[int, int | None] = (1, None)

    def error(self) -> GraphError:
        """The refusal."""
        code, subcode = self.code
        if subcode is None:
            return GraphError(500, code, _REDUCE)
        return GraphError(
            500 if code == 2 else 400,
            code,
            f"(#{code}) {_REDUCE}",
            subcode=subcode,
            title=_TITLES.get((code, subcode)),
            text="Try a smaller date range, fewer fields or a report job.",
        )
