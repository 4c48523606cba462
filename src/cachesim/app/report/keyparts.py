"""What is in the key of the selected step, and what of it differs from the cached one?"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from cachesim.app.report.panel import Panel, bold, fixed_font, icon_size
from cachesim.app.report.table import COPY_ROLE, RowsModel, Table
from cachesim.app.theme import Theme, icon
from cachesim.cache.key import CacheKey, KeyPart, PartChange, PartKind, changed_parts
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import EdgeKind, Source, StepId
from cachesim.simulate.report import SimulationReport, StepReport

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["KeyPartsModel", "KeyPartsPanel", "Mark", "PartRow", "part_rows", "told_rows"]

_INDEX = QModelIndex | QPersistentModelIndex
_UNASKED = "not looked at"      # found by its definition: nobody asked what the other stage holds
_HEADERS = ("", "Part", "Name", "In the cache", "Now")


class Mark(enum.Enum):
    """How a key part compares; the value is the word in the table."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class PartRow:
    """One key part, before and after."""

    mark: Mark
    kind: str
    label: str
    old: str
    new: str


def part_rows(cached: CacheKey | None, key: CacheKey | None,
              changes: Sequence[PartChange] | None = None) -> tuple[PartRow, ...]:
    """Put two keys side by side, what differs first, each group in key order.

    `changes` says what differs where somebody knows it in better words than the keys do.
    """
    if cached is None or key is None:
        only = cached or key
        return tuple(PartRow(Mark.SAME, p.kind.value, p.label, _shown(p) if key is None else "",
                             _shown(p) if key is not None else "") for p in (only.parts if only is not None else ()))
    old, new = ({(p.kind, p.label): _shown(p) for p in k.parts} for k in (cached, key))
    found = changed_parts(cached, key) if changes is None else changes
    found = sorted(found, key=lambda change: change.kind is not PartKind.FILE)      # what a person did first
    rows = [PartRow(Mark.NEW if c.old is None else Mark.GONE if c.new is None else Mark.CHANGED, c.kind.value, c.label,
                    c.old or old.get((c.kind, c.label), ""), c.new or new.get((c.kind, c.label), "")) for c in found]
    differing = {(c.kind, c.label) for c in (*found, *changed_parts(cached, key))}
    rows += [PartRow(Mark.SAME, kind.value, label, old.get((kind, label), _UNASKED), new.get((kind, label), _UNASKED))
             for kind, label in {**new, **old} if (kind, label) not in differing]
    return tuple(rows)


def told_rows(rows: Sequence[PartRow], report: SimulationReport, step: StepReport) -> tuple[PartRow, ...]:
    """The rows with words in the place of digests that tell nothing: a step above that runs again may bring other content
    under the same definition, and what a RUN will write nobody knows."""
    told = []
    above = _above(report, step)
    for row in rows:
        if row.kind == PartKind.PARENT.value and above is not None and step.cached_key is not None:
            row = _of_parent(row, above)
        elif row.kind in (PartKind.STAGE_CONTENT.value, PartKind.CONTENT.value) and row.mark is Mark.CHANGED and not step.certain:
            row = replace(row, old="the bytes of the earlier build", new="nobody knows before the build")
        told.append(row)
    return tuple(sorted(told, key=lambda row: row.mark is Mark.SAME))


def _of_parent(row: PartRow, above: StepReport) -> PartRow:
    where = f"line {above.step.line}, {above.step.instruction.keyword}"
    if not above.runs and above.certain:
        return replace(row, label=where)
    runs = "runs again" if above.certain else "may run again"
    if row.old == row.new:
        return replace(row, mark=Mark.CHANGED, label=where, old=f"{row.old}, as it was built",
                       new=f"the same definition, but it {runs}: its content may be new")
    return replace(row, label=where, new=f"{row.new}: it {runs}")


def _above(report: SimulationReport, step: StepReport) -> StepReport | None:
    """The step that a step stands on: the next one above it that has a key."""
    at: StepId | None = step.id
    while at is not None:
        at = next((e.origin for e in report.graph.edges if e.kind is EdgeKind.PARENT and e.target == at
                   and not isinstance(e.origin, Source)), None)
        found = report.step(at) if at is not None else None
        if found is not None and found.key is not None:
            return found
    return None


def _shown(part: KeyPart) -> str:
    """The value, or a few digits of the digest where there is none for people."""
    return part.value or part.digest.short


class KeyPartsModel(RowsModel):
    """The rows as a table: marker, kind, name, cached value, value now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[PartRow, ...] = ()
        self._fonts: tuple[QFont, QFont, QFont, QFont] = (QFont(), QFont(), QFont(), QFont())
        self.headers = _HEADERS
        self._icons: dict[Mark, Any] = {}

    @property
    def rows(self) -> tuple[PartRow, ...]:
        return self._rows

    def set_rows(self, rows: tuple[PartRow, ...], old: str = _HEADERS[3], new: str = _HEADERS[4]) -> None:
        """Show other rows; `old` and `new` name the two sides."""
        if rows != self._rows or (old, new) != tuple(self.headers[3:]):
            self.beginResetModel()
            self._rows, self.headers = rows, (*_HEADERS[:3], old, new)
            self.endResetModel()

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and the font of the view."""
        fixed = fixed_font(font)
        self._fonts = (font, bold(font), fixed, bold(fixed))
        colour = look.look(Outcome.MISS, MissReason.PART).strong
        self._icons = {mark: icon(name, colour, icon_size(font)) for mark, name in
                       ((Mark.CHANGED, "bolt"), (Mark.NEW, "plus"), (Mark.GONE, "cross"))}
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(_HEADERS) - 1))

    def row_total(self) -> int:
        return len(self._rows)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], index.column()
        differs = row.mark is not Mark.SAME
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, COPY_ROLE):
            label = row.label if row.label.casefold() not in (row.kind, f"the {row.kind}") else ""    # the kind says it
            values = (row.mark.value if differs else "", row.kind, label, row.old, row.new)
            return values[column] if role != Qt.ItemDataRole.DisplayRole else _one_line(values[column])
        if role == Qt.ItemDataRole.FontRole:
            return self._fonts[(2 if column > 2 else 0) + differs]
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return self._icons.get(row.mark)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.mark.value}: {row.kind} {row.label}" if column == 0 else None
        return None


class KeyPartsPanel(Panel):
    """The key of the selected step beside the closest one that the cache knows."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Key parts", parent)
        self.model = KeyPartsModel(self)
        self.table = Table("Key parts, cached and now", self.model, {3: 1, 4: 1}, self)
        self._empty = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter, margin=12)
        self._empty.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._title = QLabel(wordWrap=True, margin=4)
        page = QWidget(self)
        below = QVBoxLayout(page)
        below.setContentsMargins(4, 0, 4, 4)
        below.setSpacing(2)
        below.addWidget(self._title)
        below.addWidget(self.table, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)
        workbench.report_changed.connect(self._changed)
        workbench.selection_changed.connect(self._changed)
        self.apply_look(workbench.look)

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.table.font())

    @Slot(object)
    def _changed(self, _: object) -> None:
        self.outdated()

    def refresh(self) -> None:
        report, selected = self._workbench.report, self._workbench.selected
        step = report.find(selected) if report is not None else None
        if step is None:
            self._say("Select a step to see what its cache key is made of.")
            return
        if step.key is None:
            self._say(f"Line {step.step.line}, {step.step.instruction.keyword}: no step for this engine, so it has "
                      "no key of its own. Where it counts, it is in the keys of later steps.")
            return
        rows = part_rows(step.cached_key, step.key)
        if report is not None:
            rows = told_rows(rows, report, step)
        differing = sum(row.mark is not Mark.SAME for row in rows)
        head = f"Line {step.step.line}, {step.step.instruction.keyword}: "
        if step.cached_key is None:
            head += "the cache knows no key of this instruction."
        elif step.reason is MissReason.PARENT and report is not None:
            above = next((s for s in report.steps if s.id == step.cause_step and s.id != step.id), None)
            first = f", first of all line {above.step.line}, {above.step.instruction.keyword}" if above is not None else ""
            head += f"nothing of its own changed. It runs because what it builds on runs{first}."
        elif differing:
            verb = "differs" if differing == 1 else "differ"
            head += f"{differing} of {len(rows)} key parts {verb} from the closest key in the cache."
        else:
            head += f"all {len(rows)} key parts are as in the cache."
        self._title.setText(head)
        self.model.set_rows(rows)
        self._stack.setCurrentIndex(1)

    def _say(self, text: str) -> None:
        self.model.set_rows(())
        self._empty.setText(text)
        self._stack.setCurrentIndex(0)


def _one_line(text: str) -> str:
    return " ".join(text.split("\n")) if "\n" in text else text

