"""One entry to all rules, for conformance runs and for people who want to check a figure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sensors.rulebook import quality, statistics
from sensors.rulebook.given import Given
from sensors.rulebook.statistics import Answer, Rule
from twin.core.errors import BadRequestError, NotFoundError

RULES: Mapping[str, Rule] = MappingProxyType({**statistics.RULES, **quality.RULES})


def apply_rule(name: str, values: Mapping[str, object]) -> Answer:
    """Answer of a rule to an input.

    Raises NotFoundError for a rule that is not in the table, BadRequestError for an input that misses
    a field, has one of another kind, or one that the rule does not know.
    """
    if name not in RULES:
        known = ", ".join(RULES)
        raise NotFoundError(
            f"rule {name!r} is unknown; expected one of {known}",
            message_zh=f"未知规则 {name!r}；应为 {known} 之一",
            field="rule",
            value=name,
        )
    given = Given(values)
    answer = RULES[name](given)
    given.done()
    return answer


def apply_case(case: object) -> Answer:
    """Answer to ``{"rule", "input"}``; other fields (id, source, expect, note) are not looked at.

    Raises as ``apply_rule`` does.
    """
    if not isinstance(case, dict) or not isinstance(case.get("rule"), str):
        raise _bad_case(case, "rule")
    values = case.get("input")
    if not isinstance(values, dict):
        raise _bad_case(case, "input")
    return apply_rule(case["rule"], values)


def _bad_case(case: object, field: str) -> BadRequestError:
    return BadRequestError(
        f'{field} is missing or of another kind; expected {{"rule": text, "input": object}}',
        message_zh=f'缺少 {field} 或其类型不符；应为 {{"rule": 文本, "input": 对象}}',
        field=field,
        value=repr(case)[:80],
    )
