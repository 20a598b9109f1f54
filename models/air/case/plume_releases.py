"""Releases of a plume case: those of the file, or the steps of a computed source term."""

from __future__ import annotations

import numpy as np

from models.air.case.load import LoadedCase
from models.air.case.met import air_of, ambient_of
from models.air.case.schema import PlumeCase
from models.air.case.schema_release import PlumeReleaseRow
from models.contract import Site
from models.term import SourceTerm
from twin.core.geometry import FloatArray
from twin.core.text import Text

_STEPS_MAX = 40
_EARLY = 1.5
_PASSIVE = Text(
    zh="源项按被动气体扩散；重气请用 kind = dense",
    en="the source term is carried as passive gas; for a dense cloud take kind = dense",
)


def release_rows(
    case: PlumeCase, site: Site, loaded: LoadedCase
) -> tuple[tuple[PlumeReleaseRow, ...], tuple[Text, ...]]:
    """Rows of the case, with those of its ``[source]``, and what is to be said of them."""
    if case.source is None:
        return tuple(case.release), ()
    from models.air.case.source_case import terms_of, texts_of

    ambient = ambient_of(air_of(case.air, case.run, site, loaded.source), case.air, site)
    terms = terms_of(case.source, ambient, site.convergence_deg)
    rows = [row for term in terms for row in _rows_of(term)]
    return (*case.release, *rows), (_PASSIVE, *texts_of(terms))


def _rows_of(term: SourceTerm) -> list[PlumeReleaseRow]:
    """Steps of a term, joined to at most forty, the first the smallest; each keeps its mass exactly."""
    bounds, rates = _joined(term)
    spread = float(np.average(term.radius_m, weights=np.maximum(term.rate_kg_s, 1e-300)))
    return [
        PlumeReleaseRow(
            id=f"{term.shape.value}.{k + 1}",
            substance=term.substance_id,
            x_m=term.place.x_m,
            y_m=term.place.y_m,
            height_m=term.height_m,
            rate_kg_s=float(rate),
            start_s=float(bounds[k]),
            end_s=float(bounds[k + 1]),
            sigma_start_m=max(spread / 2.0, 0.1),
        )
        for k, rate in enumerate(rates)
        if rate > 0.0
    ]


def early_shares(steps: int) -> FloatArray:
    """Parts of the mass (steps + 1,) at which steps end: finer at the start, where a release peaks."""
    return np.asarray(np.linspace(0.0, 1.0, steps + 1) ** _EARLY)


def _joined(term: SourceTerm) -> tuple[FloatArray, FloatArray]:
    if term.rate_kg_s.size <= _STEPS_MAX:
        return term.times_s, term.rate_kg_s
    mass = np.concatenate([[0.0], np.cumsum(term.rate_kg_s * np.diff(term.times_s))])
    wanted = mass[-1] * early_shares(_STEPS_MAX)
    rising = np.concatenate([[True], np.diff(mass) > 0.0])
    bounds = np.interp(wanted, mass[rising], term.times_s[rising])
    return bounds, np.diff(wanted) / np.diff(bounds)
