"""Running particles until they have left; a window of them is kept full, so that every step is worth it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from models.air.particles.backend import Array, Backend, backend
from models.air.particles.profile import Tables, Turbulence, s_of, tables_of
from models.air.particles.step import Cloud, Middle, Stepper
from twin.core.errors import SolverError

STEP = 0.5  # of tau; C/E changes by less than 1 % from 0.1 to 0.5
_LOOK_EVERY = 8
_STEPS_MAX = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many particles, how far, and with which arrays.

    ``sense`` 1 forward, -1 backward in time; ``fetch_m`` the distance along the mean wind at which a particle
    is let go; ``step`` of tau; ``window`` particles at a time (8,192 fit the cache of one core; take
    2^18 or more on a GPU); ``device`` for torch only.
    """

    height_m: float
    fetch_m: float
    particles: int = 50_000
    sense: int = -1
    seed: int = 1
    step: float = STEP
    window: int = 8_192
    arrays: str = "numpy"
    device: str | None = None


# What is counted at every step: positions before it, its middle, and the number of each particle.
Scorer = Callable[[Cloud, Middle, Array], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a run needs to score: its turbulence, tables and arrays."""

    turbulence: Turbulence
    tables: Tables
    arrays: Backend
    stepper: Stepper


def engine_of(turbulence: Turbulence, plan: Plan) -> Engine:
    """Tables and arrays of a run. Raises SolverError for a height that is not in the air."""
    _check(turbulence, plan)
    tables, arrays = tables_of(turbulence), backend(plan.arrays, plan.seed, plan.device)
    stepper = Stepper(turbulence, tables, arrays, step=plan.step, sense=plan.sense)
    return Engine(turbulence=turbulence, tables=tables, arrays=arrays, stepper=stepper)


def run(engine: Engine, plan: Plan, score: Scorer) -> int:
    """Let all particles go and score them at every step; number of particle-steps.

    Raises SolverError when particles have not left after 200,000 rounds (a calm).
    """
    s = float(s_of(engine.tables, np.array([plan.height_m]))[0])
    cloud, numbers, started = _filled(engine, None, None, 0, plan, s)
    done = 0
    for turn in range(1, _STEPS_MAX + 1):
        before = _copy(cloud)
        middle = engine.stepper.move(cloud)
        done += int(cloud.s.shape[0])
        score(before, middle, numbers)
        if turn % _LOOK_EVERY:
            continue
        stays = cloud.x_m * plan.sense < plan.fetch_m
        cloud, numbers, started = _filled(engine, cloud.rows(stays), numbers[stays], started, plan, s)
        if not cloud.s.shape[0]:
            return done
    raise SolverError(
        f"particles are within {plan.fetch_m} m after {_STEPS_MAX} steps; expected a wind that carries them",
        message_zh=f"粒子经 {_STEPS_MAX} 步仍未离开 {plan.fetch_m} 米范围；需要有能输送粒子的风",
        field="fetch_m",
        value=plan.fetch_m,
    )


def advance(engine: Engine, cloud: Cloud, seconds: float) -> None:
    """Move all particles on by the same time; the last step of each is as long as is left of it."""
    arrays, stepper = engine.arrays, engine.stepper
    end = cloud.age_s + seconds
    for _ in range(_STEPS_MAX):
        left = end - cloud.age_s
        going = left > 1e-4 * seconds
        if not bool(going.any()):
            return
        some = cloud.rows(going)
        pace = stepper.seconds_per_tau(some)
        step = arrays.where(left[going] < stepper.step * pace, left[going] / pace, stepper.step + 0.0 * pace)
        stepper.move(some, step)
        for row in fields(Cloud):
            getattr(cloud, row.name)[going] = getattr(some, row.name)


def _filled(
    engine: Engine, cloud: Cloud | None, numbers: Array | None, started: int, plan: Plan, s: float
) -> tuple[Cloud, Array, int]:
    """The window full again, as long as there are particles to let go."""
    here = 0 if cloud is None else int(cloud.s.shape[0])
    add = min(plan.window - here, plan.particles - started)
    if add <= 0 and cloud is not None:
        return cloud, numbers, started
    fresh = engine.stepper.start(add, s)
    names = engine.arrays.array(np.arange(started, started + add, dtype=np.float64))
    if cloud is None:
        return fresh, names, add
    join = engine.arrays.joined
    both = {row.name: join([getattr(cloud, row.name), getattr(fresh, row.name)]) for row in fields(Cloud)}
    return Cloud(**both), join([numbers, names]), started + add


def _copy(cloud: Cloud) -> Cloud:
    """The same arrays in another holder: a step makes new ones."""
    return Cloud(**{row.name: getattr(cloud, row.name) for row in fields(Cloud)})


def _check(turbulence: Turbulence, plan: Plan) -> None:
    lid = turbulence.mixing_height_m
    ok = (
        (
            "height_m",
            turbulence.roughness_m <= plan.height_m < min(lid, 1000.0),
            "between roughness and lid",
            "在粗糙度与混合层顶之间",
        ),
        (
            "fetch_m",
            0.0 < plan.fetch_m <= 50_000.0,
            "above 0 and at most 50,000 m",
            "大于 0 且不超过 50000 米",
        ),
        ("particles", 1 <= plan.particles <= 2**24, "1 to 16,777,216", "1 至 16777216"),
        ("sense", plan.sense in (1, -1), "1 (forward) or -1 (backward)", "1（正向）或 -1（反向）"),
        ("step", 0.0 < plan.step <= 2.0, "above 0 and at most 2", "大于 0 且不超过 2"),
        ("window", plan.window >= 1, "at least 1", "至少为 1"),
    )
    for name, good, expected, expected_zh in ok:
        if not good:
            value = getattr(plan, name)
            raise SolverError(
                f"{name} is {value}; expected {expected}",
                message_zh=f"{name} 为 {value}；应为{expected_zh}",
                field=name,
                value=value,
            )
