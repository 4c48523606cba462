"""How does a person like the window to be?"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.settings import THEME_NAMES
from cachesim.app.workbench import Workbench

__all__ = ["PreferencesDialog"]

_SETTLE_MS = 150

_SWITCHES = (
    ("reduce_motion", "Reduce motion: outcomes switch at once"),
    ("follow_disk", "Follow changes on disk"),
    ("pointer_halo", "Presentation: a halo around the pointer"),
    ("step_numbers", "Presentation: say “step n of m”"),
)


class PreferencesDialog(QDialog):
    """Every change counts at once; Cancel brings back what was."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self._workbench, self._before = workbench, workbench.settings
        self._theme = QComboBox()
        self._theme.setAccessibleName("Theme")
        self._theme.addItems(list(THEME_NAMES))
        self._theme.setCurrentText(workbench.settings.theme)
        self._theme.currentTextChanged.connect(self._set_theme)
        self._font = QSlider(Qt.Orientation.Horizontal)
        self._font.setAccessibleName("Font size")
        self._font.setRange(8, 25)
        self._font.setValue(round(workbench.settings.font_percent / 10))
        self._percent = QLabel(f"{workbench.settings.font_percent} %")
        self._percent.setMinimumWidth(60)
        self._font.valueChanged.connect(self._show_percent)
        self._font.sliderReleased.connect(self._set_font)
        self._font.actionTriggered.connect(self._set_font_soon)
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)     # a held key asks for twenty sizes in a second
        self._later.timeout.connect(self._set_font)
        size = QHBoxLayout()
        size.addWidget(self._font, 1)
        size.addWidget(self._percent)
        form = QFormLayout()
        form.addRow("Theme", self._theme)
        form.addRow("Font size", size)
        self._boxes: dict[str, QCheckBox] = {}
        for name, text in _SWITCHES:
            box = self._boxes[name] = QCheckBox(text)
            box.setChecked(getattr(workbench.settings, name))
            box.toggled.connect(self._set_switches)
            form.addRow("", box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        outer = QVBoxLayout(self)
        outer.addLayout(form)
        outer.addWidget(buttons)

    @Slot(str)
    def _set_theme(self, name: str) -> None:
        self._workbench.set_settings(replace(self._workbench.settings, theme=name))

    @Slot(int)
    def _show_percent(self, tens: int) -> None:
        self._percent.setText(f"{tens * 10} %")

    @Slot()
    def _set_font(self) -> None:
        percent = self._font.value() * 10
        if percent // 10 != self._workbench.settings.font_percent // 10:
            self._workbench.set_settings(replace(self._workbench.settings, font_percent=percent))

    @Slot(int)
    def _set_font_soon(self, _: int) -> None:
        if not self._font.isSliderDown():
            self._font.setValue(self._font.sliderPosition())
            self._later.start()

    @Slot()
    def _set_switches(self) -> None:
        on = {name: box.isChecked() for name, box in self._boxes.items()}
        self._workbench.set_settings(replace(
            self._workbench.settings, reduce_motion=on["reduce_motion"], follow_disk=on["follow_disk"],
            pointer_halo=on["pointer_halo"], step_numbers=on["step_numbers"]))

    @Slot()
    def _accept(self) -> None:
        self._set_font()
        self.accept()

    def reject(self) -> None:
        """Bring back what was (recent files apart, which are no preference)."""
        self._later.stop()
        self._workbench.set_settings(replace(self._before, recent=self._workbench.settings.recent))
        super().reject()
