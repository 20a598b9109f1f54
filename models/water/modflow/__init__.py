"""MODFLOW 6 models in and out, through flopy (optional extra ``modflow``).

>>> from models.water.modflow import read_modflow6, write_modflow6  # doctest: +SKIP
"""

from __future__ import annotations

from models.water.modflow.extra import UnsupportedError
from models.water.modflow.read import Modflow, read_modflow6
from models.water.modflow.units import Units
from models.water.modflow.write import Written, write_modflow6

__all__ = ["Modflow", "Units", "UnsupportedError", "Written", "read_modflow6", "write_modflow6"]
