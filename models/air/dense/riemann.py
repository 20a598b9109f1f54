"""Fluxes of the dense layer between cells: HLL with the contact wave, on uneven ground.

The layer is a fluid of depth D and density rho under air of density rho_a; its hydrostatic pressure over
the air's, integrated over the depth, is ``g (rho - rho_a) D^2 / 2`` (Hankin and Britter 1999, J. Hazard.
Mater. 66A, 211-226; a uniform layer has their shape parameter 1). Mass and momentum pass by the flux of
Harten, Lax and van Leer (1983, SIAM Review 25, 35-61) with the wave speeds of two rarefactions (Toro 2001,
Shock-capturing methods for free-surface shallow flows, ch. 10); what is carried along (momentum across,
mass fraction, heat) goes with the mass from the upwind side, so a contact stays sharp.

The bottom enters through the hydrostatic reconstruction of Audusse et al. (2004, SIAM J. Sci. Comput. 25,
2050-2065): a layer at rest stays at rest to rounding, and depths stay non-negative. Limited slopes
(minmod) of depth and surface give second order; cells with a dry neighbour are first order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.air.dense.arrays import Array, Arrays
from models.air.dense.mixture import GRAVITY_M_S2

DEPTH, ALONG, ACROSS, EXCESS, FRACTION, AGE, HEAT = range(7)
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Order 1 or 2, the depth under which a cell counts as dry, the density of the air, the array library."""

    order: int
    dry_m: float
    air_density_kg_m3: float
    library: Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Changes of the cells by one direction, per second and still times the step, and the mass fluxes.

    ``mass``, ``along``, ``across`` (n_other, n) and ``carried`` (number of carried quantities, n_other, n);
    ``flux`` (n_other, n + 1) of mass and ``carried_flux`` through the faces, per metre and second, positive
    to higher index.
    """

    mass: Array
    along: Array
    across: Array
    carried: Array
    flux: Array
    carried_flux: Array


def sweep(
    state: Array, rise_m: Array, scheme: Scheme, ends_open: tuple[bool, bool], *, turned: bool = False
) -> Sweep:
    """One direction, along the last axis.

    ``state`` (6 or 7, n_other, n + 4): depth, velocity along, across, density excess, mass fraction, age and
    perhaps heat, with two cells at each end that are not changed; ``turned``: the second is the velocity
    across and the third along. ``rise_m`` (n_other, n + 3): ground of the next cell minus ground of this one.
    Nothing passes the first or the last face unless that end is open.
    """
    along_row, across_row = (ACROSS, ALONG) if turned else (ALONG, ACROSS)
    library = scheme.library
    xp = library.xp
    left, right = state[..., 1:-2], state[..., 2:-1]
    jump = rise_m[..., 1:-1]
    bend = None
    if scheme.order > 1:
        slope, bend = _slopes(state, rise_m, scheme.dry_m, library)
        left = left + 0.5 * slope[..., :-1]
        right = right - 0.5 * slope[..., 1:]
        jump = jump - 0.5 * (bend[..., :-1] + bend[..., 1:])
    deep_left, deep_right = left[DEPTH], right[DEPTH]
    star_left = xp.clip(deep_left - xp.clip(jump, min=0.0), min=0.0)
    star_right = xp.clip(deep_right + xp.clip(jump, max=0.0), min=0.0)
    mass, push = _hll(
        (left[along_row], right[along_row]),
        (left[EXCESS], right[EXCESS]),
        (star_left, star_right),
        scheme.air_density_kg_m3,
        xp,
    )
    for is_open, end in zip(ends_open, (0, -1), strict=True):
        if not is_open:
            mass[..., end] = 0.0
    upwind = mass > 0.0
    weight_left = (0.5 * GRAVITY_M_S2) * left[EXCESS]
    weight_right = (0.5 * GRAVITY_M_S2) * right[EXCESS]
    on_left = push + weight_left * (deep_left * deep_left - star_left * star_left)
    on_right = push + weight_right * (deep_right * deep_right - star_right * star_right)
    along = on_right[..., :-1] - on_left[..., 1:]
    if bend is not None:
        inner = state[..., 2:-2]
        along = along - GRAVITY_M_S2 * inner[EXCESS] * inner[DEPTH] * bend[..., 1:-1]
    sideways = mass * xp.where(upwind, left[across_row], right[across_row])
    carried = mass * xp.where(upwind, left[FRACTION:], right[FRACTION:])
    return Sweep(
        mass=mass[..., :-1] - mass[..., 1:],
        along=along,
        across=sideways[..., :-1] - sideways[..., 1:],
        carried=carried[..., :-1] - carried[..., 1:],
        flux=mass,
        carried_flux=carried,
    )


def _slopes(state: Array, rise_m: Array, dry_m: float, library: Arrays) -> tuple[Array, Array]:
    """Limited differences over a cell of the state and of the ground that belongs to it.

    The ground's is the surface's minus the depth's, so that a level surface stays level at the faces.
    """
    xp = library.xp
    step = state[..., 1:] - state[..., :-1]
    surface = step[DEPTH] + rise_m
    deep = state[DEPTH] > dry_m
    wet = deep[..., :-2] & deep[..., 1:-1] & deep[..., 2:]
    slope = _minmod(step, xp) * wet
    return slope, _minmod(surface, xp) * wet - slope[DEPTH]


def _minmod(step: Array, xp: Any) -> Array:
    """The smaller of two neighbouring differences when they agree in sign, else zero."""
    a, b = step[..., :-1], step[..., 1:]
    low = xp.minimum(a, b)
    high = xp.maximum(a, b)
    return xp.clip(low, min=0.0) + xp.clip(high, max=0.0)


def _hll(
    speed: tuple[Array, Array],
    excess: tuple[Array, Array],
    depth: tuple[Array, Array],
    air_density: float,
    xp: Any,
) -> tuple[Array, Array]:
    """Flux of mass and of momentum along, through the faces; pairs are left and right."""
    density_l, density_r = excess[0] + air_density, excess[1] + air_density
    weight_l, weight_r = GRAVITY_M_S2 * excess[0] * depth[0], GRAVITY_M_S2 * excess[1] * depth[1]
    celerity_l, celerity_r = xp.sqrt(weight_l / density_l), xp.sqrt(weight_r / density_r)
    u_l = xp.where(depth[0] <= 0.0, speed[1] - 2.0 * celerity_r, speed[0])
    u_r = xp.where(depth[1] <= 0.0, speed[0] + 2.0 * celerity_l, speed[1])
    u_star = 0.5 * (u_l + u_r) + celerity_l - celerity_r
    c_star = xp.clip(0.5 * (celerity_l + celerity_r) + 0.25 * (u_l - u_r), min=0.0)
    slow = xp.clip(xp.minimum(u_l - celerity_l, u_star - c_star), max=0.0)
    fast = xp.clip(xp.maximum(u_r + celerity_r, u_star + c_star), min=0.0)
    share = 1.0 / (fast - slow + _TINY)
    mass_l, mass_r = density_l * depth[0], density_r * depth[1]
    flow_l, flow_r = mass_l * speed[0], mass_r * speed[1]
    product = slow * fast
    mass = (fast * flow_l - slow * flow_r + product * (mass_r - mass_l)) * share
    push_l = flow_l * speed[0] + 0.5 * weight_l * depth[0]
    push_r = flow_r * speed[1] + 0.5 * weight_r * depth[1]
    push = (fast * push_l - slow * push_r + product * (flow_r - flow_l)) * share
    return mass, push
