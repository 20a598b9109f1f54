"""The work of the groundwater process: what is due, computed and laid out for the worker.

It lives on the time of the data, as the worker does. The first now-cast comes from a small ensemble, the
next from the whole one; after that the ensemble is advanced and corrected, and fitted anew once a day.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gis.terrain import Terrain
from models.water.measures.compare import Choice
from models.water.now import Nowcast
from models.water.problem import MassSource
from twin.core.errors import ParkTwinError
from twin.core.groundwater import ConductivityTest, GroundwaterMeasure, MeasureKind
from twin.core.origin import Origin, of_result
from twin.core.park import Park
from twin.core.text import Text
from twin.live.settings import Settings
from twin.live.state import Rows, data_time_ms
from twin.live.water_box import Parcel, Question, answered, next_question, send, unanswered
from twin.live.water_compared import comparison_row
from twin.live.water_frames import now_cast_row
from twin.live.water_learn import Learner
from twin.live.water_model import QUICK, SOLVER, Effort, WaterLive, water_live
from twin.live.water_plans import Plans, plans_for
from twin.live.water_question import MeasureArgs, check_place
from twin.live.water_read import Wells, not_held_out, read_history, read_origin, read_tests, read_wells
from twin.live.water_state import key_of, restored, save_state
from twin.live.water_warnings import Book, changes, standing
from twin.store.rows import WaterKind, WaterRow

_log = logging.getLogger(__name__)
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_ENDED = Text(
    zh="计算该问题时地下水进程中断，不再重试；请检查措施后重新提问",
    en="the groundwater process ended while it computed this; it is not tried again, look at it and ask anew",
)
QUICK_NOTE = "first now-cast of a small ensemble; the whole one follows"
QUICK_BANDS = (
    "bands of the small ensemble are the range of its members, narrower than 95 %; it ends no warning"
)
BACKGROUND_NOTE = (
    "concentrations of wells, limits and peaks hold the background; volumes and masses lie above it"
)


@dataclass(slots=True, kw_only=True)
class WaterWork:
    """Progress of one groundwater process. ``said`` are the warnings that were given last."""

    settings: Settings
    park: Park
    terrain: Terrain
    run: str
    said: Book = field(default_factory=Book)
    quick: Effort = QUICK
    learner: Learner = field(default_factory=Learner)
    k: int = 0
    live: WaterLive | None = None
    wells: Wells | None = None
    cast: Nowcast | None = None
    now_ms: int | None = None
    fitted_ms: int | None = None
    compared_ms: int | None = None
    _failed_ms: int | None = None
    _asked_next: bool = False
    _origin: Origin | None = None
    _tests: tuple[ConductivityTest, ...] = ()
    _looked: bool = False
    _began_s: float = 0.0

    def turn(self, rows: Rows) -> bool:
        """Do one thing that is due; whether there was one.

        A now-cast goes before questions; where both wait all the time they take turns.
        """
        data_ms = data_time_ms(rows)
        if data_ms is None:
            return False
        due = self._due(data_ms)
        if self.live is not None and (self._asked_next or not due) and self._answer():
            self._asked_next = False
            return True
        if due:
            self._asked_next = True
            return self._cast(rows, data_ms)
        if self.live is not None and self._comparing(data_ms):
            self.compared_ms = data_ms
            plans = self._plans(self.live, self.live.book.substances[0].id)
            measures: list[GroundwaterMeasure | Choice] = [*self.live.book.measures, *plans.choices]
            self._compare(self.live, data_ms, measures, None, exercise=False, notes=plans.notes)
            self._save(self.live)
            return True
        return False

    def _due(self, data_ms: int) -> bool:
        if self._failed_ms is not None and 0 <= data_ms - self._failed_ms < 60_000:
            return False
        if self.now_ms is None or data_ms < self.now_ms - _DAY_MS:
            return True
        if self.live is not None and self.live.effort == self.quick:
            return data_ms > self.now_ms
        return data_ms - self.now_ms >= 1000.0 * self.settings.water_interval_s

    def _comparing(self, data_ms: int) -> bool:
        assert self.live is not None
        if self.live.effort == self.quick:
            return False
        every_ms = self.settings.water_compare_interval_h * _HOUR_MS
        return self.compared_ms is None or data_ms - self.compared_ms >= every_ms

    def _cast(self, rows: Rows, data_ms: int) -> bool:
        wells = read_wells(rows, self.park, data_ms)
        if wells is None or not not_held_out(wells.readings, self.park):
            return False  # no well has spoken yet
        self._began_s = time.process_time()
        try:
            aside = self._restored(rows, wells.time_ms)
            quick = self.now_ms is None and self.live is None
            live = self._brought(rows, wells, quick=quick)
            now = live.told(live.twin.nowcast())
        except ParkTwinError as error:
            _log.warning("no groundwater at %d: %s", data_ms, error.message)
            self._failed_ms, self.now_ms = data_ms, data_ms if self.live is not None else None
            return False
        wells = replace(wells, origin=self._of_all(rows, wells))
        self.wells, self.cast, self.now_ms, self._failed_ms = wells, now, data_ms, None
        notes = [
            *live.notes,
            *wells.notes,
            BACKGROUND_NOTE,
            *([QUICK_NOTE, QUICK_BANDS] if quick else []),
            *aside,
        ]
        self._tell(live, replace(now, time_ms=data_ms), wells, notes)
        self._save(live)
        return True

    def _brought(self, rows: Rows, wells: Wells, *, quick: bool) -> WaterLive:
        """The twin at the moment of the readings: made and fitted, or advanced and corrected."""
        live = self.live
        heard = not_held_out(wells.readings, self.park)
        if live is None or self._refit(live, wells.time_ms):
            effort = self.quick if quick else self._full
            self._tests = read_tests(rows, self.park, wells.time_ms)
            made = water_live(self.park, self.terrain, wells.time_ms, effort, self._tests)
            start_ms = made.twin.setup.start_ms
            past = read_history(rows, self.park, start_ms, wells.time_ms - _DAY_MS)
            readings = [*not_held_out(past, self.park), *heard]
            known = {row.name for row in made.twin.setup.wells}
            usable = [made.above_background(row) for row in readings if row.place in known]
            made.twin.calibrate(usable, until_ms=wells.time_ms)
            self.live, self.fitted_ms = made, wells.time_ms
            return made
        if wells.time_ms > live.twin.time_ms:
            for note in live.twin.advance(wells.time_ms)[:5]:
                _log.info("groundwater: %s", note)
        known = {row.name for row in live.twin.setup.wells}
        live.twin.assimilate([live.above_background(row) for row in heard if row.place in known])
        return live

    @property
    def _full(self) -> Effort:
        return Effort(members=self.settings.water_members, steps=4)

    def _restored(self, rows: Rows, at_ms: int) -> tuple[str, ...]:
        """At the start take back what an earlier process saved; notes on what was left aside."""
        if self._looked:
            return ()
        self._looked = True
        self._tests = read_tests(rows, self.park, at_ms)
        live, stored, why = restored(
            self.settings.data_dir, self.park, self.terrain, self._full, self._tests, at_ms
        )
        if live is None or stored is None:
            return (f"stored ensemble left aside: {why}",) if why else ()
        self.live, self.fitted_ms, self.compared_ms = live, stored.fitted_ms, stored.compared_ms
        return ()

    def _save(self, live: WaterLive) -> None:
        if live.effort == self.quick or self.fitted_ms is None:
            return
        key = key_of(self.park, self.terrain, live.effort, self._tests)
        try:
            save_state(self.settings.data_dir, key, live, self.fitted_ms, self.compared_ms)
        except OSError as error:
            _log.warning("the groundwater's ensemble is not saved: %s", error)

    def _of_all(self, rows: Rows, wells: Wells) -> Origin:
        """Origin of a state: the worst of all that it has taken in since it was fitted, the fit included."""
        fitted = self._origin is None or self.fitted_ms == wells.time_ms
        before = read_origin(rows, self.park, wells.time_ms) if fitted else self._origin
        assert before is not None
        self._origin = of_result(before, wells.origin)
        return self._origin

    def _refit(self, live: WaterLive, at_ms: int) -> bool:
        if live.effort == self.quick or self.fitted_ms is None or at_ms < live.twin.time_ms:
            return True
        return at_ms - self.fitted_ms >= _DAY_MS

    def _tell(self, live: WaterLive, now: Nowcast, wells: Wells, notes: list[str]) -> None:
        now, learning, learnt = self.learner.said(now, wells.measured, live.book.held_out)
        body, files = now_cast_row(
            self.park,
            live.display,
            now,
            wells.measured,
            learning=learning,
            inputs=wells.inputs,
            notes=[*notes, *learnt],
        )
        body["cpu_s"] = round(time.process_time() - self._began_s, 3)
        self.learner.take(body, now.time_ms)
        row = self._row(WaterKind.NOW_CAST, now.time_ms, wells.origin, body)
        self._send(row, files)
        stands = standing(now.targets, wells.alerts, self.park, members=now.members)
        quick = live.effort == self.quick
        named = f"{row.run}/{row.k}"
        for told in changes(self.said, stands, named, now.time_ms, park=self.park, quick=quick):
            subject = told["subject"], told["substance"]
            origin = wells.origins.get(subject, wells.origin) if told["kind"] == "well" else wells.origin
            if self._send(self._row(WaterKind.EVENT, now.time_ms, origin, told), {}):
                self.said.note(told, now.time_ms)

    def _answer(self) -> bool:
        """One question of the queue; what cannot be answered says so in its row."""
        if self.live is None or self.now_ms is None:
            return False
        for left in unanswered(self.settings.data_dir):  # the process ended while it computed this one
            note = f"what-if {left}: ended the groundwater process and is not tried again"
            _log.warning("%s", note)
            told = _nothing(self.live.book.substances[0].id, _ENDED)
            if not self._told_comparison(told, {}, (note,), True):
                return False
            answered(self.settings.data_dir, left)
            return True
        question = next_question(self.settings.data_dir)
        if question is None:
            return False
        try:
            self._what_if(self.live, self.now_ms, question)
        except ParkTwinError as error:
            _log.warning("what-if %s: %s", question.id, error.message)
            text = Text(zh=error.message_zh, en=error.message)
            self._told_comparison(_nothing(self.live.book.substances[0].id, text), {}, (), True)
        answered(self.settings.data_dir, question.id)
        return True

    def _what_if(self, live: WaterLive, at_ms: int, question: Question) -> None:
        body, leak = question.body, None
        check_place(body, self.park)
        substance = live.book.substances[0].id
        if body.leak is not None:
            told = body.leak
            substance = told.substance
            leak = live.leak(told.x_m, told.y_m, substance, told.rate_kg_d / 86_400.0, told.days * 86_400.0)
        asked_for = [_measure(row) for row in body.measures]
        plans = Plans() if asked_for or leak is not None else self._plans(live, substance)
        measures: list[GroundwaterMeasure | Choice] = [*(asked_for or live.book.measures), *plans.choices]
        note = f"what-if {question.id}: {body.name or 'without a name'}"
        notes = (note, f"asked by {body.asked_by}", *plans.notes)
        self._compare(live, at_ms, measures, leak, exercise=True, substance=substance, notes=notes)

    def _plans(self, live: WaterLive, substance: str) -> Plans:
        """What the library proposes for the plume as the last now-cast saw it."""
        return Plans() if self.cast is None else plans_for(live, self.cast, substance)

    def _compare(
        self,
        live: WaterLive,
        at_ms: int,
        measures: Sequence[GroundwaterMeasure | Choice],
        leak: MassSource | None,
        *,
        exercise: bool,
        substance: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        name = substance or live.book.substances[0].id
        try:
            found = live.compared(name, measures=measures, leak=leak)
        except ParkTwinError as error:
            if exercise:
                raise
            _log.warning("remedies were not compared at %d: %s", at_ms, error.message)
            return
        told, files, left = comparison_row(live.display, found, at_ms)
        odd = tuple(f"{row.id}: {note}" for row in found.options for note in row.notes[:3])
        self._told_comparison(told, files, (*notes, *left, *odd), exercise)

    def _told_comparison(
        self, told: dict[str, Any], files: Mapping[str, bytes], notes: tuple[str, ...], exercise: bool
    ) -> bool:
        assert self.now_ms is not None
        origin = Origin.MODELLED if self.wells is None else self.wells.origin
        origin = Origin.EXERCISE if exercise else origin
        row = self._row(
            WaterKind.COMPARISON, self.now_ms, origin, {**told, "notes": list(notes)}, exercise=exercise
        )
        return self._send(row, files)

    def _row(
        self,
        kind: WaterKind,
        time_ms: int,
        origin: Origin,
        body: Mapping[str, Any],
        *,
        exercise: bool = False,
    ) -> WaterRow:
        self.k += 1
        return WaterRow(
            run=self.run,
            k=self.k - 1,
            kind=kind,
            time_ms=time_ms,
            origin=origin,
            solver=SOLVER,
            exercise=exercise,
            body=dict(body),
        )

    def _send(self, row: WaterRow, files: Mapping[str, bytes]) -> bool:
        sent = send(self.settings.data_dir, Parcel(row=row, files=files))
        if not sent:
            _log.warning("the worker takes no results of the groundwater; %s/%d is left out", row.run, row.k)
        return sent


def _measure(told: MeasureArgs) -> GroundwaterMeasure:
    half_life_d = told.half_life_d
    return GroundwaterMeasure(
        id=told.id,
        name=Text(zh=told.id, en=told.id),
        kind=MeasureKind(told.kind),
        line=tuple((x_m, y_m) for x_m, y_m in told.line),
        top_m=told.top_m,
        bottom_m=told.bottom_m,
        rate_m3_s=told.rate_m3_d / 86_400.0,
        conductivity_m_s=told.conductivity_m_s,
        thickness_m=told.thickness_m,
        removal_share=told.removal_share,
        half_life_s=None if half_life_d is None else half_life_d * 86_400.0,
        source_id=told.source,
    )


def _nothing(substance: str, why: Text) -> dict[str, Any]:
    """A comparison that could not be made, and why."""
    return {
        "substance": substance,
        "baseline": "do_nothing",
        "options": [],
        "best": None,
        "why": {"zh": why.zh, "en": why.en},
    }
