"""Where is that command, step or file? A few letters find it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Slot
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from cachesim.app.fuzzy import score

__all__ = ["Choice", "PaletteDialog", "ranked"]

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: its name, what stands at the right (keys, place), and what it does."""

    text: str
    detail: str
    run: Callable[[], object]
    icon: QIcon | None = None
    enabled: bool = True


def ranked(query: str, choices: Sequence[Choice]) -> list[Choice]:
    """What fits, best first; everything in its own order for an empty query."""
    if not query.strip():
        return list(choices)[:_SHOWN]
    scored = [(points, index) for index, choice in enumerate(choices)
              if (points := score(query, choice.text)) is not None]
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    return [choices[index] for _, index in scored[:_SHOWN]]


class PaletteDialog(QDialog):
    """A line and a list; Enter runs, Esc closes, arrows walk while the line keeps the focus."""

    def __init__(self, title: str, choices: Sequence[Choice], parent: QWidget, chosen: int = 0) -> None:
        super().__init__(parent, Qt.WindowType.Popup if parent.isVisible() else Qt.WindowType.Dialog)
        self.setObjectName("palette_dialog")
        self.setWindowTitle(title)
        self._choices, self._found = choices, list[Choice]()
        self._line = QLineEdit()
        self._line.setPlaceholderText(title)
        self._line.setAccessibleName(title)
        self._line.setClearButtonEnabled(True)
        self._line.textChanged.connect(self._filter)
        self._line.returnPressed.connect(self._run)
        self._line.installEventFilter(self)
        self._list = QTreeWidget()
        self._list.setAccessibleName("Matches")
        self._list.setColumnCount(2)
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.header().setStretchLastSection(False)
        self._list.itemClicked.connect(self._run)
        self.finished.connect(self._forget)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addWidget(self._line)
        box.addWidget(self._list)
        self._nothing = QLabel()
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setWordWrap(True)
        self._nothing.hide()
        box.addWidget(self._nothing, 1)
        width = min(720, max(420, parent.width() - 200))
        self.resize(width, min(460, max(240, parent.height() - 160)))
        self.move(parent.mapToGlobal(QPoint((parent.width() - width) // 2, 70)))
        self._filter("")
        self._choose(chosen)
        self._line.setFocus()

    def found(self) -> list[str]:
        """What the list shows."""
        return [choice.text for choice in self._found]

    def said(self) -> str:
        """What stands in place of an empty list."""
        return self._nothing.text() if not self._nothing.isHidden() else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
            step = steps.get(Qt.Key(event.key()))
            if step is not None and self._found:
                self._choose(self._list.currentIndex().row() + step)
                return True
        return super().eventFilter(watched, event)

    def _choose(self, row: int) -> None:
        self._list.setCurrentIndex(self._list.model().index(max(0, min(len(self._found) - 1, row)), 0))

    @Slot(str)
    def _filter(self, query: str) -> None:
        self._found = ranked(query, self._choices)
        self._list.clear()
        self._nothing.setText(f"Nothing matches “{query.strip()}”." if query.strip() else "There is nothing to choose.")
        self._nothing.setVisible(not self._found)
        self._list.setVisible(bool(self._found))
        blank = QIcon()
        if any(choice.icon is not None and not choice.icon.isNull() for choice in self._choices):
            room = QPixmap(self._list.iconSize() if self._list.iconSize().isValid() else QSize(16, 16))
            room.fill(Qt.GlobalColor.transparent)
            blank = QIcon(room)
        for choice in self._found:
            item = QTreeWidgetItem([choice.text, choice.detail])
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            own = choice.icon is not None and not choice.icon.isNull()
            item.setIcon(0, choice.icon if own and choice.icon is not None else blank)      # all names begin at one place
            item.setSizeHint(0, QSize(0, max(24, self._list.fontMetrics().height() + 8)))
            item.setDisabled(not choice.enabled)
            self._list.addTopLevelItem(item)
        self._choose(0)
        header = self._list.header()
        header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        header.setSectionResizeMode(1, header.ResizeMode.ResizeToContents)

    @Slot()
    def _run(self, _: object = None) -> None:
        row = self._list.currentIndex().row()
        if 0 <= row < len(self._found) and self._found[row].enabled:
            choice = self._found[row]
            self.accept()
            choice.run()

    @Slot()
    def _forget(self) -> None:
        """Closed, it runs nothing more: the menus are filled anew, and what it found is gone from them."""
        self._found = []
