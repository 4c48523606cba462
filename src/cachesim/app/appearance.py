"""Which theme, font and sizes are in force?"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyleFactory

from cachesim.app.resources import icon_file
from cachesim.app.settings import Settings
from cachesim.app.theme import DARK, HIGH_CONTRAST, LIGHT, PRESENTATION, Sizes, Theme, framed_palette_of, fuller, palette_of
from cachesim.app.workbench import Workbench

__all__ = ["Appearance", "style_sheet", "theme_for"]

_FRAMED = ("QPushButton", "QLineEdit", "QComboBox", "QAbstractSpinBox", "QScrollBar", "QProgressBar", "QRadioButton")
_ARROWS_FROM = 1.2      # of the usual size of letters: arrows grow with them
_BY_NAME = {"Light": LIGHT, "Dark": DARK, "High contrast": HIGH_CONTRAST}


def theme_for(name: str, system_is_dark: bool) -> Theme:
    """The theme of a choice; "System" follows the desktop."""
    return _BY_NAME.get(name, DARK if system_is_dark else LIGHT)


class Appearance(QObject):
    """Puts the settings on the application: palette, font, style, and the look the widgets hear of."""

    def __init__(self, app: QApplication, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._app, self._workbench = app, workbench
        self._palette: QPalette | None = None
        self._desktop_font = QFont(app.font())
        self._desktop_size = self._desktop_font.pointSizeF() if self._desktop_font.pointSizeF() > 0 else 10.0
        self._presenting, self._stage_zoom = False, 1.0
        self._soon = QTimer(self, singleShot=True, interval=0)     # one new look for the keys that wait
        self._soon.timeout.connect(self.apply)
        app.setStyle(QStyleFactory.create("Fusion"))
        workbench.settings_changed.connect(self.apply)
        app.styleHints().colorSchemeChanged.connect(self.apply)
        self.apply()

    @property
    def reduce_motion(self) -> bool:
        """Whether the person or the desktop wants no animation."""
        hint = self._app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
        return self._workbench.settings.reduce_motion or hint == 0

    def present(self, on: bool) -> None:
        """Take the sizes of presentation mode, or the usual ones."""
        self._presenting, self._stage_zoom = on, 1.0
        self.apply()

    def zoom_stage(self, steps: int) -> None:
        """Change all sizes of presentation mode together, 10 % a step; 0 brings them back."""
        self._stage_zoom = 1.0 if steps == 0 else min(2.5, max(0.5, round(self._stage_zoom + 0.1 * steps, 2)))
        self._soon.start()

    @Slot()
    def apply(self, _: object = None) -> None:
        """Bring settings, palette, font and look together."""
        settings: Settings = self._workbench.settings
        dark = self._app.styleHints().colorScheme() is Qt.ColorScheme.Dark
        theme = theme_for(settings.theme, dark)
        if self._presenting:
            theme = fuller(theme).with_sizes(PRESENTATION.scaled(self._stage_zoom))
        else:
            theme = theme.with_sizes(Sizes().scaled(settings.font_percent / 100))
        font = QFont(self._desktop_font)
        font.setPointSizeF(self._desktop_size * theme.sizes.ui)
        if font != self._app.font():
            self._app.setFont(font)
        palette = palette_of(theme)
        if palette != self._palette:
            self._palette = palette
            self._app.setPalette(palette)
            for kind in _FRAMED:
                self._app.setPalette(framed_palette_of(theme), kind)  # type: ignore[arg-type]  # the stub says bytes
        sheet = style_sheet(theme)
        if sheet != self._app.styleSheet():
            self._app.setStyleSheet(sheet)
        self._workbench.set_look(theme)


def style_sheet(theme: Theme) -> str:
    """What Fusion does not let a palette say: quiet docks, tabs and bars."""
    b = round(theme.border)
    target, box = round(theme.sizes.target), round(14 * max(1.0, theme.sizes.ui))
    side = round(16 * max(1.0, theme.sizes.ui))
    check = icon_file("box-check-dark" if theme.dark else "box-check-light").as_posix()
    return f"""
QToolTip {{ color: {theme.text}; background: {theme.bg}; border: {b}px solid {theme.line}; padding: 4px; }}
QMainWindow::separator {{ background: {theme.line}; width: 1px; height: 1px; margin: 1px; }}
QMainWindow::separator:hover {{ background: {theme.accent}; }}
QSplitter::handle {{ background: {theme.line}; }}
QSplitter::handle:hover {{ background: {theme.accent}; }}
QToolBar {{ background: {theme.panel}; border: 0; border-bottom: {b}px solid {theme.line};
  spacing: 2px; padding: 2px; }}
QToolBar QToolButton {{ min-height: {target}px; padding: 1px 7px; border: 1px solid transparent; border-radius: 4px; }}
QToolBar QToolButton:hover, QToolBar QToolButton:focus {{ border-color: {theme.accent}; }}
QToolBar QToolButton:pressed, QToolBar QToolButton:checked {{ background: {theme.selection}; }}
QToolBar QToolButton[popupMode="2"] {{ padding-right: 20px; }}
QToolBar QToolButton[popupMode="1"] {{ padding-right: 22px; }}
QToolButton::menu-button {{ border: 0; width: 18px; }}
QToolButton::menu-indicator {{ subcontrol-origin: padding; subcontrol-position: right center; right: 5px; }}
QToolBar::separator {{ background: {theme.line}; width: 1px; margin: 4px 5px; }}
QMenuBar {{ background: {theme.panel}; color: {theme.text}; }}
QMenuBar::item {{ padding: 4px 9px; background: transparent; }}
QMenuBar::item:selected {{ background: {theme.selection}; }}
QMenu {{ background: {theme.bg}; color: {theme.text}; border: {b}px solid {theme.line}; padding: 4px;
  icon-size: {side}px; }}
QMenu::item {{ padding: 5px 26px 5px 26px; border-radius: 3px; }}
QMenu::item:selected {{ background: {theme.selection}; }}
QMenu::item:disabled {{ color: {theme.muted}; }}
QMenu::separator {{ height: 1px; background: {theme.line}; margin: 4px 8px; }}
#palette_dialog {{ background: {theme.panel}; border: {b}px solid {theme.accent}; }}
QStatusBar {{ background: {theme.panel}; border-top: {b}px solid {theme.line}; }}
QStatusBar::item {{ border: 0; }}
#timeline_strip, #verdict_strip {{ background: {theme.panel}; border: 0; border-bottom: {b}px solid {theme.line}; }}
#timeline_strip QScrollArea, #timeline_strip QScrollArea > QWidget > QWidget {{ background: transparent; }}
QTabBar::tab {{ background: {theme.panel}; color: {theme.muted}; border: 0; border-bottom: 2px solid transparent;
  padding: 5px 12px; min-height: {target - 8}px; }}
QTabBar::tab:selected {{ color: {theme.text}; border-bottom-color: {theme.accent}; }}
QTabBar::tab:hover {{ color: {theme.text}; }}
QTabBar::tab:focus {{ border-bottom-color: {theme.text}; }}
QTabBar::scroller {{ width: {target}px; }}
QDockWidget {{ color: {theme.text}; }}
QDockWidget::title {{ background: {theme.panel}; padding: 5px 8px; text-align: left; }}
QHeaderView::section {{ background: {theme.panel}; color: {theme.muted}; border: 0;
  border-bottom: 1px solid {theme.line}; padding: 4px 8px; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QCheckBox::indicator, QListView::indicator, QTreeView::indicator {{ width: {box}px; height: {box}px;
  border: {b}px solid {theme.muted}; border-radius: 3px; background: {theme.bg}; }}
QCheckBox::indicator:checked, QListView::indicator:checked, QTreeView::indicator:checked {{
  background: {theme.accent}; border-color: {theme.accent}; image: url({check}); }}
QCheckBox:focus {{ color: {theme.accent}; }}
QTreeView, QTableView, QListView {{ border: 0; outline: 0; }}
QSlider {{ min-height: {target}px; }}
QSlider::groove:horizontal {{ height: {box // 3}px; border-radius: {box // 6}px; background: {theme.muted}; }}
QSlider::sub-page:horizontal {{ border-radius: {box // 6}px; background: {theme.accent}; }}
QSlider::handle:horizontal {{ width: {box}px; margin: -{box // 3}px 0; border-radius: {box // 2}px;
  border: {b}px solid {theme.accent}; background: {theme.bg}; }}
QSlider::handle:horizontal:focus {{ border: {b + 1}px solid {theme.text}; }}
{_arrows(theme) if theme.sizes.ui > _ARROWS_FROM else ""}"""


def _arrows(theme: Theme) -> str:
    """Fusion draws its arrows for one size of letters; it points down where a table is sorted up, and so do these."""
    side, small, shade = round(7 * theme.sizes.ui), round(5.2 * theme.sizes.ui), "dark" if theme.dark else "light"
    down, up, right, left = (icon_file(f"arrow-{way}-{shade}").as_posix() for way in ("down", "up", "right", "left"))
    size, narrow = (f"width: {px}px; height: {px}px;" for px in (side, small))      # a button's is next to its words
    return f"""
QComboBox::drop-down {{ border: 0; width: {side + 8}px; subcontrol-origin: padding; subcontrol-position: center right; }}
QComboBox::down-arrow {{ image: url({down}); {size} }}
QToolButton::menu-arrow, QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: url({down}); {narrow} right: 2px; }}
QPushButton::menu-indicator {{ subcontrol-origin: padding; subcontrol-position: center right; }}
QToolBar QToolButton[popupMode="2"], QToolBar QToolButton[popupMode="1"] {{ padding-right: {small + 12}px; }}
QToolButton::menu-button {{ width: {small + 8}px; }}
QHeaderView::up-arrow {{ image: url({down}); {size} }}
QHeaderView::down-arrow {{ image: url({up}); {size} }}
QMenu::right-arrow {{ image: url({right}); {size} right: 6px; }}
QTabBar QToolButton::right-arrow {{ image: url({right}); }}
QTabBar QToolButton::left-arrow {{ image: url({left}); }}
"""
