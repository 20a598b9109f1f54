"""The wire forms: what goes in comes out, within the stated quantisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.core.geometry import Extent
from twin.core.origin import Origin
from twin.core.plume import Plume, PlumeGrid
from twin.stage import encode

EXTENT = Extent(x_min_m=-1000.0, y_min_m=-500.0, x_max_m=1000.0, y_max_m=500.0)


def plume(conc: np.ndarray) -> Plume:
    nz, ny, nx = conc.shape
    grid = PlumeGrid(x_min_m=-10, y_min_m=5, dx_m=20, dy_m=30, dz_m=4, nx=nx, ny=ny, nz=nz)
    return Plume(
        substance_id="hf",
        time_ms=1_795_300_000_123,
        grid=grid,
        conc_kg_m3=conc,
        beam_conc_kg_m3={},
        solver="gaussian_puff",
        origin=Origin.SIMULATED,
        inputs=(),
    )


def test_header_sizes_are_those_of_the_contract():
    assert encode.TIN_HEADER.size == 32
    assert encode.GRID_HEADER.size == 48
    assert encode.VOLUME_HEADER.size == 64


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_plume_keeps_values_within_half_a_level(seed):
    rng = np.random.default_rng(seed)
    conc = 10.0 ** rng.uniform(-13, -3, (3, 4, 5))
    conc[rng.random(conc.shape) < 0.2] = 0.0
    back = encode.decode_plume(encode.encode_plume(plume(conc)))
    top = max(encode.VOLUME_TOP_KG_M3, conc.max())
    low = top * 10.0**-encode.DECADES
    inside = conc >= low
    bound = 10.0 ** (encode.DECADES / 508.0) - 1.0 + 1e-4
    np.testing.assert_allclose(back.conc_kg_m3[inside], conc[inside], rtol=bound)
    assert (back.conc_kg_m3[~inside] == 0).all()
    assert back.grid == plume(conc).grid
    assert back.time_ms == 1_795_300_000_123


def test_plume_of_nothing_is_all_zero():
    back = encode.decode_plume(encode.encode_plume(plume(np.zeros((2, 2, 2)))))
    assert (back.conc_kg_m3 == 0).all()


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_grid_keeps_heights_and_holes(seed):
    rng = np.random.default_rng(seed)
    bands = rng.uniform(250, 900, (3, 6, 7))
    bands[rng.random(bands.shape) < 0.1] = np.nan
    data = encode.encode_grid(bands, x0_m=-5, y0_m=-6, dx_m=10, dy_m=20, time_ms=7)
    back = encode.decode_grid(data)
    np.testing.assert_allclose(back.bands, bands, atol=0.006)  # 650 m / 65534 / 2, rounded to f32
    assert (back.x0_m, back.y0_m, back.dx_m, back.dy_m, back.time_ms) == (-5, -6, 10, 20, 7)


def test_tin_keeps_every_triangle_and_its_turn():
    rng = np.random.default_rng(1)
    xyz = np.column_stack(
        [rng.uniform(-1000, 1000, 500), rng.uniform(-500, 500, 500), rng.uniform(280, 900, 500)]
    )
    triangles = np.array([rng.permutation(500)[:3] for _ in range(700)])
    back_xyz, back_triangles = encode.decode_tin(encode.encode_tin(xyz, triangles, EXTENT), EXTENT)
    before, after = corners(xyz, triangles), corners(back_xyz, back_triangles)
    np.testing.assert_allclose(after[:, :, :2], before[:, :, :2], atol=0.016)
    np.testing.assert_allclose(after[:, :, 2], before[:, :, 2], atol=0.005)


def corners(xyz: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Corner coordinates (m, 3, 3), each triangle turned (not mirrored) to start with its westmost
    corner, triangles in the order of all their coordinates to the decimetre."""
    points = xyz[triangles]
    first = points[:, :, 0].argmin(axis=1)
    points = points[np.arange(len(points))[:, None], (first[:, None] + np.arange(3)) % 3]
    keys = np.round(points[:, :, :2].reshape(len(points), 6), 0)
    return points[np.lexsort(keys.T[::-1])]


def test_a_foreign_file_is_refused():
    with pytest.raises(ValueError, match="TWG1"):
        encode.decode_grid(b"PK\x03\x04" + bytes(100))
