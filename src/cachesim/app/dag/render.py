"""How does the graph become a file, at scene size and whatever the window shows?"""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

from cachesim.app.dag.scene import DagScene
from cachesim.errors import InputError

__all__ = ["render_png", "render_svg"]

_LONGEST_SIDE = 16_000      # px; beyond it pictures cannot be opened everywhere, so that the scale shrinks


def render_svg(scene: DagScene, path: Path) -> None:
    """Write an SVG of the whole graph: all texts, no selection, one font family.

    Raises:
        InputError: When the file cannot be written.
    """
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    with scene.as_drawing():
        area = scene.sceneRect()
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setTitle("Build graph")
        generator.setResolution(96)
        generator.setSize(QSize(math.ceil(area.width()), math.ceil(area.height())))
        generator.setViewBox(QRectF(0.0, 0.0, math.ceil(area.width()), math.ceil(area.height())))
        painter = QPainter(generator)
        painter.setFont(scene.canvas.text_font)         # no other family gets into the file
        painter.fillRect(QRectF(0.0, 0.0, area.width(), area.height()), scene.canvas.bg)
        scene.render(painter, QRectF(0.0, 0.0, area.width(), area.height()), area)
        painter.end()
    buffer.close()
    _write(path, bytes(data.data()))


def render_png(scene: DagScene, path: Path, scale: float = 2.0) -> None:
    """Write a picture of the whole graph.

    Raises:
        InputError: When the file cannot be written.
    """
    _write(path, png(scene, scale))


def png(scene: DagScene, scale: float = 2.0) -> bytes:
    """The picture as PNG bytes."""
    with scene.as_drawing():
        area = scene.sceneRect()
        scale = min(scale, _LONGEST_SIDE / max(area.width(), area.height(), 1.0))
        image = QImage(math.ceil(area.width() * scale), math.ceil(area.height() * scale), QImage.Format.Format_RGB32)
        image.fill(scene.canvas.bg)
        painter = QPainter(image)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        scene.render(painter, QRectF(image.rect()), area)
        painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    buffer.close()
    return bytes(data.data())


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as e:
        raise InputError(e.strerror or "cannot be written", str(path), "Choose another file") from e
