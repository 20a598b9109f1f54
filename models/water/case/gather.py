"""Findings that come up while a case is built are gathered, so that a file is corrected once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from models.casefiles.findings import CaseError
from twin.core.errors import BadRequestError

T = TypeVar("T")


class Gathered:
    """Runs parts of a building and keeps what was wrong with them."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._found: list[CaseError] = []

    def part(self, make: Callable[[], T], fallback: T) -> T:
        """What ``make`` gives; ``fallback`` where it found something wrong."""
        try:
            return make()
        except CaseError as error:
            self._found.append(error)
        except BadRequestError as error:
            self._found.append(told(error, self.source))
        return fallback

    def close(self) -> None:
        """Raise one CaseError with everything that was found."""
        if not self._found:
            return
        first = self._found[0]
        told_all = tuple(dict.fromkeys(row for error in self._found for row in error.problems))
        raise CaseError(told_all, source=self.source, field=first.field, value=first.value)


def told(error: BadRequestError, source: str) -> CaseError:
    """A finding of a solver's room as one of the file."""
    if isinstance(error, CaseError):
        return error
    pair = (f"{source}: {error.message}", f"{source}：{error.message_zh}")
    return CaseError((pair,), source=source, field=error.field, value=error.value)
