"""How is something said over the graph, a state of it or why a step runs?"""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from cachesim.app.theme import Theme

__all__ = ["Caption"]


class Caption(QFrame):
    """One sentence over the graph, with a button where there is something to do; wraps."""

    pressed = Signal()

    def __init__(self, name: str, parent: QWidget, button: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("caption")
        self.setAccessibleName(name)
        self.label = QLabel(self)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.text = ""
        self.button = QToolButton(self)
        self.button.setText(button)
        self.button.setAccessibleName(button or name)
        self.button.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 10, 5)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        self.button.setVisible(bool(button))
        self.hide()

    def show_text(self, text: str) -> None:
        """Say that; nothing hides the caption."""
        if text != self.text:
            self.text = text
            # a number keeps its unit
            self.label.setText(re.sub(r"(\d) (s|ms|min|[kMG]?B)\b", "\\1\N{NO-BREAK SPACE}\\2", text))
            self.setAccessibleDescription(text)
            self.setVisible(bool(text))

    def show_theme(self, theme: Theme, *, edge: str = "", px: float = 0.0) -> None:
        """Take other colours; `edge` is the colour of its frame."""
        frame = QColor(edge or theme.line).name()
        size = f"font-size: {round(px)}px;" if px else ""
        self.setStyleSheet(f"#caption {{ background: {theme.bg}; border-radius: 6px;"
                           f" border: {max(theme.border, 1.0):.0f}px solid {frame}; }}"
                           f"QLabel {{ color: {theme.text}; {size} }}"
                           f"QToolButton {{ color: {theme.text}; background: {theme.panel}; border-radius: 4px;"
                           f" border: 1px solid {theme.line}; padding: 2px 8px;"
                           f" min-height: {theme.sizes.target - 8}px; }}"
                           f"QToolButton:focus {{ border: 2px solid {theme.text}; }}")

    def place(self, x: int, y: int, width: int, *, from_below: bool = False) -> None:
        """Stand there: `y` is the upper edge, or the lower one; centred in `width`."""
        extra = self.button.sizeHint().width() + 12 if self.button.text() else 0
        text = self.label.fontMetrics().horizontalAdvance(self.label.text()) + 6
        wanted = min(width, text + extra + 24)
        height = self.heightForWidth(wanted)
        self.setGeometry(x + (width - wanted) // 2, y - height if from_below else y, wanted, height)
