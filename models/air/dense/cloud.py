"""Concentration of a dense cloud anywhere at any time, from cross-sections along the wind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import erf, gamma

from models.air.dense.along_wind import along_wind_spread_m
from models.air.dense.burst import Puff
from models.air.dense.steady import Sections
from models.air.dense.surroundings import SHORTEST_S, Surroundings, share_of_spread
from models.air.dense.table import MixtureTable
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, Place, frozen
from twin.core.text import Text

_ROOT2 = math.sqrt(2.0)
_SAMPLES = 240


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footprint:
    """Area over a level at one height: ``x_m`` (n,) downwind, ``half_width_m`` (n,) to either side.

    ``reach_m`` is the farthest distance, 0 where the level is nowhere met.
    """

    conc_kg_m3: float
    height_m: float
    x_m: FloatArray
    half_width_m: FloatArray
    area_m2: float
    reach_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Along:
    """A cloud along its axis; arrays (n,). Largest means of ``conc_kg_m3`` and ``ppm`` on the axis.

    ``half_width_m`` and ``depth_m`` of the box of the same second moment and the same mean height,
    ``temperature_k``, ``density_kg_m3`` and ``speed_m_s`` of the mean mixture, ``arrival_s`` of the middle of
    the front after the start of the source.
    """

    x_m: FloatArray
    conc_kg_m3: FloatArray
    ppm: FloatArray
    half_width_m: FloatArray
    depth_m: FloatArray
    temperature_k: FloatArray
    density_kg_m3: FloatArray
    speed_m_s: FloatArray
    arrival_s: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SteadyPart:
    """Plume of one step of the source, emitted from ``start_s`` to ``end_s``."""

    table: MixtureTable
    air: Surroundings
    sections: Sections
    start_s: float
    end_s: float

    def shape(self, x_m: FloatArray, averaging_s: float) -> _Shape:
        """Cross-sections at distances; zero outside the plume's length."""
        rows = self.sections

        def at(values: FloatArray) -> FloatArray:
            return np.interp(x_m, rows.x_m, values)

        age = at(rows.age_s)
        sigma = _averaged(at(rows.sigma_m), age, self.air, averaging_s)
        inside = (x_m >= rows.x_m[0]) & (x_m <= rows.x_m[-1])
        flux = np.where(inside, at(rows.rate_kg_s), 0.0) / at(rows.speed_m_s)
        return _Shape(
            line_kg_m=flux,
            box_m=at(rows.half_width_m),
            sigma_m=sigma,
            mean_height_m=at(rows.mean_height_m),
            exponent=at(rows.exponent),
            axis_m=at(rows.axis_m),
            spread_m=at(rows.spread_m),
            aloft=at(rows.aloft),
            age_s=age,
            most_kg_m3=float(self.table.conc_kg_m3[-1]),
        )

    def passing(self, age_s: FloatArray, t_s: FloatArray) -> FloatArray:
        """Part of the steady concentration that is there at a time; start and end arrive smeared."""
        spread = self.smear_s(age_s)
        on = erf((t_s - self.start_s - age_s) / (_ROOT2 * spread))
        off = erf((t_s - self.end_s - age_s) / (_ROOT2 * spread))
        return np.asarray(0.5 * (on - off), dtype=np.float64)

    def smear_s(self, age_s: FloatArray) -> FloatArray:
        """Standard deviation of the time of arrival, s."""
        rows = self.sections
        spread = _along_wind_m(rows.age_s, rows.mean_height_m, self.air)
        return np.maximum(np.interp(age_s, rows.age_s, spread / rows.speed_m_s), 0.5)

    def conc(
        self, x_m: FloatArray, y_m: FloatArray, z_m: FloatArray, t_s: FloatArray, averaging_s: float
    ) -> FloatArray:
        """kg/m3; arrays of one shape."""
        shape = self.shape(x_m, averaging_s)
        return shape.conc(y_m, z_m) * self.passing(shape.age_s, t_s)

    def passage(
        self, x_m: FloatArray, y_m: FloatArray, z_m: FloatArray, t_s: FloatArray, averaging_s: float
    ) -> FloatArray:
        """kg/m3 at places (n,) at the times (n, k) of each."""
        shape = self.shape(x_m, averaging_s)
        return shape.conc(y_m, z_m)[:, None] * self.passing(shape.age_s[:, None], t_s)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shape:
    """Cross-sections: ``line_kg_m`` of substance per metre along the wind and their measures."""

    line_kg_m: FloatArray
    box_m: FloatArray
    sigma_m: FloatArray
    mean_height_m: FloatArray
    exponent: FloatArray
    axis_m: FloatArray
    spread_m: FloatArray
    aloft: FloatArray
    age_s: FloatArray
    most_kg_m3: float

    def conc(self, y_m: FloatArray, z_m: FloatArray) -> FloatArray:
        """kg/m3, at most what left the source."""
        across = lateral(y_m, self.box_m, self.sigma_m)
        up = (1.0 - self.aloft) * on_ground(z_m, self.mean_height_m, self.exponent)
        up = up + self.aloft * in_air(z_m, self.axis_m, self.spread_m)
        return np.where(z_m >= 0.0, np.minimum(self.line_kg_m * across * up, self.most_kg_m3), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BurstPart:
    """Cloud of an instantaneous source that came at ``start_s``."""

    table: MixtureTable
    air: Surroundings
    puff: Puff
    start_s: float

    def conc(
        self, x_m: FloatArray, y_m: FloatArray, z_m: FloatArray, t_s: FloatArray, averaging_s: float
    ) -> FloatArray:
        """kg/m3; arrays of one shape."""
        puff, age = self.puff, t_s - self.start_s
        inside = (age >= 0.0) & (age <= puff.time_s[-1])

        def at(values: FloatArray) -> FloatArray:
            return np.interp(age, puff.time_s, values)

        box, sigma = (
            at(puff.radius_m),
            _averaged(at(puff.sigma_m), np.maximum(age, 0.0), self.air, averaging_s),
        )
        round_m = np.sqrt(0.25 * box**2 + sigma**2)
        sheared = at(_along_wind_m(puff.time_s, puff.mean_height_m, self.air))
        along = np.sqrt(round_m**2 + sheared**2)
        away = np.hypot((x_m - at(puff.x_m)) * round_m / along, y_m)
        spread = disc(away, box, sigma) * round_m / along
        value = puff.substance_kg * spread * on_ground(z_m, at(puff.mean_height_m), at(puff.exponent))
        value = np.minimum(value, self.table.conc_kg_m3[-1])
        return np.where(inside & (z_m >= 0.0), value, 0.0)

    def passage(
        self, x_m: FloatArray, y_m: FloatArray, z_m: FloatArray, t_s: FloatArray, averaging_s: float
    ) -> FloatArray:
        """kg/m3 at places (n,) at the times (n, k) of each."""
        x, y, z, t = np.broadcast_arrays(x_m[:, None], y_m[:, None], z_m[:, None], t_s)
        return self.conc(x, y, z, t, averaging_s)


def lateral(y_m: FloatArray, box_m: FloatArray, sigma_m: FloatArray) -> FloatArray:
    """Crosswind profile of integral 1: a box smeared by a Gaussian (Ermak 1990), 1/m."""
    down = _ROOT2 * sigma_m
    return np.asarray(
        (erf((y_m + box_m) / down) - erf((y_m - box_m) / down)) / (4.0 * box_m), dtype=np.float64
    )


def disc(r_m: FloatArray, radius_m: FloatArray, sigma_m: FloatArray) -> FloatArray:
    """The same for a round cloud: integral over the plane 1, 1/m2."""
    down = _ROOT2 * sigma_m
    ratio = radius_m / down
    profile = 0.5 * (erf((r_m + radius_m) / down) - erf((r_m - radius_m) / down))
    area = (radius_m**2 + sigma_m**2) * erf(ratio)
    area = area + math.sqrt(2.0 / math.pi) * radius_m * sigma_m * np.exp(-(ratio**2))
    return np.asarray(profile / (math.pi * area), dtype=np.float64)


def on_ground(z_m: FloatArray, mean_m: FloatArray, exponent: FloatArray) -> FloatArray:
    """Vertical profile exp(-(z/S)^s) with a mean height and s = ``exponent``; integral 1, 1/m."""
    scale = mean_m * gamma(1.0 / exponent) / gamma(2.0 / exponent)
    scaled = np.maximum(z_m, 0.0) / scale
    return np.asarray(np.exp(-(scaled**exponent)) / (gamma(1.0 + 1.0 / exponent) * scale), dtype=np.float64)


def in_air(z_m: FloatArray, axis_m: FloatArray, spread_m: FloatArray) -> FloatArray:
    """Gaussian around an axis with its image under the ground, integral 1 over the air, 1/m."""
    above = np.exp(-0.5 * ((z_m - axis_m) / spread_m) ** 2)
    image = np.exp(-0.5 * ((z_m + axis_m) / spread_m) ** 2)
    return np.asarray((above + image) / (math.sqrt(2.0 * math.pi) * spread_m), dtype=np.float64)


def _averaged(sigma_m: FloatArray, age_s: FloatArray, air: Surroundings, averaging_s: float) -> FloatArray:
    """Spread seen in an averaging time: the meander that 18 s do not see is added."""
    more = share_of_spread(averaging_s) ** 2 - share_of_spread(SHORTEST_S) ** 2
    half_hour = air.sigma_v_m_s * age_s / (1.0 + 0.9 * np.sqrt(age_s / 300.0))
    return np.sqrt(sigma_m**2 + more * half_hour**2)


def _along_wind_m(time_s: FloatArray, mean_m: FloatArray, air: Surroundings) -> FloatArray:
    return along_wind_spread_m(time_s, mean_m, air.friction_m_s, air.inverse_obukhov_1_m)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseCloud:
    """Cloud of one source over flat ground. ``x`` is downwind of the source, ``y`` to the left, metres.

    ``parts`` are its steps; ``averaging_s`` widens the plume by its meander. ``texts`` say what is left out
    and what the source assumed, ``outside`` which limits the inputs break.
    """

    substance_id: str
    place: Place
    towards_deg: float
    averaging_s: float
    parts: tuple[SteadyPart | BurstPart, ...]
    texts: tuple[Text, ...]
    outside: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Texts in English and broken limits, as a plume's notes."""
        return (*(text.en for text in self.texts), *self.outside)

    @property
    def table(self) -> MixtureTable:
        """Mixing line of the first step."""
        return self.parts[0].table

    @property
    def sections(self) -> Sections:
        """Cross-sections of the step of the largest rate. SolverError for a cloud without a plume."""
        steady = [part for part in self.parts if isinstance(part, SteadyPart)]
        if not steady:
            msg = "an instantaneous cloud has no steady cross-sections; expected a pool, jet or vent"
            raise SolverError(msg, message_zh="瞬时气云没有稳态截面", field="shape", value="instant")
        return max(steady, key=_strength).sections

    def conc(
        self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, z_m: npt.ArrayLike, t_s: npt.ArrayLike
    ) -> FloatArray:
        """Concentration, kg/m3, ``t_s`` after the start of the source; arguments broadcast."""
        x, y, z, t = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x_m, y_m, z_m, t_s)))
        total = np.zeros(x.shape)
        for part in self.parts:
            total = total + part.conc(x, y, z, t, self.averaging_s)
        return total

    def at(
        self, east_m: npt.ArrayLike, north_m: npt.ArrayLike, z_m: npt.ArrayLike, t_s: npt.ArrayLike
    ) -> FloatArray:
        """The same at places of the local frame, heights above ground."""
        angle = math.radians(self.towards_deg)
        dx = np.asarray(east_m, dtype=np.float64) - self.place.x_m
        dy = np.asarray(north_m, dtype=np.float64) - self.place.y_m
        along = dx * math.sin(angle) + dy * math.cos(angle)
        left = -dx * math.cos(angle) + dy * math.sin(angle)
        return self.conc(along, left, z_m, t_s)

    def ppm_of(self, conc_kg_m3: npt.ArrayLike) -> FloatArray:
        """Volume fraction in ppm of the local mixture, single molecules."""
        return self.table.ppm_of(conc_kg_m3)

    def history_kg_m3(self, x_m: float, y_m: float, height_m: float) -> tuple[FloatArray, FloatArray]:
        """Times (s) and concentrations at a place, 600 samples over the whole passage."""
        start, end = self.passage_s(x_m)
        t = np.linspace(start, end, 600)
        return t, self.conc(x_m, y_m, height_m, t)

    def peak_kg_m3(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike = 0.0, height_m: float = 0.0) -> FloatArray:
        """Highest mean over ``averaging_s`` at places downwind, whenever it comes; arrays broadcast."""
        x, y = np.broadcast_arrays(np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64))
        return self._peaks(x.ravel(), y.ravel(), height_m).reshape(x.shape)

    def centreline_kg_m3(self, x_m: npt.ArrayLike, height_m: float = 0.0) -> FloatArray:
        """Highest mean over ``averaging_s`` on the axis at a height."""
        return self.peak_kg_m3(x_m, 0.0, height_m)

    def passage_s(self, x_m: float) -> tuple[float, float]:
        """When the cloud is at a distance: start and end, s after the start of the source."""
        spans = [_passage(part, x_m) for part in self.parts]
        return min(span[0] for span in spans), max(span[1] for span in spans)

    def arrival_s(self, x_m: float) -> float:
        """When the middle of the front arrives, s after the start of the source."""
        return min(_front(part, x_m) for part in self.parts)

    def footprint(self, conc_kg_m3: float, height_m: float = 0.0, nodes: int = 160) -> Footprint:
        """Where the highest mean over ``averaging_s`` is over a level."""
        x = np.unique(np.concatenate([_places(part, nodes) for part in self.parts]))
        middle = self.centreline_kg_m3(x, height_m)
        over = np.flatnonzero(middle >= conc_kg_m3)
        half = np.zeros_like(x)
        half[over] = self._edges(x[over], height_m, conc_kg_m3)
        reach = 0.0
        if over.size:
            last = int(over[-1])
            reach = float(x[last])
            if last + 1 < x.size and middle[last + 1] > 0.0:
                part = math.log(middle[last] / conc_kg_m3) / math.log(middle[last] / middle[last + 1])
                reach += part * float(x[last + 1] - x[last])
        return Footprint(
            conc_kg_m3=conc_kg_m3,
            height_m=height_m,
            x_m=frozen(x[over]),
            half_width_m=frozen(half[over]),
            area_m2=float(2.0 * np.trapezoid(half, x)),
            reach_m=reach,
        )

    def along(self, x_m: npt.ArrayLike, height_m: float = 0.0) -> Along:
        """What the cloud is like at distances downwind (n,)."""
        x = np.atleast_1d(np.asarray(x_m, dtype=np.float64))
        c = self.centreline_kg_m3(x, height_m)
        main = max(self.parts, key=_strength)
        rows: Sections | Puff = main.sections if isinstance(main, SteadyPart) else main.puff

        def at(values: FloatArray) -> FloatArray:
            return np.interp(x, rows.x_m, values)

        box = rows.half_width_m if isinstance(rows, Sections) else rows.radius_m
        return Along(
            x_m=x,
            conc_kg_m3=c,
            ppm=self.ppm_of(c),
            half_width_m=at(np.sqrt(box**2 + 3.0 * rows.sigma_m**2)),
            depth_m=2.0 * at(rows.mean_height_m),
            temperature_k=at(rows.temperature_k),
            density_kg_m3=at(rows.density_kg_m3),
            speed_m_s=at(rows.speed_m_s),
            arrival_s=np.array([self.arrival_s(float(v)) for v in x]),
        )

    def _edges(self, x: FloatArray, height_m: float, level: float) -> FloatArray:
        low, high = np.zeros_like(x), np.ones_like(x)
        for _ in range(16):
            wider = self._peaks(x, high, height_m) > level
            if not np.any(wider):
                break
            low, high = np.where(wider, high, low), np.where(wider, 2.0 * high, high)
        for _ in range(10):
            middle = 0.5 * (low + high)
            inside = self._peaks(x, middle, height_m) > level
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return np.asarray(0.5 * (low + high), dtype=np.float64)

    def _peaks(self, x: FloatArray, y: FloatArray, height_m: float) -> FloatArray:
        if x.size == 0:
            return np.zeros(0)
        if len(self.parts) == 1 and isinstance(self.parts[0], SteadyPart):
            return _steady_peaks(self.parts[0], x, y, height_m, self.averaging_s)
        spans = np.array([self.passage_s(float(v)) for v in x])
        t = spans[:, :1] + (spans[:, 1:] - spans[:, :1]) * np.linspace(0.0, 1.0, _SAMPLES)
        z = np.full_like(x, height_m)
        total = np.zeros_like(t)
        for part in self.parts:
            total += part.passage(x, y, z, t, self.averaging_s)
        return _running(t, total, self.averaging_s)


def _running(t_s: FloatArray, conc: FloatArray, averaging_s: float) -> FloatArray:
    """Highest running mean of each row; times of a row are evenly spaced."""
    step = t_s[:, 1] - t_s[:, 0]
    dose = np.zeros_like(conc)
    dose[:, 1:] = np.cumsum(0.5 * (conc[:, 1:] + conc[:, :-1]), axis=1) * step[:, None]
    ends = np.minimum(np.arange(t_s.shape[1]) + averaging_s / step[:, None], t_s.shape[1] - 1.0)
    k = np.minimum(ends.astype(np.intp), t_s.shape[1] - 2)
    left, right = np.take_along_axis(dose, k, axis=1), np.take_along_axis(dose, k + 1, axis=1)
    mean = (left + (ends - k) * (right - left) - dose).max(axis=1) / averaging_s
    return np.asarray(np.minimum(mean, conc.max(axis=1)), dtype=np.float64)


def _steady_peaks(
    part: SteadyPart, x: FloatArray, y: FloatArray, height_m: float, averaging_s: float
) -> FloatArray:
    shape = part.shape(x, averaging_s)
    t = (0.5 * (part.start_s + part.end_s) + shape.age_s)[:, None]
    there = part.passing(shape.age_s[:, None], t + np.linspace(-0.5, 0.5, 41) * averaging_s)
    mean = np.trapezoid(there, dx=1.0 / 40.0, axis=1)
    return np.asarray(shape.conc(y, np.full_like(x, height_m)) * mean, dtype=np.float64)


def _strength(part: SteadyPart | BurstPart) -> float:
    return part.puff.substance_kg if isinstance(part, BurstPart) else float(part.sections.rate_kg_s[-1])


def _front(part: SteadyPart | BurstPart, x_m: float) -> float:
    if isinstance(part, BurstPart):
        return part.start_s + float(np.interp(x_m, part.puff.x_m, part.puff.time_s))
    return part.start_s + float(np.interp(x_m, part.sections.x_m, part.sections.age_s))


def _passage(part: SteadyPart | BurstPart, x_m: float) -> tuple[float, float]:
    front = _front(part, x_m)
    if isinstance(part, BurstPart):
        puff = part.puff
        k = int(np.argmin(np.abs(puff.x_m - x_m)))
        sheared = _along_wind_m(puff.time_s, puff.mean_height_m, part.air)[k]
        long = float(np.hypot(puff.radius_m[k] + puff.sigma_m[k], sheared))
        span = 6.0 * long / max(float(puff.speed_m_s[k]), 0.2)
        return max(front - span, part.start_s), min(front + span, part.start_s + float(puff.time_s[-1]))
    smear = float(part.smear_s(np.array([front - part.start_s]))[0])
    return max(front - 4.0 * smear, part.start_s), front + (part.end_s - part.start_s) + 4.0 * smear


def _places(part: SteadyPart | BurstPart, nodes: int) -> FloatArray:
    x = part.puff.x_m if isinstance(part, BurstPart) else part.sections.x_m
    return np.asarray(x[np.unique(np.linspace(0, x.size - 1, nodes).astype(np.intp))], dtype=np.float64)
