"""Which builds were made, which one are we at, and how does a person go back?"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from cachesim.app.notify import Message, MessageAction
from cachesim.app.questions import TextQuestion
from cachesim.app.theme import Theme, icon
from cachesim.app.timeline.describe import describe
from cachesim.app.tips import wrapped
from cachesim.app.verdict.sentences import entry_brief, entry_summary
from cachesim.app.workbench import Workbench
from cachesim.project.timeline import Timeline, TimelineEntry

__all__ = ["EntryButton", "TimelineStrip"]

_SHARES = ((80, False, False, 0), (80, False, True, 0), (34, False, True, 0), (34, False, True, 1),
           *((letters, True, True, 1) for letters in range(34, 14, -1)))
# tried until all builds are seen: letters of a label at most, are counts brief, is the cache's start, is now
_NOW_LETTERS = 44           # of what was not built yet


class EntryButton(QAbstractButton):
    """One build: its number, its label, its counts."""

    compare_picked = Signal(int)
    rename_asked = Signal(object)       # TimelineEntry
    delete_asked = Signal(object)

    def __init__(self, entry: TimelineEntry, number: int, theme: Theme, on_path: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.entry, self._number, self._theme, self._on_path = entry, number, theme, on_path
        self._summary, self._brief = entry_summary(entry.report), entry_brief(entry.report)
        self.picked = self.seen = False
        self.letters, self.brief = 34, False        # of the label at most; the counts that matter alone
        self.setText(entry.label)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Build {number}: {entry.label}, {self._summary}")
        branch = "" if on_path else " It lies on another branch: its cache is not the one that the next build meets."
        self.setToolTip(wrapped(f"Build {number}: {entry.label} – {self._summary}.{branch} Click for what it ran, "
                                "Ctrl+click a second one to compare, F2 renames, right click for more."))

    @property
    def _label_width(self) -> int:
        metrics = QFontMetrics(self._bold())
        return min(metrics.horizontalAdvance(self.entry.label) + 2, metrics.averageCharWidth() * self.letters)

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        return font

    @property
    def counts(self) -> str:
        """What is said of the build beside its label."""
        return self._brief if self.brief else self._summary

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        summary = metrics.horizontalAdvance(self.counts)
        return QSize(metrics.height() + self._label_width + summary + 34, metrics.height() + 10)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.button() is Qt.MouseButton.LeftButton:
            self.setDown(False)
            self.compare_picked.emit(self.entry.id)
            event.accept()
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.rename_asked.emit(self.entry)
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_asked.emit(self.entry)
        else:
            super().keyPressEvent(event)

    def nextCheckState(self) -> None:
        """The timeline decides which entry is the current one."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, frame = self._theme, QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        current = self.isChecked()
        if self.seen or self.picked or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.selection if self.seen or self.picked else theme.line))
            painter.drawRoundedRect(frame, 5, 5)
        if self.picked or self.hasFocus() or current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(theme.text if self.hasFocus() else theme.accent if self.picked or self.seen else theme.line))
            painter.drawRoundedRect(frame, 5, 5)
        metrics = QFontMetrics(self.font())
        side = metrics.height()
        ring = QRectF(7, (self.height() - side) / 2, side, side)
        painter.setPen(QColor(theme.accent if self._on_path else theme.muted))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(ring)
        small = QFont(self.font())
        small.setPixelSize(max(8, round(side * (0.62 if self._number < 10 else 0.5))))
        painter.setFont(small)
        painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, str(self._number))
        painter.setFont(self._bold() if current else self.font())
        painter.setPen(QColor(theme.text if self._on_path else theme.muted))
        left = side + 13
        box = QRectF(left, 0, self._label_width, self.height())
        text = QFontMetrics(painter.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, self._label_width)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.muted if not current else theme.text))
        painter.drawText(QRectF(left + self._label_width + 8, 0, self.width(), self.height()),
                         Qt.AlignmentFlag.AlignVCenter, self.counts)


class TimelineStrip(QFrame):
    """All builds in a row, the one whose cache counts in the selection colour, and a button for the next."""

    build_asked = Signal()
    origin_asked = Signal(QPoint)

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline_strip")
        self.setAccessibleName("Timeline")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._workbench = workbench
        self._first_pick: int | None = None
        self._styled: Theme | None = None
        self._thinned: Timeline | None = None       # what a deletion left, while a bar offers to undo it
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName("Builds")
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(4)
        self._origin = QPushButton()
        self._origin.setFlat(True)
        self._origin.setAccessibleName("What the cache started with")
        self._origin.clicked.connect(self._ask_origin)
        self._now = QPushButton("Now")
        self._now.setCheckable(True)
        self._all_seen = True       # whether all builds have room beside each other
        self._unbuilt = ""          # what was done since the current build, in words
        self._now.clicked.connect(self._come_back)
        self._add = QPushButton("Build")
        self._add.setAccessibleName("Build, simulated")
        self._add.setToolTip(wrapped("Let this build happen, simulated: it joins the timeline and the cache holds it (Ctrl+B)"))
        self._add.clicked.connect(self.build_asked)
        row.addWidget(self._origin)
        self._left, self._right = self._scroller("Earlier builds", -1), self._scroller("Later builds", 1)
        row.addWidget(self._left)
        row.addWidget(self._area, 1)
        row.addWidget(self._right)
        row.addWidget(self._now)
        row.addWidget(self._add)
        bar = self._area.horizontalScrollBar()
        bar.valueChanged.connect(self._show_scrollers)
        bar.rangeChanged.connect(self._show_scrollers)
        bar.rangeChanged.connect(self._show_current)
        workbench.timeline_changed.connect(self._refresh)
        workbench.state_changed.connect(self._show_now)
        workbench.changes_changed.connect(self._show_now)
        workbench.seen_changed.connect(self._show_seen)
        workbench.look_changed.connect(self._refresh)
        self._refresh()

    def entry_buttons(self) -> list[EntryButton]:
        """The builds, left to right."""
        return [b for b in self.findChildren(EntryButton) if b.parent() is self._area.widget()]

    def stops(self) -> list[QWidget]:
        """What takes the keys, in reading order."""
        return [self._origin, *self.entry_buttons(), self._now, self._add]

    @Slot()
    def _refresh(self, _: object = None) -> None:
        timeline, theme = self._workbench.timeline, self._workbench.look
        self._first_pick = None
        if self._thinned is not None and self._thinned != timeline:
            self._thinned = None
            self._workbench.post(Message("", key="deleted"))
        focus = self.window().focusWidget()         # also while a dialog has the keys
        had_keys = focus.entry.id if isinstance(focus, EntryButton) and self.isAncestorOf(focus) else None
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        path = {entry.id for entry in timeline.path()}
        chosen: EntryButton | None = None
        for number, entry in enumerate(timeline.entries, 1):
            button = EntryButton(entry, number, theme, entry.id in path or _ahead(timeline, entry, path), holder)
            button.setChecked(entry.id == timeline.current)
            button.clicked.connect(partial(self._go, entry.id))
            button.compare_picked.connect(self._pick)
            button.rename_asked.connect(self._rename)
            button.delete_asked.connect(self._delete)
            row.addWidget(button)
            chosen = button if button.isChecked() else chosen
        if not timeline.entries:
            hint = QLabel("No build yet. Every build you let happen is kept here, so that you can go back.")
            hint.setStyleSheet(f"color: {theme.muted}")
            row.addWidget(hint)
        row.addStretch(1)
        self._area.setWidget(holder)
        height = max(34, QFontMetrics(self.font()).height() + 14)
        target, side = min(round(theme.sizes.target), height - 6), round(16 * max(1.0, theme.sizes.ui))
        self._add.setIcon(icon("plus", theme.accent, side))
        self._add.setIconSize(QSize(side, side))
        for scroller, name in ((self._left, "arrow-left"), (self._right, "arrow-right")):
            scroller.setIcon(icon(name, theme.text, side))
            scroller.setIconSize(QSize(side, side))
            scroller.setMinimumSize(target, target)
        self._origin.setToolTip(wrapped(f"The cache started with: {timeline.origin}. Click to choose another start."))
        flat = f"border: 1px solid transparent; padding: 2px 6px; border-radius: 4px; color: {theme.muted};" \
               f" min-height: {target - 6}px;"
        self._origin.setStyleSheet(f"QPushButton {{ {flat} }} QPushButton:hover, QPushButton:focus"
                                   f" {{ border-color: {theme.accent}; }}")
        self.setFixedHeight(height)
        self._now.setVisible(bool(timeline.entries))
        self._fit()
        if chosen is not None:
            holder.resize(holder.sizeHint().expandedTo(self._area.viewport().size()))     # smaller, the builds would sit too high
            self._area.ensureWidgetVisible(chosen, 40, 0)
        self._show_now()
        self._show_seen()
        if had_keys is not None:        # the buttons are new ones; the keys stay where they were
            same = next((button for button in self.entry_buttons() if button.entry.id == had_keys), None)
            (same or chosen or self._add).setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel walks along the builds."""
        turn, bar = event.angleDelta(), self._area.horizontalScrollBar()
        bar.setValue(bar.value() - (turn.y() or turn.x()))
        event.accept()

    def _scroller(self, name: str, way: int) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)       # Tab walks along the builds, and they come into view
        button.setAccessibleName(name)
        button.setToolTip(f"{name} (or turn the wheel)")
        button.setAutoRepeat(True)
        button.clicked.connect(partial(self._scroll, way))
        button.hide()
        return button

    def _scroll(self, way: int) -> None:
        bar = self._area.horizontalScrollBar()
        bar.setValue(bar.value() + way * max(80, self._area.viewport().width() * 2 // 3))

    @Slot()
    def _show_scrollers(self, *_: int) -> None:
        """Both are there, or neither: one that came at the end of the way would push the builds under the hand."""
        bar = self._area.horizontalScrollBar()
        for scroller, more in ((self._left, bar.value() > bar.minimum()), (self._right, bar.value() < bar.maximum())):
            scroller.setVisible(not self._all_seen)
            scroller.setEnabled(more)

    @Slot()
    def _show_current(self, *_: int) -> None:
        """The build that the cache comes from is always seen."""
        chosen = next((button for button in self.entry_buttons() if button.isChecked()), None)
        if chosen is not None:
            self._area.ensureWidgetVisible(chosen, 40, 0)

    @Slot()
    def _show_now(self, _: object = None) -> None:
        """Say whether what is shown was built, and what was done since."""
        bench = self._workbench
        if bench.seen is not None:
            return              # now stays what it was
        timeline = bench.timeline
        built = timeline.current is not None and timeline.entry(timeline.current).state == bench.state
        unbuilt = "" if built else describe(timeline, bench.state, bench.changes, bench.text_title)
        if (unbuilt, bench.look) == (self._unbuilt, self._styled):
            return
        self._unbuilt, self._styled, theme = unbuilt, bench.look, bench.look
        frame = f"border: 1px {'dashed' if unbuilt else 'solid'} {theme.text if unbuilt else theme.line};"
        self._now.setStyleSheet(f"QPushButton {{ {frame} padding: 2px 6px; border-radius: 4px; color: {theme.text};"
                                f" min-height: {min(round(theme.sizes.target), self.height() - 6) - 6}px; }}"
                                f" QPushButton:hover, QPushButton:focus {{ border-color: {theme.accent}; }}"
                                f" QPushButton:checked {{ background: {theme.selection}; }}")
        self._now.setAccessibleName(f"Now, not built yet: {unbuilt}" if unbuilt
                                    else "Now: what the next build would do")
        self._show_seen()
        self._fit()

    def _fit(self) -> None:
        """All builds are seen beside each other, as far as words can be spared: first those of the cache's start, then the ends
        of long labels, what was done since, the lesser counts. Then the row is moved by buttons and wheel."""
        buttons, origin, unbuilt = self.entry_buttons(), self._workbench.timeline.origin, self._unbuilt
        says = [f"Cache: {origin}" if origin else "Cache", "Cache"]
        what = unbuilt if len(unbuilt) <= _NOW_LETTERS else unbuilt[:_NOW_LETTERS - 1].rstrip() + "…"
        nows = (f"Now, not built: {what}", "Now, not built") if unbuilt else ("Now", "Now")
        metrics = self._origin.fontMetrics()
        others = self._add.sizeHint().width() + 36 + 16 + (18 if buttons else 0)
        for letters, brief, short, now in _SHARES:
            for button in buttons:
                button.letters, button.brief = letters, brief
            words = says[short] + (nows[now] if buttons else "")
            room = self.width() - others - metrics.horizontalAdvance(words)
            self._all_seen = sum(button.sizeHint().width() + 2 for button in buttons) <= room
            if self._all_seen:
                break
        self._origin.setText(says[short if buttons else False])
        if self._now.text() != nows[now]:
            self._now.setText(nows[now])
        for button in buttons:
            button.updateGeometry()
            button.update()
        self._show_scrollers()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        button = self.childAt(event.pos())
        if isinstance(button, EntryButton):
            menu = self.entry_menu(button.entry)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(event.globalPos())

    def entry_menu(self, entry: TimelineEntry) -> QMenu:
        """What can be done with one build."""
        menu = QMenu(self)
        bench = self._workbench
        menu.addAction("Look at this build: what it ran", partial(bench.go_to, entry.id))
        current = bench.timeline.current
        compare = menu.addAction("Compare with the current build", partial(bench.compare, entry.id, current or 0))
        compare.setEnabled(current is not None and current != entry.id)
        menu.addSeparator()
        menu.addAction("Rename…", partial(self._rename, entry))
        menu.addAction("Delete this build and all after it", partial(self._delete, entry))
        return menu

    @Slot(object)
    def _delete(self, entry: TimelineEntry) -> None:
        bench, before = self._workbench, self._workbench.timeline
        bench.delete_entry(entry.id)
        after = len(before.entries) - len(bench.timeline.entries) - 1
        self._thinned = bench.timeline
        bench.post(Message(f"Deleted the build “{entry.label}”{f' and {after} after it' if after else ''}.",
                           actions=(MessageAction("Undo", partial(bench.set_timeline, before)),), key="deleted"))

    @Slot(object)
    def _rename(self, entry: TimelineEntry) -> None:
        label = TextQuestion.ask("Rename build", "Name of this build:", entry.label, self)
        if label is not None and label.strip():
            self._workbench.rename_entry(entry.id, label.strip())

    def _go(self, entry_id: int) -> None:
        self._workbench.go_to(entry_id)

    @Slot()
    def _come_back(self) -> None:
        self._workbench.to_now()
        self._show_seen()

    @Slot()
    def _show_seen(self, _: object = None) -> None:
        """Mark what is shown: a build that is looked back at, or now."""
        seen = self._workbench.seen
        for button in self.entry_buttons():
            button.seen = seen is not None and seen.id == button.entry.id
            button.update()
        self._now.setChecked(seen is None)
        what = f"Not built yet: {self._unbuilt}." if self._unbuilt else "Nothing changed since the last build."
        self._now.setToolTip(wrapped(f"{what} This is what the next build would do." if seen is None else
                                     "Back to what the next build would do: everything is as you left it (Alt+Right)"))

    @Slot(int)
    def _pick(self, entry_id: int) -> None:
        """First Ctrl+click picks, the second one compares."""
        if self._first_pick is None or self._first_pick == entry_id:
            self._first_pick = entry_id if self._first_pick is None else None
            for button in self.entry_buttons():
                button.picked = button.entry.id == self._first_pick
                button.update()
        else:
            first, self._first_pick = self._first_pick, None
            for button in self.entry_buttons():
                button.picked = False
                button.update()
            self._workbench.compare(first, entry_id)

    @Slot()
    def _ask_origin(self) -> None:
        self.origin_asked.emit(self._origin.mapToGlobal(QPoint(0, self._origin.height())))


def _ahead(timeline: Timeline, entry: TimelineEntry, path: set[int]) -> bool:
    """Whether an entry lies straight ahead of the current one (on no other branch)."""
    at: int | None = entry.id
    while at is not None and at not in path:
        at = timeline.entry(at).parent
    return at == timeline.current
