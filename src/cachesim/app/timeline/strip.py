"""Which builds were made, which one are we at, and how does a person go back?"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from cachesim.app.notify import Message, MessageAction
from cachesim.app.questions import TextQuestion
from cachesim.app.report.lines import elided
from cachesim.app.theme import Theme, icon
from cachesim.app.timeline.builds_row import BuildsRow
from cachesim.app.timeline.describe import describe
from cachesim.app.timeline.entry_button import EntryButton
from cachesim.app.tips import wrapped
from cachesim.app.workbench import Workbench
from cachesim.project.timeline import Timeline, TimelineEntry

__all__ = ["TimelineStrip"]

_SHARES = ((80, False, False, 44), (80, False, True, 44), (34, False, True, 44), (28, False, True, 36), (24, False, True, 28),
           *((letters, True, True, letters + 4) for letters in range(24, 12, -1)))
# tried until all builds are seen: letters of a label at most, are counts brief, is the cache's start, letters of what waits
_LEAST_SHARE = 0.3          # of the strip is for the builds, or what waits has no name


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
        self.builds = BuildsRow()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(4)
        self._origin = QPushButton()
        self._origin.setFlat(True)
        self._origin.setAccessibleName("What the cache started with")
        self._origin.clicked.connect(self._ask_origin)
        self._now = QPushButton("Now")
        self._now.setCheckable(True)
        self._unbuilt = ""          # what was done since the current build, in words
        self._now.clicked.connect(self._come_back)
        self._add = QPushButton("Build")
        self._add.setAccessibleName("Build, simulated")
        self._add.setToolTip(wrapped("Let this build happen, simulated: it joins the timeline and the cache holds it (Ctrl+B)"))
        self._add.clicked.connect(self.build_asked)
        row.addWidget(self._origin)
        row.addWidget(self.builds, 1)
        row.addWidget(self._now)
        row.addWidget(self._add)
        workbench.timeline_changed.connect(self._refresh)
        workbench.state_changed.connect(self._show_now)
        workbench.changes_changed.connect(self._show_now)
        workbench.seen_changed.connect(self._show_seen)
        workbench.look_changed.connect(self._refresh)
        self._refresh()

    def stops(self) -> list[QWidget]:
        """What takes the keys, in reading order."""
        return [self._origin, *self.builds.buttons, self._now, self._add]

    @Slot()
    def _refresh(self, _: object = None) -> None:
        timeline, theme = self._workbench.timeline, self._workbench.look
        self._first_pick = None
        if self._thinned is not None and self._thinned != timeline:
            self._thinned = None
            self._workbench.post(Message("", key="deleted"))
        focus = self.window().focusWidget()         # also while a dialog has the keys
        had_keys = focus.entry.id if isinstance(focus, EntryButton) and self.isAncestorOf(focus) else None
        path = {entry.id for entry in timeline.path()}
        self.builds.show_buttons([self._button(number, entry, entry.id in path or _ahead(timeline, entry, path))
                                  for number, entry in enumerate(timeline.entries, 1)], theme)
        current = self.builds.current
        self._dress(theme)
        self._origin.setToolTip(wrapped(f"The cache started with: {timeline.origin}. Click to choose another start."))
        self._now.setVisible(bool(timeline.entries))
        self._fit()
        if current is not None:
            self.builds.show_current()
        self._show_now()
        self._show_seen()
        if had_keys is not None:        # the buttons are new ones; the keys stay where they were
            same = next((button for button in self.builds.buttons if button.entry.id == had_keys), None)
            (same or current or self._add).setFocus(Qt.FocusReason.OtherFocusReason)

    def _button(self, number: int, entry: TimelineEntry, on_path: bool) -> EntryButton:
        button = EntryButton(entry, number, self._workbench.look, on_path, self.builds)
        button.setChecked(entry.id == self._workbench.timeline.current)
        button.clicked.connect(partial(self._go, entry.id))
        button.compare_picked.connect(self._pick)
        button.rename_asked.connect(self._rename)
        button.delete_asked.connect(self._delete)
        return button

    def _dress(self, theme: Theme) -> None:
        """Take colours and sizes."""
        height = max(34, QFontMetrics(self.font()).height() + 14)
        target, side = min(round(theme.sizes.target), height - 6), round(16 * max(1.0, theme.sizes.ui))
        self._add.setIcon(icon("plus", theme.accent, side))
        self._add.setIconSize(QSize(side, side))
        self.builds.show_theme(theme, target, side)
        flat = f"border: 1px solid transparent; padding: 2px 6px; border-radius: 4px; color: {theme.muted};" \
               f" min-height: {target - 6}px;"
        self._origin.setStyleSheet(f"QPushButton {{ {flat} }} QPushButton:hover, QPushButton:focus"
                                   f" {{ border-color: {theme.accent}; }}")
        self.setFixedHeight(height)

    def minimumSizeHint(self) -> QSize:
        """Words of a wide window do not keep it wide: they give way once it is narrower."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel walks along the builds."""
        turn = event.angleDelta()
        self.builds.scroll_by(-(turn.y() or turn.x()))
        event.accept()

    @Slot()
    def _show_now(self, _: object = None) -> None:
        """Say whether what is shown was built, and what was done since."""
        bench, unbuilt = self._workbench, self._unbuilt
        if bench.seen is None:          # else now stays what it was
            unbuilt = "" if bench.built else describe(bench.timeline, bench.state, bench.changes, bench.text_title)
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
        of long labels, the middle of what waits to be built, the lesser counts. Then the row is moved by buttons and wheel."""
        origin, unbuilt, any_build = self._workbench.timeline.origin, self._unbuilt, bool(self.builds.buttons)
        says = [f"Cache: {origin}" if origin else "Cache", "Cache"]
        metrics = self._origin.fontMetrics()
        others = self._add.sizeHint().width() + 36 + 16 + (18 if any_build else 0)
        for letters, brief, short, waits in _SHARES:
            now = f"Now, not built: {elided(unbuilt, waits)}" if unbuilt else "Now"
            room = self.width() - others - metrics.horizontalAdvance(says[short] + (now if any_build else ""))
            all_seen = self.builds.width_at(letters, brief) <= room
            if all_seen:
                break
        if unbuilt and not all_seen and room < self.width() * _LEAST_SHARE:
            now = "Now, not built"
        self._origin.setText(says[short if any_build else False])
        if self._now.text() != now:
            self._now.setText(now)
        self.builds.settle(all_seen)

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
        compare = menu.addAction("Compare with the current build", partial(bench.comparisons.builds, entry.id, current or 0))
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
        for button in self.builds.buttons:
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
            for button in self.builds.buttons:
                button.picked = button.entry.id == self._first_pick
                button.update()
        else:
            first, self._first_pick = self._first_pick, None
            for button in self.builds.buttons:
                button.picked = False
                button.update()
            self._workbench.comparisons.builds(first, entry_id)

    @Slot()
    def _ask_origin(self) -> None:
        self.origin_asked.emit(self._origin.mapToGlobal(QPoint(0, self._origin.height())))


def _ahead(timeline: Timeline, entry: TimelineEntry, path: set[int]) -> bool:
    """Whether an entry lies straight ahead of the current one (on no other branch)."""
    at: int | None = entry.id
    while at is not None and at not in path:
        at = timeline.entry(at).parent
    return at == timeline.current
