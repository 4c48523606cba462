"""Why does the selected step run, or not? In one sentence, then the explanation, then the rule."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QTextDocument
from PySide6.QtWidgets import QTextBrowser, QVBoxLayout, QWidget

from cachesim.app.looking import made_sentence
from cachesim.app.report.claims import ClaimBox
from cachesim.app.report.lines import Depth, Kind, Line, Link, Story
from cachesim.app.report.overview import overview
from cachesim.app.report.panel import Panel, named
from cachesim.app.report.quiet import why_nothing_runs
from cachesim.app.report.story import of_build, step_story, with_costs, with_lines
from cachesim.app.theme import Look, look_of_step, pixmap, word_of
from cachesim.graph.model import StepId
from cachesim.project.measured import takes
from cachesim.simulate.deciding import deciding_runs
from cachesim.simulate.report import SimulationReport, StepReport

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["WhyPanel"]


_SEEN = {"cached": "took line {line} from the cache: the RUN had written the same bytes again.",
         "run": "ran line {line}: what the RUN wrote was new."}


class WhyPanel(Panel):
    """The story of the selected step, or of the whole build while none is selected.

    `what_if_wanted` asks for the What-if menu, `file_activated` (a context path) for that file in the context tree.
    """

    what_if_wanted = Signal()
    file_activated = Signal(str)
    level_changed = Signal(object)      # Depth

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Why", parent)
        self._level = Depth.EXPLANATION
        self._story = Story("", "")
        self._told: tuple[str, Look | None] = ("", None)
        self.text = named(QTextBrowser(openLinks=False), "Why")
        self.text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.text.setTabChangesFocus(False)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction
                                          | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.text.document().setDocumentMargin(8)
        self.text.anchorClicked.connect(self._follow)
        self.claims = ClaimBox(workbench, self)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.text, 1)
        rows.addWidget(self.claims)
        self.setFocusProxy(self.text)
        for key, step in (("+", 1), ("-", -1)):
            shortcut = QShortcut(QKeySequence(key), self.text, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(self._deeper if step > 0 else self._shallower)
        workbench.report_changed.connect(self._changed)
        workbench.seen_changed.connect(self._changed)
        workbench.selection_changed.connect(self._changed)
        workbench.report_stale_changed.connect(self._changed)
        workbench.state_changed.connect(self._state_changed)
        workbench.changes_changed.connect(self._changed)
        workbench.keeper.measured_changed.connect(self._changed)
        self.apply_look(workbench.look)

    # -- depth --

    @property
    def level(self) -> Depth:
        return self._level

    def set_level(self, level: Depth) -> None:
        """Tell more or less."""
        if level is not self._level:
            self._level = level
            self.level_changed.emit(level)
            self.outdated()

    @property
    def story(self) -> Story:
        """What is told now."""
        return self._story

    @Slot()
    def _deeper(self) -> None:
        self.set_level(Depth(min(self._level + 1, Depth.RULE)))

    @Slot()
    def _shallower(self) -> None:
        self.set_level(Depth(max(self._level - 1, Depth.SENTENCE)))

    # -- what is shown --

    @Slot(object)
    @Slot(bool)
    def _changed(self, _: object) -> None:
        self.outdated()

    @Slot(object)
    def _state_changed(self, _: object) -> None:
        if self._workbench.report is None:
            self.outdated()

    def refresh(self) -> None:
        report, step = self._workbench.report, self._selected()
        if report is None or step is None:
            self._story = overview(report, self._workbench.timeline.past, self._workbench.timeline.last)
            if report is None and self._workbench.project is not None:
                self._story = Story("", "The first answer is on its way…")
            elif report is not None and self._workbench.seen is None:
                self._story = with_lines(self._story, (*_to_try(self._workbench), *_recorded(self._workbench, report.steps),
                                                       *_not_counted(self._workbench, report)))
            self.claims.show_runs(())
        else:
            bench = self._workbench
            story = step_story(report, step, bench.state.engine, bench.state.claims)
            self._story = with_costs(with_lines(story, _recorded(bench, (step,))), self._costs(step))
            self.claims.show_runs(deciding_runs(report, step, self._workbench.state.claims))
        seen = self._workbench.seen
        if seen is not None:
            self._story = of_build(self._story, made_sentence(self._workbench.timeline.number(seen.id), seen.report),
                                   self._workbench.timeline.number(seen.id))
        at = self.text.verticalScrollBar().value() if self.text.property("about") == self._story.subject else 0
        html = self._html(report, step)
        look = self._look(step) if step is not None else None
        if (html, look) == self._told:
            return
        self._told = html, look
        self.text.document().clear()
        self._place_icon(step)
        self.text.setHtml(html)
        self.text.setProperty("about", self._story.subject)
        self.text.verticalScrollBar().setValue(at)
        self.text.setAccessibleDescription(self._story.sentence)

    def _costs(self, step: StepReport) -> tuple[str, ...]:
        """What the step takes and what its layer brings, each with how that is known."""
        book = self._workbench.keeper.measured
        cost, size = book.cost(step, self._workbench.state.context), book.size(step)
        if cost is None:
            return ()
        return (takes(step, cost), f"Its layer holds {size.sentence()}." if size is not None
                else "The size of its layer was never measured in a real build.")

    def _selected(self) -> StepReport | None:
        report = self._workbench.report
        if report is None or self._workbench.selected is None:
            return None
        return report.find(self._workbench.selected)

    def _place_icon(self, step: StepReport | None) -> None:
        if step is None:
            return
        look = self._look(step)
        size = max(16, self.fontMetrics().height())
        picture = pixmap(look.icon, look.strong, size, self.devicePixelRatioF())
        self.text.document().addResource(QTextDocument.ResourceType.ImageResource, QUrl("look"), picture)

    def _look(self, step: StepReport) -> Look:
        return look_of_step(step, self._workbench.look)

    def _html(self, report: SimulationReport | None, step: StepReport | None) -> str:
        look, story = self._workbench.look, self._story
        parts = [f"<style>a {{ color: {look.accent}; }} .m {{ color: {look.muted}; }}</style>"]
        if self._workbench.stale:
            lines = [d.span.line for d in self._workbench.diagnostics if d.severity.value == "error"]
            where = f"Line {lines[0]} does not parse" if lines else "The text does not parse"
            parts.append(f"<p class=m><i>{where}; this is the answer for the last text that did.</i></p>")
        word = ""
        if step is not None:
            size = max(16, self.fontMetrics().height())
            word = (f'<img src="look" width="{size}" height="{size}" style="vertical-align: middle"> '
                    f"<b>{escape(word_of(step))}</b> ")
        subject = f'<span class=m>{escape(story.subject)}</span>' if story.subject else ""
        back = ' &nbsp; <a href="do:overview">Overview</a>' if step is not None else ""
        if word or subject:
            parts.append(f"<p style='margin: 4px 0 2px 0'>{word}&nbsp; {subject}{back}</p>")
        parts.append(f"<p style='margin: 2px 0 4px 0; font-size: large'><b>{escape(story.sentence)}</b></p>")
        if self._level >= Depth.EXPLANATION:
            parts += _html_lines(story.explanation)
        if self._level >= Depth.RULE:
            parts += _html_lines(story.rule)
        parts.append(self._switches())
        return "".join(parts)

    def _switches(self) -> str:
        story, links = self._story, []
        if self._level is Depth.SENTENCE and story.explanation:
            links.append('<a href="depth:1">Explain</a>')
        if self._level is not Depth.RULE and story.rule:
            links.append('<a href="depth:2">Show the rule</a>')
        if self._level is Depth.RULE and story.rule:
            links.append('<a href="depth:1">Hide the rule</a>')
        if self._level > Depth.SENTENCE and story.explanation:
            links.append('<a href="depth:0">Only the sentence</a>')
        return f"<p style='margin: 6px 0 0 0'>{' &nbsp; '.join(links)}</p>" if links else ""

    @Slot(QUrl)
    def _follow(self, url: QUrl) -> None:
        kind, _, rest = bytes(url.toEncoded().data()).decode().partition(":")
        if kind == "depth":
            self.set_level(Depth(int(rest)))
        elif kind == "step":
            stage, _, index = rest.partition(",")
            self._workbench.activate(StepId(int(stage), int(index)))
        elif kind == "path":
            self.file_activated.emit(unquote(rest, errors="surrogateescape"))
        elif kind == "do" and rest == "what-if":
            self.what_if_wanted.emit()
        elif kind == "do" and rest == "overview":
            self._workbench.select(None)
        elif kind == "do" and rest == "begin":
            self._workbench.begin()
        elif kind == "do" and rest == "next-edit":
            self._workbench.prepared.try_next()


def _not_counted(bench: Workbench, report: SimulationReport) -> tuple[Line, ...]:
    """Why what was changed since the last build runs nothing."""
    if bench.timeline.current is None or bench.stale:
        return ()
    before = bench.timeline.entry(bench.timeline.current)
    if before.state == bench.state:
        return ()
    return tuple(Line((text,), Kind.ITEM) for text in why_nothing_runs(before.state, before.report, bench.state, report))


def _to_try(bench: Workbench) -> tuple[Line, ...]:
    """Which prepared edit of a sample is shown, and the next one."""
    prepared = bench.prepared
    if not prepared.all:
        return ()
    made, following = prepared.made, prepared.following
    shown = f"This is edit {made.number} of {len(prepared.all)} of the sample: {made.label}. " if made is not None else ""
    if following is None:
        return (Line((f"{shown}It is the last one.",)),)
    link = Link(f"{'Try' if bench.built else 'Build it, then try'} edit {following.number}", ":next-edit")
    return (Line((shown, link, f": {following.label}.")),)


def _recorded(bench: Workbench, steps: Sequence[StepReport]) -> tuple[Line, ...]:
    """What a real engine did where a prediction has to leave it open, if this is the very edit of a sample that was recorded."""
    unsure = [step for step in steps if not step.certain]
    edit = bench.prepared.recorded if unsure and bench.seen is None else None
    found = []
    for step in unsure:
        status = edit.build.seen.get(step.name) if edit is not None else None
        if status in _SEEN:
            found.append(Line(("When this sample was recorded, a real engine ", _SEEN[status].format(line=step.step.line))))
    return tuple(found)


def _html_lines(lines: tuple[Line, ...]) -> list[str]:
    styles = {Kind.TEXT: "margin: 2px 0", Kind.HEADING: "margin: 6px 0 0 0", Kind.ITEM: "margin: 1px 0 1px 14px"}
    result = []
    for line in lines:
        inner = "".join(escape(piece) if isinstance(piece, str) else _anchor(piece) for piece in line.pieces)
        inner = f"<b>{inner}</b>" if line.kind is Kind.HEADING else inner
        result.append(f"<p style='{styles[line.kind]}'>{inner}</p>")
    return result


def _anchor(link: Link) -> str:
    if isinstance(link.target, StepId):
        href = f"step:{link.target.stage},{link.target.index}"
    elif link.target.startswith(":"):
        href = f"do{link.target}"
    else:
        href = "path:" + quote(link.target, errors="surrogateescape")
    return f'<a href="{escape(href)}">{escape(link.text)}</a>'
