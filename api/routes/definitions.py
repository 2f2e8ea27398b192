"""What the numbers mean: metrics and dimensions, as the snapshot defines them."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import meta
from api.dependencies import Moment, OneSnapshot, UsedSettings
from api.params import DefinitionsQuery
from api.schemas import Answer
from api.schemas_definitions import Definitions, DimensionDefinition, MetricDefinition

router = APIRouter(prefix="/v1", tags=["documentation"])


@router.get("/definitions", summary="Metrics and dimensions: meaning, formula, caveats")
def definitions(
    asked: Annotated[DefinitionsQuery, Query()],
    reader: OneSnapshot,
    settings: UsedSettings,
    now: Moment,
) -> Answer[Definitions]:
    values = {"names": asked.name}
    return Answer(
        data=Definitions(
            metrics=[
                MetricDefinition.model_validate(row)
                for row in reader.rows("metric_definitions", values)
            ],
            dimensions=[
                DimensionDefinition.model_validate(row)
                for row in reader.rows("dimension_definitions", values)
            ],
        ),
        meta=meta(settings, reader, now, []),
    )
