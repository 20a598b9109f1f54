"""CAS registry numbers: form and check digit."""

from __future__ import annotations

import re

from twin.core.errors import SceneError

_FORM = re.compile(r"([1-9]\d{1,6})-(\d{2})-(\d)")


def check_digit(cas: str) -> int:
    """Check digit that a number should end in: the sum of digit times place, from the right, modulo 10.

    Source: CAS, check digit verification of CAS registry numbers. Raises SceneError when the form
    (2 to 7 digits, 2 digits, 1 digit) is broken.

    >>> check_digit("7664-39-3")
    3
    """
    form = _FORM.fullmatch(cas)
    if form is None:
        raise SceneError(
            f"cas is {cas!r}; expected 2 to 7 digits, 2 digits and a check digit, as in 7664-39-3",
            message_zh=f"cas 为 {cas!r}；应为 2 至 7 位数字、2 位数字和校验位，如 7664-39-3",
            field="cas",
            value=cas,
        )
    digits = form[1] + form[2]
    return sum(place * int(digit) for place, digit in enumerate(reversed(digits), start=1)) % 10


def checked_cas(cas: str, *, source: str = "") -> str:
    """The number itself when its check digit is right; SceneError that names it when not."""
    right = check_digit(cas)
    if right != int(cas[-1]):
        raise SceneError(
            f"cas is {cas!r}; its check digit should be {right}",
            message_zh=f"cas 为 {cas!r}；校验位应为 {right}",
            field="cas",
            value=cas,
            source=source,
        )
    return cas
