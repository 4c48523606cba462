"""What is quietly said at the foot of the window: place, size, time, assumptions, Docker?"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QStatusBar

from cachesim.app.report.lines import elided
from cachesim.app.still import hint, loosen, say
from cachesim.app.theme import Theme
from cachesim.app.workbench import Workbench
from cachesim.graph.options import ImageStore
from cachesim.project.bases import EngineFacts
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

if TYPE_CHECKING:
    from cachesim.app.confirm.state import ConfirmState

__all__ = ["StatusLine", "docker_words", "size_words", "time_words"]

_STEPS = ("A step is what the builder runs or takes from its cache. Instructions that only change the configuration, and stages "
          "that the target does not need, are not counted.")
_ARGS_CHARS = 40    # how much of the build arguments is shown beside the size


def size_words(report: SimulationReport) -> str:
    """How large the build is ("8 steps of 13 instructions, 2 stages")."""
    whole, steps, stages = len(report.steps), len(report.steps_of_target), len(report.graph.stages)
    said = f"{steps} step{'' if steps == 1 else 's'}"
    said += f" of {whole} instructions" if whole != steps else ""
    return f"{said}, {stages} stage{'' if stages == 1 else 's'}"


def time_words(seconds: float, report: SimulationReport) -> str:
    """How long the answer took and what it takes for granted."""
    count = len(report.assumed)
    taken = f"simulated in {seconds * 1000:.0f} ms" if seconds >= 0.0095 else f"simulated in {seconds * 1000:.1f} ms"
    return taken if not count else f"{taken}, {count} assumption{'s' if count != 1 else ''}"


def docker_words(state: ConfirmState) -> tuple[str, str]:
    """What a plan found out about the engine, short and long."""
    if state.problem is not None:
        return f"Docker: {state.problem.value}  Set up…", state.problem.sentence
    facts = state.survey.facts if state.survey is not None else None
    if facts is None:
        return "Docker: not asked", "Confirm asks this engine when you press Run"
    return f"Docker: {facts.title}", f"Confirm uses {facts.title}"


class StatusLine(QStatusBar):
    """Labels with fixed places; the Docker state is a button that explains itself."""

    docker_asked = Signal()
    assumptions_asked = Signal()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._workbench = workbench
        self._said = self._tip = ""     # of Docker
        self._args: tuple[tuple[str, str | None], ...] = ()
        self._place, self._size = QLabel(), QLabel()
        self._time, self._docker = QPushButton(), QPushButton()
        self._place.setAccessibleName("Cursor position")
        self._size.setAccessibleName("Size of the build")
        self._time.setAccessibleName("Time and assumptions")
        self._docker.setAccessibleName("Docker")
        self._time.clicked.connect(self.assumptions_asked)
        self._docker.clicked.connect(self.docker_asked)
        for widget in (self._place, self._size, self._time, self._docker):
            loosen(widget)                      # _fit decides what there is room for
            self.addPermanentWidget(widget)
        workbench.report_changed.connect(self._show_report)
        workbench.state_changed.connect(self._take_state)
        workbench.look_changed.connect(self._restyle)
        self._restyle(workbench.look)
        self._show_report(workbench.report)

    @Slot(int, int)
    def show_place(self, line: int, column: int) -> None:
        """Say where the cursor is."""
        say(self._place, f"Ln {line} Col {column}")

    def size_text(self) -> str:
        """How large the build is and which arguments it is given, for tests and screen readers."""
        return self._size.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QCoreApplication.sendEvent(self, QEvent(QEvent.Type.LayoutRequest))     # hidden, it heard of no smaller letters

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())     # words at the foot never widen the window

    def _fit(self) -> None:
        """In a narrow window the size of the build goes first, then the time, then the place."""
        there = self._workbench.report is not None
        shown = self._docker.fontMetrics().elidedText(self._said, Qt.TextElideMode.ElideRight, max(self.width() - 40, 60))
        if shown != self._docker.text():
            loosen(self._docker)            # a shorter one must not keep the room of the whole
        say(self._docker, shown)
        hint(self._docker, self._tip if shown == self._said else f"{self._said}\n{self._tip}")
        room = self.width() - self._docker.sizeHint().width() - 16
        for widget in (self._place, self._time, self._size):
            room -= widget.sizeHint().width() + 8
            widget.setVisible(there and room >= 0)

    def show_docker(self, text: str, tip: str) -> None:
        """Say quietly whether a real build could run."""
        self._said, self._tip = text, tip
        self._fit()

    def show_engine(self, engine: EngineFacts | None) -> None:
        """Say which engine answered when the project was opened."""
        if engine is not None:
            store = "containerd" if engine.store is ImageStore.CONTAINERD else "graph driver"
            self.show_docker(f"Docker {engine.version}, {store}", f"An engine answers at {engine.host}")
        elif shutil.which("docker") is None:
            self.show_docker("Docker: not found  Set up…", "Everything but Confirm works without it")
        else:
            self.show_docker("Docker: no answer  Set up…", "Everything but Confirm works without it")

    @Slot(object)
    def _show_report(self, report: SimulationReport | None) -> None:
        self._show_size()
        say(self._time, time_words(self._workbench.seconds, report) if report is not None else "")
        self._fit()
        if report is not None:
            said = "\n".join(f"• {text}" for text in report.assumed)
            hint(self._time, f"Taken for granted, because nobody can know it before the build:\n{said}" if said
                 else "Nothing was taken for granted")

    @Slot(object)
    def _take_state(self, state: ProjectState) -> None:
        if state.options.args != self._args:        # arguments that no step uses change no report
            self._show_size()

    def _show_size(self) -> None:
        report, self._args = self._workbench.report, self._workbench.state.options.args
        args = [name if value is None else f"{name}={value}" for name, value in self._args]
        passed = elided(f", --build-arg {' '.join(args)}", _ARGS_CHARS) if args else ""
        say(self._size, size_words(report) + passed if report is not None else "")
        hint(self._size, "\n".join((_STEPS, *(f"--build-arg {arg}" for arg in args))) if report is not None else "")

    @Slot(object)
    def _restyle(self, theme: Theme) -> None:
        for widget in (self._place, self._size, self._time, self._docker):
            loosen(widget)
        self.setStyleSheet(
            f"QLabel {{ color: {theme.muted}; padding: 0 8px; }} QPushButton {{ color: {theme.muted};"
            " border: 1px solid transparent; border-radius: 3px; padding: 1px 8px; background: transparent; }"
            f"QPushButton:hover, QPushButton:focus {{ border-color: {theme.accent}; color: {theme.text}; }}")
