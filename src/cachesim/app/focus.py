"""Which pane has the keys, which one comes next, and which one do zoom and clipboard mean?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from cachesim.app.appearance import Appearance
from cachesim.app.dag.steps_list import StepsList
from cachesim.app.dag.view import DagView
from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.panes import Panes
from cachesim.app.presentation import Presentation
from cachesim.app.workbench import Workbench

__all__ = ["Focus", "StepViews"]


class StepViews(QStackedWidget):
    """The steps as a graph, or as a list."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self.graph, self.list = DagView(workbench), StepsList(workbench)
        self.addWidget(self.graph)
        self.addWidget(self.list)
        self.setFocusProxy(self.graph)

    def show_list(self, on: bool) -> None:
        """Show the list or the graph; the keys stay with what is shown."""
        had_focus = self.list.hasFocus() or self.graph.hasFocus()
        self.setCurrentWidget(self.list if on else self.graph)
        self.setFocusProxy(self.list if on else self.graph)
        if had_focus:
            self.take_keys()

    def take_keys(self, _checked: bool = False) -> None:
        """Put the focus on what is shown."""
        view = self.list if self.currentWidget() is self.list else self.graph
        view.setFocus(Qt.FocusReason.ShortcutFocusReason)


class Focus(QObject):
    """Walks from pane to pane, and routes commands to the one that has the focus."""

    def __init__(self, workbench: Workbench, editor: CodeEditor, views: StepViews, panes: Panes,
                 appearance: Appearance, presentation: Presentation) -> None:
        super().__init__(panes)
        self._bench, self._editor, self._views, self._panes = workbench, editor, views, panes
        self._appearance, self._presentation = appearance, presentation
        self._percent: int | None = None        # the font size that is wanted, not yet taken
        self._soon = QTimer(self, singleShot=True, interval=0)     # a new look takes as long as ten keys of a held one
        self._soon.timeout.connect(self._take_percent)

    def order(self, *strips: Sequence[QWidget]) -> None:
        """Let Tab follow the eye: the strips from left to right, then the text; what was made late is not last."""
        stops = [stop for strip in strips for stop in strip]
        stops.append(self._editor.text)
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def to_editor(self, _checked: bool = False) -> None:
        """Put the cursor into the text."""
        self._editor.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def walk(self, step: int, _checked: bool = False) -> None:
        """Go to the next pane, or the one before."""
        stops: list[tuple[QWidget, Callable[[], object]]] = [
            (self._editor, self.to_editor), (self._views, self._views.take_keys)]
        stops += [(dock, partial(self._panes.show, dock.pane.id, True)) for dock in self._panes.visible()]
        focus = QApplication.focusWidget()
        here = next((i for i, (widget, _) in enumerate(stops)
                     if focus is not None and (widget is focus or widget.isAncestorOf(focus))), -1 if step > 0 else 0)
        stops[(here + step) % len(stops)][1]()

    def zoom(self, steps: int, _checked: bool = False) -> None:
        """Enlarge (1) or shrink (-1) what has the focus; 0 brings its usual size back."""
        focus, graph = QApplication.focusWidget(), self._views.graph
        if self._presentation.active:
            self._appearance.zoom_stage(steps)
        elif focus is not None and self._editor.isAncestorOf(focus):
            self._editor.zoom(steps)
        elif focus is graph:
            (graph.zoom_reset, graph.zoom_in, graph.zoom_out)[steps]()
        else:
            now = self._percent if self._percent is not None else self._bench.settings.font_percent
            self._percent = 100 if steps == 0 else min(250, max(80, now + 10 * steps))
            self._soon.start()

    @Slot()
    def _take_percent(self) -> None:
        if self._percent is not None:
            self._bench.set_settings(replace(self._bench.settings, font_percent=self._percent))
        self._percent = None

    def edit(self, command_id: str, _checked: bool = False) -> None:
        """Do a command of the editor; clipboard keys go to whatever has the focus."""
        focus = QApplication.focusWidget()
        method = getattr(focus, command_id, None)
        if command_id in ("cut", "copy", "paste") and focus is not self._editor.text and method is not None:
            method()
        else:
            self._editor.run(command_id)
