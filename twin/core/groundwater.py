"""What a park says of its groundwater: model, substances, places to protect, sources, measures to compare.

Places are metres in the local frame, everything else SI; ``scenes/<park>/water.toml`` holds it in the units
that people write. Models read these nouns; nothing here computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.core.text import Text

Point = tuple[float, float]


class TargetKind(StrEnum):
    """What is to be protected."""

    WELL = "well"
    INTAKE = "intake"
    RIVER = "river"
    VILLAGE = "village"
    BOUNDARY = "boundary"


class SourceKind(StrEnum):
    """How a substance gets into the ground."""

    LEAK = "leak"
    SPILL = "spill"
    TANK = "tank"
    BASIN = "basin"
    PIPE = "pipe"


class MeasureKind(StrEnum):
    """What may be done about it. ``do_nothing`` is what all others are compared with."""

    DO_NOTHING = "do_nothing"
    PUMP = "pump"
    INJECT = "inject"
    BARRIER = "barrier"
    SOURCE_REMOVAL = "source_removal"
    REACTIVE_ZONE = "reactive_zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterSubstance:
    """A substance that is followed in groundwater; ``id`` as in ``water:<id>``.

    ``limit_kg_m3`` is class III of GB/T 14848-2017 unless ``source`` says otherwise, ``half_life_s`` None:
    none is known, ``kd_m3_kg`` linear sorption. ``background_kg_m3`` is what clean wells of the place hold.
    """

    id: str
    name: Text
    limit_kg_m3: float
    source: str
    background_kg_m3: float = 0.0
    kd_m3_kg: float = 0.0
    half_life_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundwaterTarget:
    """A place to protect. A river reach or boundary is the ``line`` of its points, all else one point.

    ``radius_m``: how far around it counts. ``depth_m`` below ground of what is drawn there, None: the whole
    saturated depth. Empty ``substance_ids``: every substance that is followed.
    """

    id: str
    name: Text
    kind: TargetKind
    line: tuple[Point, ...]
    radius_m: float
    depth_m: float | None = None
    substance_ids: tuple[str, ...] = ()

    @property
    def x_m(self) -> float:
        """Middle of the line, east."""
        return self.line[len(self.line) // 2][0]

    @property
    def y_m(self) -> float:
        """Middle of the line, north."""
        return self.line[len(self.line) // 2][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundwaterSource:
    """A place where a substance may get into the ground: a candidate, not an accusation.

    ``rate_kg_s`` is the median of what the place would lose before any well was heard, ``rate_ln_sd`` the
    standard deviation of its logarithm. ``object_id`` names the tank or unit of the scene.
    """

    id: str
    name: Text
    kind: SourceKind
    x_m: float
    y_m: float
    substance_id: str
    rate_kg_s: float
    rate_ln_sd: float = 1.0
    radius_m: float = 10.0
    depth_m: float = 2.0
    object_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundwaterMeasure:
    """A measure that is compared with doing nothing; what a kind does not need stays at its default.

    ``line`` holds the wells (pump, inject), the ends of a barrier or reactive zone, or the source.
    ``rate_m3_s`` per well, positive (the kind says which way); ``conductivity_m_s`` of the wall and
    ``thickness_m`` of wall or zone; ``removal_share`` of the source that goes; ``half_life_s`` inside a
    reactive zone; ``agent`` is what is put in. ``start_s`` after the decision, ``end_s`` None: for good.
    ``cost_cny`` None: models.water.measures reckons it.
    """

    id: str
    name: Text
    kind: MeasureKind
    line: tuple[Point, ...] = ()
    top_m: float = 0.0
    bottom_m: float = 15.0
    rate_m3_s: float = 0.0
    conc_kg_m3: float = 0.0
    conductivity_m_s: float = 1e-9
    thickness_m: float = 0.8
    removal_share: float = 1.0
    half_life_s: float | None = None
    agent: Text | None = None
    source_id: str = ""
    start_s: float = 0.0
    end_s: float | None = None
    cost_cny: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundwaterModel:
    """How the park's aquifer is modelled, with what is believed before a well was heard.

    ``outline`` closes the aquifer in plan (empty: the whole extent). ``cell_m`` edge of a cell.
    ``recharge_m_s`` by rain, ``margin_inflow_m2_s`` from the slopes per metre of outline, ``*_ln_sd``
    standard deviations of logarithms. ``lnk_ln_sd`` and ``lnk_range_m`` of ln K within a stratum,
    ``stratum_ln_sd`` of a stratum's mean; ``anisotropy`` K33/K. River bed: ``bed_1_s`` leakance (conductivity
    over thickness), ``stage_depth_m`` of the water under the terrain at its line.
    """

    outline: tuple[Point, ...] = ()
    cell_m: float = 50.0
    recharge_m_s: float = 1e-8
    recharge_ln_sd: float = 0.3
    margin_inflow_m2_s: float = 0.0
    margin_ln_sd: float = 0.5
    lnk_ln_sd: float = 0.7
    lnk_range_m: float = 250.0
    stratum_ln_sd: float = 0.5
    anisotropy: float = 0.1
    bed_1_s: float = 1e-6
    bed_ln_sd: float = 0.7
    stage_depth_m: float = 0.5
    stage_sd_m: float = 0.2
    specific_yield: float = 0.15
    specific_storage_1_m: float = 1e-5
    longitudinal_m: float = 10.0
    transverse_m: float = 1.0
    vertical_m: float = 0.1
    bulk_density_kg_m3: float = 1700.0
    history_s: float = 365.25 * 86_400.0
    strata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductivityTest:
    """A slug or pumping test: hydraulic conductivity of a stratum at a place, error of its logarithm."""

    place: str
    stratum_id: str
    x_m: float
    y_m: float
    k_m_s: float
    ln_sd: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Groundwater:
    """All of it. ``held_out`` wells are never assimilated; errors are reported there."""

    model: GroundwaterModel
    substances: tuple[WaterSubstance, ...] = ()
    targets: tuple[GroundwaterTarget, ...] = ()
    sources: tuple[GroundwaterSource, ...] = ()
    measures: tuple[GroundwaterMeasure, ...] = ()
    held_out: tuple[str, ...] = ()
