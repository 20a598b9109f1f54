"""An analysis carried into the minutes that it has not read: what may change until then enters its members.

The members of ``models.air.assimilate`` differ in what the readings leave open about the PAST. Ahead of the
readings more is open, and each of these enters the members as a draw:

- the wind turns and changes its speed, as much as the masts' own record says that it does in that time
  (structure function, ``models.air.cone.growth_m_s``): another of the turned winds, and one common
  factor on all that is blown past, because concentration goes as 1/U;
- rates walk at random, lognormal, and releases end;
- the error of the dispersion model belongs to the eddies of the moment: part of its logarithm
  is drawn anew for every pair of unit and beam;
- the background drifts, which the members of an analysis hold already.

Releases that have not begun are in no member: nothing announces them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from models.air.assimilate import Analysis
from twin.core.geometry import frozen

_SEED = 20_261_123


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What may change until the minutes that are predicted.

    ``turn_steps``: standard deviation of the turn of the wind, in steps between two neighbouring
    winds of the analysis; ``speed``: that of the logarithm of the wind speed. ``rate``: of the logarithm
    of a rate from bin to bin. ``ends``: share of the releases that end within a bin. ``model``: of the
    logarithm of the model's factor of a unit on a beam; ``kept``: correlation of that logarithm with the
    one of the minutes that were read.
    """

    turn_steps: float = 0.0
    speed: float = 0.0
    rate: float = 0.5
    ends: float = 0.0
    model: float = 1.1
    kept: float = 0.5


def onward(analysis: Analysis, n_winds: int, later: int, doubts: Doubts) -> Analysis:
    """The ensemble of an analysis, carried on by ``later`` bins at its end; the most likely part stays.

    Equal input gives equal output. ``n_winds``: how many winds the analysis was made with.
    """
    rng = np.random.default_rng(_SEED)
    members, n_units, n_bins = analysis.rates.shape
    n_beams = analysis.factors.shape[1]
    turn = np.rint(doubts.turn_steps * rng.standard_normal(members)).astype(np.intp)
    speed = np.exp(doubts.speed * rng.standard_normal((members, 1, 1)))
    fresh = rng.standard_normal((members, n_beams, n_units))
    part = doubts.model * math.sqrt(1.0 - doubts.kept**2)
    factors = np.exp(doubts.kept * np.log(analysis.factors) + part * fresh) * speed
    walk = np.cumsum(doubts.rate * rng.standard_normal((members, n_units, later)), axis=2)
    goes_on = np.cumprod(rng.random((members, n_units, later)) >= doubts.ends, axis=2)
    rates = analysis.rates.copy()
    rates[:, :, n_bins - later :] *= np.exp(walk) * goes_on
    return replace(
        analysis,
        wind_of=np.clip(analysis.wind_of + turn, 0, n_winds - 1),
        rates=frozen(rates),
        factors=frozen(factors),
    )
