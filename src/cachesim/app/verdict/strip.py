"""What runs again, in one line that is always there?"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from cachesim.app.looking import made_sentence
from cachesim.app.theme import Theme
from cachesim.app.tips import wrapped
from cachesim.app.verdict.brief_label import BriefLabel
from cachesim.app.verdict.count_button import CountButton
from cachesim.app.verdict.sentences import (
    Count,
    brief_sentence,
    counts_of,
    first_miss_sentence,
    needs_files,
    one_line,
    preview_sentence,
    stale_sentence,
)
from cachesim.app.workbench import Workbench
from cachesim.diagnostics import Severity
from cachesim.engines.base import Outcome
from cachesim.project.measured import costs_of, total_of
from cachesim.project.timeline import TimelineEntry
from cachesim.simulate.report import SimulationReport

__all__ = ["VerdictStrip"]


class VerdictStrip(QWidget):
    """Counts on the left, the first cause on the right; loading, stale and preview states in the same line."""

    why_asked = Signal()
    whatif_asked = Signal()
    cancel_asked = Signal()
    folder_asked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("verdict_strip")
        self.setAccessibleName("Verdict")
        self._workbench = workbench
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._counts = QHBoxLayout()
        self._counts.setSpacing(6)
        self._sentence = BriefLabel()
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._progress = QProgressBar()
        self._progress.setAccessibleName("Progress")
        self._progress.setMaximumWidth(180)
        self._progress.setTextVisible(False)
        self._cancel = self._button("Cancel", "Stop reading files; the earlier answer stays", self.cancel_asked)
        self._why = self._button("Why?", "Explain the first miss", self._explain)
        self._folder = self._button("Choose folder", "Choose the folder that the build is started with",
                                    self.folder_asked)
        self._line = self._button("Go to line", "Jump to the line that does not parse", self._go_to_line)
        self._what = self._button("What if", "Change something and see what it would cost", self.whatif_asked)
        self._ran = self._button("What ran", "Show what the last build ran, and why", self._look_back)
        self._now = self._button("Back to now", "Show what would run now (Alt+Right after the last build)", self._come_back)
        self._acts = (self._cancel, self._folder, self._line, self._what, self._why, self._ran, self._now)
        row = QHBoxLayout(self)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)      # _fit decides what there is room for
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        row.addLayout(self._counts)
        row.addWidget(self._sentence, 1)
        for widget in (self._progress, *self._acts):
            row.addWidget(widget)
        workbench.report_changed.connect(self._refresh)
        workbench.report_stale_changed.connect(self._refresh)
        workbench.diagnostics_changed.connect(self._refresh)
        workbench.preview_changed.connect(self._refresh)
        workbench.remark_changed.connect(self._refresh)
        workbench.project_opened.connect(self._refresh)
        workbench.seen_changed.connect(self._refresh)
        workbench.timeline_changed.connect(self._refresh)
        workbench.look_changed.connect(self._restyle)
        workbench.busy_changed.connect(self._refresh)
        workbench.keeper.measured_changed.connect(self._refresh)
        self._shown: tuple[Count, ...] = ()
        self._told = ("", "")       # what is read, and how far that is
        self._buttons: list[CountButton] = []
        self._restyle(workbench.look)

    def sentence(self) -> str:
        """The text at the right, for tests and screen readers."""
        return self._sentence.text()

    def shown_sentence(self) -> str:
        """What there is room for of it."""
        return self._sentence.shown()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.height())      # a strip never widens the window: _fit leaves out what has no room

    def count_buttons(self) -> list[CountButton]:
        """The counts, left to right."""
        return self._buttons

    def stops(self) -> list[QWidget]:
        """What takes the keys, in reading order."""
        return [*self._buttons, *self._acts]

    @Slot(int, int)
    def show_progress(self, done: int, total: int) -> None:
        """Show how far the reading of files is; (0, 0) shows that it goes on."""
        self._progress.setMaximum(total)
        self._progress.setValue(done)
        if self._workbench.busy is not None:
            of = f" of {total:,}" if total else ""
            told = f"{done:,}{of} files"
            self._told = (self._workbench.busy, told if done else "")
            self._sentence.set_text(f"{self._workbench.busy}: {told}" if done else self._workbench.busy, told if done else "")
            self._fit()

    def _button(self, text: str, tip: str, target: object) -> QPushButton:
        button = QPushButton(text)
        button.setFlat(True)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setToolTip(wrapped(tip))
        button.setAccessibleName(text)
        button.clicked.connect(target)
        return button

    @Slot(object)
    def _restyle(self, theme: Theme) -> None:
        font = QFont(self.font())
        font.setPixelSize(round(theme.sizes.verdict))
        high = max(34, QFontMetrics(font).height() + 12)
        self._sentence.setFont(font)
        for button in self._acts:
            button.setFont(font)
            button.setStyleSheet(f"QPushButton {{ color: {theme.accent}; border: 1px solid transparent;"
                                 " padding: 2px 8px; border-radius: 4px;"
                                 f" min-height: {min(round(theme.sizes.target), high - 6) - 6}px; }}"
                                 f"QPushButton:hover, QPushButton:focus {{ border-color: {theme.accent}; }}")
        self.setFixedHeight(high)
        self._shown = ()
        self._refresh()

    @Slot()
    def _refresh(self, _: object = None) -> None:
        bench, report = self._workbench, self._workbench.report
        preview = bench.preview
        shown = preview if preview is not None else report
        self._show_counts(counts_of(shown) if shown is not None else ())
        self._sentence.set_text(self._words(report, preview), self._brief(report))
        busy = bench.busy is not None
        self._progress.setVisible(busy)
        self._cancel.setVisible(busy)
        self._line.setVisible(bench.stale and not busy)
        miss = report.first_miss if report is not None else None
        calm = not busy and not bench.stale and preview is None
        unread = report is not None and needs_files(report)
        self._folder.setVisible(calm and unread)
        self._why.setVisible(calm and not unread and (miss is not None or bool(report and report.error and not report.blank)))
        self._what.setVisible(calm and report is not None and not report.error and not unread
                              and (miss is None or not any(b.count.outcome is Outcome.HIT
                                                           for b in self.count_buttons())))
        seen = bench.seen
        self._now.setVisible(seen is not None and not busy)
        self._ran.setVisible(calm and seen is None and report is not None and not report.error and not unread and miss is None
                             and bench.timeline.current is not None)
        if seen is not None:
            self._what.hide()
            self._folder.hide()
        self._tint(seen is not None)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave room for the sentence: quiet counts lose their words first, then they go, then it is said briefly, then
        all counts lose their words."""
        bench, metrics = self._workbench, QFontMetrics(self._sentence.font())
        others = sum(w.sizeHint().width() + 8 for w in (self._progress, *self._acts) if not w.isHidden())
        full, brief = (metrics.horizontalAdvance(t) + 16 for t in (self._sentence.text(), self._sentence.brief))
        hangs = bench.preview is not None or bool(bench.preview_words or bench.remark_words)
        calm = bench.busy is None and not bench.stale and not hangs and (bench.report is None or not needs_files(bench.report))
        if calm:
            full = min(full, max(self.width() * 2 // 5, 120))       # of a verdict the beginning says enough
        short = min(brief, full) if self._sentence.brief else full
        none = 0 if calm and bench.look.sizes.presenting else short     # a room reads the counts; the caption tells the cause
        choices = [(False, False, False, full), (True, False, False, full), (True, True, False, full),
                   (True, False, False, short), (True, True, False, short), (True, True, False, none),
                   (True, True, True, short)]
        if bench.stale:
            choices.insert(3, (True, True, True, full))     # the counts are those of another text
        for choice in choices:
            quiet_compact, quiet_gone, all_compact, wanted = choice
            room = self.width() - others - wanted - 24
            need = sum(b.width_for(all_compact or (quiet_compact and b.quiet)) + 6
                       for b in self._buttons if not (quiet_gone and b.quiet))
            if need <= room or choice is choices[-1]:
                for button in self._buttons:
                    button.set_compact(all_compact or (quiet_compact and button.quiet))
                    button.setVisible(not (quiet_gone and button.quiet))
                return

    def _brief(self, report: SimulationReport | None) -> str:
        """The words for a narrow strip or a large font."""
        bench = self._workbench
        if bench.busy is not None:
            return self._told[1] if self._told[0] == bench.busy else ""
        if report is None or bench.busy is not None or bench.preview is not None or bench.preview_words or bench.remark_words:
            return ""
        if bench.seen is not None:
            return made_sentence(bench.timeline.number(bench.seen.id), bench.seen.report)
        if bench.stale:
            return stale_sentence(bench.diagnostics, brief=True)
        return brief_sentence(report, bench.timeline.past, bench.timeline.last)

    def _words(self, report: SimulationReport | None, preview: SimulationReport | None) -> str:
        bench = self._workbench
        if bench.busy is not None:
            of, told = self._told
            return f"{bench.busy}: {told}" if told and of == bench.busy else bench.busy
        if report is None:
            return ""
        if bench.seen is not None and preview is None:
            return self._made(bench.seen)
        if bench.preview_words or preview is not None:
            return bench.preview_words or preview_sentence(report, preview or report)
        if bench.stale:
            return stale_sentence(bench.diagnostics, terse=bench.look.sizes.presenting)     # the graph says the rest
        said = bench.remark_words or first_miss_sentence(report, bench.timeline.past, bench.timeline.last)
        if needs_files(report) or bench.remark_words:
            return said
        return "; ".join(filter(None, (said, self._time_words(report))))

    def _made(self, entry: TimelineEntry) -> str:
        """What a build ran, while one looks back at it."""
        report = entry.report
        said, miss = made_sentence(self._workbench.timeline.number(entry.id), report), report.first_miss
        first = f"; the first was line {miss.step.line}, {one_line(miss.step.instruction.text)}" if miss is not None else ""
        return said + first

    def _tint(self, on: bool) -> None:
        """Another ground, so that nobody takes what was for what is."""
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(self._workbench.look.selection if on else self._workbench.look.bg))
        self.setPalette(palette)
        self.setAutoFillBackground(on)

    @Slot()
    def _look_back(self) -> None:
        self._workbench.go_to(self._workbench.timeline.current)

    @Slot()
    def _come_back(self) -> None:
        self._workbench.to_now()

    def _time_words(self, report: SimulationReport) -> str:
        """What the steps that run take, apart by how that is known; nothing while nothing was measured."""
        book = self._workbench.keeper.measured
        if not book.steps or report.error or report.first_miss is None:
            return ""
        return total_of(costs_of(report, book, self._workbench.state.context)).words

    def _broken_line(self) -> int:
        return next((d.span.line for d in self._workbench.diagnostics if d.severity is Severity.ERROR), 1)

    def _show_counts(self, counts: tuple[Count, ...]) -> None:
        if counts == self._shown:
            return
        self._shown = counts
        kinds = [(count.outcome, count.reason, self._workbench.look) for count in counts]
        if kinds == [(button.count.outcome, button.count.reason, button.theme) for button in self._buttons]:
            for button, count in zip(self._buttons, counts, strict=True):
                button.show_count(count)
            return
        for old in self._buttons:
            self._counts.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._buttons = [CountButton(count, self._workbench.look, self) for count in counts]
        for button in self._buttons:
            button.clicked.connect(self._select_first)
            self._counts.addWidget(button)

    @Slot()
    def _select_first(self) -> None:
        button = self.sender()
        if isinstance(button, CountButton):
            self._workbench.activate(button.count.first)

    @Slot()
    def _explain(self) -> None:
        report = self._workbench.report
        if report is not None:
            step_id = report.error_step or (report.first_miss.id if report.first_miss else None)
            if step_id is not None:
                self._workbench.activate(step_id)
            self.why_asked.emit()

    @Slot()
    def _go_to_line(self) -> None:
        self._workbench.activate_line(self._broken_line())
