"""What takes gas out of puffs: mass balance, limits, species that share one run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from models.air.cloud import selected
from models.air.deposition import (
    NOTHING,
    SUBSTANCES,
    Removal,
    RemovalLoss,
    deposition_velocity_m_s,
    removal_of,
)
from models.air.ground import DoseMap, MapGrid, deposition_maps
from models.air.puff import GaussianPuff
from models.air.shape import level_share
from models.air.tracks import Fineness, Sources, march
from models.air.turbulence import aerodynamic_resistance
from models.air.wind import uniform_wind
from models.contract import SurfaceLayer, flat_site
from twin.core.beam import point_receptor
from twin.core.clock import Interval
from twin.core.errors import BadRequestError
from twin.core.geometry import Extent, Place, frozen
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.release import Release

END_MS = 1_795_000_000_000
WINDOW = Interval(start_ms=END_MS - 900_000, end_ms=END_MS)
PLAIN = Extent(x_min_m=-6000.0, y_min_m=-6000.0, x_max_m=6000.0, y_max_m=6000.0)
AIR = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.6, mixing_height_m=math.inf
)
WIND = uniform_wind(3.0, 270.0, AIR)
GRID = PlumeGrid(x_min_m=-1000.0, y_min_m=-2500.0, dx_m=100.0, dy_m=100.0, dz_m=100.0, nx=70, ny=50, nz=10)


def release(substance: str = "hf", name: str = "R") -> Release:
    return Release(
        id=name,
        substance_id=substance,
        place=Place(x_m=0.0, y_m=0.0, z_m=3.0),
        height_m=3.0,
        rate_kg_s=0.02,
        interval=WINDOW,
        origin=Origin.MODELLED,
    )


def airborne_kg(removal: dict[str, Removal], rain_mm_h: float = 0.0) -> float:
    solver = GaussianPuff(removal=removal, rain_mm_h=rain_mm_h)
    plume = solver.run(flat_site(PLAIN), [release()], WIND, WINDOW, grid=GRID)
    return float(plume.conc_kg_m3.sum()) * 1e6


def test_without_removal_all_gas_stays():
    assert airborne_kg({}) == pytest.approx(0.02 * 900.0, rel=1e-4)
    assert airborne_kg({"hf": NOTHING}) == airborne_kg({})
    assert airborne_kg({"so2": Removal(deposition_m_s=0.1)}) == airborne_kg({})


def test_decay_and_rain_are_exact():
    # Mass that left a time t ago has kept exp(-k t): rate (1 - exp(-k T)) / k in all.
    rate = 1e-4 * 5.0**0.8 + 2e-4
    removal = {"hf": Removal(washout_1_s=1e-4, decay_1_s=2e-4)}
    expected = 0.02 * -math.expm1(-rate * 900.0) / rate
    assert airborne_kg(removal, 5.0) == pytest.approx(expected, rel=5e-4)


def test_emitted_is_airborne_plus_deposited():
    # Along the march: what the losses took is what the shares miss, term by term.
    loss = RemovalLoss(removal=Removal(deposition_m_s=0.02, washout_1_s=1e-4), roughness_m=0.3, rain_mm_h=3.0)
    sources = Sources(
        x_m=frozen([0.0]), y_m=frozen([0.0]), height_m=frozen([3.0]), sigma_start_m=1.0, roughness_m=0.3
    )
    tracks = march(sources, WIND, WINDOW, PLAIN, fineness=Fineness(growth=0.02), losses=[loss])
    share = np.exp(tracks.log_share[0, :, 0, 0])
    rate = np.array(
        [loss(frozen([sigma]), frozen([3.0]), AIR)[0] for sigma in np.exp(tracks.log_sigma_z[:, 0, 0])]
    )
    gone = np.concatenate([[0.0], np.cumsum(np.diff(tracks.ages_s) * 0.5 * (rate * share)[1:])])
    gone[1:] += np.cumsum(np.diff(tracks.ages_s) * 0.5 * (rate * share)[:-1])
    assert share + gone == pytest.approx(np.ones(share.size), abs=2e-3)
    assert (np.diff(share) < 0.0).all()


def test_maps_of_deposition_close_the_balance_of_mass():
    # What fell on the map until the end, plus what is in the air at the end, is what was emitted.
    removal, site = Removal(deposition_m_s=0.03), flat_site(PLAIN)
    loss = RemovalLoss(removal=removal, roughness_m=site.roughness_m)
    times = [WINDOW.start_ms + 15_000 * k for k in range(1, 61)]
    grid = MapGrid(x_min_m=-1000.0, y_min_m=-2500.0, dx_m=100.0, dy_m=100.0, nx=70, ny=50)
    fallen = DoseMap((grid.ny, grid.nx))
    fallen.add(WINDOW.start_ms, np.zeros((grid.ny, grid.nx)))
    solver, rates = GaussianPuff(), np.array([0.02])
    airborne = 0.0
    for part in solver.clouds([release()], WIND, WINDOW, times, PLAIN, [loss], roughness_m=0.3):
        mass = part.mass_kg(rates, 0)
        for k, moment in enumerate(part.moments):
            here = np.flatnonzero(part.cut.moment == k)
            speed = float(deposition_velocity_m_s(removal, AIR, site.roughness_m))
            rate = deposition_maps(
                selected(part.cut.puffs, here), mass[here], grid, math.inf, speed_m_s=speed, height_m=1.0
            )
            fallen.add(times[moment], rate)
            airborne = float(mass[here].sum())
    deposited = float(fallen.total.sum()) * grid.dx_m * grid.dy_m
    assert deposited > 0.05 * 18.0
    assert airborne + deposited == pytest.approx(0.02 * 900.0, rel=0.01)


def test_velocity_is_bounded_by_what_the_air_brings_down():
    calm = replace(AIR, friction_velocity_m_s=0.02, inverse_obukhov_1_m=0.1)
    most = 1.0 / float(aerodynamic_resistance(1.0, 0.3, calm))
    assert float(deposition_velocity_m_s(SUBSTANCES["hf"], calm, 0.3)) == pytest.approx(most)
    assert float(deposition_velocity_m_s(SUBSTANCES["so2"], AIR, 0.3)) == 0.01
    many = replace(AIR, friction_velocity_m_s=np.array([0.02, 0.3]), inverse_obukhov_1_m=np.array([0.1, 0.0]))
    assert deposition_velocity_m_s(SUBSTANCES["hf"], many, 0.3).shape == (2,)


def test_loss_is_velocity_times_share_at_a_metre():
    loss = RemovalLoss(removal=Removal(deposition_m_s=0.01), roughness_m=0.3)
    sigma, height = frozen([4.0, 40.0]), frozen([3.0, 3.0])
    share = level_share(1.0, sigma, height, 0.3, 0.0)
    assert loss(sigma, height, AIR) == pytest.approx(0.01 * share)


def test_species_share_one_run_and_keep_their_own_losses():
    rows = [release("hf", "A"), release("so2", "B"), release("n2", "C")]
    receptors = [point_receptor(str(x), Place(x_m=x, y_m=0.0, z_m=1.5)) for x in (200.0, 900.0)]
    site = flat_site(PLAIN)
    solver = GaussianPuff(removal=SUBSTANCES)
    together = solver.beam_matrix(site, rows, WIND, WINDOW, receptors, [END_MS])[0]
    for k, row in enumerate(rows):
        alone = solver.beam_matrix(site, [row], WIND, WINDOW, receptors, [END_MS])[0, :, 0]
        assert together[:, k] == pytest.approx(alone, rel=1e-9)
    assert (together[:, 0] < together[:, 1]).all()
    assert (together[:, 1] < together[:, 2]).all()


def test_substances_of_the_table():
    assert removal_of("hf").deposition_m_s > removal_of("so2").deposition_m_s > 0.0
    assert removal_of("hf").washout_rate_1_s(1.0) == pytest.approx(1e-4)
    assert removal_of("hf").washout_rate_1_s(0.0) == 0.0
    assert removal_of("argon") == NOTHING


@pytest.mark.parametrize("field", ["deposition_m_s", "washout_1_s", "decay_1_s", "washout_power"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_impossible_removal_is_refused(field: str, value: float):
    with pytest.raises(BadRequestError) as caught:
        Removal(**{field: value})
    assert caught.value.field == field
