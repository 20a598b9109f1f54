"""The twin that lives on: an ensemble fitted to the wells' history, stepped and corrected with the clock.

``calibrate`` fits what is believed (conductivity, recharge, boundary heads, sources) to a history by ES-MDA;
``advance`` steps every member; ``assimilate`` corrects heads and concentrations by the readings of now
(EnKF, localised; concentrations as logarithms, so that they stay positive); ``nowcast`` says what is now and
ahead, with bands. All is repeatable: the same calls with the same seed give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.water.arrival import ModelError, target_now
from models.water.assimilate.account import Account, median_budget
from models.water.assimilate.data import LEVEL, Data, DataKnobs, data_of
from models.water.assimilate.folds import LEAST_WELLS, Crossed, crossed, dressed, parts, unknown
from models.water.assimilate.outlook import Change, Outlook, by_depth, conc_of, dissolved_kg, look_ahead
from models.water.assimilate.prior import LnKField, Prior
from models.water.assimilate.smoother import alphas, relaxed, revived, smooth, spread_error, taper, update
from models.water.fronts import Dressing, Places, band, front, plan, raster_of
from models.water.kernels import Kernel
from models.water.model import WaterModel, WaterProblem
from models.water.now import LEADS_S, Fit, Front, Nowcast, Reading, TargetNow, Vertical, Volume, WellNow
from models.water.observe import Observer, Place, observer
from models.water.plane import discharge, water_table
from models.water.problem import Period, Stress, Wells
from models.water.refusal import refused
from models.water.tracking.lines import flow_lines
from twin.core.geometry import FloatArray
from twin.core.groundwater import GroundwaterTarget

_FOREVER_S = 1e12
_DEPTHS_M = np.arange(0.0, 50.1, 2.0)
_MOST_INFLATION = 3.0
_KEEPS = 0.7  # of the inflation from one update to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinKnobs:
    """Choices of the twin.

    ``members``; ``steps`` of ES-MDA, whose inflations fall by ``falling`` from one to the next: the first
    are careful, for flow is not linear in its parameters (Le et al. 2016, SPE J. 21, 2195, adapt them
    likewise). ``radius_m`` beyond which a well says nothing of a place. ``relax``: share of the spread that
    an update of now takes and that is given back. ``step_s`` longest time step, ``history_step_s`` in the
    history. ``drift_m`` standard deviation per root day by which a member's heads wander from what it
    computes. ``folds``: groups in which wells are left out in turn to learn the local error of levels, 0:
    none. ``data``, ``dressing``, ``error``: see there.
    """

    members: int = 40
    steps: int = 4
    falling: float = 4.0
    radius_m: float = 1_500.0
    relax: float = 0.5
    step_s: float = 86_400.0
    history_step_s: float = 30 * 86_400.0
    drift_m: float = 0.01
    folds: int = 4
    data: DataKnobs = field(default_factory=DataKnobs)
    dressing: Dressing = field(default_factory=Dressing)
    error: ModelError = field(default_factory=ModelError)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwinSetup:
    """What the twin is of.

    ``prior``: problem and beliefs; time 0 of the problem is ``start_ms``. ``wells``: places that may be read.
    ``limits_kg_m3`` of every species that travels, in their order. ``sources_m``: where a species' plume
    starts, for its reach: one place or several. ``mean_stresses``: hold ahead of now; empty: those of the
    last period.
    """

    prior: Prior
    start_ms: int
    wells: tuple[Place, ...]
    limits_kg_m3: Mapping[str, float]
    targets: tuple[GroundwaterTarget, ...] = ()
    sources_m: Mapping[str, Places] = field(default_factory=dict)
    mean_stresses: tuple[Stress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwinState:
    """What a twin remembers, as arrays: ``parameters`` (n, members) and each member's model.

    ``local_sd_m`` and the wells ``heard``: see ``WaterTwin.cross``.
    """

    time_ms: int
    parameters: FloatArray
    head_m: FloatArray
    conc_kg_m3: FloatArray
    local_sd_m: float = 0.0
    heard: frozenset[str] = frozenset()


class WaterTwin:
    """The ensemble of one park.

    Parameters
    ----------
    setup
        Problem, beliefs, wells, targets.
    knobs
        Choices.
    seed
        Of all draws.
    kernel
        See ``models.water.kernels``.

    Raises
    ------
    BadRequestError
        Where limits and species do not match, or a well lies outside the grid.
    """

    def __init__(
        self,
        setup: TwinSetup,
        *,
        knobs: TwinKnobs | None = None,
        seed: int = 20_261_122,
        kernel: Kernel = "auto",
    ) -> None:
        self.setup = setup
        self.knobs = knobs or TwinKnobs()
        self._kernel = kernel
        self._rng = np.random.default_rng(seed)
        self._seed = seed
        self._check()
        flow = setup.prior.problem.flow
        self._observer: Observer = observer(flow.grid, flow.medium, setup.wells, interpolate=True)
        self.parameters = setup.prior.draw(self.knobs.members, self._rng)
        self.models = [self._model(member) for member in self.parameters.T]
        self._ahead: list[WaterModel] | None = None
        self._undisturbed: FloatArray | None = None
        self._fit: Fit | None = None
        self._account = Account()
        self._inflation = 1.0
        self.local_sd_m = 0.0
        self.crossed: Crossed | None = None
        self._heard: frozenset[str] = frozenset()

    @property
    def time_ms(self) -> int:
        """Moment the twin stands at."""
        return self.setup.start_ms + round(self.models[0].time_s * 1000.0)

    def calibrate(self, readings: Sequence[Reading], *, until_ms: int | None = None) -> Fit:
        """Fit all beliefs to a history by ES-MDA and bring every member to its end, or to ``until_ms``.

        Costs ``steps + 1`` runs of every member from the start, and as many steady ones per fold. Raises
        BadRequestError as ``data_of`` does, for an empty history, and where fewer than half of the members
        can be run.
        """
        data = self._data(readings)
        if not data.value.size:
            raise refused(field="readings", value=0, expected="one at least", expected_zh="至少一个")
        self.cross(readings)
        self.parameters, first = smooth(
            self.parameters,
            lambda some: self._predict(some, data)[0],
            data.value,
            data.sd,
            self._rng,
            inflations=alphas(self.knobs.steps, ratio=self.knobs.falling),
            localisation=self._localisation(self.setup.prior.places_m, data),
        )
        predicted, models = self._predict(self.parameters, data)
        self.parameters, predicted = revived(self.parameters, predicted, self._rng)
        if any(not np.isfinite(row).all() for row in predicted):
            models = [self._model(member) for member in self.parameters.T]
        self.models, self._ahead, self._undisturbed = models, None, None
        self._account = Account()
        if until_ms is not None and until_ms > self.time_ms:
            self.advance(until_ms)
        self._fit = self._judged(data, first, predicted)
        return self._fit

    def cross(self, readings: Sequence[Reading]) -> Crossed | None:
        """Learn the local error of levels: fit the beliefs without some wells and see how those are missed.

        Starts from the members as they are, which must not have been fitted to the readings yet, and leaves
        them alone; flow only. ``local_sd_m`` holds what levels far from heard wells err beyond the members'
        spread; see ``local_m``. None, and nothing learned, with fewer than four wells or no folds.
        """
        levels = [row for row in readings if row.quantity == LEVEL]
        names = sorted({row.place for row in levels})
        if self.knobs.folds < 2 or len(names) < LEAST_WELLS:
            return None
        rng = np.random.default_rng([self._seed, 17])
        found = []
        for left in parts(len(names), self.knobs.folds, rng):
            out = {names[k] for k in left}
            found.append(self._left_out(levels, out, rng))
        rows = [np.concatenate([row[k] for row in found]) for k in range(3)]
        self.crossed = crossed(*rows, range_m=self._range_m())
        self.local_sd_m = self.crossed.local_sd_m
        return self.crossed

    def local_m(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Local error of levels at places (n,): none at wells that were heard, growing away from them."""
        if not self._heard or self.local_sd_m <= 0.0:
            return np.zeros(np.shape(x_m))
        wells = np.array([(row.x_m, row.y_m) for row in self.setup.wells if row.name in self._heard])
        gap = _gap_m(np.stack([np.ravel(x_m), np.ravel(y_m)], axis=1), wells)
        return np.asarray(self.local_sd_m * np.sqrt(unknown(gap, self._range_m()))).reshape(np.shape(x_m))

    def _range_m(self) -> float:
        """Correlation range of the ground, the shortest that is believed; without a field the radius."""
        fields = [row.range_m for row in self.setup.prior.beliefs if isinstance(row, LnKField)]
        return min(fields, default=self.knobs.radius_m)

    def advance(self, to_ms: int, stresses: Sequence[Stress] | None = None) -> tuple[str, ...]:
        """Step every member to a moment; its heads wander a little, for no model is perfect.

        ``stresses`` hold from now on in place of the periods' (recharge by the rain that fell); each member
        scales them by what it believes. Returns notes of steps that did not converge. Raises BadRequestError
        for a moment that does not lie ahead.
        """
        end_s = (to_ms - self.setup.start_ms) / 1000.0
        if end_s <= self.models[0].time_s:
            raise refused(to_ms, "to_ms", f"later than {self.time_ms}", f"晚于 {self.time_ms}")
        if stresses is not None:
            own = [self.setup.prior.stresses_of(stresses, member) for member in self.parameters.T]
            self.models = [
                model.what_if(periods=(Period(length_s=_FOREVER_S, stresses=row),))
                for model, row in zip(self.models, own, strict=True)
            ]
        span_s = end_s - self.models[0].time_s
        notes: list[str] = []
        for number, model in enumerate(self.models):
            for note in _step_to(model, end_s, self.knobs.step_s):
                notes.append(f"member {number}: {note}")
        self._wander(span_s)
        return tuple(notes)

    def assimilate(self, readings: Sequence[Reading]) -> Fit:
        """Correct heads and concentrations by readings of now; parameters stay (see ``calibrate``).

        Spread that is too small for the misses is first inflated, by the ratio of misses to what was expected
        (Desroziers et al. 2005, eq. 3), at most threefold; after the update a share of it is given back.
        """
        data = self._data(readings)
        if not data.value.size:
            return self._judged(data, np.zeros((0, 2)), np.zeros((0, 2)))
        before = self._shown(data)
        heads = np.stack([model.state().head_m.ravel() for model in self.models], axis=1)
        concs = np.stack([conc_of(model).reshape(-1) for model in self.models], axis=1)
        logs, floor = self._logs(concs, data)
        state = np.concatenate([heads, logs])
        factor = self._grown(before, data)
        moved = self._moved(state, before, data, factor)
        cells = heads.shape[0]
        self._account.hold(self.models)
        self._put(moved[:cells], np.maximum(np.exp(moved[cells:]) - floor, 0.0))
        self._account.corrected(self.models)
        self._fit = self._judged(data, before, self._shown(data))
        return self._fit

    def nowcast(self, leads_s: Sequence[float] = LEADS_S) -> Nowcast:
        """What is now, and what is to be expected at the leads and targets."""
        ahead = self.outlook(leads_s)
        middle = self._middle()
        flow = middle.state().flow
        grid = self.setup.prior.problem.flow.grid
        tables = np.stack([water_table(grid, model.state().head_m) for model in self.models])
        east, north = discharge(grid, flow.field) if flow is not None else (np.zeros(0), np.zeros(0))
        medium = middle.problem.flow.medium
        lines = () if flow is None else flow_lines(grid, medium.porosity, flow.field, kernel=self._kernel)
        undisturbed = self._rest()
        dry = ~np.isfinite(tables).all(axis=0)
        local = self.local_m(*np.meshgrid(grid.x_m, grid.y_m))
        return Nowcast(
            time_ms=self.time_ms,
            members=len(self.models),
            wells=self._wells(),
            budget=median_budget(self.models),
            mass=self._account.rows(self.models),
            mass_now_kg={
                name: band(ahead.mass_kg[0, :, n]) for n, name in enumerate(self.setup.limits_kg_m3)
            },
            fronts=self.fronts(ahead),
            targets=self.targets(ahead),
            flow_lines=tuple(line[:, :2] for line in lines),
            volumes=self.volumes(ahead),
            vertical=self._vertical(ahead),
            head_median_m=np.where(dry, np.nan, np.median(tables, axis=0)),
            head_sd_m=np.where(dry, np.nan, np.hypot(tables.std(axis=0, ddof=1), local)),
            drawdown_m=np.where(
                dry, np.nan, np.median([water_table(grid, row) for row in undisturbed] - tables, axis=0)
            ),
            flow_east_m_s=east,
            flow_north_m_s=north,
            fit=self._fit,
            notes=ahead.notes,
        )

    def outlook(
        self,
        leads_s: Sequence[float] = LEADS_S,
        *,
        change: Change | None = None,
        members: int | None = None,
    ) -> Outlook:
        """Members ahead; with ``change`` (a measure, a leak made by ``what_if``) only ``members`` of them."""
        models = self._outlooks()[: members or len(self.models)]
        return look_ahead(models, leads_s, self.setup.targets, change=change)

    def fronts(self, ahead: Outlook) -> tuple[Front, ...]:
        """Fronts of every species at every lead of an outlook."""
        grid = self.setup.prior.problem.flow.grid
        raster = raster_of(grid)
        found = []
        for n, (name, limit) in enumerate(self.setup.limits_kg_m3.items()):
            for k, lead in enumerate(ahead.leads_s):
                found.append(
                    front(
                        grid,
                        plan(ahead.conc_kg_m3[k, :, n]),
                        species=name,
                        lead_s=lead,
                        limit_kg_m3=limit,
                        source_m=self.setup.sources_m.get(name),
                        dressing=self.knobs.dressing,
                        raster=raster,
                    )
                )
        return tuple(found)

    def targets(self, ahead: Outlook) -> tuple[TargetNow, ...]:
        """Targets of an outlook, for every species that is followed there."""
        return tuple(
            target_now(row, name, ahead.targets[row.id][:, n], ahead.times_s, limit, error=self.knobs.error)
            for row in self.setup.targets
            for n, (name, limit) in enumerate(self.setup.limits_kg_m3.items())
            if not row.substance_ids or name in row.substance_ids
        )

    def volumes(self, ahead: Outlook) -> tuple[Volume, ...]:
        """Median and 97.5 % concentrations in the cells, per species and lead."""
        found = []
        for n, name in enumerate(self.setup.limits_kg_m3):
            for k, lead in enumerate(ahead.leads_s):
                some = np.nan_to_num(ahead.conc_kg_m3[k, :, n])
                low, high = np.quantile(some, (0.5, 0.975), axis=0)
                found.append(Volume(species=name, lead_s=lead, band="median", conc_kg_m3=low))
                found.append(Volume(species=name, lead_s=lead, band="p975", conc_kg_m3=high))
        return tuple(found)

    def state(self) -> TwinState:
        """What ``restore`` takes back, for a process that starts again."""
        return TwinState(
            time_ms=self.time_ms,
            parameters=self.parameters.copy(),
            head_m=np.stack([model.state().head_m for model in self.models]),
            conc_kg_m3=np.stack([conc_of(model) for model in self.models]),
            local_sd_m=self.local_sd_m,
            heard=self._heard,
        )

    def restore(self, state: TwinState) -> None:
        """Stand where a state was taken. Raises BadRequestError for one of another problem or size."""
        shape = (self.setup.prior.size, self.knobs.members)
        if state.parameters.shape != shape:
            raise refused(state.parameters.shape, "parameters of the state", f"{shape}")
        self.parameters = state.parameters.copy()
        self._ahead, self._undisturbed = None, None
        self.local_sd_m, self._heard = state.local_sd_m, state.heard
        self._account = Account()
        self.models = [self._model(member) for member in self.parameters.T]
        time_s = (state.time_ms - self.setup.start_ms) / 1000.0
        for model, head, conc in zip(self.models, state.head_m, state.conc_kg_m3, strict=True):
            model.put(time_s=time_s, head_m=head, conc_kg_m3=conc if len(conc) else None)

    def _model(self, member: FloatArray) -> WaterModel:
        return WaterModel(self.setup.prior.problem_of(member), self._kernel)

    def _flow_model(self, member: FloatArray) -> WaterModel:
        problem = self.setup.prior.problem_of(member)
        return WaterModel(WaterProblem(flow=problem.flow, transport=None), self._kernel)

    def _data(self, readings: Sequence[Reading]) -> Data:
        return data_of(
            readings,
            places=self._observer.names,
            limits_kg_m3=self.setup.limits_kg_m3,
            start_ms=self.setup.start_ms,
            knobs=self.knobs.data,
        )

    def _left_out(
        self, levels: Sequence[Reading], out: set[str], rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Misses (n,) at wells left out, variances (n,) expected, metres (n,) to the nearest heard well.

        Members are fitted to the history of the other wells and corrected by their readings of the moment,
        as the twin itself is.
        """
        kept = [row for row in levels if row.place not in out]
        data = self._data(kept)
        members, _ = smooth(
            self.parameters,
            lambda some: self._predict(some, data, flow_only=True)[0],
            data.value,
            data.sd,
            rng,
            inflations=alphas(self.knobs.steps, ratio=self.knobs.falling),
            localisation=self._localisation(self.setup.prior.places_m, data),
        )
        whole = self._data(levels)
        shown = self._predict(members, whole, flow_only=True)[0]
        _, shown = revived(members, shown, rng)
        names = np.array(self._observer.names)
        is_out = np.isin(names[whole.place], sorted(out))
        misses, variances, gaps = [], [], []
        wells = np.array(self._at())
        for time_bin in np.unique(whole.time_s // self.knobs.data.bin_s):
            now = whole.time_s // self.knobs.data.bin_s == time_bin
            used, held = np.flatnonzero(now & ~is_out), np.flatnonzero(now & is_out)
            if used.size and held.size:
                moved = self._at_left_out(shown, whole, used, held, rng)
                misses.append(whole.value[held] - moved.mean(axis=1))
                variances.append(moved.var(axis=1, ddof=1))
                gaps.append(_gap_m(wells[whole.place[held]], wells[whole.place[used]]))
        none = [np.zeros(0)]
        return np.concatenate(misses or none), np.concatenate(variances or none), np.concatenate(gaps or none)

    def _at_left_out(
        self,
        shown: FloatArray,
        data: Data,
        used: npt.NDArray[np.int64],
        held: npt.NDArray[np.int64],
        rng: np.random.Generator,
    ) -> FloatArray:
        """Levels (held, members) after the correction by the used readings of one moment."""
        sd = np.full(used.size, float(np.hypot(self.knobs.data.level_sd_m, 1e-3)))
        factor = _first_growth(shown[used], data.value[used], sd)
        wide, seen = _inflated(shown[held], factor), _inflated(shown[used], factor)
        wells = np.array(self._at())
        near = taper(_apart_m(wells[data.place[held]], wells[data.place[used]]), self.knobs.radius_m)
        return relaxed(
            wide, update(wide, seen, data.value[used], sd, rng, localisation=near), self.knobs.relax
        )

    def _predict(
        self, members: FloatArray, data: Data, *, flow_only: bool = False
    ) -> tuple[FloatArray, list[WaterModel]]:
        """What every member shows of a history (data, members), NaN where it could not be run."""
        predicted = np.full((data.value.size, members.shape[1]), np.nan)
        models = [self._flow_model(member) if flow_only else self._model(member) for member in members.T]
        for number, model in enumerate(models):
            for time_s in np.unique(data.time_s):
                if time_s > model.time_s and _step_to(model, float(time_s), self.knobs.history_step_s):
                    predicted[:, number] = np.nan
                    break
                rows = np.flatnonzero(data.time_s == time_s)
                predicted[rows, number] = data.seen(*self._read(model), rows)
        return predicted, models

    def levels_m(self, model: WaterModel) -> FloatArray:
        """Levels (wells,) of a member at the wells, in the order of the setup."""
        return self.read_level_m(model.state().head_m)

    def read_level_m(self, head_m: FloatArray) -> FloatArray:
        """Levels (..., wells) that the wells show of heads (..., nl, nr, nc)."""
        return self._observer.read(head_m)

    def _read(self, model: WaterModel) -> tuple[FloatArray, FloatArray]:
        return self.levels_m(model), self._observer.read(conc_of(model))

    def _shown(self, data: Data) -> FloatArray:
        rows = np.arange(data.value.size)
        return np.stack([data.seen(*self._read(model), rows) for model in self.models], axis=1)

    def _localisation(self, places_m: FloatArray, data: Data) -> FloatArray:
        wells = np.array(self._at())[data.place]
        apart = np.hypot(places_m[:, None, 0] - wells[None, :, 0], places_m[:, None, 1] - wells[None, :, 1])
        return taper(apart, self.knobs.radius_m)

    def _judged(self, data: Data, before: FloatArray, after: FloatArray) -> Fit:
        level, ln = data.levels, np.flatnonzero(data.species >= 0)
        self._heard |= {self._observer.names[k] for k in data.place[level]}
        species = list(self.setup.limits_kg_m3)
        groups = {"level": int(level.size)}
        groups.update({name: int(np.sum(data.species == n)) for n, name in enumerate(species)})
        honest = data.value.size > 1 and np.isfinite(after).all()
        return Fit(
            readings=int(data.value.size),
            rmse_before_m=_rmse(before, data, level),
            rmse_after_m=_rmse(after, data, level),
            ln_rmse_before=_rmse(before, data, ln),
            ln_rmse_after=_rmse(after, data, ln),
            spread_error=spread_error(after, data.value, data.sd) if honest else float("nan"),
            groups=groups,
        )

    def _wander(self, span_s: float) -> None:
        """Smooth random changes of the heads, alike in all layers."""
        if self.knobs.drift_m <= 0.0:
            return
        grid = self.setup.prior.problem.flow.grid
        sd = self.knobs.drift_m * float(np.sqrt(span_s / 86_400.0))
        for model in self.models:
            lift = sd * self.setup.prior.smooth_field(self._rng)
            held = model.fixed_cells()
            head = model.state().head_m + np.broadcast_to(lift, grid.shape)
            head[held] = model.state().head_m[held]
            model.put(head_m=head)

    def _logs(self, concs: FloatArray, data: Data) -> tuple[FloatArray, FloatArray]:
        cells = int(np.prod(self.setup.prior.problem.flow.grid.shape))
        floor = np.repeat(data.floor_kg_m3, cells)[: concs.shape[0], None]
        return np.log(np.maximum(np.nan_to_num(concs), 0.0) + floor), floor

    def _grown(self, before: FloatArray, data: Data) -> float:
        """Factor on the spread by which the misses of now become what was to be expected."""
        now = _growth(before, data.value, data.sd)
        self._inflation = _KEEPS * self._inflation + (1.0 - _KEEPS) * now
        return self._inflation

    def _moved(self, state: FloatArray, before: FloatArray, data: Data, factor: float) -> FloatArray:
        grid = self.setup.prior.problem.flow.grid
        fine = np.isfinite(state).all(axis=1)
        x, y = np.broadcast_arrays(grid.x_m[None, None, :], grid.y_m[None, :, None])
        plane = np.stack([x.ravel(), y.ravel()], axis=1)
        places = np.tile(plane, (state.shape[0] // len(plane), 1))
        wide, seen = _inflated(state[fine], factor), _inflated(before, factor)
        moved = update(
            wide,
            seen,
            data.value,
            data.sd,
            self._rng,
            localisation=self._localisation(places[fine], data),
        )
        found = state.copy()
        found[fine] = relaxed(wide, moved, self.knobs.relax)
        return found

    def _put(self, heads: FloatArray, concs: FloatArray) -> None:
        grid = self.setup.prior.problem.flow.grid
        for number, model in enumerate(self.models):
            old = model.state().head_m
            head = heads[:, number].reshape(grid.shape)
            held = model.fixed_cells()
            head[held] = old[held]
            conc = concs[:, number].reshape(-1, *grid.shape) if concs.size else None
            model.put(head_m=head, conc_kg_m3=conc)

    def _outlooks(self) -> list[WaterModel]:
        """Members under the mean stresses in steady flow, solved once, standing where they are now."""
        if self._ahead is None:
            mean = self.setup.mean_stresses or tuple(self.setup.prior.problem.flow.periods[-1].stresses)
            self._ahead = [
                model.what_if(
                    periods=(
                        Period(
                            length_s=_FOREVER_S,
                            stresses=self.setup.prior.stresses_of(mean, member),
                            steady=True,
                        ),
                    )
                )
                for model, member in zip(self.models, self.parameters.T, strict=True)
            ]
        for ahead, model in zip(self._ahead, self.models, strict=True):
            ahead.restore(model.state())
        return self._ahead

    def _rest(self) -> FloatArray:
        """Heads (members, nl, nr, nc) in the steady state without any wells."""
        if self._undisturbed is None:
            self._undisturbed = np.stack([_at_rest(model) for model in self._outlooks()])
        return self._undisturbed

    def _middle(self) -> WaterModel:
        """The member whose heads at the wells lie nearest to the median of all."""
        levels = np.stack([self.levels_m(model) for model in self.models])
        miss = np.nansum((levels - np.nanmedian(levels, axis=0)) ** 2, axis=1)
        return self.models[int(np.argmin(miss))]

    def _wells(self) -> tuple[WellNow, ...]:
        levels = np.stack([self._read(model)[0] for model in self.models])
        concs = np.stack([self._read(model)[1] for model in self.models])
        rest = self._observer.read(self._rest())
        local = self.local_m(*(np.array([row[k] for row in self._at()]) for k in (0, 1)))
        return tuple(
            WellNow(
                name=name,
                level_m=band(dressed(levels[:, at], float(local[at]))),
                drawdown_m=band(rest[:, at] - levels[:, at]),
                conc_kg_m3={
                    species: band(concs[:, n, at]) for n, species in enumerate(self.setup.limits_kg_m3)
                },
            )
            for at, name in enumerate(self._observer.names)
        )

    def _at(self) -> list[tuple[float, float]]:
        return [(row.x_m, row.y_m) for row in self.setup.wells]

    def _vertical(self, ahead: Outlook) -> tuple[Vertical, ...]:
        grid = self.setup.prior.problem.flow.grid
        found = []
        for n, name in enumerate(self.setup.limits_kg_m3):
            for k, lead in enumerate(ahead.leads_s):
                # A cell that is dry in a member holds nothing there.
                mean = np.nan_to_num(ahead.conc_kg_m3[k, :, n]).mean(axis=0)
                mass = by_depth(grid, dissolved_kg(self._middle(), mean), _DEPTHS_M)
                found.append(Vertical(species=name, lead_s=lead, depth_m=_DEPTHS_M, mass_kg=mass))
        return tuple(found)

    def _check(self) -> None:
        transport = self.setup.prior.problem.transport
        travels = [] if transport is None else [row.id for row in transport.species]
        if travels != list(self.setup.limits_kg_m3):
            given = list(self.setup.limits_kg_m3)
            raise refused(given, "species of limits_kg_m3", f"those that travel: {travels}", f"{travels}")
        if self.knobs.members < 4:
            raise refused(self.knobs.members, "members", "four or more", "至少四个")


def _step_to(model: WaterModel, end_s: float, step_s: float) -> tuple[str, ...]:
    """Step a model to a moment; notes of the steps that did not converge."""
    notes: list[str] = []
    pieces = max(int(np.ceil((end_s - model.time_s) / step_s - 1e-9)), 1)
    for mark in np.linspace(model.time_s, end_s, pieces + 1)[1:]:
        done = model.step(float(mark) - model.time_s)
        if not done.converged:
            notes += [*done.notes] or ["not converged"]
    return tuple(notes)


def _at_rest(model: WaterModel) -> FloatArray:
    """Heads of the steady state of a model's period without its wells."""
    pumped = [row.name for row in model.period.stresses if isinstance(row, Wells)]
    branch = model.what_if(drop=pumped)
    return branch.steady_head()


def _apart_m(one_m: FloatArray, two_m: FloatArray) -> FloatArray:
    """Distances (n, m) between places (n, 2) and (m, 2)."""
    return np.asarray(np.hypot(*np.moveaxis(one_m[:, None] - two_m[None], -1, 0)))


def _gap_m(one_m: FloatArray, two_m: FloatArray) -> FloatArray:
    """Distance (n,) from each of some places to the nearest of others."""
    return np.asarray(_apart_m(one_m, two_m).min(axis=1))


def _growth(before: FloatArray, value: FloatArray, sd: FloatArray) -> float:
    """Ratio of misses to what was expected of them (Desroziers et al. 2005, eq. 3), 1 to threefold."""
    miss, spread = value - before.mean(axis=1), before.var(axis=1, ddof=1)
    wanted = float(np.sum((miss**2 - sd**2) / sd**2) / np.sum(spread / sd**2))
    return float(np.sqrt(np.clip(wanted, 1.0, _MOST_INFLATION**2)))


def _first_growth(before: FloatArray, value: FloatArray, sd: FloatArray) -> float:
    return _KEEPS + (1.0 - _KEEPS) * _growth(before, value, sd)


def _inflated(rows: FloatArray, factor: float) -> FloatArray:
    mean = rows.mean(axis=1, keepdims=True)
    return np.asarray(mean + factor * (rows - mean))


def _rmse(shown: FloatArray, data: Data, rows: npt.NDArray[np.int64]) -> float:
    if not rows.size:
        return float("nan")
    return float(np.sqrt(np.mean((np.nanmean(shown[rows], axis=1) - data.value[rows]) ** 2)))
