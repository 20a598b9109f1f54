"""40 screens, one event and one plume frame a second, one screen that stops reading (issue, point 7)."""

import pytest

from tests.bench.sse_load import measure

pytestmark = pytest.mark.bench


def test_forty_screens() -> None:
    outcome = measure(40, 30)
    print(outcome)  # noqa: T201
    assert outcome.clean(), str(outcome)
    assert outcome.dropped_by_stopped > 0, "the stopped client was not held up, so this shows nothing"
