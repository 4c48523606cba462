"""What stands beside and behind the lines, while the text is ahead of the report that it comes from?"""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from cachesim.app.editor.gutter import Gutter
from cachesim.app.editor.positions import document_text
from cachesim.app.editor.stripes import LineEdit, Stripe, shifted, stripe_at, stripe_of, stripes_of, tip_of
from cachesim.app.editor.text_area import TextArea, Tint
from cachesim.app.theme import Theme
from cachesim.app.workbench import Workbench
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport

__all__ = ["Verdicts"]


class Verdicts(QObject):
    """Stripes in the gutter, tints behind the selected step, the cursor's line and what fails.

    Attributes:
        line: The cursor's, from 1.
    """

    def __init__(self, text: TextArea, gutter: Gutter, workbench: Workbench) -> None:
        super().__init__(text)
        self._text, self._gutter, self._workbench = text, gutter, workbench
        self._theme = workbench.look
        self._reported: tuple[str, tuple[Stripe, ...]] = ("", ())
        self.line = 1
        gutter.said = self.said
        gutter.set_selected(workbench.selected)
        workbench.report_stale_changed.connect(self._take_stale)
        workbench.busy_changed.connect(self._dim)
        workbench.preview_changed.connect(self._take_preview)
        self._dim()

    # -- which stripe ---------------------------------------------------------------------------------------------

    def at(self, line: int) -> Stripe | None:
        """The stripe beside a line."""
        return stripe_at(self._gutter.stripes, line)

    def of(self, step: StepId | None) -> Stripe | None:
        """The stripe of a step."""
        return stripe_of(self._gutter.stripes, step)

    def said(self, stripe: Stripe) -> str:
        """What a stripe says in words."""
        return tip_of(stripe, self._workbench.keeper.cost)

    # -- follow ---------------------------------------------------------------------------------------------------

    def place(self, report: SimulationReport | None) -> None:
        """The text of now is that of the report."""
        stripes = stripes_of(report) if report is not None else ()
        self._reported = (document_text(self._text.document()), stripes)
        self._gutter.set_stripes(stripes)
        self.tint()

    def keep_up(self, shown: str, edit: LineEdit | None) -> None:
        """The text went ahead: stripes move with their lines, and come back with the text that they were made for."""
        if shown == self._reported[0]:
            self._gutter.set_stripes(self._reported[1])
        elif edit is not None and edit.delta:
            self._gutter.set_stripes(shifted(self._gutter.stripes, edit))

    def set_line(self, line: int) -> None:
        """The cursor is on another line."""
        self.line = line
        self._gutter.set_line(line)
        self.tint()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.tint()

    @Slot(object)
    def _dim(self, _: object = None) -> None:
        """Like the graph: faded while the text is broken or files are read."""
        bench = self._workbench
        self._gutter.set_dimmed("as of the last text that parses" if bench.stale
                                else "as of the files that were read before" if bench.reading else "")

    @Slot(bool)
    def _take_stale(self, stale: bool) -> None:
        self._dim()
        if not stale:               # the text may be mended to exactly what the last report said
            self.place(self._workbench.report)

    @Slot(object)
    def _take_preview(self, _: object) -> None:
        """While an instruction hangs, here or in the graph, every line says what it would do."""
        placed = self._workbench.preview_placed
        self._gutter.show_hanging(stripes_of(placed) if placed is not None else None)

    def tint(self) -> None:
        """Put colours behind the lines that matter."""
        theme, tints = self._theme, []
        selected = stripe_of(self._gutter.stripes, self._workbench.selected)
        if selected is not None:
            tints.append(Tint(selected.first, selected.last, theme.selection, 0.42))
        if selected is None or not selected.first <= self.line <= selected.last:
            tints.append(Tint(self.line, self.line, theme.panel))
        failed = theme.look(Outcome.FAILED)
        tints += [Tint(line, line, failed.fill, 0.6, 3, failed.strong) for line in self._gutter.marks]
        self._text.set_tints(tints)
