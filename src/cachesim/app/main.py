"""How does the window start, and what is said if it cannot?"""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings

    from cachesim.app.workbench import Workbench

__all__ = ["SWITCH", "bad_pair", "no_display", "run", "settings_store"]

SWITCH = 0.001     # seconds a busy worker keeps the interpreter; each of the many calls of a repaint may wait so long
_UNABLE, _BUG = 2, 70
_CLEAN_AFTER_MS = 3000     # when the first picture is long there
_HEADLESS = "Without a window: cachesim plan PATH, cachesim replay FILE, cachesim confirm PATH (see cachesim --help)"


def bad_pair(python: tuple[int, int], pyside: str) -> str:
    """Why this Python and this PySide6 do not go together, or "".

    Source: PYSIDE-3474; PySide6 6.12 drops a reference to None in each void call on Python below 3.12, and 6.11.0 and
    6.11.1 have a like fault.
    """
    numbers = tuple(int(part) if part.isdigit() else 0 for part in pyside.split(".")[:3])
    if numbers[:2] < (6, 8):
        return f"PySide6 {pyside} is too old; cachesim needs 6.8 or newer"
    if numbers in ((6, 11, 0), (6, 11, 1)):
        return f"PySide6 {pyside} is known to crash (PYSIDE-3474)"
    if python < (3, 12) and numbers[:2] >= (6, 12):
        return f"PySide6 {pyside} aborts on Python {python[0]}.{python[1]} after some thousand calls (PYSIDE-3474)"
    return ""


def no_display(environment: dict[str, str], platform: str) -> str:
    """Why no window can open here, or ""."""
    if not platform.startswith("linux") or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return ""
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if chosen and chosen not in ("xcb", "wayland"):
        return ""
    return "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set"


def run(path: Path | None, sample: str | None) -> int:
    """Open the window on a folder or Dockerfile, on a sample, or on its welcome page; return when it was closed."""
    try:
        wrong = bad_pair(sys.version_info[:2], metadata.version("PySide6"))
    except metadata.PackageNotFoundError:
        wrong = ""              # a distribution's own package: importing it tells
    if wrong:
        print(f"error: {wrong}. Install another one: pip install 'PySide6>=6.8,!=6.11.0,!=6.11.1,<6.12'",
              file=sys.stderr)
        return _UNABLE
    missing = no_display(dict(os.environ), sys.platform)
    if missing:
        print(f"error: the window cannot open: {missing}. {_HEADLESS}", file=sys.stderr)
        return _UNABLE
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        print(f"error: the window cannot open: {error}. Install the system packages that the README names. {_HEADLESS}",
              file=sys.stderr)
        return _UNABLE
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QIcon

    from cachesim.app.garbage import UiGarbage
    from cachesim.app.mainwindow import MainWindow
    from cachesim.app.resources import icon_file
    from cachesim.app.workbench import Workbench
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("cachesim")
    app.setApplicationDisplayName("cachesim")
    app.setDesktopFileName("cachesim")
    app.setWindowIcon(QIcon(str(icon_file("cachesim"))))
    bench = Workbench()
    window = MainWindow(bench, settings_store())
    window.guard.install()
    sys.setswitchinterval(SWITCH)
    garbage = UiGarbage(window)
    garbage.start()
    bench.state_changed.connect(garbage.wait)
    try:
        window.placement.restore_geometry()
        window.show()
        if sample is not None:
            QTimer.singleShot(0, bench, lambda: bench.open_sample(sample))
        elif path is not None:
            QTimer.singleShot(0, bench, lambda: bench.open_path(path))
        QTimer.singleShot(_CLEAN_AFTER_MS, bench, lambda: _clean_leftovers(bench))
        status = app.exec()
    finally:
        garbage.stop()
        window.guard.remove()
        bench.shutdown()
    return _BUG if window.guard.count else status


def settings_store() -> QSettings:
    """Where the window keeps its settings and layout."""
    import platformdirs
    from PySide6.QtCore import QSettings
    folder = Path(platformdirs.user_config_dir("cachesim", appauthor=False))
    return QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)


def _clean_leftovers(bench: Workbench) -> None:
    """Remove what a killed confirmation left behind; the controller does so when it is made."""
    from cachesim.app.confirm.controller import controller_of
    controller_of(bench)
