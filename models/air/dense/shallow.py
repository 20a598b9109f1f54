"""The shallow layer: a cloud of dense gas as a layer of varying depth that flows over the terrain.

Depth-averaged balances of total mass, mass of substance, momentum and heat (Hankin and Britter 1999,
J. Hazard. Mater. 66A, 211-226, 227-237, 239-261, TWODEE; Folch, Costa and Hankin 2009, Comput. Geosci. 35,
667-674, TWODEE-2), as finite volumes on square cells: fluxes of ``riemann``, what air and ground do of
``entrainment``, two stages of Heun in time. Total mass and substance give the mass fraction, the mixing line
gives the density, both give the depth. Only the rectangle around the wet cells is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.air.dense.arrays import Array, arrays
from models.air.dense.entrainment import AirOver, mixing, pull, richardson
from models.air.dense.inflow import Inflow
from models.air.dense.layer import GHOSTS, Book, Cells, LayerFields, LayerSettings
from models.air.dense.mixture import GRAVITY_M_S2, Mixture, excess_table
from models.air.dense.riemann import AGE, DEPTH, EXCESS, FRACTION, HEAT, Scheme, Sweep, sweep
from models.air.dense.warmth import GroundHeat
from models.contract import SurfaceLayer
from twin.core.geometry import FloatArray

TOTAL, SUBSTANCE, EAST, NORTH, AGED, WARM = range(6)
_SPILLED = 4  # total, substance, aged, heat
_WET_KG_M2 = 1e-4  # the rectangle of work follows cells with more than this
_STEPS_PER_WINDOW = 8
_SPREAD_STEPS = 4  # turbulence moves gas over a fraction of a cell in this time
_LONGEST_STEP_S = 5.0
_FASTEST_M_S = 60.0
_WALL_LIKE_M = 1000.0


class ShallowLayer:
    """A dense cloud on its cells; changes in place as time goes on.

    ``mixture`` is the mixing line, ``heat`` what the ground gives (None: nothing). The wind is set by
    ``set_wind`` before the first ``advance`` unless the settings switch the air off.
    """

    def __init__(
        self, cells: Cells, mixture: Mixture, settings: LayerSettings, heat: GroundHeat | None = None
    ) -> None:
        self.cells, self.settings, self.book = cells, settings, Book()
        self._lib = arrays(settings.library, settings.precision, settings.device)
        self._table = excess_table(mixture, self._lib)
        self._heat = heat
        self._fields = 6 if heat else 5
        ny, nx = cells.ny + 2 * GHOSTS, cells.nx + 2 * GHOSTS
        self._state = self._lib.zeros(self._fields, ny, nx)
        self._rise_x = self._lib.put(np.diff(cells.ground_m, axis=1))
        self._rise_y = self._lib.put(np.diff(cells.ground_m, axis=0))
        self._steep = self._lib.put(_steepest_rise(cells))
        self._air: AirOver | None = None
        self._box: tuple[int, int, int, int] | None = None
        self._since_box = 0
        self._spill = {side: np.zeros((_SPILLED, cells.ny if side in "we" else cells.nx)) for side in "wesn"}
        self.time_s = 0.0
        self.steps = 0
        self._scheme = Scheme(
            order=settings.order,
            dry_m=settings.dry_m,
            air_density_kg_m3=self._table.air_density_kg_m3,
            library=self._lib,
        )

    @property
    def air_density_kg_m3(self) -> float:
        """Density of the air around."""
        return self._table.air_density_kg_m3

    @property
    def lightest_kg_m3(self) -> float:
        """Least density excess of the mixing line; negative when some mixture is lighter than air."""
        return self._table.lightest_kg_m3

    @property
    def substance_kg(self) -> float:
        """Mass of substance in the layer."""
        return self._sum(SUBSTANCE)

    @property
    def total_kg(self) -> float:
        """Mass of the layer, air included."""
        return self._sum(TOTAL)

    @property
    def heat_j(self) -> float:
        """Heat in the layer that came from the ground."""
        return self._sum(WARM) if self._heat else 0.0

    def set_wind(self, u_m_s: FloatArray, v_m_s: FloatArray, roughness_m: float, layer: SurfaceLayer) -> None:
        """Wind (ny, nx) at ``settings.wind_height_m`` over the cells, from now on."""
        self._air = AirOver(
            height_m=self.settings.wind_height_m,
            u_m_s=self._lib.put(np.pad(u_m_s, GHOSTS, mode="edge")),
            v_m_s=self._lib.put(np.pad(v_m_s, GHOSTS, mode="edge")),
            roughness_m=roughness_m,
            inverse_obukhov_1_m=layer.inverse_obukhov_1_m,
            air_density_kg_m3=self.air_density_kg_m3,
        )

    def put(self, depth_m: FloatArray, mass_fraction: FloatArray, mixture: Mixture) -> None:
        """Fill the cells (ny, nx) with a layer at rest; counts as having entered."""
        total = np.asarray(mixture.density(mass_fraction)) * depth_m
        inner = self._inner(self._state)
        inner[TOTAL] += self._lib.put(total)
        inner[SUBSTANCE] += self._lib.put(total * mass_fraction)
        self.book.entered_kg += self.substance_kg
        self.book.entered_total_kg += self.total_kg
        self._box = None

    def advance(self, until_s: float, sources: list[Inflow]) -> None:
        """Go on to ``until_s`` (s since the start), with these sources."""
        for source in sources:
            if source.at_once and self.time_s <= source.start_s < until_s:
                self._add(source, source.end_s - source.start_s)
        while self.time_s < until_s - 1e-9:
            step = self._step(until_s - self.time_s)
            self._feed(sources, self.time_s, self.time_s + step)
            self.time_s += step
            self.steps += 1

    def fields(self) -> LayerFields:
        """What there is now, as float64 numpy."""
        state = self._lib.get(self._inner(self._primitives(self._state)))
        density = state[EXCESS] + self.air_density_kg_m3
        wet = state[DEPTH] > 0.0
        fraction = np.where(wet, state[FRACTION], 0.0)
        warmth = state[HEAT] / self._heat.cp_j_kg_k if self._heat else np.zeros(wet.shape)
        return LayerFields(
            time_s=self.time_s,
            depth_m=state[DEPTH],
            mass_fraction=fraction,
            conc_kg_m3=fraction * density,
            excess_kg_m3=state[EXCESS],
            u_m_s=state[1],
            v_m_s=state[2],
            warmth_k=np.where(wet, warmth, 0.0),
            age_s=np.where(fraction > 1e-12, state[AGE] / np.maximum(fraction, 1e-12), 0.0),
        )

    def richardson(self) -> tuple[FloatArray, FloatArray]:
        """Bulk Richardson number of every cell and of its neighbourhood of 3 x 3 cells, (ny, nx).

        ``g (rho - rho_a) D / (rho_a u*^2)`` with the friction velocity of the wind over the cell; infinite in
        cells without layer for the first, none there for the second.
        """
        fields = self.fields()
        assert self._air is not None
        wind = pull(self._lib.put(np.pad(fields.depth_m, GHOSTS)), self._air, self._lib.xp)
        friction2 = self._inner(self._lib.get(wind.friction2))
        own = np.asarray(
            richardson(fields.depth_m, fields.excess_kg_m3, friction2, self.air_density_kg_m3),
            dtype=np.float64,
        )
        wide = np.pad(own, 1)
        around = wide[:-2] + wide[1:-1] + wide[2:]
        around = (around[:, :-2] + around[:, 1:-1] + around[:, 2:]) / 9.0
        return own, around

    def substance_kg_m2(self) -> FloatArray:
        """Mass of substance over the cells, (ny, nx)."""
        return self._lib.get(self._inner(self._state)[SUBSTANCE])

    def take(self, where: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> None:
        """Empty these cells (ny, nx); what was in them counts as handed over."""
        before, total, heat = self.substance_kg, self.total_kg, self.heat_j
        keep = np.pad(~where, GHOSTS, constant_values=True)
        self._state *= self._lib.put(keep)
        self.book.handed_kg += before - self.substance_kg
        self.book.handed_total_kg += total - self.total_kg
        self.book.heat_gone_j += heat - self.heat_j

    def _sum(self, row: int) -> float:
        return float(self._lib.get(self._inner(self._state)[row]).sum()) * self.cells.step_m**2

    def _inner(self, array: Array) -> Array:
        return array[..., GHOSTS:-GHOSTS, GHOSTS:-GHOSTS]

    def _primitives(self, state: Array) -> Array:
        """Depth, velocity, density excess, mass fraction and heat per mass of conserved quantities."""
        xp = self._lib.xp
        made = self._lib.empty(self._fields + 1, *state.shape[1:])
        total = state[TOTAL]
        per = 1.0 / xp.clip(total, min=1e-12)
        fraction = xp.clip(state[SUBSTANCE] * per, min=0.0, max=1.0)
        excess = self._table.excess_kg_m3(fraction)
        if self._heat:
            made[HEAT] = state[WARM] * per
            excess = self._heat.lightened(excess, made[HEAT], self.air_density_kg_m3, xp)
        density = excess + self.air_density_kg_m3
        depth = total / density
        per = per * (depth > self.settings.dry_m)
        made[AGE] = state[AGED] * per
        made[DEPTH], made[EXCESS], made[FRACTION] = depth, excess, fraction
        made[1] = xp.clip(state[EAST] * per, min=-_FASTEST_M_S, max=_FASTEST_M_S)
        made[2] = xp.clip(state[NORTH] * per, min=-_FASTEST_M_S, max=_FASTEST_M_S)
        return made

    def _window(self) -> tuple[slice, slice] | None:
        """Rows and columns of the interior (without ghosts) to work on; looked for every eight steps."""
        if self._box is None or self._since_box >= _STEPS_PER_WINDOW:
            wet = self._lib.get(self._inner(self._state)[TOTAL]) > _WET_KG_M2
            rows, columns = np.flatnonzero(wet.any(axis=1)), np.flatnonzero(wet.any(axis=0))
            if rows.size == 0:
                self._box = None
                return None
            room = _STEPS_PER_WINDOW + GHOSTS
            self._box = (
                max(int(rows[0]) - room, 0),
                min(int(rows[-1]) + 1 + room, self.cells.ny),
                max(int(columns[0]) - room, 0),
                min(int(columns[-1]) + 1 + room, self.cells.nx),
            )
            self._since_box = 0
        self._since_box += 1
        j0, j1, i0, i1 = self._box
        return slice(j0, j1), slice(i0, i1)

    def _step(self, longest_s: float) -> float:
        """One step of the wet rectangle; gives its length in seconds."""
        window = self._window()
        if window is None:
            return min(longest_s, _LONGEST_STEP_S)
        rows, columns = window
        wide = (slice(None), _wider(rows), _wider(columns))
        state = self._state[wide]
        primitive = self._primitives(state)
        step = min(longest_s, _LONGEST_STEP_S, self._longest(primitive, rows, columns))
        first, gone = self._change(primitive, rows, columns)
        if self.settings.order == 1:
            self._inner(state)[:] += step * first
        else:
            between = self._lib.zeros(*state.shape)
            between[:] = state
            self._inner(between)[:] += step * first
            self._mend(between)
            second, more = self._change(self._primitives(between), rows, columns)
            self._inner(state)[:] += (0.5 * step) * (first + second)
            gone = {side: 0.5 * (flux + more[side]) for side, flux in gone.items()}
        self._spilled(gone, rows, columns, step)
        self.book.mended_kg += self._mend(state) * self.cells.step_m**2
        if self.settings.air:
            self._exchange(state, rows, columns, step)
        return step

    def _longest(self, primitive: Array, rows: slice, columns: slice) -> float:
        """Longest stable step, s: for waves, and for what the slope will have made faster by its end."""
        xp = self._lib.xp
        depth, excess = primitive[DEPTH], primitive[EXCESS]
        gravity = GRAVITY_M_S2 * excess / (excess + self.air_density_kg_m3)
        steep = self._steep[_wider(rows), _wider(columns)]
        fall = xp.sqrt(gravity * steep * (depth > self.settings.dry_m))
        speed = xp.maximum(abs(primitive[1]), abs(primitive[2])) + xp.sqrt(gravity * depth) + fall
        fastest = float(speed.max())
        return self.settings.courant_factor * self.cells.step_m / max(fastest, 1e-6)

    def _change(self, primitive: Array, rows: slice, columns: slice) -> tuple[Array, dict[str, FloatArray]]:
        """Rates of change of the window's cells by the flow, and what leaves the grid by its sides."""
        inner = slice(GHOSTS, -GHOSTS)
        rise_x = self._rise_x[_shifted(rows), columns.start : columns.stop + 3]
        rise_y = self._rise_y[rows.start : rows.stop + 3, _shifted(columns)]
        # Nothing passes the sides of the rectangle of work but where they are the edge of the grid: what
        # little lies outside stays there and is found again when the rectangle is looked for anew.
        ends_x = (columns.start == 0, columns.stop == self.cells.nx)
        ends_y = (rows.start == 0, rows.stop == self.cells.ny)
        x = sweep(primitive[:, inner, :], rise_x, self._scheme, ends_x)
        turned = primitive[:, :, inner].swapaxes(1, 2)
        y = sweep(turned, rise_y.swapaxes(0, 1), self._scheme, ends_y, turned=True)
        rate = self._lib.empty(self._fields, rows.stop - rows.start, columns.stop - columns.start)
        rate[TOTAL] = x.mass + y.mass.swapaxes(0, 1)
        rate[SUBSTANCE] = x.carried[0] + y.carried[0].swapaxes(0, 1)
        rate[AGED] = x.carried[1] + y.carried[1].swapaxes(0, 1)
        rate[EAST] = x.along + y.across.swapaxes(0, 1)
        rate[NORTH] = x.across + y.along.swapaxes(0, 1)
        if self._heat:
            rate[WARM] = x.carried[2] + y.carried[2].swapaxes(0, 1)
        rate *= 1.0 / self.cells.step_m
        return rate, self._outflow(x, ends_x, "we") | self._outflow(y, ends_y, "sn")

    def _outflow(self, swept: Sweep, ends_open: tuple[bool, bool], sides: str) -> dict[str, FloatArray]:
        """What leaves by the open ends, per metre of edge and second: total, substance, aged and heat."""
        gone = {}
        for is_open, end, side in zip(ends_open, (0, -1), sides, strict=True):
            if is_open:
                carried = self._lib.get(swept.carried_flux[..., end])
                flux = np.zeros((_SPILLED, carried.shape[1]))
                flux[0] = self._lib.get(swept.flux[..., end])
                flux[1 : 1 + carried.shape[0]] = carried
                gone[side] = flux if end else -flux
        return gone

    def _spilled(self, gone: dict[str, FloatArray], rows: slice, columns: slice, step: float) -> None:
        """Write down what left the grid during a step, by the cells of the edge that it left through."""
        for side, flux in gone.items():
            amount = flux * (step * self.cells.step_m)
            self._spill[side][:, rows if side in "we" else columns] += amount
            self.book.left_total_kg += float(amount[0].sum())
            self.book.left_kg += float(amount[1].sum())
            self.book.heat_gone_j += float(amount[3].sum())

    def spilled(self) -> dict[str, FloatArray]:
        """What left by each side (w, e, s, n) since the last call: total, substance, aged, heat by cell."""
        out = self._spill
        self._spill = {side: np.zeros_like(rows) for side, rows in out.items()}
        return out

    def _mend(self, state: Array) -> float:
        """Set what rounding has made negative to zero; gives the substance that this added, kg/m2."""
        xp = self._lib.xp
        inner = self._inner(state)
        lost = float(inner[SUBSTANCE].min()) if inner[SUBSTANCE].shape[0] else 0.0
        added = -float(xp.clip(inner[SUBSTANCE], max=0.0).sum()) if lost < 0.0 else 0.0
        inner[SUBSTANCE] = xp.clip(inner[SUBSTANCE], min=0.0)
        inner[TOTAL] = xp.maximum(inner[TOTAL], inner[SUBSTANCE])
        return added

    def _exchange(self, wide: Array, rows: slice, columns: slice, step: float) -> None:
        """Mix air in, drag, resist, warm: the local part of a step, implicit where it is stiff."""
        assert self._air is not None
        xp, air = self._lib.xp, _over(self._air, _shifted(rows), _shifted(columns))
        primitive = self._primitives(wide)
        depth = primitive[DEPTH]
        per = 0.5 / self.cells.step_m
        slope_x = (depth[GHOSTS:-GHOSTS, 3:-1] - depth[GHOSTS:-GHOSTS, 1:-3]) * per
        slope_y = (depth[3:-1, GHOSTS:-GHOSTS] - depth[1:-3, GHOSTS:-GHOSTS]) * per
        state, primitive = self._inner(wide), self._inner(primitive)
        depth, excess = primitive[DEPTH], primitive[EXCESS]
        wet = (depth > self.settings.dry_m) * 1.0
        wind = pull(depth, air, xp)
        mixed = mixing(primitive, slope_x, slope_y, wind, air, xp)
        more = mixed.air_kg_m2_s * (wet * step)
        self.book.air_kg += float(self._lib.get(more).sum()) * self.cells.step_m**2
        slow = mixed.slow_1_s * step
        slow = slow / (1.0 + slow) * state[TOTAL]
        drag = wind.drag * (wet * step)
        density_a = self.air_density_kg_m3
        upper = drag * density_a * xp.sqrt(wind.u * wind.u + wind.v * wind.v)
        speed = xp.sqrt(primitive[1] * primitive[1] + primitive[2] * primitive[2])
        lower = 1.0 / (1.0 + drag * (excess + density_a) * speed / xp.clip(state[TOTAL], min=1e-6))
        state[EAST] += upper * wind.u + more * wind.u_top - slow * mixed.across_x
        state[NORTH] += upper * wind.v + more * wind.v_top - slow * mixed.across_y
        state[EAST] *= lower
        state[NORTH] *= lower
        state[TOTAL] += more
        state[AGED] += state[SUBSTANCE] * step
        if self.steps % _SPREAD_STEPS == 0:
            number = mixed.spread_m2_s * wet * (_SPREAD_STEPS * step / self.cells.step_m**2)
            state += _diffused(state, number, xp)
        if self._heat:
            given = self._heat.given_j_m2_s(primitive, wind.drag, speed, xp) * (wet * step)
            state[WARM] += given
            self.book.heat_j += float(self._lib.get(given).sum()) * self.cells.step_m**2

    def _feed(self, sources: list[Inflow], start_s: float, end_s: float) -> None:
        for source in sources:
            length = min(end_s, source.end_s) - max(start_s, source.start_s)
            if length > 0.0 and not source.at_once:
                self._add(source, length)

    def _add(self, source: Inflow, length_s: float) -> None:
        """Put what a source gives in ``length_s`` into its cells."""
        ny, nx = source.share.shape
        rows = slice(source.j0 + GHOSTS, source.j0 + GHOSTS + ny)
        columns = slice(source.i0 + GHOSTS, source.i0 + GHOSTS + nx)
        share = self._lib.put(source.share * (length_s / self.cells.step_m**2))
        part = self._state[:, rows, columns]
        part[TOTAL] += source.total_kg_s * share
        part[SUBSTANCE] += source.substance_kg_s * share
        part[EAST] += source.east_kg_m_s2 * share
        part[NORTH] += source.north_kg_m_s2 * share
        self.book.entered_kg += source.substance_kg_s * length_s
        self.book.entered_total_kg += source.total_kg_s * length_s
        self._grow_box(source)

    def _grow_box(self, source: Inflow) -> None:
        """See to it that the rectangle of work holds the source."""
        if self._box is None:
            return
        j0, j1, i0, i1 = self._box
        ny, nx = source.share.shape
        inside = j0 <= source.j0 and source.j0 + ny <= j1 and i0 <= source.i0 and source.i0 + nx <= i1
        if not inside:
            self._box = None


def _diffused(moved: Array, number: Array, xp: Any) -> Array:
    """Explicit step of diffusion; ``number`` is K times the step over the area of a cell, at most a fifth."""
    change = xp.zeros_like(moved)
    for near, far in (
        ((..., slice(None, -1), slice(None)), (..., slice(1, None), slice(None))),
        ((..., slice(None, -1)), (..., slice(1, None))),
    ):
        flux = xp.clip(0.5 * (number[near] + number[far]), max=0.2) * (moved[far] - moved[near])
        change[near] += flux
        change[far] -= flux
    return change


def _steepest_rise(cells: Cells) -> FloatArray:
    """Greatest difference in height to a neighbour, m, with the border of two cells."""
    ground = cells.ground_m
    rise = np.zeros(ground.shape)
    inner = slice(GHOSTS, -GHOSTS)
    for axis in (0, 1):
        for way in (-1, 1):
            far = np.abs(np.roll(ground, way, axis=axis) - ground)[inner, inner]
            # a wall round the grid is no slope
            rise[inner, inner] = np.maximum(rise[inner, inner], np.where(far < _WALL_LIKE_M, far, 0.0))
    return rise


def _wider(part: slice) -> slice:
    """The same cells and their ghosts, in padded rows or columns."""
    return slice(part.start, part.stop + 2 * GHOSTS)


def _shifted(part: slice) -> slice:
    """The same cells in padded rows or columns."""
    return slice(part.start + GHOSTS, part.stop + GHOSTS)


def _over(air: AirOver, rows: slice, columns: slice) -> AirOver:
    return AirOver(
        height_m=air.height_m,
        u_m_s=air.u_m_s[rows, columns],
        v_m_s=air.v_m_s[rows, columns],
        roughness_m=air.roughness_m,
        inverse_obukhov_1_m=air.inverse_obukhov_1_m,
        air_density_kg_m3=air.air_density_kg_m3,
        friction_m_s=air.friction_m_s,
    )
