"""Layers below ground from borehole logs: positive thicknesses hung from the terrain.

The square root of each layer's thickness is kriged (gis.kriging); its square is a thickness that
cannot be negative, so layers cannot cross, and the depths hang from the terrain, which is known
everywhere, so relief does not leak into the geology. Where a hole ends inside a layer, the part
that was drilled is a lower bound and is made to hold. Errors are leave-one-out, at interfaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from gis.conditioning import pull_to_points
from gis.kriging import Kriged, krige
from gis.terrain import Terrain
from twin.core.aquifer import Borehole
from twin.core.errors import StrataError
from twin.core.geometry import FloatArray, frozen
from twin.core.park import Park
from twin.core.text import Text

BoolArray = npt.NDArray[np.bool_]

_LEAST_HOLES = 3
_SAME_PLACE_M = 0.5
_SAME_DEPTH_M = 0.01
_OPEN_LAYER_M = 10.0  # drawn thickness of a last layer whose bottom no hole has reached
_BOUND_ROUNDS = 3
_COLLAR_GAP_M = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StrataModel:
    """Bottoms of k layers on a grid; row 0 = SOUTH; heights are local z in metres.

    ``x_m`` (nx,), ``y_m`` (ny,) nodes; ``ground_m`` (ny, nx); ``bottoms_m`` and ``sd_m``
    (k, ny, nx), standard deviation of each bottom's depth. Leave-one-out results per interface
    (k,): root mean square error in metres of depth, mean and standard deviation of the errors over
    their predicted sd, and the number of holes ``loo_count``; NaN where fewer than three holes
    reach the interface. ``range_m`` (k,) is the distance over which a layer resembles itself.
    ``open_bottom`` tells that no hole reached the bottom of the last layer (it is drawn 10 m thick).
    """

    layer_ids: tuple[str, ...]
    x_m: FloatArray
    y_m: FloatArray
    ground_m: FloatArray
    bottoms_m: FloatArray
    sd_m: FloatArray
    loo_rmse_m: FloatArray
    loo_z_mean: FloatArray
    loo_z_sd: FloatArray
    loo_count: tuple[int, ...]
    range_m: FloatArray
    open_bottom: bool
    notes: tuple[Text, ...]

    @property
    def thickness_m(self) -> FloatArray:
        """Thickness of each layer (k, ny, nx)."""
        tops = np.concatenate([self.ground_m[None], self.bottoms_m[:-1]])
        return np.asarray(tops - self.bottoms_m)

    @property
    def volumes_m3(self) -> FloatArray:
        """Volume of each layer (k,) over the grid's rectangle (bilinear prisms)."""
        along_y = np.trapezoid(self.thickness_m, self.y_m, axis=1)
        return np.asarray(np.trapezoid(along_y, self.x_m, axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layer:
    """One fitted layer. ``thickness_m`` and ``var_m2`` (ny, nx); LOO arrays (holes,), NaN = unknown."""

    thickness_m: FloatArray
    var_m2: FloatArray
    loo_error_m: FloatArray
    loo_var_m2: FloatArray
    range_m: float


def build_strata(park: Park, terrain: Terrain, step_m: float) -> StrataModel:
    """Layers of a park on a grid of ``step_m`` over its terrain.

    Raises StrataError when logs are missing, contradict themselves or share one place.
    """
    return build_layers(tuple(row.id for row in park.strata), park.boreholes, terrain, step_m)


def build_layers(
    layer_ids: Sequence[str], boreholes: Sequence[Borehole], terrain: Terrain, step_m: float
) -> StrataModel:
    """As ``build_strata``, from layer ids and logs alone."""
    _check(layer_ids, boreholes)
    coarse = terrain.resample(step_m)
    ground = coarse.heights_m.astype(np.float64)
    known = np.array([[np.nan if t is None else t for t in hole.thickness_m] for hole in boreholes])
    is_open = bool(np.isnan(known[:, -1]).all())
    places = np.array([[hole.collar.x_m, hole.collar.y_m] for hole in boreholes])
    depth = np.array([hole.depth_m for hole in boreholes])
    layers: list[_Layer] = []
    above = np.zeros(len(boreholes))
    for k in range(len(layer_ids)):
        if k == len(layer_ids) - 1 and is_open:
            layers.append(_open_layer(ground.shape, len(boreholes)))
            break
        layer, at_holes = _layer(places, known[:, k], depth - above, coarse)
        above = above + at_holes
        layers.append(layer)
    return _model(tuple(layer_ids), coarse, layers, is_open, _collar_notes(boreholes, terrain))


def _check(layer_ids: Sequence[str], boreholes: Sequence[Borehole]) -> None:
    if len(boreholes) < _LEAST_HOLES:
        raise _bad(
            f"{len(boreholes)} boreholes", "too few", f"at least {_LEAST_HOLES}", f"至少 {_LEAST_HOLES} 个"
        )
    for hole in boreholes:
        _check_hole(hole, len(layer_ids))
    for k, name in enumerate(layer_ids[:-1]):
        if all(hole.thickness_m[k] is None for hole in boreholes):
            raise _bad(f"stratum {name}", "no hole", "at least one thickness", "至少有一个厚度")
    places = np.array([[hole.collar.x_m, hole.collar.y_m] for hole in boreholes])
    for i in range(1, len(boreholes)):
        near = np.hypot(*(places[:i] - places[i]).T) < _SAME_PLACE_M
        if near.any():
            pair = f"{boreholes[int(np.argmax(near))].id}, {boreholes[i].id}"
            raise _bad(f"collars of {pair}", "one place", "holes at least 0.5 m apart", "钻孔间距至少 0.5 米")


def _check_hole(hole: Borehole, layers: int) -> None:
    known = [t for t in hole.thickness_m if t is not None]
    if len(hole.thickness_m) != layers:
        raise _bad(f"borehole {hole.id}: thicknesses", len(hole.thickness_m), f"{layers}", f" {layers} 个")
    if any(t is not None for t in hole.thickness_m[len(known) :]):
        raise _bad(f"borehole {hole.id}: thickness_m", "a gap", "None only below the end", "仅孔底以下为空")
    if any(not np.isfinite(t) or t < 0.0 for t in known):
        raise _bad(f"borehole {hole.id}: thickness_m", min(known), "zero or more", "不小于零")
    if sum(known) > hole.depth_m + _SAME_DEPTH_M:
        field, limit = f"borehole {hole.id}: sum of thicknesses", f"depth_m {hole.depth_m:g}"
        raise _bad(field, f"{sum(known):g} m", f"at most {limit}", f"不超过 {limit}")


def _layer(
    places: FloatArray, known: FloatArray, room: FloatArray, grid: Terrain
) -> tuple[_Layer, FloatArray]:
    """Fit one layer; ``room`` (holes,) is the depth of each hole below the layer's top.

    Returns the layer and its thickness at every hole, logged or predicted.
    """
    logged = np.isfinite(known)
    used, values = logged.copy(), np.where(logged, known, 0.0)
    field = krige(places[used], np.sqrt(values[used]))
    at_holes = np.where(logged, known, thickness_of(*field.predict(places))[0])
    for _ in range(_BOUND_ROUNDS):
        # The hole went on through this layer to its end: the layer is at least that thick there.
        short = ~used & (at_holes < room - _SAME_DEPTH_M)
        if not short.any():
            break
        used, values = used | short, np.where(short, room, values)
        field = krige(places[used], np.sqrt(values[used]))
        at_holes = np.where(used, values, thickness_of(*field.predict(places))[0])
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    mean, variance = field.predict(np.column_stack([x.ravel(), y.ravel()]))
    thickness, spread = thickness_of(mean, variance)
    shape = grid.heights_m.shape
    inside = grid.contains(places[:, 0], places[:, 1]) & used
    position = (places[inside] - [grid.x0_m, grid.y0_m]) / grid.step_m
    fitted = pull_to_points(thickness.reshape(shape), position, values[inside])
    return _with_errors(field, used, logged, fitted, spread.reshape(shape)), at_holes


def _with_errors(
    field: Kriged, used: BoolArray, logged: BoolArray, thickness: FloatArray, spread: FloatArray
) -> _Layer:
    left_out, left_out_var = thickness_of(field.values + field.loo_error, field.loo_var)
    error, variance = np.full(used.size, np.nan), np.full(used.size, np.nan)
    error[used], variance[used] = left_out - field.values**2, left_out_var
    error[~logged] = np.nan  # a lower bound is no measurement to be judged by
    return _Layer(
        thickness_m=thickness, var_m2=spread, loo_error_m=error, loo_var_m2=variance, range_m=field.range_m
    )


def thickness_of(mean: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Thickness and its variance from the kriged square root (its ``mean`` and ``variance``).

    The expected square is mean^2 + variance; the variance is added in proportion to how surely the
    layer is there at all, so that a layer still pinches out, to exactly zero, where mean <= 0.
    Variance of a squared normal variable: 4 mean^2 v + 2 v^2.
    """
    root = np.maximum(mean, 0.0)
    certainty = 2.0 * ndtr(root / np.sqrt(np.maximum(variance, 1e-30))) - 1.0
    return root**2 + variance * certainty, 4.0 * root**2 * variance + 2.0 * variance**2


def _open_layer(shape: tuple[int, ...], holes: int) -> _Layer:
    return _Layer(
        thickness_m=np.full(shape, _OPEN_LAYER_M), var_m2=np.full(shape, np.nan),
        loo_error_m=np.full(holes, np.nan), loo_var_m2=np.full(holes, np.nan), range_m=float("nan"),
    )  # fmt: skip


def _model(
    layer_ids: tuple[str, ...], grid: Terrain, layers: list[_Layer], is_open: bool, notes: tuple[Text, ...]
) -> StrataModel:
    ground = grid.heights_m.astype(np.float64)
    depths = np.cumsum([layer.thickness_m for layer in layers], axis=0)
    spread = np.cumsum([layer.var_m2 for layer in layers], axis=0)
    errors = np.cumsum([layer.loo_error_m for layer in layers], axis=0)
    variances = np.cumsum([layer.loo_var_m2 for layer in layers], axis=0)
    figures = [_loo(error, variance) for error, variance in zip(errors, variances, strict=True)]
    return StrataModel(
        layer_ids=layer_ids, x_m=frozen(grid.x_m), y_m=frozen(grid.y_m), ground_m=frozen(ground),
        bottoms_m=frozen(ground - depths), sd_m=frozen(np.sqrt(spread)),
        loo_rmse_m=frozen([row[0] for row in figures]), loo_z_mean=frozen([row[1] for row in figures]),
        loo_z_sd=frozen([row[2] for row in figures]), loo_count=tuple(row[3] for row in figures),
        range_m=frozen([layer.range_m for layer in layers]), open_bottom=is_open, notes=notes,
    )  # fmt: skip


def _loo(error: FloatArray, variance: FloatArray) -> tuple[float, float, float, int]:
    """Root mean square, mean and sd of the standardised errors, number of holes."""
    known = np.isfinite(error)
    count = int(known.sum())
    if count < _LEAST_HOLES:
        return float("nan"), float("nan"), float("nan"), count
    rmse = float(np.sqrt(np.mean(error[known] ** 2)))
    judged = known & (variance > 0.0)
    if not judged.any():
        return rmse, 0.0, 0.0, count
    z = error[judged] / np.sqrt(variance[judged])
    return rmse, float(z.mean()), float(z.std()), count


def _collar_notes(boreholes: Sequence[Borehole], terrain: Terrain) -> tuple[Text, ...]:
    """Holes whose collar is not on the terrain: their depths are used, their heights are not."""
    notes = []
    for hole in boreholes:
        if not bool(terrain.contains(hole.collar.x_m, hole.collar.y_m)):
            continue
        gap = hole.collar.z_m - terrain.height_at(hole.collar.x_m, hole.collar.y_m)
        if abs(gap) > _COLLAR_GAP_M:
            zh = f"钻孔 {hole.id}：孔口高程与地形相差 {gap:+.1f} 米，仅采用深度"
            en = f"borehole {hole.id}: collar is {gap:+.1f} m off the terrain; only its depths are used"
            notes.append(Text(zh=zh, en=en))
    return tuple(notes)


def _bad(field: str, value: object, expected: str, expected_zh: str) -> StrataError:
    return StrataError(
        f"{field}: {value}; expected {expected}",
        message_zh=f"{field}：{value}；应为{expected_zh}",
        field=field,
        value=value,
    )
