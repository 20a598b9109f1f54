"""Findings that come up while a case is built are gathered, so that a file is corrected once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from models.casefiles.findings import CaseError
from models.water.case.indices import Counting
from twin.core.errors import BadRequestError

T = TypeVar("T")
_CELL = re.compile(r"(\(layer, row, column\) |（层、行、列） ?)\((\d+), (\d+), (\d+)\)")


class Gathered:
    """Runs parts of a building and keeps what was wrong with them."""

    def __init__(self, source: str, counting: Counting | None = None) -> None:
        self.source = source
        self.counting = counting
        self._found: list[CaseError] = []

    def part(self, make: Callable[[], T], fallback: T) -> T:
        """What ``make`` gives; ``fallback`` where it found something wrong."""
        try:
            return make()
        except CaseError as error:
            self._found.append(error)
        except BadRequestError as error:
            self._found.append(told(error, self.source, self.counting))
        return fallback

    def close(self) -> None:
        """Raise one CaseError with everything that was found."""
        if not self._found:
            return
        first = self._found[0]
        told_all = tuple(dict.fromkeys(row for error in self._found for row in error.problems))
        raise CaseError(told_all, source=self.source, field=first.field, value=first.value)


def told(error: BadRequestError, source: str, counting: Counting | None = None) -> CaseError:
    """A finding of a solver's room as one of the file, cells counted as the file counts (``counting``)."""
    if isinstance(error, CaseError):
        return error
    english, chinese = (counted(text, counting) for text in (error.message, error.message_zh))
    pair = (f"{source}: {english}", f"{source}：{chinese}")
    return CaseError((pair,), source=source, field=error.field, value=error.value)


def counted(text: str, counting: Counting | None) -> str:
    """A sentence of a solver's room with its cells, all written in one way, counted as the file counts."""
    if counting is None:
        return text
    return _CELL.sub(
        lambda found: f"{found[1]}{counting.told(tuple(int(n) for n in found.groups()[1:]))}", text
    )
