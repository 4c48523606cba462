"""A graph of a given size, and the keys, wheel and places of a hand on it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.dag.view import DagView
from cachesim.app.workbench import Workbench
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport

__all__ = ["CTRL", "LANES", "LEFT", "MIDDLE", "NONE", "SHIFT", "Show", "key", "long_file", "place_of", "view_of", "wheel"]

Show = Callable[..., SimulationReport]
NONE, CTRL, SHIFT = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier,
                     Qt.KeyboardModifier.ShiftModifier)
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
LANES = ("FROM a AS one\nRUN a\n\nFROM one AS two\nRUN b\n\nFROM two AS three\nRUN c\n\nFROM three AS four\nRUN d\n\n"
         "FROM four AS five\nRUN e\nRUN f\n\nFROM five AS six\nRUN g\n")


def view_of(qtbot: QtBot, workbench: Workbench, width: int, height: int) -> DagView:
    """A graph of that size, not shown yet."""
    view = DagView(workbench)
    qtbot.addWidget(view)
    view.resize(width, height)
    return view


def place_of(view: DagView, step: StepId) -> QPoint:
    rect = view.dag.rect_of(step)
    assert rect is not None
    view.show_step(step)
    return view.mapFromScene(rect.center())


def wheel(view: DagView, where: QPoint, turn: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    event = QWheelEvent(QPointF(where), QPointF(view.viewport().mapToGlobal(where)), QPoint(), QPoint(0, turn),
                        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(view.viewport(), event)


def key(view: DagView, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(view, key, modifiers)


def long_file(steps: int) -> str:
    return "FROM alpine\n" + "".join(f"RUN step {i}\n" for i in range(steps - 1))
