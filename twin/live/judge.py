"""The judge: rules that look at every new value inside the writer's transaction.

What it says depends on the rows of the ledger and on the order of frames only. All it remembers stands
in tables (``twin.store.review_schema``), so that a restart, or a replay from the raw frames in batches of
any size, gives equal tables. It adds bits of ``Check``; it never changes a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sensors.quality.agreement import dual_sensor
from sensors.quality.gate import TimeRules
from sensors.quality.stream import AHEAD, LATE, LIVE, Lane, RelationSums, SeriesRule, rule_of
from sensors.statistics.validity import takes_part
from twin.core.device import Device, series_key
from twin.core.judging import JudgeBook, Relation, SensorPair
from twin.core.observation import Check, Observation
from twin.live.conditions import ConditionKeeper
from twin.live.tally import HourTally
from twin.store.review_book import Doubt, DoubtKey, ReviewQueue
from twin.store.review_state import Connection, JudgeState, Row, load_state, save_state, series_keys
from twin.store.values import Incoming

_MINUTE_MS = 60_000
# A stamp may lie so much after the receipt; what goes further does not move the memory of now.
_AHEAD_MS = TimeRules().drift_ms
_OPENING = {
    int(check): check.name or ""
    for check in (
        Check.OUT_OF_RANGE,
        Check.NOT_A_NUMBER,
        Check.TIME_OUT_OF_WINDOW,
        Check.UNKNOWN_MARK,
        Check.UNIT_DOUBTED,
        Check.RATE,
        Check.FIXED_VALUE,
        Check.CORRELATION,
        Check.DUAL_SENSOR,
        Check.DUPLICATE,
    )
}
_OPENING_BITS = sum(_OPENING)
# Values that say nothing about the series' course.
_ASIDE = int(Check.NOT_A_NUMBER | Check.TIME_OUT_OF_WINDOW | Check.OUT_OF_RANGE | Check.UNKNOWN_MARK)
_DUAL, _CORRELATION = int(Check.DUAL_SENSOR), int(Check.CORRELATION)
_NO_RULE = SeriesRule()


class _Watch:
    """One series that rules look at, with its lanes by length of interval."""

    __slots__ = ("key", "lanes", "pairs", "relations", "rule", "series_id")

    def __init__(self, key: str, rule: SeriesRule) -> None:
        self.key, self.rule, self.series_id = key, rule, 0
        self.lanes: dict[int, tuple[Lane, Lane, Lane]] = {}
        self.pairs: list[tuple[SensorPair, _Watch]] = []
        self.relations: list[_RelationWatch] = []

    def lane(self, interval_ms: int, time_ms: int, received_ms: int) -> tuple[int, Lane]:
        """Lane for a time: live when it is not before what is known, else that of back-filled data.

        A value stamped after its receipt has a lane of its own, so that one forged or fast stamp does not
        make back-fill of everything that comes in the hour after.
        """
        live, late, ahead = self.all_lanes(interval_ms)
        edge_ms = received_ms + _AHEAD_MS
        if time_ms > edge_ms:
            return AHEAD, _from(ahead, time_ms)
        # A memory beyond the receipt can only have been written before ahead stamps were kept apart.
        if not live.run or time_ms >= live.time_ms or live.time_ms > edge_ms:
            return LIVE, _from(live, time_ms)
        return LATE, _from(late, time_ms)

    def all_lanes(self, interval_ms: int) -> tuple[Lane, Lane, Lane]:
        """Memory of one length of interval, by number of the lane."""
        found = self.lanes.get(interval_ms)
        if found is None:
            found = self.lanes[interval_ms] = (Lane(), Lane(), Lane())
        return found


def _from(lane: Lane, time_ms: int) -> Lane:
    """The lane, begun again when it holds something later."""
    if lane.run and time_ms < lane.time_ms:
        lane.run = 0
    return lane


class _RelationWatch:
    """One relation with its sums by length of interval."""

    __slots__ = ("first", "row", "second", "sums")

    def __init__(self, row: Relation, first: _Watch, second: _Watch) -> None:
        self.row, self.first, self.second = row, first, second
        self.sums: dict[int, RelationSums] = {}

    def look(self, interval_ms: int) -> int:
        """Take in the newest pair; the bit when the two no longer go together."""
        lanes = self.first.lanes.get(interval_ms), self.second.lanes.get(interval_ms)
        if lanes[0] is None or lanes[1] is None or not lanes[0][LIVE].run or not lanes[1][LIVE].run:
            return 0
        sums = self.sums.setdefault(interval_ms, RelationSums())
        before = sums.n
        a, b = lanes[0][LIVE], lanes[1][LIVE]
        sums.add(self.row, (a.time_ms, a.value), (b.time_ms, b.value))
        if sums.n == before:
            return 0
        ratio = sums.ratio(self.row)
        return _CORRELATION if ratio is not None and ratio < self.row.least_ratio else 0


class StreamJudge:
    """Judge of a park (``twin.store.judge.Judge``)."""

    def __init__(self, book: JudgeBook, devices: Iterable[Device]) -> None:
        self._book = book
        self._watches = _watches(book, devices)
        self._by_id: dict[int, _Watch | None] = {}
        self._tally = HourTally()
        self._conditions = ConditionKeeper(book)
        self._queue = ReviewQueue(
            clock_ms=round(book.review.clock_min * _MINUTE_MS),
            quiet_ms=round(book.review.quiet_min * _MINUTE_MS),
        )
        self._loaded = False
        self._dirty: set[tuple[_Watch, int, int]] = set()
        self._moved: set[tuple[_RelationWatch, int]] = set()

    def forget(self) -> None:
        """Read everything again before the next batch."""
        self._loaded = False
        self._by_id.clear()
        self._tally.forget()
        self._queue.forget()

    def judge(self, connection: Connection, incoming: Sequence[Incoming], now_ms: int) -> list[Incoming]:
        """The values with the bits that they earn; tallies, memory and reviews are written along."""
        if not self._loaded:
            self._load(connection)
        doubts: dict[DoubtKey, Doubt] = {}
        self._tally.count(incoming)
        judged = [self._one(item, doubts) for item in incoming]
        self._tally.save(connection)
        self._save(connection)
        self._queue.note(connection, list(doubts.values()))
        return judged

    def _one(self, item: Incoming, doubts: dict[DoubtKey, Doubt]) -> Incoming:
        o = item.observation
        series_id = item.series.id
        try:
            watch = self._by_id[series_id]
        except KeyError:
            watch = self._by_id[series_id] = self._watches.get(item.series.key)
            if watch is not None:
                watch.series_id = series_id
        bits = int(o.checks)
        if watch is not None and o.value is not None and not bits & _ASIDE and takes_part(o.mark):
            added = self._look(watch, o, o.value, item.received_ms)
            if added & ~bits:
                bits |= added
                item = item._replace(observation=replace(o, checks=Check(bits)))
        if bits & _OPENING_BITS and takes_part(o.mark):
            _doubt(doubts, item, bits)
        if self._conditions.wanted:
            self._conditions.take(item, doubts)
        return item

    def _look(self, watch: _Watch, o: Observation, value: float, received_ms: int) -> int:
        time_ms, interval_ms = o.time_ms, o.interval_ms
        number, lane = watch.lane(interval_ms, time_ms, received_ms)
        known = lane.run and time_ms == lane.time_ms
        bits = lane.step(watch.rule, time_ms, value)
        self._dirty.add((watch, interval_ms, number))
        if known:
            return bits
        for pair, other in watch.pairs:
            bits |= _apart(pair, watch, other, interval_ms, number, time_ms, value)
        if number == LIVE:
            for relation in watch.relations:
                bits |= relation.look(interval_ms)
                self._moved.add((relation, interval_ms))
        return bits

    def _load(self, connection: Connection) -> None:
        state = load_state(connection)
        keys = series_keys(connection)
        for watch in self._watches.values():
            watch.lanes.clear()
            for relation in watch.relations:
                relation.sums.clear()
        for series_id, interval_ms, number, time_ms, value, run in state.series:
            found = self._watches.get(keys.get(series_id, ""))
            if found is not None:
                found.series_id = series_id
                lane = found.all_lanes(interval_ms)[number]
                lane.time_ms, lane.value, lane.run = time_ms, value, run
        relations = {(r.row.first, r.row.second): r for w in self._watches.values() for r in w.relations}
        for first, second, interval_ms, *sums in state.relations:
            if (first, second) in relations:
                relations[first, second].sums[interval_ms] = RelationSums(*sums)
        self._conditions.load(state)
        self._dirty.clear()
        self._moved.clear()
        self._loaded = True

    def _save(self, connection: Connection) -> None:
        units, links = self._conditions.changed()
        state = JudgeState(
            series=tuple(_lane_row(*key) for key in self._dirty),
            relations=tuple(_relation_row(*key) for key in self._moved if key[1] in key[0].sums),
            units=units,
            links=links,
        )
        save_state(connection, state)
        self._dirty.clear()
        self._moved.clear()


def _watches(book: JudgeBook, devices: Iterable[Device]) -> dict[str, _Watch]:
    watches: dict[str, _Watch] = {}
    for device in devices:
        for factor in device.factors:
            rule = rule_of(factor)
            key = series_key(device.sensor_id, factor.quantity)
            if rule is not None:
                watches[key] = _Watch(key, rule)
    compared = [key for pair in book.pairs for key in (pair.first, pair.second)]
    compared += [key for row in book.relations for key in (row.first, row.second)]
    for key in compared:
        watches.setdefault(key, _Watch(key, _NO_RULE))
    for pair in book.pairs:
        first, second = watches[pair.first], watches[pair.second]
        first.pairs.append((pair, second))
        second.pairs.append((pair, first))
    for relation in book.relations:
        both = _RelationWatch(relation, watches[relation.first], watches[relation.second])
        both.first.relations.append(both)
        both.second.relations.append(both)
    return watches


def _apart(
    pair: SensorPair,
    watch: _Watch,
    other: _Watch,
    interval_ms: int,
    number: int,
    time_ms: int,
    value: float,
) -> int:
    """The bit when two sensors of one thing are too far apart, compared in the same lane."""
    lanes = other.lanes.get(interval_ms)
    if (
        lanes is None
        or not lanes[number].run
        or abs(lanes[number].time_ms - time_ms) > 1000.0 * pair.within_s
    ):
        return 0
    limits = [row.rule.detection_limit_value for row in (watch, other)]
    known = [limit for limit in limits if limit is not None]
    found = dual_sensor(value, lanes[number].value, max(known, default=None), pair.limit_pct)
    return _DUAL if found.too_far else 0


def _doubt(doubts: dict[DoubtKey, Doubt], item: Incoming, bits: int) -> None:
    o: Observation = item.observation
    for bit, rule in _OPENING.items():
        if not bits & bit:
            continue
        key = (item.series.key, rule, o.interval_ms)
        known = doubts.get(key)
        if known is not None:
            known.add(o.time_ms, o.value)
            continue
        doubts[key] = Doubt(
            key=item.series.key,
            rule=rule,
            origin=o.origin.value,
            interval_ms=o.interval_ms,
            received_ms=item.received_ms,
            first_ms=o.time_ms,
            last_ms=o.time_ms,
            count=1,
            worst_value=o.value,
            detail={"raw_text": o.raw_text[:40], "time_ms": o.time_ms},
        )


def _lane_row(watch: _Watch, interval_ms: int, number: int) -> Row:
    lane = watch.lanes[interval_ms][number]
    return watch.series_id, interval_ms, number, lane.time_ms, lane.value, lane.run


def _relation_row(relation: _RelationWatch, interval_ms: int) -> Row:
    row = relation.row
    return row.first, row.second, interval_ms, *relation.sums[interval_ms].values()
