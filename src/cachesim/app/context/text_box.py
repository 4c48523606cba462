"""How high is a text that shares a pane with the files?"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTextBrowser

__all__ = ["TextBox"]

_LOW = 10                       # lines of text that a pane is high, for more than its files


class TextBox(QTextBrowser):
    """A text as high as it needs to be, up to a share of the pane; Tab walks its links and then leaves.

    It goes where it says nothing, and a hint goes where the pane is low: the files say more.
    """

    def __init__(self, tenths: int, hint: str = "") -> None:
        super().__init__(openLinks=False)
        self._tenths, self._hint, self._said = tenths, hint, ""
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(6)
        self.hide()

    def say(self, html: str, pane_height: int) -> None:
        """Show that, unless it is shown; the hint where it is nothing."""
        html = html or self._hint
        if html != self._said:
            self._said = html
            self.setHtml(html)
        self.fit(pane_height)

    def fit(self, pane_height: int) -> None:
        """Take the height that the text needs, within its share of the pane."""
        line = self.fontMetrics().height()
        self.document().setTextWidth(max(60, self.width()))
        self.setVisible(bool(self._said) and (self._said != self._hint or pane_height > _LOW * line))
        height = round(self.document().size().height())
        self.setFixedHeight(max(line + 12, min(height, pane_height * self._tenths // 10)))
