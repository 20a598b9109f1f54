"""One substep of all species in a window: react, move, react.

Strang's splitting; the moving part is a two-stage strong-stability-preserving Runge-Kutta step (Shu and
Osher, 1988) of masses, so that what leaves one cell enters another whatever the isotherm.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.water.transport.body import Body, CellArray, Held, Put, Zone
from models.water.transport.cargo import Cargo
from models.water.transport.chain import Family, after, decayed, rates
from models.water.transport.isotherm import total_kg
from models.water.transport.joined import Joined, joined
from models.water.transport.kernels import Kernels
from models.water.transport.load import Load, solid_kg
from models.water.transport.neighbours import ByteArray
from models.water.transport.patch import Patch
from models.water.transport.state import Ledger
from models.water.transport.stiff import Given, Stiff
from twin.core.geometry import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pins:
    """Cells of a window where a species is held: ravelled, with their concentrations and packages' names."""

    cells: CellArray
    conc_kg_m3: FloatArray
    names: tuple[tuple[str, int, int], ...]
    state: ByteArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """A window with everything that acts in it: pins by species, puts (cells, rates), the stiff part.

    ``zones``: species' number, cells and rates of decay there.
    """

    patch: Patch
    pins: tuple[Pins, ...]
    puts: tuple[tuple[str, CellArray, FloatArray], ...]
    stiff: Stiff | None
    zones: tuple[tuple[int, CellArray, FloatArray], ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class March:
    """Moves loads through scenes and books what enters and leaves."""

    body: Body
    kernels: Kernels
    ledger: Ledger
    notes: list[str] = field(default_factory=list)

    def substep(self, scene: Scene, load: Load, shares: tuple[float, float], h: float) -> None:
        """Go on by ``h`` seconds, from one share of the step to another."""
        self._react(scene, load, shares[0], 0.5 * h)
        for cargo in self.body.cargo:
            self._move(scene, load, cargo, shares, h)
        self._react(scene, load, shares[1], 0.5 * h)

    def pin(self, scene: Scene, load: Load, share: float) -> None:
        """Set held cells to their concentrations and book the difference."""
        water = scene.patch.water_at(share)
        for cargo in self.body.cargo:
            self._pin(scene, load.mobile_kg[cargo.number], cargo, water)

    def _react(self, scene: Scene, load: Load, share: float, h: float) -> None:
        busy = False
        water = scene.patch.water_at(share)
        for family in self.body.families:
            if not family.reacts:
                continue
            busy = True
            if family.exact:
                self._decay(scene.patch, load, family, water, h)
                continue
            turns = family.turns(h)
            for _ in range(turns):
                self._turn(scene.patch, load, family, water, h / turns)
        if scene.zones:
            busy = True
            self._treat(scene, load, h)
        if busy:
            self.pin(scene, load, share)

    def _decay(self, patch: Patch, load: Load, family: Family, water: FloatArray, h: float) -> None:
        """Let a family in linear equilibrium decay, exactly."""
        numbers = [row.number for row in family.members]
        at = (patch.state >= 0) & (load.mobile_kg[numbers] != 0.0).any(axis=0)
        if not at.any():
            return
        before = load.mobile_kg[numbers][:, at]
        solids = [solid_kg(patch, row.law)[at] for row in family.members]
        now = after(family, before, rates(family, water[at], solids), h)
        for row, masses, lost, made in zip(family.members, now, *decayed(family, before, now), strict=True):
            load.mobile_kg[row.number][at] = masses
            self._book_reaction(row, float(made), float(lost))

    def _turn(self, patch: Patch, load: Load, family: Family, water: FloatArray, h: float) -> None:
        """Let a family react member by member."""
        made: dict[int, FloatArray] = {}
        for cargo in family.members:
            if not cargo.reacts:
                continue
            gain = self._gain(cargo, made, load)
            lost = np.empty_like(gain)
            self.kernels.react(
                _masses(load, cargo),
                (water, solid_kg(patch, cargo.law), cargo.law),
                _rest(patch, cargo),
                patch.state,
                gain,
                lost,
                h,
                cargo.slow,
                cargo.rates,
            )
            made[cargo.number] = lost
            self._book_reaction(cargo, float(gain.sum()), float(lost.sum()))

    def _treat(self, scene: Scene, load: Load, h: float) -> None:
        """Let zones take their share of every phase."""
        for number, cells, rate in scene.zones:
            gone = -np.expm1(-rate * h)
            lost = 0.0
            for masses in (load.mobile_kg, load.kinetic_kg, load.immobile_kg):
                if masses.size:
                    flat = masses[number].ravel()
                    away = flat[cells] * gone
                    flat[cells] -= away
                    lost += float(away.sum())
            self.ledger.book(number, "zone", out_kg=lost)

    def _gain(self, cargo: Cargo, made: dict[int, FloatArray], load: Load) -> FloatArray:
        if cargo.parent is None or cargo.parent not in made:
            return np.zeros(load.mobile_kg.shape[1:])
        return made[cargo.parent] * cargo.yield_kg_kg

    def _book_reaction(self, cargo: Cargo, gain: float, lost: float) -> None:
        if cargo.rates.decay_1_s > 0.0 or cargo.rates.decay_sorbed_1_s > 0.0:
            self.ledger.book(cargo.number, "decay", out_kg=lost)
        if cargo.parent is not None:
            self.ledger.book(cargo.number, "production", in_kg=gain)

    def _move(self, scene: Scene, load: Load, own: Cargo, shares: tuple[float, float], h: float) -> None:
        one = joined(load, scene.patch, own, h)
        self._move_one(scene, one, shares, h)
        one.part(load, scene.patch, scene.patch.water_at(shares[1]), own)

    def _move_one(self, scene: Scene, one: Joined, shares: tuple[float, float], h: float) -> None:
        cargo, mass = one.cargo, one.mass_kg
        start, end = (one.water(scene.patch.water_at(share)) for share in shares)
        solid = solid_kg(scene.patch, cargo.law)
        first = self._conc(scene, cargo, mass, start, solid)
        given = self._given(scene, cargo, mass, first, (end, solid), h)
        _set(first, given)
        half = self._euler(scene, cargo, mass, first, (end, solid), h, given)
        second = self._conc(scene, cargo, half, end, solid)
        _set(second, given)
        last = self._euler(scene, cargo, half, second, (end, solid), h, given)
        np.add(mass, last, out=mass)
        mass *= 0.5
        self._book_flows(scene, cargo, 0.5 * (first + second), h)
        self._pin(scene, mass, cargo, end)

    def _conc(
        self, scene: Scene, cargo: Cargo, mass: FloatArray, water: FloatArray, solid: FloatArray
    ) -> FloatArray:
        conc = np.empty_like(mass)
        self.kernels.conc(mass, water, solid, cargo.law, conc)
        pins = scene.pins[cargo.number]
        conc.ravel()[pins.cells] = pins.conc_kg_m3
        return conc

    def _euler(
        self,
        scene: Scene,
        cargo: Cargo,
        mass: FloatArray,
        conc: FloatArray,
        after: tuple[FloatArray, FloatArray],
        h: float,
        given: Given | None,
    ) -> FloatArray:
        """Masses ``h`` seconds on; ``after`` water and solids then."""
        patch, n = scene.patch, cargo.number
        flows = patch.flows if scene.stiff is None else scene.stiff.explicit
        inlet = (patch.exchange.inflow_m3_s, patch.exchange.entering_kg_m3[n])
        state = scene.pins[n].state
        change = np.empty_like(mass)
        self.kernels.faces(conc, flows, patch.shape, state, inlet, self.body.scheme, change)
        rates, held = change.ravel(), conc.ravel()
        for row in patch.exchange.intakes:
            np.add.at(rates, row.cells, row.rate_kg_s[:, n])
        for _, cells, rate in scene.puts:
            np.add.at(rates, cells, rate[:, n])
        for taking in patch.exchange.offtakes if scene.stiff is None else scene.stiff.offtakes:
            np.subtract.at(rates, taking.cells, taking.rate_m3_s * held[taking.cells])
        if given is not None:
            change += given.rate_kg_s
        change *= h
        change += mass
        if len(flows.cross):
            water, solid = after
            trial = self._conc(scene, cargo, change, water, solid)
            # masses of fast cells mean nothing halfway; as bounds they would let their neighbours burst
            _set(trial, given)
            self.kernels.across(conc, change, trial, (water, solid, cargo.law), flows, patch.shape, state, h)
        return change

    def _book_flows(self, scene: Scene, cargo: Cargo, conc: FloatArray, h: float) -> None:
        n = cargo.number
        held = conc.ravel()
        for row in scene.patch.exchange.intakes:
            self.ledger.book(n, row.name, in_kg=h * float(row.rate_kg_s[:, n].sum()))
        for name, _, rate in scene.puts:
            self.ledger.book(n, name, in_kg=h * float(rate[:, n].sum()))
        taking = scene.patch.exchange.offtakes if scene.stiff is None else scene.stiff.offtakes
        for out in taking:
            self.ledger.book(n, out.name, out_kg=h * float(out.rate_m3_s @ held[out.cells]))

    def _given(
        self,
        scene: Scene,
        cargo: Cargo,
        mass: FloatArray,
        conc: FloatArray,
        after: tuple[FloatArray, FloatArray],
        h: float,
    ) -> Given | None:
        """What the implicit part does in the coming ``h`` seconds; books what packages take from it."""
        if scene.stiff is None:
            return None
        water, solid = after
        n = cargo.number
        brought = np.zeros(mass.shape)
        for row in scene.patch.exchange.intakes:
            np.add.at(brought.ravel(), row.cells, row.rate_kg_s[:, n])
        for _, cells, rate in scene.puts:
            np.add.at(brought.ravel(), cells, rate[:, n])
        capacity = water + solid * _slope(conc, cargo)
        given = scene.stiff.solve(mass, conc, capacity, brought, scene.pins[n].cells, h)
        for name, amount in given.took:
            self.ledger.book(n, name, out_kg=amount)
        if given.note and given.note not in self.notes:
            self.notes.append(given.note)
        return given

    def _pin(self, scene: Scene, mass_kg: FloatArray, cargo: Cargo, water: FloatArray) -> None:
        pins = scene.pins[cargo.number]
        if not len(pins.cells):
            return
        mass = mass_kg.ravel()
        solid = solid_kg(scene.patch, cargo.law).ravel()[pins.cells]
        wanted = total_kg(pins.conc_kg_m3, water.ravel()[pins.cells], solid, cargo.law)
        missing = wanted - mass[pins.cells]
        mass[pins.cells] = wanted
        for name, first, end in pins.names:
            part = missing[first:end]
            gain, loss = float(part[part > 0.0].sum()), float(-part[part < 0.0].sum())
            self.ledger.book(cargo.number, name, in_kg=gain, out_kg=loss)


def pinned(held: list[Held], number: int, patch: Patch, shape: tuple[int, int, int]) -> Pins:
    """Held cells of a species in a window; where rows meet in a cell the last one counts."""
    state = patch.state.copy()
    cells: list[CellArray] = []
    values: list[FloatArray] = []
    names: list[tuple[str, int, int]] = []
    for row in reversed(held):
        inside, at = patch.box.local(row.cells, shape)
        conc = row.conc_kg_m3[inside, number]
        mine = ~np.isnan(conc) & (state.ravel()[at] == 0)
        found, where = np.unique(at[mine], return_index=True)
        first = sum(len(part) for part in cells)
        cells.append(found)
        values.append(conc[mine][where])
        names.append((row.name, first, first + len(found)))
        state.ravel()[found] = 1
    none = np.zeros(0, dtype=np.int64)
    return Pins(
        cells=np.concatenate([none, *cells]),
        conc_kg_m3=np.concatenate([np.zeros(0), *values]),
        names=tuple(names),
        state=state,
    )


def placed(
    puts: list[Put], patch: Patch, shape: tuple[int, int, int]
) -> tuple[tuple[str, CellArray, FloatArray], ...]:
    """Sources of mass in a window."""
    found = []
    for row in puts:
        inside, at = patch.box.local(row.cells, shape)
        found.append((row.name, at, row.rate_kg_s[inside]))
    return tuple(found)


def treated(
    zones: list[Zone], patch: Patch, shape: tuple[int, int, int]
) -> tuple[tuple[int, CellArray, FloatArray], ...]:
    """Zones of faster decay in a window."""
    found = []
    for row in zones:
        inside, at = patch.box.local(row.cells, shape)
        if len(at):
            found.append((row.number, at, row.rate_1_s[inside]))
    return tuple(found)


def _set(conc: FloatArray, given: Given | None) -> None:
    """Let fast cells show what they will hold."""
    if given is not None:
        conc.ravel()[given.cells] = given.conc_kg_m3


def _slope(conc: FloatArray, cargo: Cargo) -> FloatArray:
    at = np.maximum(conc, 1e-30)
    return np.asarray(cargo.law.sorbed_kg_kg(at) / at, dtype=np.float64)


def _masses(load: Load, cargo: Cargo) -> tuple[FloatArray, FloatArray, FloatArray]:
    none = np.zeros((0, 0, 0))
    kinetic = load.kinetic_kg[cargo.number] if cargo.slow.code else none
    immobile = load.immobile_kg[cargo.number] if cargo.dual is not None else none
    return load.mobile_kg[cargo.number], kinetic, immobile


def _rest(patch: Patch, cargo: Cargo) -> tuple[FloatArray, FloatArray]:
    """Immobile water (m3) and its exchange (m3/s)."""
    if cargo.dual is None:
        none = np.zeros((0, 0, 0))
        return none, none
    return patch.bulk_m3 * cargo.dual.porosity, patch.solid_m3 * cargo.dual.exchange_1_s
