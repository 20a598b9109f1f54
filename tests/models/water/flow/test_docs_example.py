"""The example at the top of Flow in ``docs/water.md`` runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DOC = Path(__file__).resolve().parents[4] / "docs" / "water.md"


def test_the_example_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    section = DOC.read_text(encoding="utf-8").split("\n## Flow\n")[1].split("\n## ")[0]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(compile(found[1], str(DOC), "exec"), names)
    assert capsys.readouterr().out.startswith("True ")
    result = names["result"]
    assert result.converged
    assert abs(result.worst_imbalance) < 1e-9
    assert result.head_m.shape == (2, 1, 5, 21)
    before, after = result.head_m[:, 0, 2, 10]
    assert 4.0 < after < before - 0.3 < 6.0
    assert result.series["p"].shape == (11,)
    rows = {row.name: row for row in result.budgets[-1]}
    assert rows["rch"].in_m3_s == pytest.approx(95 * 100.0 * 1e-8)
    assert rows["wel"].out_m3_s == pytest.approx(5e-4)
    # The well has lowered the water table: what is stored and the ditches give what it takes.
    assert np.nanmin(result.head_m[1] - result.head_m[0]) < -0.3
