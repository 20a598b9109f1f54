"""Case files of the water: published problems and studies as TOML, run in a few lines.

>>> from models.water.case import load_case, run_case  # doctest: +SKIP
>>> run_case("case.toml").value("well@365", "head")  # doctest: +SKIP
"""

from __future__ import annotations

from models.casefiles.findings import CaseError
from models.water.case.build import Built, build_case
from models.water.case.load import LoadedCase, load_case
from models.water.case.result import CaseResult
from models.water.case.run import check_case, run_case

__all__ = [
    "Built",
    "CaseError",
    "CaseResult",
    "LoadedCase",
    "build_case",
    "check_case",
    "load_case",
    "run_case",
]
