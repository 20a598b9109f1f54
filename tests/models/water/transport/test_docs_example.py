"""The example at the top of Transport in ``docs/water.md`` runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DOC = Path(__file__).resolve().parents[4] / "docs" / "water.md"


def test_the_example_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    section = DOC.read_text(encoding="utf-8").split("\n## Transport\n")[1].split("\n## ")[0]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(compile(found[1], str(DOC), "exec"), names)
    assert capsys.readouterr().out.startswith("(2, 1, 1, 50)")
    step = names["step"]
    assert step.balance_error <= 1e-10
    assert not step.notes
    rows = {(row.species, row.name): row for row in step.rows}
    assert rows["tce", "west"].in_kg == pytest.approx(360 * 86_400.0 * 1e-6 * 0.05)
    assert rows["tce", "src"].in_kg == pytest.approx(30 * 86_400.0 * 1e-8)
    assert rows["dce", "production"].in_kg == pytest.approx(0.74 * rows["tce", "decay"].out_kg)
    assert (np.diff(step.conc_kg_m3[0, 0, 0, 20:]) <= 0.0).all()
