"""The source terms of a dense case: stated in ``[release]``, or computed from ``[source]``."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from models.air.case.load import LoadedCase, bad_value
from models.air.case.plume_releases import early_shares
from models.air.case.schema import DenseCase
from models.air.case.schema_release import DenseReleaseTable
from models.air.dense.table import MixtureTable, mixture_table
from models.contract import Site
from models.substances.table import substance
from models.term import Ambient, Shape, SourceTerm
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, Place

_STEADY_S = 3600.0
_INSTANT_S = 1.0
_BOILS = 0.98  # of the ambient pressure: rounding of a boiling point is not worth air
_AIR_KG_MOL = 0.028964
_MOST_AIR = 0.998  # mixing lines begin there
_ASSOCIATING = ("hf",)  # a mole of its vapour weighs more than its formula says: left as pure vapour


def dense_terms(case: DenseCase, ambient: Ambient, site: Site, loaded: LoadedCase) -> tuple[SourceTerm, ...]:
    """Terms of a case, on the ground of the site. Raises CaseError and SolverError."""
    if case.source is not None:
        from models.air.case.source_case import terms_of

        made = terms_of(case.source, ambient, site.convergence_deg)
        return tuple(evaporated(_on_ground(term, site), ambient) for term in made)
    assert case.release is not None
    return (evaporated(_stated(case.release, case, ambient, site, loaded), ambient),)


def mixture_of(term: SourceTerm, ambient: Ambient) -> MixtureTable:
    """Mixing line of a term's state, averaged by mass."""
    weight = term.rate_kg_s * np.diff(term.times_s)
    weight = weight / weight.sum()
    return mixture_table(
        term.substance_id,
        float(weight @ term.temperature_k),
        float(weight @ term.liquid_fraction),
        ambient,
        air_fraction=float(weight @ term.air_fraction),
    )


def evaporated(term: SourceTerm, ambient: Ambient) -> SourceTerm:
    """The vapour over a pool that does not boil, with the air it has to be mixed with.

    Over a liquid colder than its boiling point vapour has at most the part p_sat / p of the pressure.
    """
    data = substance(term.substance_id)
    law = data.laws.get("vapour_pressure_pa")
    if term.shape is not Shape.POOL or law is None or data.id in _ASSOCIATING:
        return term
    air = term.air_fraction.copy()
    for k, kelvin in enumerate(term.temperature_k):
        if term.liquid_fraction[k] > 0.0 or not law.low_k <= kelvin <= law.high_k:
            continue
        part = float(law.at(kelvin)) / ambient.pressure_pa
        if part < _BOILS:
            around = (1.0 - part) * _AIR_KG_MOL
            diluted = around / (around + part * data.molar_mass_kg_mol)
            air[k] = max(air[k], min(diluted, _MOST_AIR))
    return replace(term, air_fraction=air)


def joined_steps(term: SourceTerm, most: int) -> SourceTerm:
    """At most so many steps of a term, the first the smallest; states are means by mass, which stays."""
    lengths = np.diff(term.times_s)
    mass = np.concatenate([[0.0], np.cumsum(term.rate_kg_s * lengths)])
    if term.rate_kg_s.size <= most or mass[-1] <= 0.0:
        return term
    rising = np.concatenate([[True], np.diff(mass) > 0.0])
    wanted = mass[-1] * early_shares(most)
    times = np.interp(wanted, mass[rising], term.times_s[rising])

    def mean(values: FloatArray) -> FloatArray:
        sums = np.concatenate([[0.0], np.cumsum(values * term.rate_kg_s * lengths)])
        return np.asarray(np.diff(np.interp(wanted, mass[rising], sums[rising])) / np.diff(wanted))

    return replace(
        term,
        times_s=times,
        rate_kg_s=np.diff(wanted) / np.diff(times),
        temperature_k=mean(term.temperature_k),
        liquid_fraction=mean(term.liquid_fraction),
        air_fraction=mean(term.air_fraction),
        radius_m=mean(term.radius_m),
        speed_m_s=mean(term.speed_m_s),
    )


def source_temperature_k(row: DenseReleaseTable, ambient: Ambient, source: str = "case") -> float:
    """Stated; else the boiling point of what boils below the air's temperature; else that of the air.

    What has no boiling point at this pressure (it sublimes) is gas at the air's temperature when that is
    above its triple point. Raises CaseError when nothing of this is known.
    """
    if row.temperature_k is not None:
        return row.temperature_k
    data = substance(row.substance)
    try:
        return min(float(data.saturation_k(ambient.pressure_pa)), ambient.temperature_k)
    except SolverError:
        law = data.laws.get("vapour_pressure_pa")
        sublimes = law is not None and float(law.at(law.low_k)) > ambient.pressure_pa
        if law is not None and sublimes and ambient.temperature_k > law.low_k:
            return ambient.temperature_k
        raise bad_value(
            source,
            "release.temperature_k",
            None,
            f"a temperature: no boiling point of {row.substance} is known",
            f"温度：{row.substance} 的沸点未知",
        ) from None


def _source_line(
    row: DenseReleaseTable, temperature_k: float, ambient: Ambient, loaded: LoadedCase
) -> MixtureTable:
    """Mixing line of a stated release; what is wrong with its temperature is said of the file's field."""
    try:
        return mixture_table(
            row.substance, temperature_k, row.liquid_fraction, ambient, air_fraction=row.air_fraction
        )
    except SolverError as error:
        if error.field != "source_temperature_k":
            raise
        name, own = "release.temperature_k", error.field
        said, said_zh = (text.replace(own, name) for text in (str(error), error.message_zh))
        left_out = "" if row.temperature_k is not None else " (left out: the boiling point)"
        left_out_zh = "" if row.temperature_k is not None else "（未给出时取沸点）"
        raise bad_value(
            loaded.source,
            name,
            round(temperature_k, 2),
            f"a temperature in the range of the mixture's properties{left_out}; {said}",
            f"物性数据范围内的温度{left_out_zh}；{said_zh}",
        ) from None


def _stated(
    row: DenseReleaseTable, case: DenseCase, ambient: Ambient, site: Site, loaded: LoadedCase
) -> SourceTerm:
    if row.orifice_diameter_m is not None:
        row = flashed(row, ambient, _amount(row, case)[1])
    temperature = source_temperature_k(row, ambient, loaded.source)
    line = _source_line(row, temperature, ambient, loaded)
    density = float(line.density(np.array([1.0 - row.air_fraction]))[0])
    length, rate = _amount(row, case)
    radius, cylinder = _size(row, rate, length, density, loaded)
    towards = ambient.towards_deg if row.towards_deg is None else row.towards_deg - site.convergence_deg
    one = np.ones(1)
    return SourceTerm(
        substance_id=row.substance,
        shape=Shape(row.shape),
        place=_place(row.x_m, row.y_m, row.height_m, site),
        height_m=row.height_m,
        times_s=np.array([0.0, length]),
        rate_kg_s=one * rate,
        temperature_k=one * temperature,
        liquid_fraction=one * row.liquid_fraction,
        air_fraction=one * row.air_fraction,
        radius_m=one * radius,
        speed_m_s=one * row.speed_m_s,
        towards_deg=towards % 360.0,
        elevation_deg=row.elevation_deg,
        height_of_cylinder_m=cylinder,
    )


def flashed(row: DenseReleaseTable, ambient: Ambient, rate_kg_s: float) -> DenseReleaseTable:
    """The jet of a liquid under pressure after its flash: liquid up to the opening, no rain-out."""
    from models.air.source.expansion import expand
    from models.air.source.orifice import Throat

    data = substance(row.substance)
    assert row.storage_temperature_k is not None
    assert row.orifice_diameter_m is not None
    inside = row.storage_temperature_k
    flux = rate_kg_s / (0.25 * math.pi * row.orifice_diameter_m**2)
    throat = Throat(
        pressure_pa=row.storage_pressure_pa or float(data.vapour_pressure_pa(inside)),
        temperature_k=inside,
        vapour_fraction=0.0,
        speed_m_s=flux / float(data.liquid_density_kg_m3(inside)),
        flux_kg_m2_s=flux,
        choked=False,
    )
    made = expand(data, throat, rate_kg_s, ambient.pressure_pa)
    return row.model_copy(
        update={
            "temperature_k": made.temperature_k,
            "liquid_fraction": made.liquid_fraction,
            "speed_m_s": made.speed_m_s,
            "radius_m": made.radius_m,
        }
    )


def _amount(row: DenseReleaseTable, case: DenseCase) -> tuple[float, float]:
    """Length of the release and its rate."""
    if row.shape == "instant":
        return _INSTANT_S, (row.mass_kg or 0.0) / _INSTANT_S
    length = row.duration_s or max(_STEADY_S, case.run.duration_s or 0.0)
    return length, row.rate_kg_s if row.rate_kg_s is not None else (row.mass_kg or 0.0) / length


def _size(
    row: DenseReleaseTable, rate: float, length: float, density: float, loaded: LoadedCase
) -> tuple[float, float]:
    """Radius and, for a cloud at rest, height of its cylinder; what is left out follows from the volume."""
    if row.shape == "instant":
        volume = rate * length / (1.0 - row.air_fraction) / density
        radius = (
            row.radius_m or (volume / math.pi / (row.cylinder_height_m or 0.0)) ** 0.5 if _sized(row) else 0.0
        )
        if radius == 0.0:
            radius = (volume / math.pi) ** (1.0 / 3.0)
        return radius, row.cylinder_height_m or volume / (math.pi * radius * radius)
    if row.radius_m is not None:
        return row.radius_m, 0.0
    if row.speed_m_s > 0.0:
        return math.sqrt(rate / (1.0 - row.air_fraction) / (math.pi * density * row.speed_m_s)), 0.0
    raise bad_value(
        loaded.source,
        "release.radius_m",
        None,
        "a radius (or speed_m_s, from which that of a jet follows)",
        "半径（或 speed_m_s，由其推算射流半径）",
    )


def _sized(row: DenseReleaseTable) -> bool:
    return row.radius_m is not None or row.cylinder_height_m is not None


def _place(x_m: float, y_m: float, height_m: float, site: Site) -> Place:
    return Place(x_m=x_m, y_m=y_m, z_m=float(site.ground_m(x_m, y_m)) + height_m)


def _on_ground(term: SourceTerm, site: Site) -> SourceTerm:
    return replace(term, place=_place(term.place.x_m, term.place.y_m, term.height_m, site))
