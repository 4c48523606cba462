"""What can a person do who has opened nothing yet? Samples as cards, a folder, or what was open before."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.recents import Recent
from cachesim.app.theme import Theme, icon, pixmap
from cachesim.app.workbench import Workbench
from cachesim.assets import Sample, samples
from cachesim.errors import CachesimError

__all__ = ["SampleCard", "WelcomePage"]

_CARD_WIDTH = 290
_RECENTS = 6


class SampleCard(QAbstractButton):
    """One sample: its name and what it teaches."""

    def __init__(self, sample: Sample, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sample, self._theme = sample, theme
        self._side = round(24 * max(1.0, theme.sizes.ui))       # of the icon
        self._left = self._side + 28                            # of the text
        self.setText(sample.title)
        self.setAccessibleName(f"Sample: {sample.title}")
        self.setAccessibleDescription(sample.teaches)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def _title_font(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.1)
        return font

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        box, wrap = QRect(0, 0, width - self._left - 12, 1000), Qt.TextFlag.TextWordWrap
        title = QFontMetrics(self._title_font()).boundingRect(box, wrap, self.sample.title)
        text = QFontMetrics(self.font()).boundingRect(box, wrap, self.sample.teaches)
        return max(84, title.height() + text.height() + 32)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(self.heightForWidth(self.width()))        # the page scrolls before a card is squeezed

    def sizeHint(self) -> QSize:
        return QSize(_CARD_WIDTH, self.heightForWidth(_CARD_WIDTH))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hot = self.underMouse() or self.hasFocus()
        painter.setPen(QColor(theme.accent if hot else theme.line))
        painter.setBrush(QColor(theme.selection if self.isDown() else theme.bg))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 8, 8)
        if self.hasFocus():
            painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), 7, 7)
        painter.drawPixmap(16, 16, pixmap("layers", theme.accent, self._side, self.devicePixelRatioF()))
        box = self.rect().adjusted(self._left, 12, -12, -10)
        painter.setPen(QColor(theme.text))
        painter.setFont(self._title_font())
        title = painter.fontMetrics().boundingRect(box, Qt.TextFlag.TextWordWrap, self.sample.title).height()
        painter.drawText(box, Qt.TextFlag.TextWordWrap, self.sample.title)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.muted))
        painter.drawText(box.adjusted(0, title + 6, 0, 0), Qt.TextFlag.TextWordWrap, self.sample.teaches)


class WelcomePage(QScrollArea):
    """The first page: three ways in."""

    open_folder_asked = Signal()
    open_file_asked = Signal()
    history_asked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome_page")
        self.setAccessibleName("Welcome")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._workbench, self._columns = workbench, 0
        self._cards: list[SampleCard] = []
        workbench.look_changed.connect(self._rebuild)
        workbench.settings_changed.connect(self._rebuild)
        self._rebuild()

    def cards(self) -> list[SampleCard]:
        """The samples, as shown."""
        return self._cards

    def take_keys(self) -> None:
        """Put the focus on the first sample: Enter is the shortest way to a filled window."""
        if self._cards:
            self._cards[0].setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _rebuild(self, _: object = None) -> None:
        focus, theme = QApplication.focusWidget(), self._workbench.look
        had_keys = focus is not None and self.isAncestorOf(focus)
        page = QWidget()
        page.setObjectName("welcome_body")
        page.setStyleSheet(f"#welcome_body {{ background: {theme.panel}; }}")
        column = QWidget()
        column.setMaximumWidth(round(3 * _CARD_WIDTH * max(1.0, theme.sizes.ui)) + 60)
        box = QVBoxLayout(column)
        box.setContentsMargins(24, 48, 24, 28)
        box.addStretch(1)
        box.setSpacing(10)
        box.addLayout(self._head(theme))
        box.addSpacing(8)
        box.addWidget(_heading("Start with a sample", theme))
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        box.addLayout(self._grid)
        self._cards = []
        try:
            self._cards = [self._card(sample, theme) for sample in samples()]
        except CachesimError as error:
            box.addWidget(_muted(f"The samples are missing: {error}", theme))
        box.addSpacing(8)
        box.addWidget(_heading("Or open your own project", theme))
        box.addLayout(self._own(theme))
        self._there = self._are_there()
        if self._workbench.settings.recent:
            box.addSpacing(8)
            box.addWidget(_heading("Recent", theme))
            for entry in self._workbench.settings.recent[:_RECENTS]:
                box.addWidget(self._recent(Recent.parse(entry), theme))
        box.addStretch(3)         # above the middle, where a page is looked at
        outer = QHBoxLayout(page)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(1)
        outer.addWidget(column, 100)
        outer.addStretch(1)
        self.setWidget(page)
        self._columns = 0
        self._arrange()
        if had_keys:
            self.take_keys()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._there != self._are_there():        # a folder went, or came back, while a project was open
            self._rebuild()

    def _are_there(self) -> list[bool]:
        return [Recent.parse(entry).there for entry in self._workbench.settings.recent[:_RECENTS]]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """As many cards beside each other as there is room for."""
        width = _CARD_WIDTH * max(1.0, self._workbench.look.sizes.ui)
        columns = max(1, min(3, int((self.viewport().width() - 60) // width)))
        if columns == self._columns:
            return
        self._columns = columns
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def _head(self, theme: Theme) -> QHBoxLayout:
        side = round(56 * theme.sizes.ui)
        logo = QLabel()
        logo.setPixmap(icon("cachesim", theme.text, side).pixmap(side, side))
        title = QLabel("cachesim")
        font = QFont(title.font())
        font.setPointSizeF(font.pointSizeF() * 2.0)
        font.setBold(True)
        title.setFont(font)
        claim = _muted("Which build steps come from the cache, and why not the others? Edit and see at once; "
                       "a real build can confirm it.", theme)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(title)
        words.addWidget(claim)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(logo, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return row

    def _card(self, sample: Sample, theme: Theme) -> SampleCard:
        card = SampleCard(sample, theme)
        card.clicked.connect(partial(self._workbench.open_sample, sample.name))
        return card

    def _own(self, theme: Theme) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, name, signal, default in (("Open folder…", "folder-open", self.open_folder_asked, True),
                                            ("Open Dockerfile…", "file", self.open_file_asked, False),
                                            ("Start from git history…", "history", self.history_asked, False)):
            button = QPushButton(icon(name, theme.text), text)
            button.setMinimumHeight(round(theme.sizes.target) + 6)
            button.setDefault(default)
            button.clicked.connect(signal)
            row.addWidget(button)
        row.addWidget(_muted("or drop a folder or a Dockerfile anywhere on this window", theme), 1)
        return row

    def _recent(self, recent: Recent, theme: Theme) -> QPushButton:
        there = recent.there
        words = f"{recent.name}    {recent.place}" + ("" if there else "    (no longer there)")
        button = QPushButton(icon("folder" if recent.path.is_dir() else "file", theme.accent), words.replace("&", "&&"))
        button.setAccessibleName(f"Open {recent.words}")
        button.setToolTip(recent.words)
        button.setEnabled(there)
        button.setFlat(True)
        button.setStyleSheet("QPushButton { text-align: left; padding: 5px 8px; border: 1px solid transparent; }"
                             f"QPushButton:hover, QPushButton:focus {{ border-color: {theme.accent}; }}")
        button.clicked.connect(partial(self._open, recent))
        return button

    def _open(self, recent: Recent, _checked: bool = False) -> None:
        self._workbench.open_path(recent.path, context=recent.context)


def _heading(text: str, theme: Theme) -> QLabel:
    label = QLabel(text)
    font = QFont(label.font())
    font.setBold(True)
    label.setFont(font)
    return label


def _muted(text: str, theme: Theme) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setStyleSheet(f"color: {theme.muted}")
    return label
