"""Hidden groundwater: levels and quality of the wells.

Where the scene says how its aquifer is modelled (``water.toml``) the wells stand in a hidden aquifer of their
own (``sensors.simulated.aquifer``, ``plumes``), solved when the first well speaks; elsewhere levels follow
the land, the seasons and the rain by themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon

from sensors.simulated.aquifer import CELL_M, Aquifer, aquifer_of
from sensors.simulated.draws import stream
from sensors.simulated.plan import Ground
from sensors.simulated.plumes import Plumes, plumes_of
from twin.core.aquifer import Well
from twin.core.clock import DAY_MS, to_datetime
from twin.core.geometry import FloatArray
from twin.core.park import Park
from twin.core.quantity import WATER_PREFIX

_WET_DAYS = 30
_RAIN_CHANCE = 0.3
_RAIN_MEAN_M = 0.012
_RISE_PER_RAIN = 7.0  # metres of level per metre of rain: recharge share over specific yield
_FALL_DAYS = 6.0
_YEAR_DAYS = 365.25
_MEMORY_DAYS = 128  # of the hidden aquifer
_FLUORIDE = "f"
# Limiting conductivities of F- and Na+ (Robinson and Stokes, 1959), 105.5e-4 S m2/mol, over 0.019 kg/mol.
_CONDUCTIVITY_S_M2_KG = 0.55
_ROCK_SHARE = 0.3  # of the plume above that reaches fresh rock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """What stays the same about a well. ``lag_days`` grows with the depth of the screen."""

    rest_m: float
    lag_days: float
    swing_m: float
    celsius: float
    ph: float
    conductivity_s_m: float
    fluoride_kg_m3: float
    background_kg_m3: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """The truth below ground, for scoring: aquifer, plumes, and the unknown of the aquifer at every well."""

    aquifer: Aquifer
    plumes: Plumes
    wells: dict[str, int]


class Groundwater:
    """Hidden state of the wells, a pure function of time and seed.

    Parameters
    ----------
    park
        The park; with a ``groundwater`` of its own the wells stand in a hidden aquifer.
    seed
        Of everything hidden.
    ground
        Terrain; None: no hidden aquifer.
    """

    def __init__(self, park: Park, seed: int, ground: Ground | None = None) -> None:
        self._park = park
        self._seed = seed
        self._ground = ground
        lowest = min((row.collar.z_m for row in park.wells), default=0.0)
        self._habits = {row.id: self._habit(row, lowest) for row in park.wells}
        self._rain_days: dict[int, tuple[int, float]] = {}
        self._hidden: Hidden | None = None
        self._looked = ground is None or not park.wells

    @property
    def hidden(self) -> Hidden | None:
        """The truth below ground, computed when first asked; None where there is no hidden aquifer."""
        if not self._looked:
            self._looked = True
            assert self._ground is not None
            aquifer = aquifer_of(self._park, self._ground, self._seed)
            if aquifer is not None:
                cells = {row.id: _unknown(aquifer, row) for row in self._park.wells}
                wells = {name: cell for name, cell in cells.items() if cell is not None}
                plumes = plumes_of(self._park, aquifer, list(wells.values()), self._seed)
                self._hidden = Hidden(aquifer=aquifer, plumes=plumes, wells=wells)
        return self._hidden

    def values(self, well_id: str, time_ms: int) -> dict[str, float]:
        """Quantities of a well, SI, by key; the level is above the scene's vertical datum."""
        habit = self._habits[well_id]
        year_day = to_datetime(time_ms, self._park.utc_offset_h).timetuple().tm_yday
        season = math.cos(2 * math.pi * (year_day - 160 - habit.lag_days) / _YEAR_DAYS)
        rain = self._recharge_m(time_ms - round(habit.lag_days * DAY_MS))
        breath = 0.004 * math.sin(2 * math.pi * time_ms / (12.42 * 3_600_000))
        dilution = 1.0 - min(0.3, 0.5 * rain)
        found = {
            "water_level": habit.rest_m + habit.swing_m * season + rain + breath,
            "water_temperature": habit.celsius + 0.6 * season + 273.15,
            "ph": habit.ph + 0.1 * (1.0 - dilution),
            "conductivity": habit.conductivity_s_m * dilution,
            f"{WATER_PREFIX}{_FLUORIDE}": habit.fluoride_kg_m3 * dilution,
        }
        hidden = self.hidden
        if hidden is not None and well_id in hidden.wells:
            found |= self._in_aquifer(hidden, well_id, time_ms, dilution, breath)
        return found

    def heads_m(self, time_ms: int) -> FloatArray | None:
        """True heads (sheets, rows, columns) in the local frame; None without a hidden aquifer."""
        if self.hidden is None:
            return None
        return self.hidden.aquifer.heads_m(time_ms, self._rains(time_ms), _RAIN_CHANCE * _RAIN_MEAN_M)

    def conc_kg_m3(self, substance_id: str, time_ms: int) -> FloatArray | None:
        """True concentrations (sheets, rows, columns) above the background; None without an aquifer."""
        return None if self.hidden is None else self.hidden.plumes.field_kg_m3(substance_id, time_ms)

    def front(self, substance_id: str, limit_kg_m3: float, time_ms: int) -> MultiPolygon:
        """Ground under which a sheet holds more than the limit above the background, in whole cells."""
        field = self.conc_kg_m3(substance_id, time_ms)
        if self.hidden is None or field is None:
            return MultiPolygon()
        over: npt.NDArray[np.bool_] = np.nan_to_num(field).max(axis=0) > limit_kg_m3
        sheets = self.hidden.aquifer.sheets
        rows, columns = np.nonzero(over)
        x, y = sheets.x_m[columns], sheets.y_m[rows]
        half = CELL_M / 2
        found = shapely.union_all(shapely.box(x - half, y - half, x + half, y + half))
        return found if isinstance(found, MultiPolygon) else MultiPolygon([found])  # type: ignore[list-item]

    def _in_aquifer(
        self, hidden: Hidden, well_id: str, time_ms: int, dilution: float, breath: float
    ) -> dict[str, float]:
        """What the hidden aquifer says of a well: it outweighs the habits."""
        habit, unknown = self._habits[well_id], hidden.wells[well_id]
        aquifer = hidden.aquifer
        rains = self._rains(time_ms)
        rise = aquifer.rise_m(unknown, time_ms, rains, _RAIN_CHANCE * _RAIN_MEAN_M)
        rest = float(aquifer.steady_m[aquifer.sheets.number == unknown][0]) + self._park.origin.height_m
        share = _ROCK_SHARE if self._in_rock(hidden, well_id) else 1.0
        leaked = share * hidden.plumes.at(unknown, _FLUORIDE, time_ms)
        return {
            "water_level": rest + rise + breath,
            # Hydrofluoric acid uses up the ground's buffer little by little.
            "ph": habit.ph + 0.1 * (1.0 - dilution) - 0.8 * math.log10(1.0 + leaked / 1e-3),
            "conductivity": habit.conductivity_s_m * dilution + _CONDUCTIVITY_S_M2_KG * leaked,
            f"{WATER_PREFIX}{_FLUORIDE}": habit.background_kg_m3 * dilution + leaked,
        }

    def _in_rock(self, hidden: Hidden, well_id: str) -> bool:
        well = next(row for row in self._park.wells if row.id == well_id)
        return well.stratum_id not in hidden.aquifer.sheets.stratum_ids

    def _rains(self, time_ms: int) -> list[tuple[int, float]]:
        today = time_ms // DAY_MS
        days = (self._rain(day) for day in range(today - _MEMORY_DAYS, today + 1))
        return [(start, depth) for start, depth in days if depth > 0.0 and start < time_ms]

    def _habit(self, well: Well, lowest_m: float) -> _Habit:
        place = stream(self._seed, "well-group", well.group_id or well.id)
        own = stream(self._seed, "well", well.id)
        middle_m = (well.screen_top_m + well.screen_bottom_m) / 2.0
        below_m = place.uniform(2.5, 4.5) + 0.12 * (well.collar.z_m - lowest_m) + 0.015 * middle_m
        below_m = min(below_m, max(1.0, 0.85 * well.depth_m))
        spoilt = own.random() < 0.2
        return _Habit(
            rest_m=well.collar.z_m + self._park.origin.height_m - below_m,
            lag_days=0.15 * middle_m,
            swing_m=place.uniform(0.3, 0.7) / (1.0 + 0.03 * middle_m),
            celsius=place.uniform(17.5, 19.5),
            ph=own.uniform(6.4, 7.4),
            conductivity_s_m=own.uniform(0.02, 0.06) * (2.0 if spoilt else 1.0),
            fluoride_kg_m3=own.uniform(2e-4, 6e-4) * (4.0 if spoilt else 1.0),
            background_kg_m3=own.uniform(2e-4, 4e-4),
        )

    def _recharge_m(self, time_ms: int) -> float:
        """Rise of the level by the rains of the last weeks, each dying away by itself."""
        today = time_ms // DAY_MS
        total = 0.0
        for day in range(today - _WET_DAYS, today + 1):
            start_ms, depth_m = self._rain(day)
            since = (time_ms - start_ms) / DAY_MS
            if since > 0 and depth_m > 0:
                total += (
                    _RISE_PER_RAIN * depth_m * math.exp(-since / _FALL_DAYS) * (1 - math.exp(-since / 0.3))
                )
        return total

    def _rain(self, day: int) -> tuple[int, float]:
        """Start of a day's rain and its depth, 0 on a dry day."""
        if day not in self._rain_days:
            draws = stream(self._seed, "rain", day)
            depth = float(draws.exponential(_RAIN_MEAN_M)) if draws.random() < _RAIN_CHANCE else 0.0
            self._rain_days[day] = (day * DAY_MS + round(draws.uniform(0, 1) * DAY_MS), depth)
        return self._rain_days[day]


def _unknown(aquifer: Aquifer, well: Well) -> int | None:
    """Row of the system of equations that a well's screen stands in; the lowest sheet where it is deeper."""
    cell = aquifer.sheets.cell(well.collar.x_m, well.collar.y_m)
    if cell is None:
        return None
    names = aquifer.sheets.stratum_ids
    sheet = names.index(well.stratum_id) if well.stratum_id in names else len(names) - 1
    return int(aquifer.sheets.number[sheet][cell])
