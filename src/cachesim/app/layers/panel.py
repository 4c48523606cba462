"""What does the image consist of, and what stays in it although nobody sees it any more?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QFont, QIcon, QResizeEvent
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QSplitter, QVBoxLayout, QWidget

from cachesim.advise.notes import Layer, Note, image_stages, layers, notes
from cachesim.app.report.panel import Panel, bold, fixed_font, icon_size, named
from cachesim.app.report.problems import severity_icons
from cachesim.app.report.table import COPY_ROLE, RowsModel, Table
from cachesim.app.theme import Theme, icon
from cachesim.app.tips import wrapped
from cachesim.context.snapshot import size_text
from cachesim.diagnostics import Severity
from cachesim.graph.model import SourceKind, StepId
from cachesim.project.measured import Size
from cachesim.simulate.report import SimulationReport

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["LayersModel", "LayersPanel"]

_INDEX = QModelIndex | QPersistentModelIndex
_HEADERS = ("Layer", "Line", "Size", "Created by", "The diff holds")
_LAYER, _LINE, _SIZE, _CREATED, _BRINGS = range(5)
_UNMEASURED = "not measured"
_LOW = 10               # lines of text that a pane is high, for more than the table


class LayersModel(RowsModel):
    """The image's history, newest on top as layers lie on each other; the base image is the last row."""

    headers = _HEADERS

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Layer, ...] = ()
        self._base = ""
        self._lines: dict[StepId, int] = {}
        self._sizes: Mapping[StepId, Size] = {}
        self._selected: StepId | None = None
        self._fonts: tuple[QFont, ...] = (QFont(),) * 4
        self._icons: dict[bool, QIcon] = {}

    def show(self, rows: tuple[Layer, ...], base: str, lines: dict[StepId, int], sizes: Mapping[StepId, Size],
             selected: StepId | None) -> None:
        """Show other layers; `base` names what they lie on ("" for nothing), `sizes` those that were measured."""
        ordered = tuple(reversed(rows))
        if (ordered, base, lines, sizes) != (self._rows, self._base, self._lines, self._sizes):
            self.beginResetModel()
            self._rows, self._base, self._lines, self._selected = ordered, base, lines, selected
            self._sizes = sizes
            self.endResetModel()
        elif selected != self._selected:
            self._selected = selected
            if self.rowCount():
                self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(_HEADERS) - 1))

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        fixed = fixed_font(font)
        self._fonts = (font, bold(font), fixed, bold(fixed))
        size = icon_size(font)
        self._icons = {True: icon("layers", look.accent, size), False: icon("tag", look.muted, size)}

    def step(self, row: int) -> StepId | None:
        """The step that made the row."""
        return self._rows[row].step if row < len(self._rows) else None

    def row_of(self, step: StepId | None) -> int:
        """The row of a step, -1 if it has none."""
        return next((n for n, layer in enumerate(self._rows) if layer.step == step), -1) if step is not None else -1

    def row_total(self) -> int:
        return len(self._rows) + bool(self._base)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        layer = self._rows[row] if row < len(self._rows) else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, COPY_ROLE):
            text = self._text(layer, column)
            if role == Qt.ItemDataRole.ToolTipRole and column == _SIZE:
                text = self._about_size(layer)
            return " ".join(text.split("\n")) if role == Qt.ItemDataRole.DisplayRole else text
        if role == Qt.ItemDataRole.FontRole:
            chosen = layer is not None and layer.step is not None and layer.step == self._selected
            return self._fonts[(2 if column == _CREATED else 0) + chosen]
        if role == Qt.ItemDataRole.DecorationRole and column == _LAYER:
            return self._icons.get(layer is None or layer.number > 0)
        return None

    def _text(self, layer: Layer | None, column: int) -> str:
        if layer is None:
            return ("base", "", _UNMEASURED, self._base, "its own layers")[column]
        if column == _LAYER:
            return str(layer.number) if layer.number else "empty"
        if column == _LINE:
            return str(self._lines.get(layer.step, "")) if layer.step is not None else ""
        if column == _SIZE:
            size = self._sizes.get(layer.step) if layer.step is not None and layer.number else None
            return size.words if size is not None else _UNMEASURED if layer.number else ""
        if column == _CREATED:
            return layer.created_by
        return layer.brings if layer.number else "configuration only"


    def _about_size(self, layer: Layer | None) -> str:
        if layer is not None and not layer.number:
            return "No layer, no size"
        size = self._sizes.get(layer.step) if layer is not None and layer.step is not None else None
        return size.sentence() if size is not None else "Confirm with a real build to measure it"


class LayersPanel(Panel):
    """History and notes; choosing a row selects its step everywhere."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Layers", parent)
        self._notes: tuple[Note, ...] = ()
        self._said = ""
        self._listed: tuple[Note, ...] | None = None    # the notes that the list holds, in the icons of now
        self._icons: dict[Severity, QIcon] = {}
        self.model = LayersModel(self)
        self.table = Table("Layers of the image, newest first", self.model, {_CREATED: 3, _BRINGS: 2}, self,
                           begin=frozenset((_CREATED, _BRINGS)))
        self.head = named(QLabel(wordWrap=True, margin=2), "What the image consists of")
        self.list = named(QListWidget(), "Notes on the layers")
        self.list.setWordWrap(True)
        self.list.setAlternatingRowColors(True)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)      # a note is several lines high
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(self.list)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(4, 4, 4, 4)
        rows.setSpacing(4)
        rows.addWidget(self.head)
        rows.addWidget(split, 1)
        self.setFocusProxy(self.table)
        self.table.clicked.connect(self._choose)
        self.table.activated.connect(self._open)
        self.list.itemClicked.connect(self._choose_note)
        self.list.itemActivated.connect(self._open_note)
        for signal in (workbench.report_changed, workbench.selection_changed, workbench.keeper.measured_changed):
            signal.connect(self._changed)
        self.apply_look(workbench.look)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes that are shown."""
        return self._notes

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.table.font())
        self._icons = severity_icons(look, self.list.font())
        self.list.setIconSize(QSize(icon_size(self.list.font()), icon_size(self.list.font())))
        self._listed = None
        self._show_notes()

    @Slot(object)
    def _changed(self, _: object) -> None:
        self.outdated()

    def refresh(self) -> None:
        report, context = self._workbench.report, self._workbench.state.context
        if report is None or not report.graph.stages:
            self.model.show((), "", {}, {}, None)
            self._notes = ()
            self._said = "There is no image yet: a Dockerfile begins with FROM."
        else:
            rows = layers(report, context)
            lines = {step.id: step.step.line for step in report.steps}
            book = self._workbench.keeper.measured
            sizes = {step.id: size for step in report.steps if (size := book.size(step)) is not None}
            self.model.show(rows, _base(report), lines, sizes, self._workbench.selected)
            self._notes = notes(report, context)
            self.table.setColumnHidden(_SIZE, not sizes)    # the head says that nothing was measured
            self.table.fit()
            self._said = _head(report, rows, sizes)
        self._show_notes()
        row = self.model.row_of(self._workbench.selected)
        if row >= 0:
            self.table.scrollTo(self.model.index(row, 0))

    def _show_notes(self) -> None:
        if self._notes == self._listed:
            self._fit()
            return
        self._listed = self._notes
        self.list.clear()
        for note in self._notes:
            item = QListWidgetItem(self._icons[note.severity], f"{note.title}\n{note.text}", self.list)
            item.setData(Qt.ItemDataRole.UserRole, (note.step.stage, note.step.index))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{note.severity.value}: {note.title}. {note.text}")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave a low pane to the layers: without the notes, and with the first sentence alone."""
        low = self.height() < _LOW * self.fontMetrics().height()
        self.head.setText(self._said.partition(". ")[0] if low else self._said)
        self.head.setToolTip(wrapped(self._said) if low else "")
        self.list.setVisible(bool(self._notes) and not low)

    # -- selection --

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        step = self.model.step(index.row())
        if step is not None:
            self._workbench.select(step)

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        step = self.model.step(index.row())
        if step is not None:
            self._workbench.activate(step)

    @Slot(QListWidgetItem)
    def _choose_note(self, item: QListWidgetItem) -> None:
        self._workbench.select(StepId(*item.data(Qt.ItemDataRole.UserRole)))

    @Slot(QListWidgetItem)
    def _open_note(self, item: QListWidgetItem) -> None:
        self._workbench.activate(StepId(*item.data(Qt.ItemDataRole.UserRole)))


def _base(report: SimulationReport) -> str:
    chain = image_stages(report.graph)
    base = chain[0].base if chain else None
    return "" if base is None or isinstance(base, int) else base.name or base.kind.value


def _head(report: SimulationReport, rows: tuple[Layer, ...], sizes: Mapping[StepId, Size]) -> str:
    count = sum(row.number > 0 for row in rows)
    empty = len(rows) - count
    base = " above the base image" if _base(report) not in ("", SourceKind.SCRATCH.value) else ""     # where FROM is a step
    what = f"{count} layer{'' if count == 1 else 's'}{base}, {empty} entr{'y' if empty == 1 else 'ies'} without a layer. "
    if report.blank:
        return "Nothing to build yet, so there is no layer."
    if report.error:
        what = "The build fails, so there is no image; this is what the Dockerfile asks for. "
    known = [sizes[row.step] for row in rows if row.number and row.step is not None and row.step in sizes]
    if known:
        rest = count - len(known)
        what += f"Measured: {size_text(sum(s.bytes for s in known if s.same))}"
        what += f", ~{size_text(sum(s.bytes for s in known if not s.same))} estimated" if any(
            not s.same for s in known) else ""
        what += f", {rest} layer{'' if rest == 1 else 's'} not measured. " if rest else ". "
    elif count:
        what += "No size was measured: a real build does. "
    return what + "A later layer only hides what an earlier one brought."
