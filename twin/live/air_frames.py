"""What the model worker makes of the air at one moment: plumes, now-casts, forecasts, as rows of results."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.contract import AirSolver
from twin.core.errors import ParkTwinError, SolverError
from twin.live.couple import Coupled
from twin.live.deduce import Deduction, coupled_of, deduce, substances_due
from twin.live.ground import Ground
from twin.live.nowcast import AirResult, now_cast
from twin.live.outlook import outlook, read_wind_forecast
from twin.live.state import State
from twin.live.windbook import WindBook
from twin.stage.encode import encode_plume
from twin.store.results import ResultStore
from twin.store.rows import AirKind, AirRow, PlumeRow

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class AirFrames:
    """Makes and stores the frames of a moment. ``next_k`` numbers the frames of a run.

    A plume of every substance that is due is made every time; a now-cast of every substance that is
    measured once per ``now_cast_ms`` of data time, a forecast of each plume once per ``forecast_ms``.
    Without a ``book`` the wind is interpolated between the stations.
    """

    ground: Ground
    air: AirSolver
    store: ResultStore
    data_dir: Path
    now_cast_ms: int
    forecast_ms: int
    next_k: Callable[[], int]
    book: WindBook | None = None
    _slots: dict[str, int] = field(default_factory=dict)

    def make(self, run: str, state: State, *, present: bool) -> None:
        """Frames of a state; a moment of the past that is filled in (not ``present``) gets no forecast."""
        coupled = self._coupled(state)
        due = substances_due(state)
        casting = self._turn("nowcast", state.time_ms, self.now_cast_ms) or not present
        foretelling = present and self._turn("forecast", state.time_ms, self.forecast_ms)
        for substance in (*due, *sorted(set(state.beams) - set(due))) if casting else due:
            self._substance(run, state, substance, coupled, substance in due, casting, foretelling)

    def _substance(
        self,
        run: str,
        state: State,
        substance: str,
        coupled: Coupled | None,
        plume: bool,
        casting: bool,
        foretelling: bool,
    ) -> None:
        try:
            result = deduce(self.ground.park, self.ground.site, state, substance, self.air, coupled=coupled)
            if result.failed:
                _log.warning("no solution for %s at %d: %s", substance, state.time_ms, result.failed)
            if plume:
                self.store.add_plume(plume_row(run, self.next_k(), result), encode_plume(result.plume))
            if casting:
                made = now_cast(self.ground.park, state, result, with_map=True)
                self._store(run, AirKind.NOW_CAST, result, made)
        except ParkTwinError as error:
            _log.warning("no plume of %s at %d: %s", substance, state.time_ms, error.message)
            return
        if foretelling:
            self._foretell(run, state, result)

    def _foretell(self, run: str, state: State, result: Deduction) -> None:
        """A forecast; what keeps it from being made keeps nothing else."""
        try:
            ahead = outlook(self.ground.park, state, result, read_wind_forecast(self.data_dir))
            if ahead is not None:
                self._store(run, AirKind.FORECAST, result, ahead)
        except ParkTwinError as error:
            substance = result.plume.substance_id
            _log.warning("no forecast of %s at %d: %s", substance, state.time_ms, error.message)

    def _store(self, run: str, kind: AirKind, result: Deduction, made: AirResult) -> None:
        plume = result.plume
        row = AirRow(
            run=run,
            k=self.next_k(),
            kind=kind,
            substance_id=plume.substance_id,
            time_ms=plume.time_ms,
            size_bytes=0,
            origin=plume.origin,
            solver=plume.solver,
            body=made.body,
        )
        self.store.add_air(row, made.map)

    def _coupled(self, state: State) -> Coupled | None:
        try:
            wind = None if self.book is None else self.book.wind(state)
            return coupled_of(self.ground.park, self.ground.site, state, self.air, wind)
        except SolverError as error:  # the frames say that there is no wind
            _log.debug("no coupling at %d: %s", state.time_ms, error.message)
            return None

    def _turn(self, what: str, at_ms: int, every_ms: int) -> bool:
        """Whether a new interval of data time has begun, or the data began anew."""
        slot = at_ms // every_ms
        if self._slots.get(what) == slot:
            return False
        self._slots[what] = slot
        return True


def plume_row(run: str, k: int, result: Deduction) -> PlumeRow:
    """Row of a deduction, ready for the result ledger (its size comes with the file)."""
    plume = result.plume
    return PlumeRow(
        run=run,
        k=k,
        substance_id=plume.substance_id,
        time_ms=plume.time_ms,
        size_bytes=0,
        max_kg_m3=float(np.max(plume.conc_kg_m3, initial=0.0)),
        origin=plume.origin,
        solver=plume.solver,
        notes=plume.notes,
        inputs=plume.inputs,
        sources=result.sources,
        beams_kg_m3=plume.beam_conc_kg_m3,
    )
