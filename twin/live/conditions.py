"""Which units run, and whether treatment runs while production does, from values as they come.

Time is that of the values, but never after their receipt, so that a replay says the same and no stamp ahead
of its time holds back what comes after it; whether a unit has fallen silent is seen by those who read.
"""

from __future__ import annotations

from sensors.quality.linkage import Levels, together
from sensors.statistics.validity import takes_part
from twin.core.judging import JudgeBook, RunningLink, RunningUnit
from twin.core.observation import Check
from twin.store.review_book import Doubt, DoubtKey
from twin.store.review_state import JudgeState, Row
from twin.store.values import Incoming

LINKAGE = "LINKAGE"
CONDITION_PREFIX = "condition/"
STATE_NAMES: dict[bool | None, str] = {True: "on", False: "off", None: "unknown"}
_STATES = {name: state for state, name in STATE_NAMES.items()}
_ASIDE = int(Check.NOT_A_NUMBER | Check.TIME_OUT_OF_WINDOW | Check.OUT_OF_RANGE)


class _Unit:
    __slots__ = ("levels", "row", "since_ms", "state", "time_ms", "value")

    def __init__(self, row: RunningUnit) -> None:
        self.row = row
        self.levels = Levels(on_above_value=row.on_above_value, off_below_value=row.off_below_value)
        self.state: bool | None = None
        self.since_ms = self.time_ms = -1
        self.value: float | None = None

    def take(self, time_ms: int, value: float | None) -> None:
        """A value; one without a number makes the state unknown, so does silence before it."""
        silent = self.time_ms >= 0 and time_ms - self.time_ms > 1000.0 * self.row.stale_s
        state = self.levels.next(None if silent else self.state, value)
        if state is not self.state or self.since_ms < 0:
            self.since_ms = time_ms
        self.state, self.time_ms, self.value = state, time_ms, value

    def at(self, time_ms: int) -> bool | None:
        """State as far as it is known at a moment."""
        return None if time_ms - self.time_ms > 1000.0 * self.row.stale_s else self.state

    def as_row(self) -> Row:
        return self.row.id, STATE_NAMES[self.state], self.since_ms, self.time_ms, self.value


class _Link:
    __slots__ = ("off_since_ms", "production", "row", "time_ms", "treatment")

    def __init__(self, row: RunningLink, units: dict[str, _Unit]) -> None:
        self.row = row
        self.production = [units[name] for name in row.production_ids]
        self.treatment = [units[name] for name in row.treatment_ids]
        self.off_since_ms: int | None = None
        self.time_ms = -1

    def look(self, time_ms: int) -> bool:
        """Whether treatment has been off for longer than the grace while production ran."""
        self.time_ms = max(self.time_ms, time_ms)
        produces = together([unit.at(self.time_ms) for unit in self.production])
        treats = together([unit.at(self.time_ms) for unit in self.treatment], need_all=self.row.need_all)
        if not produces or treats is not False:
            self.off_since_ms = None
            return False
        if self.off_since_ms is None:
            self.off_since_ms = self.time_ms
        return self.time_ms - self.off_since_ms > 60_000.0 * self.row.grace_min

    def as_row(self) -> Row:
        return self.row.id, self.off_since_ms, self.time_ms


class ConditionKeeper:
    """States of all units and links of a park. Part of the judge."""

    def __init__(self, book: JudgeBook) -> None:
        self._units = {row.id: _Unit(row) for row in book.units}
        self._links = {row.id: _Link(row, self._units) for row in book.links}
        self._by_key: dict[str, list[_Unit]] = {}
        for unit in self._units.values():
            self._by_key.setdefault(unit.row.series_key, []).append(unit)
        self._dirty_units: dict[str, _Unit] = {}
        self._dirty_links: dict[str, _Link] = {}
        self.wanted = bool(self._units)

    def take(self, item: Incoming, doubts: dict[DoubtKey, Doubt]) -> None:
        """A value of any series; back-filled ones change no state."""
        for unit in self._by_key.get(item.series.key, ()):
            o = item.observation
            time_ms = min(o.time_ms, item.received_ms)
            if time_ms < min(unit.time_ms, item.received_ms) or int(o.checks) & int(Check.TIME_OUT_OF_WINDOW):
                continue
            usable = takes_part(o.mark) and not int(o.checks) & _ASIDE
            unit.take(time_ms, o.value if usable else None)
            self._dirty_units[unit.row.id] = unit
            for link in self._links.values():
                if unit in link.production or unit in link.treatment:
                    self._judge(link, item, time_ms, doubts)

    def load(self, state: JudgeState) -> None:
        """What was remembered."""
        for unit_id, name, since_ms, time_ms, value in state.units:
            unit = self._units.get(unit_id)
            if unit is not None:
                unit.state, unit.since_ms, unit.time_ms, unit.value = _STATES[name], since_ms, time_ms, value
        for link_id, off_since_ms, time_ms in state.links:
            link = self._links.get(link_id)
            if link is not None:
                link.off_since_ms, link.time_ms = off_since_ms, time_ms
        self._dirty_units.clear()
        self._dirty_links.clear()

    def changed(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Rows of units and links that have changed since the last time."""
        units = tuple(unit.as_row() for unit in self._dirty_units.values())
        links = tuple(link.as_row() for link in self._dirty_links.values())
        self._dirty_units.clear()
        self._dirty_links.clear()
        return units, links

    def _judge(self, link: _Link, item: Incoming, time_ms: int, doubts: dict[DoubtKey, Doubt]) -> None:
        found = link.look(time_ms)
        self._dirty_links[link.row.id] = link
        if not found:
            return
        key = (CONDITION_PREFIX + link.row.id, LINKAGE, 0)
        known = doubts.get(key)
        if known is not None:
            known.add(link.time_ms, None)
            return
        doubts[key] = Doubt(
            key=key[0],
            rule=LINKAGE,
            origin=item.observation.origin.value,
            interval_ms=0,
            received_ms=item.received_ms,
            first_ms=link.off_since_ms if link.off_since_ms is not None else link.time_ms,
            last_ms=link.time_ms,
            count=1,
            worst_value=None,
            detail={
                "production": {unit.row.id: STATE_NAMES[unit.state] for unit in link.production},
                "treatment": {unit.row.id: STATE_NAMES[unit.state] for unit in link.treatment},
                "grace_min": link.row.grace_min,
            },
        )
