"""Measures of a case file: laid side by side in one table, built and refused in the words of the file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from models.water.case import CaseError, load_case, run_case

DOC = Path(__file__).resolve().parents[4] / "docs" / "case-files-water.md"


def example() -> dict[str, Any]:
    """The example of the document."""
    texts = re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    return tomllib.loads(next(text for text in texts if "[[measure]]" in text))


def test_options_are_compared_from_the_decision_on() -> None:
    result = run_case(example())
    table = result.tables["measures"]
    assert table.column("receptor").values[:2] == ("do_nothing@300", "do_nothing@400")
    # 5 g a day since the start, and since the decision at 200 d nothing any more; none has left by then.
    assert result.value("do_nothing@300", "mass") == pytest.approx(1.5, rel=1e-6)
    assert result.value("dig@300", "mass") == pytest.approx(1.0, rel=1e-6)
    assert result.value("dig@300", "removed") == pytest.approx(0.5, rel=1e-6)
    assert result.value("well", "mass") < result.value("do_nothing", "mass")
    assert result.value("dig", "cost") == 200_000.0
    assert result.value("well", "cost_low") < result.value("well", "cost") < result.value("well", "cost_high")
    best = {str(name).partition("@")[0] for name, flag in zip(table.column("receptor").values,
            table.numbers("best"), strict=True) if flag}  # fmt: skip
    assert len(best) == 1
    assert any(note.startswith(f"measures: {best.pop()} is best") for note in result.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"compare": None}, "measure and compare belong together"),
        ({"compare": {"limit": 0.01, "times": [5.0], "decision": 9.0}}, "after decision"),
        ({"compare": {"limit": 0.01, "times": [5.0], "species": "pce"}}, "pce is no species"),
        ({"measure": [{"id": "w", "kind": "pump", "line": [[75.0, 45.0]], "bottom": 9.0}]}, "needs rate"),
        ({"measure": [{"id": "do_nothing", "kind": "source_removal", "line": [[35.0, 45.0]]}]}, "twice"),
        ({"measure": [{"id": "w", "kind": "pump", "line": [[999.0, 45.0]], "bottom": 9.0, "rate": 1.0}]},
         r"measure\.1 \(w\)"),
    ],
)  # fmt: skip
def test_measures_that_cannot_be_are_named(change: dict[str, Any], said: str) -> None:
    case = {key: value for key, value in {**example(), **change}.items() if value is not None}
    with pytest.raises(CaseError, match=said) as caught:
        run_case(load_case(case))
    assert caught.value.message_zh != caught.value.message
