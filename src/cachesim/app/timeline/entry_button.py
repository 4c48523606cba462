"""How is one build shown in the timeline?"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from cachesim.app.theme import Theme
from cachesim.app.tips import wrapped
from cachesim.app.verdict.sentences import entry_brief, entry_summary
from cachesim.project.timeline import TimelineEntry

__all__ = ["EntryButton"]


class EntryButton(QAbstractButton):
    """One build: its number, its label, its counts."""

    compare_picked = Signal(int)
    rename_asked = Signal(object)       # TimelineEntry
    delete_asked = Signal(object)

    def __init__(self, entry: TimelineEntry, number: int, theme: Theme, on_path: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.entry, self._number, self._theme, self._on_path = entry, number, theme, on_path
        self._summary, self._brief = entry_summary(entry.report), entry_brief(entry.report)
        self.picked = self.seen = False
        self.letters, self.brief = 34, False        # of the label at most; the counts that matter alone
        self.setText(entry.label)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Build {number}: {entry.label}, {self._summary}")
        branch = "" if on_path else " It lies on another branch: its cache is not the one that the next build meets."
        self.setToolTip(wrapped(f"Build {number}: {entry.label} – {self._summary}.{branch} Click for what it ran, "
                                "Ctrl+click a second one to compare, F2 renames, right click for more."))

    @property
    def _label_width(self) -> int:
        metrics = QFontMetrics(self._bold())
        return min(metrics.horizontalAdvance(self.entry.label) + 2, metrics.averageCharWidth() * self.letters)

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        return font

    @property
    def counts(self) -> str:
        """What is said of the build beside its label."""
        return self._brief if self.brief else self._summary

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        summary = metrics.horizontalAdvance(self.counts)
        return QSize(metrics.height() + self._label_width + summary + 34, metrics.height() + 10)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.button() is Qt.MouseButton.LeftButton:
            self.setDown(False)
            self.compare_picked.emit(self.entry.id)
            event.accept()
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.rename_asked.emit(self.entry)
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_asked.emit(self.entry)
        else:
            super().keyPressEvent(event)

    def nextCheckState(self) -> None:
        """The timeline decides which entry is the current one."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, frame = self._theme, QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        current = self.isChecked()
        if self.seen or self.picked:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.selection))
            painter.drawRoundedRect(frame, 5, 5)
        met = self.picked or self.seen or self.underMouse()         # under the pointer is no more than a frame, as of now
        if met or self.hasFocus() or current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(theme.text if self.hasFocus() else theme.accent if met else theme.line))
            painter.drawRoundedRect(frame, 5, 5)
        metrics = QFontMetrics(self.font())
        side = metrics.height()
        ring = QRectF(7, (self.height() - side) / 2, side, side)
        painter.setPen(QColor(theme.accent if self._on_path else theme.muted))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(ring)
        small = QFont(self.font())
        small.setPixelSize(max(8, round(side * (0.62 if self._number < 10 else 0.5))))
        painter.setFont(small)
        painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, str(self._number))
        painter.setFont(self._bold() if current else self.font())
        painter.setPen(QColor(theme.text if self._on_path else theme.muted))
        left = side + 13
        box = QRectF(left, 0, self._label_width, self.height())
        text = QFontMetrics(painter.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, self._label_width)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.muted if not current else theme.text))
        painter.drawText(QRectF(left + self._label_width + 8, 0, self.width(), self.height()),
                         Qt.AlignmentFlag.AlignVCenter, self.counts)
