"""What is said of a sentence where it has no room?"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QLabel,
)

from cachesim.app.tips import wrapped

__all__ = ["BriefLabel"]


class BriefLabel(QLabel):
    """A label that says it shorter, then ends in …, instead of pushing its neighbours out; the tool tip holds all of it."""

    brief = ""

    def set_text(self, text: str, brief: str = "") -> None:
        """Say this; where there is no room for it, the brief words."""
        if (text, brief) != (self.text(), self.brief):
            self.brief = brief
            self.setToolTip(wrapped(text))
            self.setText(text)

    def shown(self) -> str:
        """What is painted: all of it, the brief words, or its beginning if that says more than those."""
        metrics, room = QFontMetrics(self.font()), self.width()
        text, brief = self.text(), self.brief
        cut = metrics.horizontalAdvance(text) > room
        if cut and brief and (not text.startswith(brief) or room < metrics.horizontalAdvance(brief) * 4 // 3):
            return brief if metrics.horizontalAdvance(brief) <= room else ""
        if room < metrics.horizontalAdvance(text) // 3:
            return ""                           # "first m…" says nothing
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(self.font()).horizontalAdvance(self.text()) + 8, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.rect(), self.alignment(), self.shown())
