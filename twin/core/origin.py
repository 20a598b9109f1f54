"""Where a value comes from. The four kinds can never be mistaken for one another."""

from __future__ import annotations

from enum import StrEnum


class Origin(StrEnum):
    """Kind of source, carried by every series, field, event and picture."""

    MEASURED = "measured"
    MODELLED = "modelled"
    SIMULATED = "simulated"
    EXERCISE = "exercise"


# The order of suspicion: a result computed from several inputs is never more real than the least.
_RANK = (Origin.MEASURED, Origin.MODELLED, Origin.SIMULATED, Origin.EXERCISE)


def least_real(*inputs: Origin) -> Origin:
    """Origin of what stands for several things at once: that of the least real of them.

    >>> least_real(Origin.MEASURED, Origin.SIMULATED)
    <Origin.SIMULATED: 'simulated'>
    >>> least_real()
    <Origin.MEASURED: 'measured'>
    """
    return max((Origin.MEASURED, *inputs), key=_RANK.index)


def of_result(*inputs: Origin) -> Origin:
    """Origin of a model result: MODELLED, or SIMULATED or EXERCISE when an input is.

    >>> of_result(Origin.MEASURED, Origin.SIMULATED)
    <Origin.SIMULATED: 'simulated'>
    >>> of_result(Origin.MEASURED)
    <Origin.MODELLED: 'modelled'>
    """
    return max((Origin.MODELLED, *inputs), key=_RANK.index)
