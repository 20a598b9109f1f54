"""What is believed of a park's water before its wells are heard, and how a member is made of it.

Every belief is a parameter (or a field of them on nodes) that is standard normal or normal about zero before
the data; ``Ensemble`` arrays hold one column per member. Conductivity is a factor on the problem's own,
its logarithm a Gaussian random field per aquifer (exponential covariance, conditioned on measured values by
Matheron's rule; Chiles and Delfiner 2012, sec. 7.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid, IntArray
from models.water.model import WaterProblem
from models.water.problem import (
    Drain,
    FixedHead,
    GeneralHead,
    MassSource,
    Medium,
    Period,
    Recharge,
    River,
    Stress,
    TransportProblem,
    Wells,
)
from models.water.refusal import refused
from twin.core.geometry import FloatArray, frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class LnKDatum:
    """A measured ln of conductivity (m/s) at a place, and the standard deviation of its error."""

    x_m: float
    y_m: float
    ln_k: float
    sd: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class LnKField:
    """ln K of the layers of one aquifer: the problem's K times the exponential of a field.

    ``sd`` of the field about its mean, ``mean_sd`` of that mean, ``range_m`` the distance at which the
    correlation has fallen to 5 %. ``vertical``: whether K33 goes with it.
    """

    name: str
    layers: tuple[int, ...]
    sd: float
    range_m: float
    mean_sd: float = 0.0
    data: tuple[LnKDatum, ...] = ()
    vertical: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StressFactor:
    """A lognormal factor on a package: rate of recharge or wells, conductance of a river, GHB, drain."""

    name: str
    package: str
    ln_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOffset:
    """Metres added to heads or stages of a package: a level, and with ``tilt_sd_m`` a plane over the grid.

    ``tilt_sd_m`` is the standard deviation of the difference between the grid's edges, per axis.
    """

    name: str
    package: str
    sd_m: float
    tilt_sd_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFactor:
    """A lognormal factor on the rate of a mass source; ``place_sd_m`` above zero: its place moves too.

    ``onset_s`` above zero: it began at a moment that nobody noticed, any between 0 and that time (s).
    """

    name: str
    source: str
    ln_sd: float
    place_sd_m: float = 0.0
    onset_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PorosityFactor:
    """A lognormal factor on the effective porosity of some layers."""

    name: str
    layers: tuple[int, ...]
    ln_sd: float


Belief = LnKField | StressFactor | HeadOffset | SourceFactor | PorosityFactor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Nodes:
    """Nodes that carry a field, the weights that bring it to the cells, and the root of its covariance."""

    x_m: FloatArray
    y_m: FloatArray
    weights: npt.NDArray[np.float64]
    at: IntArray
    root: FloatArray


class Prior:
    """Beliefs about one problem: draws members, and makes the problem of a member.

    Parameters
    ----------
    problem
        The best guess; factors of one and offsets of zero give it back.
    beliefs
        What is uncertain of it. Names must differ.

    Raises
    ------
    BadRequestError
        Naming a belief whose package, source or layer the problem does not have.
    """

    def __init__(self, problem: WaterProblem, beliefs: Sequence[Belief]) -> None:
        self.problem = problem
        self.beliefs = tuple(beliefs)
        self._check()
        grid = problem.flow.grid
        self._nodes = {row.name: _nodes(grid, row) for row in beliefs if isinstance(row, LnKField)}
        sizes = [self._size(row) for row in self.beliefs]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        self._slices = {
            row.name: slice(int(a), int(b))
            for row, a, b in zip(self.beliefs, starts[:-1], starts[1:], strict=True)
        }
        self.size = int(starts[-1])

    def part(self, name: str) -> slice:
        """Where the parameters of a belief lie."""
        return self._slices[name]

    @cached_property
    def places_m(self) -> FloatArray:
        """(size, 2) place of every parameter, NaN for those that belong to no place (means, packages)."""
        found = np.full((self.size, 2), np.nan)
        for name, nodes in self._nodes.items():
            own = found[self._slices[name]]
            own[:-1] = np.stack([nodes.x_m, nodes.y_m], axis=1)
        grid, transport = self.problem.flow.grid, self.problem.transport
        known = {one.name: one for one in (transport.sources if transport is not None else ())}
        for row in self.beliefs:
            if isinstance(row, SourceFactor):
                cells = known[row.source].cells
                found[self._slices[row.name]] = (grid.x_m[cells[:, 2]].mean(), grid.y_m[cells[:, 1]].mean())
        return frozen(found)

    def draw(self, members: int, rng: np.random.Generator) -> FloatArray:
        """(size, members) parameters; measured conductivities honoured."""
        drawn = np.zeros((self.size, members))
        for row in self.beliefs:
            own = self._slices[row.name]
            if isinstance(row, LnKField):
                drawn[own] = self._draw_field(row, members, rng)
            else:
                drawn[own] = rng.standard_normal((self._size(row), members)) * _sds(row)[:, None]
        return drawn

    def ln_factor(self, name: str, member: FloatArray) -> FloatArray:
        """(nr, nc) logarithm of the factor that a member puts on conductivity."""
        nodes, own = self._nodes[name], member[self._slices[name]]
        return np.asarray((nodes.weights * own[nodes.at]).sum(axis=-1) + own[-1])

    def smooth_field(self, rng: np.random.Generator) -> FloatArray:
        """(nr, nc) standard normal field as smooth as the first conductivity field; zero without one."""
        grid = self.problem.flow.grid
        for nodes in self._nodes.values():
            drawn = nodes.root @ rng.standard_normal(nodes.x_m.size)
            return np.asarray((nodes.weights * drawn[nodes.at]).sum(axis=-1))
        return np.zeros(grid.shape[1:])

    def problem_of(self, member: FloatArray) -> WaterProblem:
        """The problem as one member ((size,) parameters) believes it."""
        flow = self.problem.flow
        medium = self._medium(member)
        known: dict[int, Stress] = {}
        periods = tuple(self._period(row, member, known) for row in flow.periods)
        transport = self.problem.transport
        if transport is not None:
            transport = self._transport(transport, member)
        return WaterProblem(flow=replace(flow, medium=medium, periods=periods), transport=transport)

    def stresses_of(self, stresses: Sequence[Stress], member: FloatArray) -> tuple[Stress, ...]:
        """Stresses as one member believes them, for intervals beyond the problem's periods."""
        return tuple(self._stress(row, member) for row in stresses)

    def _draw_field(self, row: LnKField, members: int, rng: np.random.Generator) -> FloatArray:
        nodes = self._nodes[row.name]
        count = nodes.x_m.size
        field = nodes.root @ rng.standard_normal((count, members)) * row.sd
        mean = rng.standard_normal((1, members)) * row.mean_sd
        drawn = np.concatenate([field, mean])
        if not row.data:
            return np.asarray(drawn)
        cov = np.zeros((count + 1, count + 1))
        cov[:count, :count] = row.sd**2 * nodes.root @ nodes.root.T
        cov[-1, -1] = row.mean_sd**2
        operator, base = self._datum_rows(row)
        observed = np.array([datum.ln_k for datum in row.data]) - base
        sd = np.array([datum.sd for datum in row.data])
        gain = np.linalg.solve(operator @ cov @ operator.T + np.diag(sd**2), operator @ cov).T
        noise = rng.standard_normal((len(sd), members)) * sd[:, None]
        return np.asarray(drawn + gain @ (observed[:, None] + noise - operator @ drawn))

    def _datum_rows(self, row: LnKField) -> tuple[FloatArray, FloatArray]:
        """What the data see of nodes and mean (n, nodes + 1), and ln K of the problem at them (n,)."""
        nodes, grid = self._nodes[row.name], self.problem.flow.grid
        operator = np.zeros((len(row.data), nodes.x_m.size + 1))
        base = np.zeros(len(row.data))
        for k, datum in enumerate(row.data):
            i, j = grid.column_row(datum.x_m, datum.y_m)
            np.add.at(operator[k], nodes.at[i, j], nodes.weights[i, j])
            operator[k, -1] = 1.0
            base[k] = float(np.log(self.problem.flow.medium.k_m_s[row.layers[0], i, j]))
        return operator, base

    def _medium(self, member: FloatArray) -> Medium:
        medium = self.problem.flow.medium
        fields = [row for row in self.beliefs if isinstance(row, LnKField)]
        pores = [row for row in self.beliefs if isinstance(row, PorosityFactor)]
        if not fields and not pores:
            return medium
        k, k33, porosity = medium.k_m_s.copy(), medium.k33_m_s.copy(), medium.porosity.copy()
        k22 = None if medium.k22_m_s is None else medium.k22_m_s.copy()
        for row in fields:
            factor, layers = np.exp(self.ln_factor(row.name, member)), list(row.layers)
            k[layers] *= factor
            if k22 is not None:
                k22[layers] *= factor
            if row.vertical:
                k33[layers] *= factor
        for belief in pores:
            own = float(np.exp(member[self._slices[belief.name]][0]))
            porosity[list(belief.layers)] = np.minimum(porosity[list(belief.layers)] * own, 0.95)
        return replace(medium, k_m_s=k, k22_m_s=k22, k33_m_s=k33, porosity=porosity)

    def _period(self, period: Period, member: FloatArray, known: dict[int, Stress]) -> Period:
        """A period's stresses; the same stress stays the same object, so that steady flow is solved once."""
        for row in period.stresses:
            if id(row) not in known:
                known[id(row)] = self._stress(row, member)
        return replace(period, stresses=tuple(known[id(row)] for row in period.stresses))

    def _stress(self, stress: Stress, member: FloatArray) -> Stress:
        for row in self.beliefs:
            if isinstance(row, StressFactor) and row.package == stress.name:
                stress = _scaled(stress, float(np.exp(member[self._slices[row.name]][0])))
            if isinstance(row, HeadOffset) and row.package == stress.name:
                stress = _lifted(stress, self.problem.flow.grid, member[self._slices[row.name]])
        return stress

    def _transport(self, transport: TransportProblem, member: FloatArray) -> TransportProblem:
        sources = list(transport.sources)
        for row in self.beliefs:
            if isinstance(row, SourceFactor):
                own = member[self._slices[row.name]]
                grid = self.problem.flow.grid
                sources = [_leaked(one, row, own, grid) if one.name == row.source else one for one in sources]
        return replace(transport, sources=tuple(sources))

    def _size(self, row: Belief) -> int:
        if isinstance(row, LnKField):
            return self._nodes[row.name].x_m.size + 1
        return len(_sds(row))

    def _check(self) -> None:
        flow, transport = self.problem.flow, self.problem.transport
        packages = {stress.name for period in flow.periods for stress in period.stresses}
        sources = {row.name for row in transport.sources} if transport is not None else set()
        layers = set(range(flow.grid.shape[0]))
        names = [row.name for row in self.beliefs]
        for row in self.beliefs:
            field, value, known = _claim(row, packages, sources, layers)
            if not set(value) <= known:
                raise refused(value, f"{field} of {row.name}", f"of {sorted(known, key=str)}")
            if names.count(row.name) > 1:
                raise refused(names, f"belief {row.name}", "names that differ", "各不相同的名称")


def _claim(
    row: Belief, packages: set[str], sources: set[str], layers: set[int]
) -> tuple[str, tuple[object, ...], set[object]]:
    if isinstance(row, (LnKField, PorosityFactor)):
        return "layers", row.layers, set(layers)
    if isinstance(row, SourceFactor):
        return "source", (row.source,), set(sources)
    return "package", (row.package,), set(packages)


def _sds(row: Belief) -> FloatArray:
    """Standard deviations of a belief's parameters."""
    if isinstance(row, HeadOffset):
        tilt = [row.tilt_sd_m, row.tilt_sd_m] if row.tilt_sd_m > 0.0 else []
        return np.array([row.sd_m, *tilt])
    if isinstance(row, SourceFactor):
        place = [row.place_sd_m] * 2 if row.place_sd_m > 0.0 else []
        return np.array([row.ln_sd, *place, *([1.0] if row.onset_s > 0.0 else [])])
    if isinstance(row, (StressFactor, PorosityFactor)):
        return np.array([row.ln_sd])
    return np.zeros(0)


def _nodes(grid: Grid, row: LnKField) -> _Nodes:
    """Nodes a quarter of the range apart, bilinear between them, at most 900 of them."""
    x0, x1 = grid.x0_m, grid.x0_m + float(grid.dx_m.sum())
    y0, y1 = grid.y0_m, grid.y0_m + float(grid.dy_m.sum())
    step = max(row.range_m / 4.0, float(np.sqrt((x1 - x0) * (y1 - y0) / 900.0)))
    nx, ny = max(int(np.ceil((x1 - x0) / step)) + 1, 2), max(int(np.ceil((y1 - y0) / step)) + 1, 2)
    xs, ys = np.linspace(x0, x1, nx), np.linspace(y0, y1, ny)
    x, y = (part.ravel() for part in np.meshgrid(xs, ys))
    fx = np.clip((grid.x_m - x0) / (xs[1] - xs[0]), 0.0, nx - 1.0)
    fy = np.clip((grid.y_m - y0) / (ys[1] - ys[0]), 0.0, ny - 1.0)
    j, i = np.minimum(fx.astype(int), nx - 2), np.minimum(fy.astype(int), ny - 2)
    wx, wy = (fx - j)[None, :], (fy - i)[:, None]
    first = i[:, None] * nx + j[None, :]
    at = np.stack([first, first + 1, first + nx, first + nx + 1], axis=-1)
    weights = np.stack([(1 - wy) * (1 - wx), (1 - wy) * wx, wy * (1 - wx), wy * wx], axis=-1)
    apart = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    covariance = np.exp(-3.0 * apart / row.range_m) + 1e-9 * np.eye(x.size)
    # A mean of four nodes varies less than each: weights are scaled so that every cell has the spread.
    corners = covariance[np.ix_([0, 1, nx, nx + 1], [0, 1, nx, nx + 1])]
    spread = np.sqrt(np.einsum("ija,ab,ijb->ij", weights, corners, weights))
    return _Nodes(
        x_m=x,
        y_m=y,
        weights=weights / spread[..., None],
        at=at,
        root=np.asarray(np.linalg.cholesky(covariance), dtype=np.float64),
    )


def _scaled(stress: Stress, factor: float) -> Stress:
    if isinstance(stress, Recharge):
        return replace(stress, rate_m_s=stress.rate_m_s * factor)
    if isinstance(stress, Wells):
        return replace(stress, rate_m3_s=stress.rate_m3_s * factor)
    if isinstance(stress, (River, Drain, GeneralHead)):
        return replace(stress, conductance_m2_s=stress.conductance_m2_s * factor)
    raise refused(type(stress).__name__, f"factor on {stress.name}", "recharge, wells or a conductance")


def _lifted(stress: Stress, grid: Grid, own: FloatArray) -> Stress:
    """Heads raised by a level and a plane; a river's bed stays below its stage."""
    if not isinstance(stress, (FixedHead, GeneralHead, River)):
        raise refused(
            type(stress).__name__, f"offset on {stress.name}", "fixed heads, general heads or a river"
        )
    lift = np.full(len(stress.cells), own[0])
    if own.size == 3:
        x, y = grid.x_m[stress.cells[:, 2]], grid.y_m[stress.cells[:, 1]]
        lift += own[1] * (x - grid.x_m.mean()) / max(float(np.ptp(grid.x_m)), 1.0)
        lift += own[2] * (y - grid.y_m.mean()) / max(float(np.ptp(grid.y_m)), 1.0)
    if isinstance(stress, River):
        stage = np.maximum(stress.stage_m + lift, stress.bottom_m)
        return replace(stress, stage_m=stage)
    return replace(stress, head_m=stress.head_m + lift)


def _leaked(source: MassSource, row: SourceFactor, own: FloatArray, grid: Grid) -> MassSource:
    """A source as a member believes it: rate, place, and when it began (uniform, by the normal's share)."""
    if row.onset_s <= 0.0:
        return _moved(source, own, grid)
    from scipy.special import ndtr

    found = _moved(source, own[:-1], grid)
    return replace(found, start_s=max(found.start_s, row.onset_s * float(ndtr(own[-1]))))


def _moved(source: MassSource, own: FloatArray, grid: Grid) -> MassSource:
    """A source scaled, and carried to the cells nearest to its moved place where those are active."""
    rate = source.rate_kg_s * float(np.exp(own[0]))
    if own.size == 1:
        return replace(source, rate_kg_s=rate)
    x, y = grid.x_m[source.cells[:, 2]] + own[1], grid.y_m[source.cells[:, 1]] + own[2]
    cells = source.cells.copy()
    cells[:, 2] = np.abs(grid.x_m[None, :] - x[:, None]).argmin(axis=1)
    cells[:, 1] = np.abs(grid.y_m[None, :] - y[:, None]).argmin(axis=1)
    stays = ~grid.active[cells[:, 0], cells[:, 1], cells[:, 2]]
    cells[stays] = source.cells[stays]
    return replace(source, cells=cells, rate_kg_s=rate)
