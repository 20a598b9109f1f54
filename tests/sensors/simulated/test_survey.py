"""Slug tests of the hidden ground scatter about what is hidden there."""

from __future__ import annotations

import math

import numpy as np

from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from sensors.simulated.survey import LN_SD, borehole_tests, well_tests
from sensors.simulated.wells import Groundwater


def test_tests_scatter_about_the_hidden_conductivity() -> None:
    scene = load_scene(scene_folder("qingliu"))
    hidden = Groundwater(scene.park, 3, scene.terrain()).hidden
    assert hidden is not None
    sheets = hidden.aquifer.sheets
    found = well_tests(scene.park, hidden, 3) + borehole_tests(scene.park, hidden, 3)
    assert found == well_tests(scene.park, hidden, 3) + borehole_tests(scene.park, hidden, 3)
    strata = {row.id: row.stratum_id for row in scene.park.wells}
    assert all(strata.get(row.place, row.stratum_id) == row.stratum_id for row in found)
    true = [
        sheets.ln_k[sheets.stratum_ids.index(row.stratum_id)][sheets.cell(row.x_m, row.y_m)] for row in found
    ]
    miss = np.array([math.log(row.k_m_s) for row in found]) - np.array(true)
    assert len(found) > 50
    assert abs(miss.mean()) < 3.0 * LN_SD / math.sqrt(len(found))
    assert 0.7 * LN_SD < miss.std(ddof=1) < 1.3 * LN_SD
