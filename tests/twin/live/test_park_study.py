"""An hour and a half of the park against its hidden truth: the figures exist and are sane."""

from __future__ import annotations

import pytest

from tests.validation.park import figures, report, study


@pytest.mark.slow
def test_an_hour_of_the_park() -> None:
    found = study(1.5, 21)
    got = figures(found)
    everything = got.beam("all, readings used")
    assert found.moments == 2
    assert everything[1] == len(found.beams) > 100
    assert 0.8 < float(str(everything[2])) <= 1.0  # FAC2
    assert 0.7 < float(str(everything[4])) <= 1.0  # in the 90 % band
    assert abs(float(str(everything[3]))) < 0.5  # bias
    assert len(found.rates) == 8


@pytest.mark.slow
def test_the_section_is_made_of_the_study() -> None:
    section = report(1.4, 21)
    assert [row.caption for row in section.tables] == [
        "Beams against the true path means",
        "Rates against the truth",
    ]
    assert section.pictures[0].name == "park_beams"
    assert all(check.low is not None for check in section.checks)
