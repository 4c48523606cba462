"""How are many builds side by side reached where they have no room?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QWidget

from cachesim.app.theme import Theme, icon
from cachesim.app.timeline.entry_button import EntryButton

__all__ = ["BuildsRow"]


class BuildsRow(QWidget):
    """The builds, moved by a button at each end and by the wheel; the one that the cache comes from is always seen.

    Attributes:
        buttons: The builds, left to right.
    """

    def __init__(self) -> None:
        super().__init__()
        self.buttons: tuple[EntryButton, ...] = ()
        self._holder = QWidget()
        self._all_seen = True       # whether all builds have room beside each other
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName("Builds")
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._left, self._right = self._scroller("Earlier builds", -1), self._scroller("Later builds", 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._left)
        row.addWidget(self._area, 1)
        row.addWidget(self._right)
        bar = self._area.horizontalScrollBar()
        bar.valueChanged.connect(self._show_scrollers)
        bar.rangeChanged.connect(self._show_scrollers)
        bar.rangeChanged.connect(self._see_current)

    @property
    def current(self) -> EntryButton | None:
        """The build that the cache comes from."""
        return next((button for button in self.buttons if button.isChecked()), None)

    def show_buttons(self, buttons: Iterable[EntryButton], theme: Theme) -> None:
        """Show other builds; without any, say so."""
        self.buttons, self._holder = tuple(buttons), QWidget()
        row = QHBoxLayout(self._holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in self.buttons:
            row.addWidget(button)
        if not self.buttons:
            hint = QLabel("No build yet. Every build you let happen is kept here, so that you can go back.")
            hint.setStyleSheet(f"color: {theme.muted}")
            row.addWidget(hint)
        row.addStretch(1)
        self._area.setWidget(self._holder)

    def show_theme(self, theme: Theme, target: int, side: int) -> None:
        """Take other colours, and sizes (px) of the buttons at the ends and their icons."""
        for scroller, name in ((self._left, "arrow-left"), (self._right, "arrow-right")):
            scroller.setIcon(icon(name, theme.text, side))
            scroller.setIconSize(QSize(side, side))
            scroller.setMinimumSize(target, target)

    def width_at(self, letters: int, brief: bool) -> int:
        """How wide all builds are that say no more than that."""
        for button in self.buttons:
            button.letters, button.brief = letters, brief
        return sum(button.sizeHint().width() + 2 for button in self.buttons)

    def settle(self, all_seen: bool) -> None:
        """Lay out what `width_at` said last."""
        self._all_seen = all_seen
        for button in self.buttons:
            button.updateGeometry()
            button.update()
        self._show_scrollers()

    def show_current(self) -> None:
        """Bring the build into view that the cache comes from, before anything was laid out."""
        size = self._holder.sizeHint().expandedTo(self._area.viewport().size())
        self._holder.resize(size)       # smaller, the builds would sit too high
        self._see_current()

    def scroll_by(self, px: int) -> None:
        """Move the builds to the left."""
        bar = self._area.horizontalScrollBar()
        bar.setValue(bar.value() + px)

    def _scroller(self, name: str, way: int) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)       # Tab walks along the builds, and they come into view
        button.setAccessibleName(name)
        button.setToolTip(f"{name} (or turn the wheel)")
        button.setAutoRepeat(True)
        button.clicked.connect(partial(self._scroll, way))
        button.hide()
        return button

    def _scroll(self, way: int) -> None:
        self.scroll_by(way * max(80, self._area.viewport().width() * 2 // 3))

    @Slot()
    def _show_scrollers(self, *_: int) -> None:
        """Both are there, or neither: one that came at the end of the way would push the builds under the hand."""
        bar = self._area.horizontalScrollBar()
        for scroller, more in ((self._left, bar.value() > bar.minimum()), (self._right, bar.value() < bar.maximum())):
            scroller.setVisible(not self._all_seen)
            scroller.setEnabled(more)

    @Slot()
    def _see_current(self, *_: int) -> None:
        """The build that the cache comes from is always seen."""
        current = self.current
        if current is not None:
            self._area.ensureWidgetVisible(current, 40, 0)
