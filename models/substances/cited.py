"""Numbers that carry their sources, and when a number counts as verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twin.core.errors import SceneError


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place where a number was read.

    ``family`` names the independent carrier: two rows of one family never verify each other.
    ``citation`` says what was read, and through which transcription where it was one.
    """

    id: str
    family: str
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A number in SI (``value``) with where it was read; ``units`` a name of ``twin.core.units`` or empty.

    ``verified``: at least two independent sources agree on it. ``note`` says what disagrees.
    """

    value: float
    units: str
    sources: tuple[Source, ...]
    verified: bool
    note: str = ""


def sources_of(ids: Iterable[str], known: Mapping[str, Source], *, where: str) -> tuple[Source, ...]:
    """Rows of the table of sources. SceneError for none at all, or for an unknown one."""
    found = tuple(ids)
    missing = [name for name in found if name not in known]
    if missing or not found:
        raise SceneError(
            f"{where}: sources are {list(found)}; expected rows of sources.toml",
            message_zh=f"{where}：来源为 {list(found)}；应为 sources.toml 中的条目",
            field=where,
            value=list(found),
            source="models/substances/data",
        )
    return tuple(known[name] for name in found)


def independent(sources: Sequence[Source]) -> bool:
    """Whether at least two families stand behind a number.

    >>> one = Source(id="a", family="x", citation="A")
    >>> independent([one, Source(id="b", family="x", citation="B")])
    False
    """
    return len({row.family for row in sources}) >= 2
