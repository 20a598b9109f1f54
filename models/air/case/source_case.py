"""Cases of source terms, and the terms that a plume or a dense cloud takes from ``[source]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.air.case.ground import ground_of
from models.air.case.load import LoadedCase
from models.air.case.met import air_of, ambient_of
from models.air.case.missing import entry
from models.air.case.result import CaseResult, ResultTable, make_table
from models.air.case.schema import SourceCase
from models.air.case.schema_release import FallingTable, SourceTable
from models.term import Ambient, SourceTerm
from twin.core.geometry import Place
from twin.core.origin import Origin
from twin.core.text import Text

if TYPE_CHECKING:
    from models.air.source.outcome import Outcome

_ROOM = "models.air.source.release"
_DEFAULT_S = 3600.0
VERSION = "1"


def run_source(loaded: LoadedCase) -> CaseResult:
    """Run a case of kind ``source``: terms, their courses and the book of masses."""
    case = loaded.case
    assert isinstance(case, SourceCase)
    site = ground_of(case.site, loaded.folder, loaded.source).site
    ambient = ambient_of(air_of(case.air, case.run, site, loaded.source), case.air, site)
    outcome = outcome_of(case.source, ambient, site.convergence_deg)
    tables = {"terms": term_table(outcome.terms), **{t.name: t for t in _courses(outcome.terms)}}
    tables["masses"] = _masses(outcome)
    return CaseResult(
        id=loaded.id,
        kind="source",
        title=case.title,
        solver=f"source.{case.source.what}",
        version=VERSION,
        origin=Origin(case.origin),
        tables=tables,
        inputs=(f"{case.source.what} of {case.source.substance} at {case.source.temperature_k:g} K",),
        notes=tuple(row.note for row in outcome.outside),
        texts=tuple(dict.fromkeys((*outcome.notes, *(n for term in outcome.terms for n in term.notes)))),
    )


def outcome_of(table: SourceTable, ambient: Ambient, convergence_deg: float = 0.0) -> Outcome:
    """Outcome of a ``[source]``, behind its curtain when it has one. Raises SolverError."""
    place = Place(x_m=table.x_m, y_m=table.y_m, z_m=0.0)
    shared: dict[str, Any] = {"temperature_k": table.temperature_k, "ambient": ambient, "place": place}
    towards = None if table.towards_deg is None else (table.towards_deg - convergence_deg) % 360.0
    if table.what == "vent":
        made = _vent(table, shared)
    elif table.what == "gas_line":
        made = entry(_ROOM, "broken_gas_line", "a broken gas line")(
            table.substance,
            pipe=_pipe(table),
            pressure_pa=table.pressure_pa,
            height_m=table.height_m,
            towards_deg=towards,
            duration_s=table.duration_s or _DEFAULT_S,
            **shared,
        )
    elif table.what == "burst":
        made = entry(_ROOM, "burst_vessel", "a burst vessel")(
            table.substance, mass_kg=table.mass_kg, falling=_falling(table.falling), **shared
        )
    elif table.what == "spill":
        made = entry(_ROOM, "spill", "a spill")(
            table.substance,
            mass_kg=table.mass_kg,
            rate_kg_s=table.rate_kg_s,
            duration_s=table.duration_s,
            falling=_falling(table.falling),
            **shared,
        )
    else:
        made = _hole(table, shared, towards)
    done: Outcome = _behind_curtain(made, table)
    return done


def terms_of(table: SourceTable, ambient: Ambient, convergence_deg: float = 0.0) -> tuple[SourceTerm, ...]:
    """What a dispersion model has to carry away."""
    return outcome_of(table, ambient, convergence_deg).terms


def term_table(terms: tuple[SourceTerm, ...]) -> ResultTable:
    """One row per term; rates and states weighted by mass where they vary."""
    weights = [term.rate_kg_s * np.diff(term.times_s) for term in terms]

    def mean(values: Any, weight: Any) -> float:
        total = float(weight.sum())
        return float((values * weight).sum()) / total if total > 0.0 else float("nan")

    pairs = list(zip(terms, weights, strict=True))
    return make_table(
        "terms",
        [
            ("receptor", "", [str(term.shape.value) for term in terms]),
            ("mass", "kg", [term.mass_kg for term in terms]),
            ("duration", "s", [float(term.times_s[-1] - term.times_s[0]) for term in terms]),
            ("first_rate", "kg/s", [float(term.rate_kg_s[0]) for term in terms]),
            ("highest_rate", "kg/s", [float(term.rate_kg_s.max()) for term in terms]),
            ("temperature", "K", [mean(term.temperature_k, w) for term, w in pairs]),
            ("liquid_fraction", "1", [mean(term.liquid_fraction, w) for term, w in pairs]),
            ("air_fraction", "1", [mean(term.air_fraction, w) for term, w in pairs]),
            ("speed", "m/s", [mean(term.speed_m_s, w) for term, w in pairs]),
            ("radius", "m", [mean(term.radius_m, w) for term, w in pairs]),
        ],
    )


def _courses(terms: tuple[SourceTerm, ...]) -> list[ResultTable]:
    return [
        make_table(
            f"course_{term.shape.value}",
            [
                ("from", "s", term.times_s[:-1].tolist()),
                ("to", "s", term.times_s[1:].tolist()),
                ("rate", "kg/s", term.rate_kg_s.tolist()),
                ("temperature", "K", term.temperature_k.tolist()),
                ("liquid_fraction", "1", term.liquid_fraction.tolist()),
                ("radius", "m", term.radius_m.tolist()),
                ("speed", "m/s", term.speed_m_s.tolist()),
            ],
        )
        for term in terms
    ]


def _masses(outcome: Outcome) -> ResultTable:
    books = outcome.balance
    names = ("discharged", "vapour", "aerosol", "evaporated", "removed", "pool")
    return make_table(
        "masses",
        [
            ("receptor", "", list(names)),
            ("mass", "kg", [float(getattr(books, f"{name}_kg")[-1]) for name in names]),
        ],
    )


def _hole(table: SourceTable, shared: dict[str, Any], towards_deg: float | None) -> Any:
    from models.air.source.vessel import Form

    return entry(_ROOM, "vessel_hole", "a hole in a vessel")(
        table.substance,
        table.hole_diameter_m,
        volume_m3=table.volume_m3,
        pressure_pa=table.pressure_pa,
        fill_fraction=table.fill_fraction,
        vessel_height_m=table.vessel_height_m,
        form=Form(table.form),
        hole_height_m=table.hole_height_m,
        height_m=table.height_m,
        towards_deg=towards_deg,
        elevation_deg=table.elevation_deg,
        phase=table.phase,
        discharge_factor=table.discharge_factor,
        pipe=None if table.pipe is None else _pipe(table),
        nozzle=table.nozzle,
        isolated_after_s=table.isolated_after_s,
        duration_s=table.duration_s or _DEFAULT_S,
        falling=_falling(table.falling),
        **shared,
    )


def _vent(table: SourceTable, shared: dict[str, Any]) -> Any:
    from models.air.source.outcome import Balance, Outcome

    term: SourceTerm = entry(_ROOM, "vent", "a vent")(
        table.substance,
        rate_kg_s=table.rate_kg_s,
        duration_s=table.duration_s,
        diameter_m=table.diameter_m,
        height_m=table.height_m,
        air_fraction=table.air_fraction,
        **shared,
    )
    out = np.concatenate([[0.0], np.cumsum(term.rate_kg_s * np.diff(term.times_s))])
    nothing = np.zeros_like(out)
    books = Balance(
        times_s=term.times_s,
        discharged_kg=out,
        vapour_kg=out,
        aerosol_kg=nothing,
        evaporated_kg=nothing,
        removed_kg=nothing,
        pool_kg=nothing,
    )
    return Outcome(jet=term, pool=None, balance=books)


def _pipe(table: SourceTable) -> Any:
    from models.air.source.pipe import Pipe

    assert table.pipe is not None
    return Pipe(**table.pipe.model_dump())


def _falling(table: FallingTable | None) -> Any:
    from models.air.source.compose import Falling

    return None if table is None else Falling(**table.model_dump())


def _behind_curtain(made: Any, table: SourceTable) -> Any:
    if table.curtain is None:
        return made
    from models.air.source.mitigation import Curtain, behind_curtain

    stated = {key: value for key, value in table.curtain.model_dump().items() if value is not None}
    return behind_curtain(made, Curtain(**stated))[0]


def texts_of(terms: tuple[SourceTerm, ...]) -> tuple[Text, ...]:
    """Notes of all terms, each once."""
    return tuple(dict.fromkeys(note for term in terms for note in term.notes))
