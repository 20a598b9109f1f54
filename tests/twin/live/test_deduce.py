from __future__ import annotations

import numpy as np
import pytest

from models.air.assimilate import Knobs
from models.air.puff import GaussianPuff
from tests.support.air_park import MemoryRows, air_park, air_site
from tests.support.leaking_park import HOUR, NOISE, NOW, memory_of, state_of
from twin.core.errors import SolverError
from twin.core.origin import Origin
from twin.live.deduce import deduce, detection_limit_kg_m3, substances_due
from twin.live.nowcast import now_cast
from twin.live.state import State


@pytest.fixture(scope="module")
def leak() -> State:
    return state_of(memory_of({"U1": 2e-3}))


def test_the_leaking_unit_is_found_with_its_rate(leak: State):
    result = deduce(air_park(), air_site(), leak, "hf", GaussianPuff())
    assert [row.unit_id for row in result.sources] == ["U1"]
    (source,) = result.sources
    # The fit assumes that the wind is not known to better than some degrees, here it is.
    assert source.rate_kg_s == pytest.approx(2e-3, rel=0.15)
    assert source.low_kg_s <= 2e-3 <= source.high_kg_s


def test_the_plume_reproduces_the_readings(leak: State):
    result = deduce(air_park(), air_site(), leak, "hf", GaussianPuff())
    for window in leak.beams["hf"]:
        read = float(window.conc_kg_m3[-5:].mean())
        assert result.plume.beam_conc_kg_m3[window.sensor_id] == pytest.approx(read, rel=0.15, abs=2e-9)


def test_the_result_says_what_it_was_computed_from(leak: State):
    plume = deduce(air_park(), air_site(), leak, "hf", GaussianPuff()).plume
    assert plume.origin is Origin.SIMULATED
    assert plume.time_ms == NOW
    text = "\n".join(plume.inputs)
    for name in ("B1/conc:hf@", "B4/conc:hf@", "S1-MET/wind_speed", "release U1@", "kg/s", "gaussian_puff/2"):
        assert name in text


def test_measured_readings_give_a_modelled_plume():
    state = state_of(memory_of({"U1": 2e-3}, origin=Origin.MEASURED))
    assert deduce(air_park(), air_site(), state, "hf", GaussianPuff()).plume.origin is Origin.MODELLED


def test_clean_air_gives_a_frame_that_says_so():
    result = deduce(air_park(), air_site(), state_of(memory_of({})), "hf", GaussianPuff())
    assert result.sources == ()
    assert result.plume.conc_kg_m3.max() == 0.0
    assert "no plume" in result.plume.notes
    assert result.plume.time_ms == NOW
    assert set(result.plume.beam_conc_kg_m3) == {"B1", "B2", "B3", "B4"}


def test_without_wind_there_is_no_plume_but_a_reason():
    memory = MemoryRows()
    memory.read(HOUR, lambda beam, t: 1e-6)
    plume = deduce(air_park(), air_site(), state_of(memory), "hf", GaussianPuff()).plume
    assert {"no plume", "no wind"} <= set(plume.notes)


def test_a_substance_that_no_unit_holds_has_no_candidates():
    state = state_of(memory_of({"U1": 2e-3}, substance="xx"))
    plume = deduce(air_park(), air_site(), state, "xx", GaussianPuff()).plume
    assert {"no plume", "no candidate units"} <= set(plume.notes)


def test_gas_from_nowhere_is_flagged_as_unexplained():
    # West wind, and only the beams west of all units read something.
    memory = MemoryRows()
    memory.blow(HOUR)
    memory.read(HOUR, lambda beam, t: 1e-6 * (1 + (t // 60_000) % 3) if beam == "B2" else 0.0)
    plume = deduce(air_park(), air_site(), state_of(memory), "hf", GaussianPuff()).plume
    assert "unexplained signal" in plume.notes


def test_an_interval_is_never_narrower_than_the_model_is_good(leak: State):
    (source,) = deduce(air_park(), air_site(), leak, "hf", GaussianPuff()).sources
    assert source.high_kg_s / source.low_kg_s >= Knobs().least_factor ** 2 * (1.0 - 1e-9)


def test_the_shown_field_gives_the_beams_of_the_shown_sources(leak: State):
    plume = deduce(air_park(), air_site(), leak, "hf", GaussianPuff()).plume
    for window in leak.beams["hf"]:
        most = 3.0 * float(window.conc_kg_m3[-25:].max()) + 6.0 * NOISE + 0.5 * _largest(leak)
        assert plume.beam_conc_kg_m3[window.sensor_id] <= most


def _largest(state: State) -> float:
    return max(float(row.conc_kg_m3[-25:].max()) for row in state.beams["hf"])


def test_units_that_no_beam_can_see_are_named():
    plume = deduce(air_park(), air_site(), state_of(memory_of({})), "hf", GaussianPuff()).plume
    assert any(note.startswith("not seen by any beam") and "U3" in note for note in plume.notes)


def test_hf_is_always_due_others_above_detection():
    memory = memory_of({"U1": 2e-3})
    quiet = {"nh3": 0.0, "so2": 5e-7}
    for name, level in quiet.items():
        memory.read(
            HOUR,
            lambda beam, t, level=level: level * (t > NOW - 600_000) + 1e-9 * ((t // 10_000) % 2),
            substance=name,
        )
    assert substances_due(state_of(memory)) == ("hf", "so2")


def test_detection_limit_is_three_sigma_of_the_minute_means():
    memory, rng = MemoryRows(), np.random.default_rng(0)
    memory.read(range(NOW - 3_600_000, NOW, 10_000), lambda beam, t: 1e-7 + 6e-9 * rng.standard_normal())
    limit = detection_limit_kg_m3(state_of(memory).beams["hf"])
    assert limit == pytest.approx(3.0 * 6e-9 / np.sqrt(6.0), rel=0.3)


def test_what_cannot_be_solved_gives_a_frame_that_says_so_and_the_background(monkeypatch: pytest.MonkeyPatch):
    memory = MemoryRows()
    memory.blow(HOUR)
    memory.read(HOUR, lambda beam, t: 5e-7 + 1e-9 * ((t // 60_000) % 3))
    state = state_of(memory)

    def stuck(hessian: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        msg = "rates did not converge: 300 iterations"
        raise SolverError(msg)

    monkeypatch.setattr("models.air.assimilate.least", stuck)
    park = air_park()
    result = deduce(park, air_site(), state, "hf", GaussianPuff())
    assert result.failed == "rates did not converge: 300 iterations"
    assert "no solution" in result.plume.notes
    assert "no plume" not in result.plume.notes  # nobody has found that there is none
    assert result.plume.time_ms == NOW
    assert result.plume.conc_kg_m3.max() == 0.0
    assert result.sources == ()
    cast = now_cast(park, state, result, with_map=True)
    assert cast.map == b""
    assert cast.body["rates"] == []
    assert cast.body["background"]["median"] == pytest.approx(5e-7, rel=0.1)
    assert len(cast.body["beams"]) == 4
    for row in cast.body["beams"]:
        assert row["predicted"]["low"] < 5e-7 < row["predicted"]["high"]
        assert row["ahead"] is None


def test_a_signal_that_cannot_be_solved_is_said_to_be_unexplained(leak: State):
    class Diverging(GaussianPuff):
        def beam_matrix(self, *args: object) -> np.ndarray:
            return np.full_like(super().beam_matrix(*args), np.nan)

    result = deduce(air_park(), air_site(), leak, "hf", Diverging())
    assert result.failed
    assert {"no solution", "unexplained signal"} <= set(result.plume.notes)


def test_a_calm_without_a_plume_breaks_the_limit_of_the_row_too():
    memory = MemoryRows()
    memory.blow(HOUR, speed_m_s=0.35)
    memory.read(HOUR, lambda beam, t: 0.0)
    plume = deduce(air_park(), air_site(), state_of(memory), "hf", GaussianPuff()).plume
    assert "no plume" in plume.notes
    assert any(note.startswith("outside validity: wind_speed_m_s") for note in plume.notes)
