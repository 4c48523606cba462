"""Which buttons zoom the graph, and what becomes of them where there is little room?"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from cachesim.app.theme import Theme, icon
from cachesim.app.tips import wrapped

__all__ = ["ZoomBar"]

_BARS = 6       # as many bars at least must have room below each other, else there is only a button


class ZoomBar(QFrame):
    """– 100 % + Fit Follow Legend, in the corner; where there is little room one button that holds them all in a menu."""

    zoom_in_asked, zoom_out_asked, reset_asked, fit_asked = Signal(), Signal(), Signal(), Signal()
    follow_changed, legend_changed = Signal(bool), Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("zoomBar")
        self.setAccessibleName("Zoom of the graph")
        self._icons = self._small = False       # without words; all in one button
        self._needs: tuple[int, int, int] | None = None     # see `_measured`; None: another look or font came
        self.zoom_out = self._button("Zoom out", "Zoom out (Ctrl+–)", "zoom-out")
        self.percent = self._button("Zoom to 100 %", "Zoom to 100 % (Ctrl+0)")
        self.zoom_in = self._button("Zoom in", "Zoom in (Ctrl++)", "zoom-in")
        self.fit = self._button("Fit the whole graph", "Fit the whole graph into the view", "fit", "Fit")
        self.follow = self._button("Follow the selection", "Scroll to what is selected or runs", "target", "Follow",
                                   checked=True)
        self.legend = self._button("Legend", "What colours, icons and lines mean", "info", "Legend", checked=False)
        self.more = self._button("Zoom and legend", "Zoom, fit, follow, legend")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(QMenu(self.more))
        self.more.menu().aboutToShow.connect(self._fill_menu)
        self.more.hide()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(3, 3, 3, 3)
        self._row.setSpacing(2)
        for button in (*self._single, self.more):
            self._row.addWidget(button)
        self.zoom_in.clicked.connect(self.zoom_in_asked)
        self.zoom_out.clicked.connect(self.zoom_out_asked)
        self.percent.clicked.connect(self.reset_asked)
        self.fit.clicked.connect(self.fit_asked)
        self.follow.toggled.connect(self.follow_changed)
        self.legend.toggled.connect(self.legend_changed)

    @property
    def _single(self) -> tuple[QToolButton, ...]:
        return (self.zoom_out, self.percent, self.zoom_in, self.fit, self.follow, self.legend)

    @property
    def collapsed(self) -> bool:
        """Whether all is in one button."""
        return self._small

    def fit_into(self, room: int, height: int, beside: int = 0) -> None:
        """Take the size that is needed; drop the words beside the icons where they are wider than `room` without what stands
        `beside` them, and be one button where a whole bar would take a large part of `height`."""
        if self._needs is None:
            self._needs = self._measured()
            self.adjustSize()
        line, words, icons = self._needs
        small = line * _BARS > height or icons > room
        chosen = (small, small or words > room - beside)
        if chosen != (self._small, self._icons):
            self._small, self._icons = chosen
            self._show_words(not self._icons)
            for button in self._single:
                button.setHidden(small)
            self.more.setHidden(not small)
            self._row.activate()
            self.adjustSize()

    def _measured(self) -> tuple[int, int, int]:
        """Height of the bar, its width with words and with icons alone."""
        widths = []
        for words in (True, False):
            self._show_words(words)
            widths.append(sum(b.sizeHint().expandedTo(b.minimumSize()).width() + 2 for b in self._single) + 8)
        self._show_words(not self._icons)
        return max(b.sizeHint().expandedTo(b.minimumSize()).height() for b in self._single) + 8, widths[0], widths[1]

    def _show_words(self, on: bool) -> None:
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if on else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in (self.fit, self.follow, self.legend):
            if button.toolButtonStyle() is not style:
                button.setToolButtonStyle(style)

    @Slot()
    def _fill_menu(self) -> None:
        menu = self.more.menu()
        menu.clear()
        for button in self._single:
            action = menu.addAction(button.icon(), button.accessibleName(), button.click)
            action.setCheckable(button.isCheckable())
            action.setChecked(button.isChecked())

    @Slot(float)
    def show_zoom(self, zoom: float) -> None:
        """Say the zoom."""
        self.percent.setText(f"{round(zoom * 100)} %")
        self.more.setText(self.percent.text())
        self.percent.setAccessibleDescription(f"Now {round(zoom * 100)} %")

    def show_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.setStyleSheet(
            f"#zoomBar {{ background: {theme.bg}; border: {theme.border:.0f}px solid {theme.line};"
            f" border-radius: 6px; }}"
            f"QToolButton {{ color: {theme.text}; background: transparent; border: 1px solid transparent;"
            f" border-radius: 4px; padding: 2px 6px; }}"
            f"QToolButton:hover {{ background: {theme.panel}; border-color: {theme.line}; }}"
            f"QToolButton:checked {{ background: {theme.selection}; }}"
            f"QToolButton:focus {{ border: 2px solid {theme.text}; }}")
        size = round(16 * theme.sizes.ui)
        for button, name in ((self.zoom_out, "zoom-out"), (self.zoom_in, "zoom-in"), (self.fit, "fit"),
                             (self.follow, "target"), (self.legend, "info")):
            button.setIcon(icon(name, theme.text, size))
            button.setIconSize(QSize(size, size))
        for button in (*self._single, self.more):
            button.setMinimumSize(round(theme.sizes.target), round(theme.sizes.target))
        self.percent.setMinimumWidth(round(self.percent.fontMetrics().horizontalAdvance("1000 %") + 14))
        self._needs = None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._needs = None

    def _button(self, name: str, tip: str, icon_name: str = "", text: str = "", *,
                checked: bool | None = None) -> QToolButton:
        button = QToolButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)      # a click leaves the keys to the graph
        button.setAccessibleName(name)
        button.setToolTip(wrapped(tip))
        button.setText(text)
        if text and icon_name:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        if checked is not None:
            button.setCheckable(True)
            button.setChecked(checked)
        return button
