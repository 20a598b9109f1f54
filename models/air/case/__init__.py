"""Case files: published experiments and studies as TOML, run in a few lines.

>>> from models.air.case import load_case, run_case  # doctest: +SKIP
>>> run_case("case.toml").value("arc@100", "arc_max")  # doctest: +SKIP
"""

from __future__ import annotations

from models.air.case.load import CaseError, load_case
from models.air.case.result import CaseResult
from models.air.case.run import run_case

__all__ = ["CaseError", "CaseResult", "load_case", "run_case"]
