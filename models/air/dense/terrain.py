"""A release of dense gas over terrain, from the source to the far field, in one call.

The shallow layer carries the cloud while it is dense, puffs in the wind over the terrain carry it on;
concentration at a place is the sum of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.air.dense.arrays import arrays
from models.air.dense.drift import at_height, carried, readable
from models.air.dense.handover import HandedPuffs, Handover, joined, merged, no_puffs
from models.air.dense.inflow import Inflow, inflows
from models.air.dense.layer import Book, Cells, LayerFields, LayerSettings, cells_of
from models.air.dense.mixture import Mixture
from models.air.dense.seen import Seen, layer_map, layer_means, puff_means, seen_by
from models.air.dense.shallow import ShallowLayer
from models.air.dense.table import MixtureTable, mixture_table
from models.air.dense.validity import LIMITS, notes_of
from models.air.dense.warmth import Warm, ground_heat
from models.air.turbulence import similarity_sigma_v
from models.air.wind import SteadyWind
from models.contract import Site, SurfaceLayer, WindField
from models.limits import Limit
from models.term import Ambient, SourceTerm
from twin.core.beam import Receptor
from twin.core.clock import Interval
from twin.core.geometry import FloatArray, frozen
from twin.core.origin import Origin, of_result
from twin.core.plume import PlumeGrid

_MERGE_TICKS = 6
_SMOOTH = 0.55  # least spread of a puff as it is read, in blocks of the hand-over


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseResult:
    """A dense cloud over terrain. Times (nt,) in epoch ms; maps (ny, nx), row 0 in the south.

    ``ground_conc_kg_m3`` (nt, ny, nx) at ``height_m`` above ground; ``max_conc_kg_m3``, ``arrival_s`` (first
    time over ``arrival_conc_kg_m3`` since the start, NaN where never) and ``dose_kg_s_m3`` (integral of the
    concentration) are made of it; ``receptor_conc_kg_m3`` (nt, receptors) are means over beams or values at
    points. ``centroid_m`` (nt, 2) of all substance, ``layer_centroid_m`` of what still flows as a layer
    (NaN without one). ``in_layer_kg``, ``in_puffs_kg`` and ``left_kg`` (nt,) are the book over time (what
    left over the edge is in the puffs as well). ``layers`` are the fields of the layer at the same times when
    they were asked for, ``puffs`` the state at the end.
    """

    substance_id: str
    times_ms: FloatArray
    grid: PlumeGrid
    height_m: float
    ground_conc_kg_m3: FloatArray
    max_conc_kg_m3: FloatArray
    arrival_s: FloatArray
    arrival_conc_kg_m3: float
    dose_kg_s_m3: FloatArray
    receptor_conc_kg_m3: FloatArray
    centroid_m: FloatArray
    layer_centroid_m: FloatArray
    in_layer_kg: FloatArray
    in_puffs_kg: FloatArray
    left_kg: FloatArray
    book: Book
    layers: tuple[LayerFields, ...]
    puffs: HandedPuffs
    mixture: Mixture
    steps: int
    origin: Origin
    notes: tuple[str, ...]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Limits of validity; what lies outside is in the notes."""
        return LIMITS


@dataclass(slots=True, kw_only=True)
class _Series:
    """What is gathered while the cloud goes on."""

    times_s: list[float]
    ground: list[FloatArray]
    receptors: list[FloatArray]
    centroid_m: list[tuple[float, float]]
    layer_centroid_m: list[tuple[float, float]]
    book_kg: list[tuple[float, float, float]]
    layers: list[LayerFields]
    flowed: npt.NDArray[np.bool_]


def steady_wind(ambient: Ambient, averaging_s: float = 600.0) -> SteadyWind:
    """The wind of an ``Ambient`` everywhere, with the lateral turbulence of similarity.

    ``averaging_s``: time over which concentrations are means. The scatter of the wind goes with its power 0.2
    (Gifford 1975, as in SLAB and DEGADIS), from the ten minutes of similarity down to 20 s.
    """
    shorter = (min(max(averaging_s, 20.0), 3600.0) / 600.0) ** 0.2
    towards = np.deg2rad(ambient.towards_deg)
    layer = SurfaceLayer(
        friction_velocity_m_s=ambient.friction_velocity_m_s,
        inverse_obukhov_1_m=ambient.inverse_obukhov_1_m,
        sigma_v_m_s=shorter
        * similarity_sigma_v(
            ambient.friction_velocity_m_s, ambient.inverse_obukhov_1_m, ambient.mixing_height_m
        ),
        mixing_height_m=ambient.mixing_height_m,
    )
    return SteadyWind(
        u_m_s=float(ambient.wind_speed_m_s * np.sin(towards)),
        v_m_s=float(ambient.wind_speed_m_s * np.cos(towards)),
        height_m=ambient.wind_height_m,
        roughness_m=ambient.roughness_m,
        layer=layer,
    )


def source_mixture(term: SourceTerm, ambient: Ambient) -> MixtureTable:
    """Mixing line of the mass-weighted mean state of a source."""
    weight = term.rate_kg_s * np.diff(term.times_s)
    share = weight / weight.sum()
    return mixture_table(
        term.substance_id,
        float((share * term.temperature_k).sum()),
        float((share * term.liquid_fraction).sum()),
        ambient,
        float((share * term.air_fraction).sum()),
    )


def dense_over_terrain(
    term: SourceTerm,
    ambient: Ambient,
    site: Site,
    wind: WindField | None,
    window: Interval,
    grid: PlumeGrid,
    receptors: Sequence[Receptor] = (),
    *,
    height_m: float = 1.5,
    output_s: float = 30.0,
    arrival_conc_kg_m3: float = 1e-6,
    settings: LayerSettings | None = None,
    mixture: Mixture | None = None,
    keep_layers: bool = False,
) -> DenseResult:
    """Dense cloud of ``term`` from ``window.start_ms`` (the start of the accident) to ``window.end_ms``.

    ``wind`` None means the steady wind of ``ambient``. ``grid`` gives the square cells of the layer and of
    the maps (its levels do not count); it must hold the source and the part of the cloud that is dense, while
    puffs and ``receptors`` may lie outside of it. Maps are at ``height_m`` above ground, every ``output_s``
    (rounded to whole looks of the hand-over). ``mixture`` replaces the mixing line of the source's state.
    Raises SolverError when the grid or the source does not fit.
    """
    settings = settings or LayerSettings()
    blowing = wind or steady_wind(ambient)
    line = mixture or source_mixture(term, ambient)
    cells = cells_of(grid, site, settings.edge)
    layer = _layer(cells, line, ambient, settings)
    pure = float(np.asarray(line.density(np.ones(1)))[0])
    sources = inflows(term, cells, pure, layer.air_density_kg_m3)
    seen = seen_by(receptors, site, cells)
    series, puffs = _march(
        layer, sources, blowing, site, window, grid, seen, (height_m, output_s, keep_layers)
    )
    ground = np.array(series.ground)
    return DenseResult(
        substance_id=term.substance_id,
        times_ms=frozen(window.start_ms + 1000.0 * np.array(series.times_s)),
        grid=grid,
        height_m=height_m,
        ground_conc_kg_m3=ground,
        max_conc_kg_m3=ground.max(axis=0),
        arrival_s=_arrival(ground, np.array(series.times_s), arrival_conc_kg_m3),
        arrival_conc_kg_m3=arrival_conc_kg_m3,
        dose_kg_s_m3=np.trapezoid(ground, np.array(series.times_s), axis=0),
        receptor_conc_kg_m3=np.array(series.receptors),
        centroid_m=np.array(series.centroid_m),
        layer_centroid_m=np.array(series.layer_centroid_m),
        in_layer_kg=np.array([row[0] for row in series.book_kg]),
        in_puffs_kg=np.array([row[1] for row in series.book_kg]),
        left_kg=np.array([row[2] for row in series.book_kg]),
        book=layer.book,
        layers=tuple(series.layers),
        puffs=puffs,
        mixture=line,
        steps=layer.steps,
        origin=of_result(blowing.origin, Origin.MODELLED),
        notes=notes_of(term, ambient, blowing, layer, window, series.flowed),
    )


def _layer(cells: Cells, line: Mixture, ambient: Ambient, settings: LayerSettings) -> ShallowLayer:
    heat = None
    if settings.ground_heat and isinstance(line, Warm):
        library = arrays(settings.library, settings.precision, settings.device)
        heat = ground_heat(line, ambient.ground_temperature_k or ambient.temperature_k, library)
    return ShallowLayer(cells, line, settings, heat)


def _march(
    layer: ShallowLayer,
    sources: list[Inflow],
    wind: WindField,
    site: Site,
    window: Interval,
    grid: PlumeGrid,
    seen: Seen,
    wanted: tuple[float, float, bool],
) -> tuple[_Series, HandedPuffs]:
    """Layer and puffs in ticks of the hand-over, with an output every so many ticks."""
    tick = layer.settings.handover_every_s
    handover, puffs = Handover(layer), no_puffs()
    series = _Series(
        times_s=[],
        ground=[],
        receptors=[],
        centroid_m=[],
        layer_centroid_m=[],
        book_kg=[],
        layers=[],
        flowed=np.zeros((layer.cells.ny, layer.cells.nx), dtype=bool),
    )
    least = _SMOOTH * layer.settings.handover_block * layer.cells.step_m
    slices = None if any(source.at_once for source in sources) else site.roughness_m
    ticks = max(1, round(window.length_s / tick))
    every = max(1, round(wanted[1] / tick))
    wind_every = max(1, round(layer.settings.wind_every_s / tick))
    for k in range(ticks + 1):
        if k:
            puffs = carried(puffs, wind, window.start_ms, (k - 1) * tick, tick, slices)
            layer.advance(k * tick, sources)
            puffs = joined([puffs, handover.look(wind.air(window.start_ms + round(1000.0 * k * tick)))])
            if k % _MERGE_TICKS == 0 and puffs.x_m.size:
                puffs = merged(puffs)
        if k % wind_every == 0:
            _blow(layer, wind, site, window.start_ms + round(1000.0 * k * tick))
        if k % every == 0 or k == ticks:
            air = wind.air(window.start_ms + round(1000.0 * k * tick))
            read = readable(puffs, least, site.roughness_m, air.inverse_obukhov_1_m)
            _record(series, layer, read, grid, seen, air, (wanted[0], wanted[2]))
    return series, puffs


def _blow(layer: ShallowLayer, wind: WindField, site: Site, time_ms: int) -> None:
    """Tell the layer the wind of the moment."""
    x, y = np.meshgrid(layer.cells.x_m, layer.cells.y_m)
    u, v = wind.at(x, y, time_ms, np.full(x.shape, layer.settings.wind_height_m))
    layer.set_wind(np.asarray(u), np.asarray(v), site.roughness_m, wind.air(time_ms))


def _record(
    series: _Series,
    layer: ShallowLayer,
    puffs: HandedPuffs,
    grid: PlumeGrid,
    seen: Seen,
    air: SurfaceLayer,
    wanted: tuple[float, bool],
) -> None:
    height, keep = wanted
    fields, lid = layer.fields(), air.mixing_height_m
    ground = at_height(puffs, grid, height, lid) + layer_map(fields, layer.cells, grid, height, air)
    mass = layer.substance_kg_m2() * layer.cells.step_m**2
    own = np.array([(mass.sum(axis=0) * layer.cells.x_m).sum(), (mass.sum(axis=1) * layer.cells.y_m).sum()])
    drifting = np.array([(puffs.mass_kg * puffs.x_m).sum(), (puffs.mass_kg * puffs.y_m).sum()])
    flowing, passive = float(mass.sum()), float(puffs.mass_kg.sum())
    with np.errstate(invalid="ignore"):
        everything = (own + drifting) / np.float64(flowing + passive)
        alone = own / np.float64(flowing)
    series.flowed |= fields.conc_kg_m3 > 0.0
    series.times_s.append(layer.time_s)
    series.ground.append(ground)
    series.receptors.append(layer_means(seen, fields, layer.cells, air) + puff_means(seen, puffs, lid))
    series.centroid_m.append((float(everything[0]), float(everything[1])))
    series.layer_centroid_m.append((float(alone[0]), float(alone[1])))
    series.book_kg.append((flowing, passive, layer.book.left_kg))
    if keep:
        series.layers.append(replace(fields))


def _arrival(ground: FloatArray, times_s: FloatArray, limit: float) -> FloatArray:
    over = ground > limit
    return np.asarray(np.where(over.any(axis=0), times_s[over.argmax(axis=0)], np.nan), dtype=np.float64)
