"""Why two readers show different numbers."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import WhoAsks
from api.dependencies import Moment, OpenSnapshots, UsedSettings
from api.explain.answer import explanation
from api.params import ExplainQuery
from api.schemas import Answer
from api.schemas_explain import Explanation

router = APIRouter(prefix="/v1", tags=["explain"])


@router.get("/explain", summary="Two readers, the difference, its steps and rows")
def explain(
    asked: Annotated[ExplainQuery, Query()],
    snapshots: OpenSnapshots,
    caller: WhoAsks,
    settings: UsedSettings,
    now: Moment,
) -> Answer[Explanation]:
    return explanation(asked, snapshots, caller, settings, now)
