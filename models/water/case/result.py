"""What a case of the water gives: tables, scores, the run itself, and what it was computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.casefiles.tables import ResultTable, receptors
from models.water.case.build import Built
from models.water.case.scores import Pair, Scores
from models.water.result import WaterResult
from twin.core.errors import BadRequestError
from twin.core.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseResult:
    """Everything that came out of one case, SI. ``tables`` by name; see ``docs/case-files-water.md``.

    ``run`` and ``built`` hold the fields (None for kinds without any). ``converged`` False: some step did
    not, and ``notes`` say which.
    """

    id: str
    kind: str
    title: str
    solver: str
    version: str
    origin: Origin
    tables: Mapping[str, ResultTable]
    inputs: tuple[str, ...]
    converged: bool
    notes: tuple[str, ...] = ()
    scores: tuple[Scores, ...] = ()
    pairs: tuple[Pair, ...] = ()
    citation: str = ""
    run: WaterResult | None = None
    built: Built | None = None

    def value(self, receptor: str, quantity: str) -> float:
        """One number of any table, SI; a receptor without ``@time`` means its last moment.

        Raises BadRequestError naming what there is.
        """
        found = self.find(receptor, quantity)
        if found is not None:
            return found
        known = sorted({name for table in self.tables.values() for name in receptors(table)})
        shown = ", ".join(known[:30]) + (", ..." if len(known) > 30 else "")
        columns = sorted({c.name for t in self.tables.values() if receptors(t) for c in t.columns[1:]})
        raise BadRequestError(
            f"no {quantity!r} at {receptor!r}; expected {', '.join(columns)} at one of {shown}",
            message_zh=f"{receptor!r} 处没有 {quantity!r}；应为 {shown} 之一的 {', '.join(columns)}",
            field="receptor",
            value=receptor,
        )

    def find(self, receptor: str, quantity: str) -> float | None:
        """The same, or None."""
        for table in self.tables.values():
            names = receptors(table)
            has = [row for row in table.columns if row.name == quantity]
            if has and receptor in names:
                return float(has[0].values[names.index(receptor)])
            # Rows of a table stand in the order of time.
            late = [n for n, name in enumerate(names) if name.rpartition("@")[0] == receptor]
            if has and late:
                return float(has[0].values[late[-1]])
        return None
