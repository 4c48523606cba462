"""When is something offered at the cursor, and out of what?"""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from cachesim.app.context.reach import matcher_of
from cachesim.app.editor.completer import Completer
from cachesim.app.editor.highlighter import DockerfileHighlighter
from cachesim.app.editor.offers import Known, Offer, known_of, offers
from cachesim.app.editor.positions import document_text
from cachesim.app.editor.text_area import TextArea
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.parser import parse

__all__ = ["Offering"]

_TYPED = frozenset("-=$/,{")           # characters after which an offer is welcome, beside letters


class Offering(QObject):
    """Shows what could stand at the cursor: when asked, and while a word is written.

    Attributes:
        key: What the last key put in; the editor sets it before the text changes.
    """

    def __init__(self, text: TextArea, completer: Completer, highlighter: DockerfileHighlighter, workbench: Workbench) -> None:
        super().__init__(text)
        self._text, self._completer, self._highlighter, self._workbench = text, completer, highlighter, workbench
        self.key = ""
        completer.taken.connect(self._offer_more)

    def ask(self) -> None:
        """Offer whatever could stand at the cursor."""
        self._offer(opening=True)

    def typed(self) -> None:
        """Offer while typing: letters of a word that is being written, and characters that open one."""
        key, self.key = self.key, ""
        cursor = self._text.textCursor()
        if not key or cursor.hasSelection() or not self._text.hasFocus():
            self._completer.hide()
        elif key == "\b":
            if self._completer.isVisible():
                self.ask()
        elif key in _TYPED or (len(key) == 1 and (key.isalnum() or key in "_.")):
            self._offer(opening=key in _TYPED)
        else:
            self._completer.hide()

    def _offer(self, *, opening: bool) -> None:
        """Offer; before the first letter of a word only where something opens it."""
        head = self._highlighter.head_before(self._text.textCursor())
        found = offers(head, self._known) if head is not None else None
        if found is None or not (opening or found.prefix):
            self._completer.hide()
        else:
            self._completer.offer(found)

    def _known(self) -> Known:
        line = self._highlighter.first_line(self._text.textCursor())
        lines = document_text(self._text.document()).split("\n")[:line - 1]
        state = self._workbench.state
        return known_of(parse("\n".join(lines) + "\n"), state.context, (name for name, _ in state.options.contexts),
                        matcher_of(state.context, state.options.dockerfile))

    @Slot(object)
    def _offer_more(self, offer: Offer) -> None:
        if offer.more:
            self.ask()
