"""What all tables of a case file of the air share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.casefiles.strict import RULE as RULE
from models.casefiles.strict import Id as Id
from models.casefiles.strict import Strict as Strict
from models.casefiles.strict import Words as Words
from models.casefiles.strict import refuse as refuse

CASE_FORMAT = 1

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Bearing = Annotated[float, Field(ge=-360, le=720)]
Height = Annotated[float, Field(ge=0, le=5000)]
Kelvin = Annotated[float, Field(ge=100, le=2000)]
