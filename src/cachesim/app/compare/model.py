"""How do two builds look side by side in a table?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QIcon

from cachesim.app.compare.apart import apart
from cachesim.app.report.keyparts import Mark, PartRow
from cachesim.app.report.lines import elided
from cachesim.app.report.panel import bold, fixed_font, icon_size
from cachesim.app.report.table import COPY_ROLE, RowsModel
from cachesim.app.theme import Theme, icon, look_of_step, word_of
from cachesim.cache.key import PartChange, PartKind, part_name
from cachesim.engines.base import MissReason
from cachesim.graph.options import EngineKind
from cachesim.simulate.compare import ReportComparison, StepPair
from cachesim.simulate.report import StepReport

__all__ = ["CompareModel", "first_cause", "in_words", "own_changes", "what_differs"]

_INDEX = QModelIndex | QPersistentModelIndex
_HEADERS = ("", "Step", "First", "Second", "What differs", "In the first", "In the second")
_MARK, _STEP, _A, _B, _WHAT, _OLD, _NEW = range(7)
_BYTES = (PartKind.CONTENT, PartKind.STAGE_CONTENT)


def what_differs(pair: StepPair) -> tuple[str, str, str]:
    """The first differing key part with its value in either build; words where there is no key to compare, and none where the
    outcomes alone differ."""
    if pair.a is None:
        return "only in the second", "", pair.b.step.instruction.text if pair.b is not None else ""
    if pair.b is None:
        return "only in the first", pair.a.step.instruction.text, ""
    if pair.two_engines:
        return (pair.rule.sentence, pair.rule.source, "") if pair.rule is not None else ("", "", "")
    own = own_changes(pair)
    if own:
        first, more = own[0], f" and {len(own) - 1} more" if len(own) > 1 else ""
        if first.kind in _BYTES and first.old and first.new:
            return f"bytes of {first.label}{more}", *_contents(pair)
        name = first.label if first.kind in (PartKind.ARG, PartKind.ENV) else part_name(first.kind, first.label)
        return name + more, first.old or "not there", first.new or "not there"
    if pair.a.step.instruction.text != pair.b.step.instruction.text:
        return "text", pair.a.step.instruction.text, pair.b.step.instruction.text
    if not pair.differs:
        return "", "", ""
    above = bool(pair.changes) or MissReason.PARENT in (pair.a.reason, pair.b.reason)
    return "step above" if above else "", "", ""        # both outcomes have columns of their own


def in_words(rows: Sequence[PartRow], pair: StepPair) -> tuple[PartRow, ...]:
    """Key parts of a pair with words in the place of digests that tell nothing."""
    told = []
    for row in rows:
        if row.mark is Mark.CHANGED and row.kind == PartKind.PARENT.value:
            row = replace(row, old="its result", new="another result")
        elif row.mark is Mark.CHANGED and row.kind in {kind.value for kind in _BYTES}:
            old, new = _contents(pair)
            row = replace(row, old=old, new=new)
        told.append(row)
    return tuple(told)


def _contents(pair: StepPair) -> tuple[str, str]:
    """Words for two contents that differ, of which nobody may know one."""
    return tuple(known if step is None or step.certain else "nobody knows"  # type: ignore[return-value]
                 for step, known in ((pair.a, "its content"), (pair.b, "another content")))


def own_changes(pair: StepPair) -> tuple[PartChange, ...]:
    """What differs in the step itself, not in what it lies on."""
    return tuple(change for change in pair.changes if change.kind is not PartKind.PARENT)


def first_cause(pairs: Sequence[StepPair]) -> int | None:
    """The row to look at first: a step that itself differs, else any that does."""
    own = (n for n, pair in enumerate(pairs) if pair.a is None or pair.b is None or own_changes(pair))
    return next(own, next((n for n, pair in enumerate(pairs) if pair.differs), None))


class CompareModel(RowsModel):
    """Pairs of steps; what differs is in bold and marked."""

    headers = _HEADERS

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison: ReportComparison | None = None
        self._pairs: tuple[StepPair, ...] = ()
        self._cells: list[tuple[str, str, str]] = []
        self._compact = False
        self._look: Theme | None = None
        self._fonts: tuple[QFont, ...] = (QFont(),) * 4
        self._icons: dict[tuple[str, str], QIcon] = {}

    @property
    def pairs(self) -> tuple[StepPair, ...]:
        """The rows."""
        return self._pairs

    @property
    def two_engines(self) -> bool:
        """Whether the same builds under two engines are shown."""
        return self._comparison is not None and self._comparison.a.engine is not self._comparison.b.engine

    def show(self, comparison: ReportComparison | None, only_differing: bool) -> None:
        """Show a comparison, all of it or only what differs."""
        self.beginResetModel()
        self._comparison = comparison
        pairs = comparison.pairs if comparison is not None else ()
        self._pairs = tuple(p for p in pairs if p.differs or not only_differing)
        self._cells = [what_differs(pair) for pair in self._pairs]
        self.endResetModel()

    def set_compact(self, compact: bool) -> None:
        """Say outcomes in one or two words, for a narrow panel."""
        if compact != self._compact:
            self._compact = compact
            if self._pairs:
                self.dataChanged.emit(self.index(0, _A), self.index(len(self._pairs) - 1, _B))

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        fixed = fixed_font(font)
        self._look, self._fonts, self._icons = look, (font, bold(font), fixed, bold(fixed)), {}
        if self._pairs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._pairs) - 1, len(_HEADERS) - 1))

    def row_total(self) -> int:
        return len(self._pairs)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            if self.two_engines and self._comparison is not None and section in (_A, _B):
                report = self._comparison.a if section == _A else self._comparison.b
                return "Classic" if report.engine is EngineKind.CLASSIC else "BuildKit"
            return "What makes the difference" if self.two_engines and section == _WHAT else _HEADERS[section]
        return None

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        pair, column = self._pairs[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(self._shown(index.row(), column).split("\n"))
        if role in (Qt.ItemDataRole.ToolTipRole, COPY_ROLE):
            return ("differs" if pair.differs else "") if column == _MARK else self._text(index.row(), column)
        if role == Qt.ItemDataRole.FontRole:
            told = (_WHAT, _OLD, _NEW) if self._cells[index.row()][0] else (_A, _B)
            differs = pair.differs and column in told
            return self._fonts[(2 if column in (_STEP, _OLD, _NEW) else 0) + differs]
        if role == Qt.ItemDataRole.DecorationRole and self._look is not None:
            if column == _MARK and pair.differs:
                return self._icon("not-equal", self._look.accent)
            step = pair.a if column == _A else pair.b if column == _B else None
            if step is not None:
                look = look_of_step(step, self._look)
                return self._icon(look.icon, look.strong)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == _MARK:
            return "differs" if pair.differs else "same"
        return None

    def _icon(self, name: str, colour: str) -> QIcon:
        if (name, colour) not in self._icons:
            self._icons[name, colour] = icon(name, colour, icon_size(self._fonts[0]))
        return self._icons[name, colour]

    def _shown(self, row: int, column: int) -> str:
        """What a cell has room for: of two values what sets them apart (tool tip and clipboard have all)."""
        if column in (_OLD, _NEW):
            return apart(*self._cells[row][1:])[column - _OLD]
        return self._text(row, column)

    def _text(self, row: int, column: int) -> str:
        pair = self._pairs[row]
        if column == _MARK:
            return ""
        if column == _STEP:
            return _name(pair)
        if column in (_A, _B):
            step = pair.a if column == _A else pair.b
            if step is None:
                return "not there"
            return word_of(step) if not self._compact or self._look is None else look_of_step(step, self._look).short
        return self._cells[row][column - _WHAT]


def _name(pair: StepPair) -> str:
    step: StepReport | None = pair.b or pair.a
    if step is None:
        return ""
    lines = [str(s.step.line) for s in (pair.a, pair.b) if s is not None]
    where = lines[0] if len(set(lines)) == 1 else " → ".join(lines)
    return f"{where}  {elided(' '.join(step.step.instruction.text.split()), 80)}"
