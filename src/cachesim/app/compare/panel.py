"""What differs between two builds of the timeline?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.compare.model import CompareModel, first_cause, in_words
from cachesim.app.report.keyparts import KeyPartsModel, part_rows
from cachesim.app.report.panel import Panel, named
from cachesim.app.report.table import Table
from cachesim.app.theme import Theme, look_of
from cachesim.engines.base import Outcome
from cachesim.project.timeline import Timeline
from cachesim.simulate.compare import ReportComparison, compare

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ComparePanel", "totals_text"]


def totals_text(comparison: ReportComparison) -> str:
    """What differs, and the counts that are not the same in both."""
    counts = [f"{_counted(outcome)} {a} → {b}" for outcome, a, b in comparison.totals()
              if a != b]
    differing, others = comparison.differing, sum(pair.differs and not pair.is_step for pair in comparison.pairs)
    told = [f"{differing} of {comparison.steps} steps {'differs' if differing == 1 else 'differ'}"] if differing else []
    if others:          # what only sets the configuration, or is not in the target
        what = f"{others} {'other ' if told else ''}{'instruction differs' if others == 1 else 'instructions differ'}"
        told.append(what if told else f"{what}, no step")
    head = ", ".join(told) or "Nothing differs"
    return f"{head}: {', '.join(counts)}." if counts else f"{head}."


def _counted(outcome: Outcome) -> str:
    """All that run are one number, whatever the reason."""
    return "run" if outcome is Outcome.MISS else look_of(outcome).short or look_of(outcome).word


class ComparePanel(Panel):
    """Two builds side by side, aligned by instruction, and the key parts of the selected pair."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Compare", parent)
        self._comparison = workbench.comparisons.last
        self._follows = workbench.comparisons.last is None    # nobody chose yet: always the newest two builds
        self.first, self.second = named(QComboBox(), "First build"), named(QComboBox(), "Second build")
        self.swap = QPushButton("Swa&p")
        self.swap.setStatusTip("Compare the other way round")
        self.only = QCheckBox("&Only differences")
        self.totals = named(QLabel(wordWrap=True), "Totals")
        selectable = Qt.TextInteractionFlag.TextSelectableByMouse
        self.rule = named(QLabel(wordWrap=True, textInteractionFlags=selectable), "Rule of the difference")
        self.rule.hide()
        self.model = CompareModel(self)
        self.table = Table("Steps of both builds", self.model, {1: 5, 4: 4, 5: 3, 6: 3}, self, begin=frozenset({1, 5, 6}))
        self.parts = KeyPartsModel(self)
        self.part_table = Table("Key parts of the selected step in both builds", self.parts, {3: 1, 4: 1}, self)
        self._empty = QLabel("Build twice (Ctrl+B), then choose two builds here, or Ctrl+click two of them in the "
                             "timeline.", wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter, margin=12)
        self._lay_out()
        self.first.activated.connect(self._choose)
        self.second.activated.connect(self._choose)
        self.swap.clicked.connect(self._swap)
        self.only.toggled.connect(self._show)
        self.table.activated.connect(self._jump)
        self.table.selectionModel().currentRowChanged.connect(self._show_parts)
        workbench.comparisons.changed.connect(self._take)
        workbench.timeline_changed.connect(self._timeline)
        self.apply_look(workbench.look)

    def _lay_out(self) -> None:
        for box in (self.first, self.second):
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        page = QWidget(self)
        head = QGridLayout()
        for column, (text, box) in enumerate((("Fi&rst", self.first), ("&Second", self.second))):
            label = QLabel(text)
            label.setBuddy(box)
            head.addWidget(label, 0, column * 2)
            head.addWidget(box, 0, column * 2 + 1)
            head.setColumnStretch(column * 2 + 1, 1)
        head.addWidget(self.swap, 0, 4)
        head.addWidget(self.totals, 1, 0, 1, 4)
        head.addWidget(self.only, 1, 4)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(self.part_table)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(True)
        rows = QVBoxLayout(page)
        rows.setContentsMargins(4, 4, 4, 4)
        rows.addLayout(head)
        rows.addWidget(split, 1)
        rows.addWidget(self.rule)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out what has no room: values in a narrow panel, key parts in a low one."""
        letters = self.width() // max(1, self.fontMetrics().averageCharWidth())
        narrow = letters < 130
        self.model.set_compact(letters < 200)
        for column in (5, 6):
            self.table.setColumnHidden(column, narrow or self.model.two_engines)
        self.table.fit()
        for widget in (self.totals, self.only):             # the steps first
            widget.setVisible(self.height() > self.fontMetrics().height() * 9)
        self.part_table.setVisible(self.height() > self.fontMetrics().height() * 20)

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.table.font())
        self.parts.set_look(look, self.table.font())
        self._fit()

    def refresh(self) -> None:
        self._fill_boxes()
        self._show()

    # -- which builds --

    @Slot(object)
    def _timeline(self, timeline: Timeline) -> None:
        reports = [entry.report for entry in timeline.entries]
        shown = self._comparison
        if shown is not None and (self._follows or not all(any(r is s for r in reports) for s in (shown.a, shown.b))):
            self._comparison = None
        self.outdated()

    @Slot(object)
    def _take(self, comparison: ReportComparison | None) -> None:
        self._comparison, self._follows = comparison, False
        self.outdated()

    def _fill_boxes(self) -> None:
        entries = self._workbench.timeline.entries
        shown = self._comparison
        wanted = [next((e.id for e in entries if shown is not None and e.report is report), None)
                  for report in ((shown.a, shown.b) if shown is not None else (None, None))]
        defaults = [entries[-2].id, entries[-1].id] if len(entries) > 1 else [None, None]
        for box, entry_id, default in zip((self.first, self.second), wanted, defaults, strict=True):
            box.clear()
            for number, entry in enumerate(entries, 1):
                box.addItem(f"{number}  {entry.label}", entry.id)
            box.setCurrentIndex(box.findData(entry_id if shown is not None else default))
            if shown is not None and entry_id is None:          # another text, another engine: no build of the timeline
                box.addItem(shown.names[0 if box is self.first else 1])
                box.setCurrentIndex(box.count() - 1)
        self._stack.setCurrentIndex(1 if len(entries) > 1 or self._comparison is not None else 0)

    @Slot()
    def _choose(self) -> None:
        a, b = self.first.currentData(), self.second.currentData()
        if a is not None and b is not None:
            self._workbench.comparisons.builds(a, b)

    @Slot()
    def _swap(self) -> None:
        a, b = self.first.currentIndex(), self.second.currentIndex()
        self.first.setCurrentIndex(b)
        self.second.setCurrentIndex(a)
        self._choose()

    # -- what is shown --

    @Slot()
    def _show(self) -> None:
        if self._comparison is None and len(self._workbench.timeline.entries) > 1:
            entries = self._workbench.timeline.entries      # nobody asked: this is not told to the window, which would come here
            self._comparison, self._follows = compare(entries[-2].report, entries[-1].report), True
        self.model.show(self._comparison, self.only.isChecked())
        self._fit()
        self.totals.setText(totals_text(self._comparison) if self._comparison is not None else "")
        cause = first_cause(self.model.pairs)
        if cause is not None:
            self.table.setCurrentIndex(self.model.index(cause, 0))
        else:
            self.parts.set_rows(())

    @Slot(QModelIndex)
    def _show_parts(self, index: QModelIndex) -> None:
        pair = self.model.pairs[index.row()] if index.isValid() and index.row() < len(self.model.pairs) else None
        a, b = (pair.a, pair.b) if pair is not None else (None, None)
        self.rule.setText(str(pair.rule) if pair is not None and pair.rule is not None else "")
        self.rule.setVisible(bool(self.rule.text()))
        rows = part_rows(a.key if a is not None else None, b.key if b is not None else None,
                         pair.changes if pair is not None else None)
        self.parts.set_rows(in_words(rows, pair) if pair is not None else rows, "In the first", "In the second")

    @Slot(QModelIndex)
    def _jump(self, index: QModelIndex) -> None:
        """Jump to the step if the build of now still has it."""
        pair, report = self.model.pairs[index.row()], self._workbench.report
        step = pair.b or pair.a
        if step is not None and report is not None and any(s.id == step.id for s in report.steps):
            self._workbench.activate(step.id)
