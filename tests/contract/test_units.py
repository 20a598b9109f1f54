"""Every number with a unit says it in its name."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import types
import typing
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from models.water.case.dims import Dim

ROOMS = ("twin", "gis", "models", "sensors", "web")
# The last part of a name; compound units ("_kg_m3_s") end in one of them too.
UNITS = {
    *("m", "m2", "m3", "km", "mm", "ha", "s", "ms", "h", "d", "deg", "rad", "k", "pa", "kg", "gb", "pct"),
    *("l", "min", "mol", "s2", "w", "j", "ppm", "jd"),
}
# Last parts of names that say that there is no unit, or say it in full.
# ``*_value`` stands beside the series, quantity or unit that it belongs to.
WORDS = {"share", "factor", "ratio", "fraction", "ph", "days", "celsius", "value", "values"}
# Numbers that have no unit, or whose unit stands beside them.
PLAIN = {
    *("value", "v", "low", "high", "mean", "total", "factor", "offset", "weight", "weights", "porosity"),
    *("speed", "simulate_speed", "part", "loo_z_mean", "loo_z_sd", "values"),
}
# One by one, and why.
ALLOWED = {
    # Logarithms, factors, counts and probabilities of the live groundwater.
    "models.water.arrival.Expectation": {"probability"},
    "models.water.arrival.ModelError": {"conc_ln_sd"},
    "models.water.assimilate.data.DataKnobs": {"conc_ln_sd"},
    "models.water.assimilate.live.TwinKnobs": {"falling", "relax"},
    "models.water.assimilate.prior.LnKDatum": {"sd"},
    "models.water.assimilate.prior.LnKField": {"mean_sd", "sd"},
    "models.water.assimilate.prior.PorosityFactor": {"ln_sd"},
    "models.water.assimilate.prior.SourceFactor": {"ln_sd"},
    "models.water.assimilate.prior.StressFactor": {"ln_sd"},
    "models.water.fronts.Dressing": {"cells"},
    "models.water.now.Band": {"median"},
    "models.water.now.Fit": {"ln_rmse_after", "ln_rmse_before", "spread_error"},
    "models.water.now.Reading": {"sd"},
    "models.water.now.TargetNow": {"probability"},
    "gis.tiles.Tile": {"left", "top", "step_x", "step_y"},  # in the unit of the file's own CRS
    "gis.patch.Patch": {"left", "top", "step_x", "step_y"},
    "gis.kriging.Kriged": {"sill"},  # in the squared unit of what is kriged
    "gis.scene.schema.BookmarkRow": {"target", "position"},  # names of a scene file, metres
    "models.air.particles.profile.Tables": {"per_root"},  # cells per root of the particles' own height
    "models.air.particles.run.Plan": {"step"},  # of the particles' own clock
    "models.air.case.schema_release.FallingTable": {"rain_out"},  # a rule by name, or a share
    "models.air.source.compose.Falling": {"rain_out"},  # a rule by name, or a share
    "models.air.assimilate.Knobs": {  # shares, factors, logarithms and costs, all without a unit
        *("own", "near", "factor_sd", "smoothing", "ridge", "shrinkage", "worth", "least_reach"),
        *("temper", "temper_members", "clearly", "drift"),
    },
    "models.air.onward.Doubts": {"turn_steps", "rate", "ends", "model", "kept"},  # logarithms and shares
    "models.air.assimilate._Fit": {"cost"},  # twice a negative log posterior
    "models.air.tracks.Fineness": {"growth", "spacing"},  # of the age, of the standard deviation
    "models.trace.rates._Problem": {"worth"},  # in units of the misfit
    "models.trace.rates.RateFit": {"cost"},  # twice a negative log posterior
    "models.trace.doubt.TurnedWind": {"log_weight"},
    "models.trace.ensemble.Knobs": {  # shares, factors and log likelihoods, all without a unit
        *("model_share", "smoothing", "shrinkage", "significance"),
        *("least_reach", "temper", "likely", "least_factor", "clearly"),
    },
    # In the unit of the factor, which stands beside them.
    "twin.core.device.Factor": {"scale", "max_rate_per_min", "detection_limit"},
    "gis.scene.schema.FactorRow": {"scale", "max_rate_per_min", "detection_limit"},
    "web.schemas.registry.FactorOut": {"scale", "max_rate_per_min", "detection_limit"},
    "sensors.hj212.cases._CaseRegistry": {"ranges"},  # in the unit that is sent
    "sensors.hj212.door.Address": {"strikes"},  # lines closed because of noise, fading
    "sensors.modbus.codes.Code": {"loop_low", "loop_high"},  # in the unit of the factor
    "sensors.table.SensorRow": {"decode"},  # a function
    "twin.store.export.gather.Head": {"convert"},  # a function from SI to the unit beside it
    "sensors.simulated.air.Turbulence": {"profile"},  # an exponent
    "gis.scene.judging.LimitRow": {"warn_low", "warn_high", "alarm_low", "alarm_high"},  # in unit
    "gis.scene.judging.RelationRow": {"first_moves", "second_moves"},  # in unit
    "gis.scene.judging.RunningUnitRow": {"on_above", "off_below"},  # in unit
    "web.schemas.quality.HealthItemOut": {"warn_low", "warn_high", "alarm_low", "alarm_high"},  # in si_unit
    "web.schemas.quality.UnitOut": {"on_above", "off_below"},  # in si_unit
    "web.schemas.review.ReviewOut": {"worst"},  # in si_unit
    "web.schemas.statistics.CorrelationOut": {"r", "p"},  # without a unit
    "web.schemas.statistics.DescribeOut": {  # in si_unit, trends per day; p is a probability
        *("sd", "q05", "q25", "median", "q75", "q95"),
        *("trend_per_day", "trend_low", "trend_high", "trend_p"),
    },
    "web.schemas.statistics.OverQuery": {"limit"},  # in unit
    "web.schemas.statistics.RunOut": {"limit"},  # in si_unit
    "web.schemas.statistics.StatisticsOut": {"substitute"},  # in substitute_unit
    "models.air.deposition.Removal": {"washout_power"},  # an exponent
    "models.contaminants.warning.Steps": {"factors"},  # of limits
    "twin.core.groundwater.ConductivityTest": {"ln_sd"},  # of a logarithm
    "models.water.risk.Threat": {"probability"},
    "models.water.problem.Period": {"multiplier"},  # a ratio
    "models.water.problem.Sorption": {"kf", "exponent"},  # the unit of kf depends on the exponent
    "models.water.result.FlowStep": {"imbalance"},  # relative, as the three below
    "models.water.result.TransportStep": {"balance_error"},
    "models.water.result.WaterResult": {"worst_imbalance", "worst_balance_error"},
    "models.water.run._Record": {"imbalance", "balance"},
    "twin.stage.water.report_facts.Spread": {"median"},  # in the unit of what is spread
    "twin.stage.water.report_facts.TargetRow": {"probability_365d"},
    "models.air.plume._Profile": {"spread", "s", "n", "flux", "wind"},  # powers; units that depend on them
    "twin.live.residuals.Residuals": {"fac2", "coverage"},  # shares
    "twin.live.rose.Rose": {"calm"},  # a share
    "twin.core.groundwater.GroundwaterModel": {  # spreads of logarithms and ratios, without a unit
        *("recharge_ln_sd", "margin_ln_sd", "lnk_ln_sd", "stratum_ln_sd", "anisotropy", "bed_ln_sd"),
        "specific_yield",
    },
    "twin.core.groundwater.GroundwaterSource": {"rate_ln_sd"},
    "twin.core.groundwater.GroundwaterMeasure": {"cost_cny"},  # money
    "gis.scene.groundwater.ModelTable": {
        *("recharge_ln_sd", "margin_ln_sd", "lnk_ln_sd", "stratum_ln_sd", "anisotropy", "bed_ln_sd"),
        *("specific_yield", "recharge_mm_a", "outline"),  # millimetres a year; metres
    },
    "gis.scene.groundwater.TargetRow": {"line"},  # names of a scene file, metres
    "gis.scene.groundwater.SourceRow": {"rate_ln_sd"},
    "gis.scene.groundwater.MeasureRow": {"line", "cost_cny"},
    "twin.live.water_question.MeasureArgs": {"line"},  # metres
    "web.schemas.water.MeasureBody": {"line"},
    "web.schemas.water.WaterBandOut": {"median"},  # in the unit of what the band is of
    "web.schemas.water.WaterWellOut": {"measured_level", "measured_conc"},  # m and kg/m3
    "web.schemas.water.FrontOut": {"median"},  # rings, metres
    "web.schemas.water.OptionFrontOut": {"median"},
    "web.schemas.water.OptionOut": {"area"},  # rings, metres
    "web.schemas.water.WaterNowOut": {"flow_lines"},  # metres
    "web.schemas.water.WaterTargetOut": {"probability_365d"},
    "web.schemas.water.WaterAssimilationOut": {"spread_error"},  # a ratio
    # Names of the wire contract: concentrations in kg/m3, shares without a unit.
    "web.schemas.air.BandOut": {"median"},
    "web.schemas.air.RateOut": {"probability"},
    "web.schemas.air.BeamOut": {"measured"},
    "web.schemas.air.ResidualsOut": {"fac2", "coverage"},
    "web.schemas.air.PredictedBeamOut": {"median", "measured"},
    "web.schemas.air.ArrivalOut": {"probability"},
    "web.schemas.air.RoseOut": {"calm"},
    "web.schemas.air.CurvesOut": {"largest"},
    "web.schemas.plume.PlumeOut": {"beams"},  # a name of the wire contract, kg/m3
}


def modules() -> Iterator[types.ModuleType]:
    for room in ROOMS:
        package = importlib.import_module(room)
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if "migrations" not in info.name and not info.name.endswith(("draw_probe", "__main__")):
                yield importlib.import_module(info.name)


def holds_float(kind: object) -> bool:
    """Whether an annotation, evaluated or as text, holds a float."""
    if isinstance(kind, str):
        return re.search(r"\bfloat\b", kind) is not None
    return kind is float or any(holds_float(part) for part in typing.get_args(kind))


def fields() -> Iterator[tuple[str, str, object]]:
    for module in modules():
        for name, found in vars(module).items():
            if not isinstance(found, type) or found.__module__ != module.__name__:
                continue
            owner = f"{module.__name__}.{name}"
            if dataclasses.is_dataclass(found):
                yield from ((owner, row.name, row.type) for row in dataclasses.fields(found))
            elif issubclass(found, BaseModel):
                rows = found.model_fields.items()
                yield from ((owner, key, row.annotation) for key, row in rows if not has_dimension(row))


def has_dimension(field: FieldInfo) -> bool:
    """Whether a field of a case file states its dimension, its unit being that of the file's [units]."""

    def walk(kind: object) -> bool:
        marks = (*getattr(kind, "__metadata__", ()), *typing.get_args(kind))
        return isinstance(kind, Dim) or any(walk(mark) for mark in marks)

    return any(walk(mark) for mark in (*field.metadata, field.annotation))


def names_a_unit(field: str) -> bool:
    parts = field.split("_")
    return field in PLAIN or parts[-1] in WORDS or (len(parts) > 1 and parts[-1] in UNITS)


def test_no_naked_float() -> None:
    naked = [
        f"{owner}.{field}"
        for owner, field, kind in fields()
        if holds_float(kind) and not names_a_unit(field) and field not in ALLOWED.get(owner, ())
    ]
    assert naked == []


def test_the_list_of_exceptions_is_not_longer_than_needed() -> None:
    found = {(owner, field) for owner, field, _ in fields()}
    assert {(owner, field) for owner, names in ALLOWED.items() for field in names} <= found


def test_the_rule_would_notice() -> None:
    assert holds_float(float | None)
    assert holds_float(tuple[float, ...])
    assert not holds_float(int)
    assert holds_float("dict[str, float] | None")
    assert not holds_float("FloatArray")
    assert not names_a_unit("height")
    assert names_a_unit("height_m")
    assert names_a_unit("rate_kg_m2_s")
    assert not names_a_unit("m")
