"""Which form an answer of rows has: by `format`, else by what Accept prefers."""

import re

from api.errors import BadParameter
from api.params import Form, RowsQuery

MEDIA_TYPE: dict[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


def asked_form(asked: RowsQuery, accept: str) -> Form:
    """The form asked for.

    Raises:
        BadParameter: an export is asked for in pages, or another form with a mark.
    """
    form = asked.format or _preferred(accept)
    if form != "json" and asked.model_fields_set & {"cursor", "limit"}:
        raise BadParameter(
            f"An export ({form}) is all rows at once: it has no pages.",
            "Leave out limit and cursor, or ask for format=json.",
        )
    if asked.bom and form != "csv":
        raise BadParameter(
            f"Only csv can begin with a byte order mark, and {form} is asked for.",
            "Leave out bom, or ask for format=csv.",
        )
    return form


def _preferred(accept: str) -> Form:
    """The form of the highest weight; of several the one that is named most closely,
    then first. Json where none is wanted. Source: RFC 9110, 12.5.1.
    """
    ranges: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(accept.split(",")):
        name, *parameters = (text.strip() for text in part.lower().split(";"))
        weight = 1.0
        for parameter in parameters:
            if re.fullmatch(r"q=(0(\.\d{1,3})?|1(\.0{1,3})?)", parameter):
                weight = float(parameter[2:])
        ranges.setdefault(name, (weight, -place))

    def rank(form: Form) -> tuple[float, int, int]:
        media_type = MEDIA_TYPE[form]
        of_kind = media_type.partition("/")[0] + "/*"
        for closeness, name in ((3, media_type), (2, of_kind), (1, "*/*")):
            if name in ranges:
                weight, place = ranges[name]
                return weight, closeness, place
        return 0.0, 0, 0

    best = max(MEDIA_TYPE, key=rank)
    return best if rank(best)[0] > 0 else "json"
