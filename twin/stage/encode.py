"""Binary forms of meshes, grids and volumes for the viewer (docs/wire.md), and their inverses.

Quantisation is uniform in height (``z_step``) and logarithmic in concentration; values are
delta-coded so that gzip finds the redundancy. The inverses exist for tests and for readers in
Python.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.core.geometry import Extent
from twin.core.plume import Plume, PlumeGrid

TIN_HEADER = struct.Struct("<4sIIIffff")
GRID_HEADER = struct.Struct("<4sHHHHffffqffI")
VOLUME_HEADER = struct.Struct("<4sHHHBBffffffffq12x")
NO_VALUE = 65535
DECADES = 5  # span of a plume frame below its fixed top
GROUNDWATER_TOP_KG_M3 = 1e-2  # 10 mg/L
VOLUME_TOP_KG_M3 = 1e-4  # 100 mg/m3: above every threshold of the reference substances

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridFile:
    """Decoded ``.twg``: bands (n, ny, nx) in metres, row 0 = south, NaN = no value."""

    bands: npt.NDArray[np.float32]
    x0_m: float
    y0_m: float
    dx_m: float
    dy_m: float
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolumeFile:
    """Decoded ``.twv``: concentration (nz, ny, nx) in kg/m3, 0 below the smallest level."""

    conc_kg_m3: npt.NDArray[np.float32]
    grid: PlumeGrid
    time_ms: int


def encode_tin(
    vertices_m: npt.NDArray[np.floating], triangles: npt.NDArray[np.integer], extent: Extent
) -> bytes:
    """``.twt`` bytes of vertices (n, 3) in local metres and counter-clockwise triangles (m, 3).

    x and y are quantised to 1/65535 of the extent (4 cm to 10 cm), z to 1/65535 of its range.
    Vertices are put in Morton order (Morton, 1966) and triangles in the order of their vertices, so
    that neighbours have near numbers and the deltas pack well.
    """
    vertices_m, triangles = _in_morton_order(vertices_m, triangles, extent)
    x = _quantise(vertices_m[:, 0], extent.x_min_m, extent.width_m / 65535.0)
    y = _quantise(vertices_m[:, 1], extent.y_min_m, extent.height_m / 65535.0)
    z_min = float(vertices_m[:, 2].min())
    z_step = max(float(np.ptp(vertices_m[:, 2])) / 65535.0, 1e-4)
    z = _quantise(vertices_m[:, 2], z_min, z_step)
    header = TIN_HEADER.pack(b"TWT1", len(x), len(triangles), 0, z_min, z_step, 0.0, 0.0)
    planes = b"".join(_delta(plane).tobytes() for plane in (x, y, z))
    padding = b"\0" * (-len(planes) % 4)
    return header + planes + padding + _delta(triangles.astype("<u4").ravel()).tobytes()


def decode_tin(data: bytes, extent: Extent) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint32]]:
    """Vertices (n, 3) in local metres and triangles (m, 3) of ``.twt`` bytes."""
    magic, n, m, _, z_min, z_step, _, _ = TIN_HEADER.unpack_from(data)
    _check_magic(magic, b"TWT1")
    at = TIN_HEADER.size
    planes = [np.cumsum(np.frombuffer(data, "<u2", n, at + k * 2 * n), dtype=np.uint16) for k in range(3)]
    at += 6 * n + (-6 * n % 4)
    indices = np.cumsum(np.frombuffer(data, "<u4", 3 * m, at), dtype=np.uint32)
    xyz = np.empty((n, 3))
    xyz[:, 0] = extent.x_min_m + planes[0] * (extent.width_m / 65535.0)
    xyz[:, 1] = extent.y_min_m + planes[1] * (extent.height_m / 65535.0)
    xyz[:, 2] = z_min + planes[2] * z_step
    return xyz, indices.reshape(m, 3)


def encode_grid(
    bands: npt.NDArray[np.floating],
    *,
    x0_m: float,
    y0_m: float,
    dx_m: float,
    dy_m: float,
    time_ms: int = 0,
) -> bytes:
    """``.twg`` bytes of bands (n, ny, nx) in metres; row 0 = south; NaN = no value.

    All bands share one quantisation over 0..65534, so its step is the range / 65534.
    """
    count, ny, nx = bands.shape
    known = bands[np.isfinite(bands)]
    z_min = float(known.min()) if known.size else 0.0
    z_step = max((float(known.max()) - z_min) / 65534.0, 1e-4) if known.size else 1e-4
    filled = np.where(np.isfinite(bands), bands, z_min)
    codes = np.round((filled - z_min) / z_step).astype("<u2")
    codes[~np.isfinite(bands)] = NO_VALUE
    header = GRID_HEADER.pack(b"TWG1", nx, ny, count, 0, x0_m, y0_m, dx_m, dy_m, time_ms, z_min, z_step, 0)
    return header + _delta_rows(codes).tobytes()


def decode_grid(data: bytes) -> GridFile:
    """Bands of ``.twg`` bytes."""
    magic, nx, ny, count, _, x0, y0, dx, dy, time_ms, z_min, z_step, _ = GRID_HEADER.unpack_from(data)
    _check_magic(magic, b"TWG1")
    deltas = np.frombuffer(data, "<u2", count * ny * nx, GRID_HEADER.size).reshape(count, ny, nx)
    codes = np.cumsum(deltas, axis=-1, dtype=np.uint16)
    bands = (z_min + codes.astype(np.float64) * z_step).astype(np.float32)
    bands[codes == NO_VALUE] = np.nan
    return GridFile(bands=bands, x0_m=x0, y0_m=y0, dx_m=dx, dy_m=dy, time_ms=time_ms)


def encode_plume(plume: Plume, *, top_kg_m3: float = VOLUME_TOP_KG_M3, decades: float = DECADES) -> bytes:
    """``.twv`` bytes of a plume: 255 logarithmic levels over ``decades`` below ``top_kg_m3``.

    The top is raised to the plume's maximum when that is higher, so nothing saturates. The
    largest relative error inside the span is half a level: 10 ** (decades / 508) - 1 (2.3 % for 5).
    """
    conc = np.asarray(plume.conc_kg_m3, dtype=np.float64)
    grid = plume.grid
    v_max = max(top_kg_m3, float(conc.max(initial=0.0)))
    codes, v_min = _log_codes(conc, v_max, decades)
    header = VOLUME_HEADER.pack(
        b"TWV1",
        grid.nx,
        grid.ny,
        grid.nz,
        1,
        1,
        grid.x_min_m,
        grid.y_min_m,
        0.0,
        grid.dx_m,
        grid.dy_m,
        grid.dz_m,
        v_min,
        v_max,
        plume.time_ms,
    )
    return header + _delta_rows(codes).tobytes()


def encode_bands(
    bands: npt.NDArray[np.floating],
    *,
    x_min_m: float,
    y_min_m: float,
    dx_m: float,
    dy_m: float,
    nx: int,
    ny: int,
    time_ms: int,
    top: float,
    decades: float,
) -> bytes:
    """``.twv`` bytes of maps of the ground (n, ny, nx): layers are bands, not heights (``vertical`` = 2).

    Levels as in ``encode_plume``: 255 over ``decades`` below ``top``, which is raised to the maximum.
    """
    if bands.shape[1:] != (ny, nx):
        msg = f"bands have shape {bands.shape}, expected (n, {ny}, {nx})"
        raise ValueError(msg)
    v_max = max(top, float(bands.max(initial=0.0)))
    codes, v_min = _log_codes(bands, v_max, decades)
    header = VOLUME_HEADER.pack(
        b"TWV1", nx, ny, bands.shape[0], 2, 1, x_min_m, y_min_m, 0.0, dx_m, dy_m, 1.0, v_min, v_max, time_ms
    )
    return header + _delta_rows(codes).tobytes()


def encode_depths(
    conc_kg_m3: npt.NDArray[np.floating],
    *,
    x_min_m: float,
    y_min_m: float,
    z_min_m: float,
    dx_m: float,
    dy_m: float,
    dz_m: float,
    time_ms: int,
    top_kg_m3: float = GROUNDWATER_TOP_KG_M3,
    decades: float = DECADES,
) -> bytes:
    """``.twv`` bytes of a plume in the ground (nz, ny, nx): heights are negative, metres below the ground.

    Layer 0 is the deepest and begins at ``z_min_m``. NaN (no water there) is written as nothing. Levels as in
    ``encode_plume``.
    """
    conc = np.nan_to_num(np.asarray(conc_kg_m3, dtype=np.float64), nan=0.0)
    nz, ny, nx = conc.shape
    v_max = max(top_kg_m3, float(conc.max(initial=0.0)))
    codes, v_min = _log_codes(conc, v_max, decades)
    header = VOLUME_HEADER.pack(
        b"TWV1", nx, ny, nz, 1, 1, x_min_m, y_min_m, z_min_m, dx_m, dy_m, dz_m, v_min, v_max, time_ms
    )
    return header + _delta_rows(codes).tobytes()


def _log_codes(values: npt.NDArray[np.floating], v_max: float, decades: float) -> tuple[U8, float]:
    """Levels 1 to 255, logarithmic over ``decades`` below ``v_max``, 0 for less; and the least value."""
    v_min = v_max * 10.0**-decades
    codes = np.zeros(values.shape, dtype=np.uint8)
    seen = values >= v_min
    level = np.log(values[seen] / v_min) / np.log(v_max / v_min)
    codes[seen] = np.clip(np.round(level * 254.0) + 1, 1, 255).astype(np.uint8)
    return codes, v_min


def decode_plume(data: bytes) -> VolumeFile:
    """Concentrations of ``.twv`` bytes."""
    magic, nx, ny, nz, _, _, x0, y0, _, dx, dy, dz, v_min, v_max, time_ms = VOLUME_HEADER.unpack_from(data)
    _check_magic(magic, b"TWV1")
    deltas = np.frombuffer(data, np.uint8, nx * ny * nz, VOLUME_HEADER.size).reshape(nz, ny, nx)
    codes = np.cumsum(deltas, axis=-1, dtype=np.uint8)
    conc = v_min * (v_max / v_min) ** ((codes.astype(np.float64) - 1.0) / 254.0)
    conc[codes == 0] = 0.0
    grid = PlumeGrid(x_min_m=x0, y_min_m=y0, dx_m=dx, dy_m=dy, dz_m=dz, nx=nx, ny=ny, nz=nz)
    return VolumeFile(conc_kg_m3=conc.astype(np.float32), grid=grid, time_ms=time_ms)


def _quantise(values: npt.NDArray[np.floating], start: float, step: float) -> npt.NDArray[np.uint16]:
    return np.clip(np.round((values - start) / step), 0, 65535).astype("<u2")


def _in_morton_order(
    vertices_m: npt.NDArray[np.floating], triangles: npt.NDArray[np.integer], extent: Extent
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]]:
    x = _quantise(vertices_m[:, 0], extent.x_min_m, extent.width_m / 65535.0)
    y = _quantise(vertices_m[:, 1], extent.y_min_m, extent.height_m / 65535.0)
    order = np.argsort(_spread(x) | (_spread(y) << np.uint32(1)), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    turned = rank[triangles]
    first = turned.argmin(axis=1)
    turned = turned[np.arange(len(turned))[:, None], (first[:, None] + np.arange(3)) % 3]
    return vertices_m[order], turned[np.lexsort((turned[:, 1], turned[:, 0]))]


def _spread(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint32]:
    """Bits of 16-bit numbers moved to the even places of 32."""
    bits = values.astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | (bits << np.uint32(shift))) & np.uint32(mask)
    return bits


def _delta(values: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.unsignedinteger]:
    out = values.copy()
    out[1:] -= values[:-1]
    return out


def _delta_rows(values: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.unsignedinteger]:
    out = values.copy()
    out[..., 1:] -= values[..., :-1]
    return out


def _check_magic(found: bytes, expected: bytes) -> None:
    if found != expected:
        msg = f"magic is {found!r}, expected {expected!r}"
        raise ValueError(msg)
