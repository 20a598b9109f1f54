"""Whether an answer is what a case expects: numbers within 0.01, all else equal."""

from __future__ import annotations

from datetime import datetime

TOLERANCE = 0.01


def agrees(answer: object, expected: object) -> bool:
    """Whether every expected field is in the answer; fields that nobody asked for do no harm.

    Whole numbers (counts) must be equal, numbers with a fraction agree within 0.01, times are compared
    as moments.

    >>> agrees({"pct": 92.905, "ok": False}, {"pct": 92.9}), agrees({"n": 5}, {"n": 6})
    (True, False)
    """
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(
            key in answer and agrees(answer[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(answer, list)
            and len(answer) == len(expected)
            and all(agrees(a, e) for a, e in zip(answer, expected, strict=True))
        )
    if isinstance(expected, bool) or isinstance(answer, bool) or expected is None:
        return answer is expected
    if isinstance(expected, int | float) and isinstance(answer, int | float):
        exact = isinstance(expected, int) and isinstance(answer, int)
        return answer == expected if exact else abs(answer - expected) <= TOLERANCE
    return answer == expected or _same_moment(answer, expected)


def _same_moment(answer: object, expected: object) -> bool:
    if not isinstance(answer, str) or not isinstance(expected, str):
        return False
    try:
        return datetime.fromisoformat(answer) == datetime.fromisoformat(expected)
    except (ValueError, TypeError):
        return False
