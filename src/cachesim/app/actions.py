"""Which commands does the window have, with which words and keys? Menus, toolbar and command palette come from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from cachesim.app.theme import Theme, icon
from cachesim.app.tips import wrapped

__all__ = ["COMMANDS", "MENUS", "TOOLBAR", "Actions", "Command", "empty", "plain", "submenu"]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a person can ask for.

    Attributes:
        text: As in the menu, with its mnemonic.
        tip: One sentence for the status bar.
        keys: Shortcuts, the first one is shown.
    """

    id: str
    text: str
    tip: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False


COMMANDS: tuple[Command, ...] = (
    Command("new", "&New Dockerfile", "Start with an empty Dockerfile that belongs to no folder yet", ("Ctrl+N",),
            "file"),
    Command("open", "&Open folder…", "Open a project folder with a Dockerfile", ("Ctrl+O",), "folder-open"),
    Command("open_file", "Open &Dockerfile…", "Open one Dockerfile; its folder becomes the build context",
            ("Ctrl+Shift+O",), "file"),
    Command("context_folder", "Choose build &context…", "Take another folder as the build context"),
    Command("save", "&Save", "Write the Dockerfile to disk", ("Ctrl+S",), "save"),
    Command("save_as", "Save &as…", "Write the Dockerfile to another place and go on there", ("Ctrl+Shift+S",)),
    Command("save_files", "Save what-if &files…", "Write the edited context files to disk"),
    Command("reload", "&Read again from disk", "Read the Dockerfile and the build context again", ("F5",), "refresh"),
    Command("close_project", "&Close project", "Close the project and show the welcome page", ("Ctrl+W",)),
    Command("preferences", "&Preferences…", "Theme, font size, motion and other settings", ("Ctrl+,",), "settings"),
    Command("quit", "&Quit", "Close the window", ("Ctrl+Q",)),

    Command("undo", "&Undo", "Take back what was done last, in the text or by What if", ("Ctrl+Z",), "undo"),
    Command("redo", "&Redo", "Do again what was taken back last", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    Command("cut", "Cu&t", "Cut the selected text", ("Ctrl+X",)),
    Command("copy", "&Copy", "Copy the selected text", ("Ctrl+C",), "copy"),
    Command("paste", "&Paste", "Insert the text of the clipboard", ("Ctrl+V",)),
    Command("find", "&Find…", "Find text in the Dockerfile", ("Ctrl+F",), "search"),
    Command("replace", "R&eplace…", "Find text and replace it", ("Ctrl+H",)),
    Command("find_next", "Find &next", "Go to the next match", ("F3",)),
    Command("find_previous", "Find pre&vious", "Go to the match before", ("Shift+F3",)),
    Command("comment", "Co&mment lines", "Comment the selected lines, or take the comment away", ("Ctrl+/",)),
    Command("move_up", "Move instruction &up", "Move the instruction above the one before it", ("Alt+Up",)),
    Command("move_down", "Move instruction &down", "Move the instruction below the next one", ("Alt+Down",)),
    Command("complete", "Complete &word", "Offer what could stand here", ("Ctrl+Space",)),
    Command("quick_fix", "&Quick fix…", "Offer what would mend the problem at the cursor", ("Ctrl+.",)),

    Command("goto", "&Go to step, stage or file…", "Jump to a step, a stage or a context file", ("Ctrl+P",), "search"),
    Command("palette", "Command &palette…", "Find any command by its name", ("Ctrl+Shift+P",), "command"),
    Command("focus_editor", "&Editor", "Put the cursor into the Dockerfile", ("Ctrl+1",)),
    Command("focus_graph", "&Graph", "Walk in the graph with the arrow keys", ("Ctrl+2",)),
    Command("focus_why", "&Why", "Show why the selected step runs or not", ("Ctrl+3",)),
    Command("focus_context", "&Context", "Show the files of the build context", ("Ctrl+4",)),
    Command("next_pane", "&Next pane", "Move the focus to the next pane", ("F6",)),
    Command("previous_pane", "&Previous pane", "Move the focus to the pane before", ("Shift+F6",)),
    Command("next_problem", "Next pro&blem", "Go to the next problem in the text", ("F8",)),
    Command("previous_problem", "Previous prob&lem", "Go to the problem before", ("Shift+F8",)),
    Command("next_miss", "Next step that &runs", "Select the next step that runs again (M in the graph)"),
    Command("previous_miss", "Previous step that r&uns", "Select the one before (Shift+M in the graph)"),
    Command("zoom_in", "Zoom &in", "Enlarge the pane that has the focus", ("Ctrl++", "Ctrl+=")),
    Command("zoom_out", "Zoom &out", "Shrink the pane that has the focus", ("Ctrl+-",)),
    Command("zoom_reset", "&Usual size", "Bring the pane that has the focus back to 100 %", ("Ctrl+0",)),
    Command("fit", "&Fit the graph", "Show the whole width of the graph", icon="fit"),
    Command("step_list", "Steps as &list", "Show the steps as a list instead of the graph", checkable=True),
    Command("reduce_motion", "Reduce &motion", "Switch outcomes at once, without a cascade", checkable=True),
    Command("follow_disk", "&Follow changes on disk", "Read files again as soon as they change on disk",
            checkable=True),
    Command("reset_layout", "Reset la&yout", "Put every pane back where it was at first"),
    Command("present", "&Present", "Presentation mode: full screen, large, readable from the last row", ("F11",),
            "present", checkable=True),

    Command("whatif", "&What if…", "Change something and see what it would cost", ("Ctrl+E",), "whatif"),
    Command("take_back", "&Take back the last change", "Undo the last what-if change", ("Ctrl+Alt+Z",)),

    Command("build", "&Build, simulated", "Let this build happen: the state joins the timeline", ("Ctrl+B",), "build"),
    Command("options", "Build &options…", "Build arguments, labels, secrets, platform and more", ("Ctrl+Alt+O",),
            "settings"),
    Command("confirm", "&Confirm with a real build…", "Run a real docker build and compare it with the prediction",
            ("Ctrl+Return",), "confirm"),
    Command("confirm_no_cache", "Confirm with --&no-cache…", "Run a real docker build --no-cache and compare",
            ("Ctrl+Shift+Return",)),
    Command("cancel", "C&ancel", "Stop the real build or the reading of files", icon="stop"),
    Command("docker_setup", "&Docker: what is missing…", "Say what a real build needs and how to get it"),
    Command("back", "Timeline &back", "Look at the build before: what it ran, its text and files", ("Alt+Left",), "arrow-left"),
    Command("forward", "Timeline &forward", "Look at the build after; after the last one is now", ("Alt+Right",), "arrow-right"),
    Command("compare_before", "Compare with the build &before", "Set this build beside the one before, step by step",
            icon="compare"),

    Command("compare_file", "Compare with another &Dockerfile…",
            "Set another Dockerfile beside this one: the same context, the same edits, both verdicts",
            ("Ctrl+Alt+D",), "compare"),
    Command("advice", "Ad&vice", "Better orders for this Dockerfile: what they save, and what to check", ("Ctrl+6",)),
    Command("open_proof", "Open a proof &report…", "Show a proof that was saved earlier; no engine is needed"),
    Command("history", "Project &history…", "Replay the last commits: which steps re-ran, why, and how the project is edited",
            ("Ctrl+5",), "history"),

    Command("explain", "&Explain what is here", "Explain the step or instruction under the cursor", ("F1",), "info"),
    Command("keys", "&Keyboard shortcuts", "List every command with its keys"),
    Command("about", "&About cachesim", "Version and licence"),
)

_SEP = ""
# "@name" is a menu that is filled where it opens (recent projects, targets, …)
MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("&File", ("new", "open", "open_file", "@samples", "@recent", "@dockerfiles", "context_folder", _SEP, "save",
               "save_as", "save_files", "reload", _SEP, "close_project", "preferences", "quit")),
    ("&Edit", ("undo", "redo", _SEP, "cut", "copy", "paste", _SEP, "find", "replace", "find_next", "find_previous",
               _SEP, "comment", "move_up", "move_down", "complete", "quick_fix")),
    ("&View", ("palette", "goto", _SEP, "@panes", "@go", "@zoom", "@theme", _SEP, "step_list", "reduce_motion",
               "follow_disk", _SEP, "present", "reset_layout")),
    ("&Change", ("whatif", "@changes", _SEP, "take_back", _SEP, "compare_file")),
    ("&Build", ("build", "options", "@target", "@engine", "@start", _SEP, "back", "forward", "compare_before",
                "@compare_engine", "history", "advice", _SEP, "confirm",
                "confirm_no_cache", "open_proof", "cancel", "docker_setup")),
    ("&Workshop", ("present", "@samples", "history", "next_miss", "previous_miss")),
    ("&Help", ("explain", "keys", "about")),
)
SUBMENUS: dict[str, tuple[str, tuple[str, ...]]] = {
    "go": ("&Go to", ("focus_editor", "focus_graph", "focus_why", "focus_context", _SEP, "next_pane", "previous_pane",
                      _SEP, "next_problem", "previous_problem", "next_miss", "previous_miss")),
    "zoom": ("&Zoom", ("zoom_in", "zoom_out", "zoom_reset", "fit")),
}
TOOLBAR: tuple[str, ...] = ("open", _SEP, "undo", "redo", _SEP, "whatif", "build", _SEP, "@target", "@engine", _SEP,
                            "confirm", "present")


def plain(text: str) -> str:
    """A menu text without its mnemonic and dots."""
    return text.replace("&", "").rstrip("…")


def empty(menu: QMenu) -> None:
    """Take everything out of a menu; its sub-menus and groups go too, which `clear` alone leaves behind."""
    menu.clear()
    for kind in (QMenu, QActionGroup):
        for inner in menu.findChildren(kind, options=Qt.FindChildOption.FindDirectChildrenOnly):
            inner.deleteLater()


def submenu(menu: QMenu, title: str) -> QMenu:
    """A sub-menu that `empty` takes away whole; one of `addMenu` leaves its Python half behind."""
    inner = QMenu(title, menu)
    menu.addMenu(inner)
    return inner


class Actions(QObject):
    """One QAction per command, owned by the window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands = {command.id: command for command in COMMANDS}
        self._actions = {command.id: self._make(command) for command in COMMANDS}
        self._submenus: dict[str, list[QMenu]] = {}

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def all(self) -> Sequence[QAction]:
        """Every action, in the order of the table."""
        return tuple(self._actions.values())

    def on(self, command_id: str, run: Callable[..., object]) -> None:
        """Call `run` when the command is triggered (with its new state if it is checkable)."""
        action = self._actions[command_id]
        (action.toggled if action.isCheckable() else action.triggered).connect(run)

    def submenus(self, name: str) -> list[QMenu]:
        """The menus that stand for "@name"."""
        return self._submenus.get(name, [])

    def fill_menus(self, bar: QMenuBar, titles: dict[str, str]) -> None:
        """Build the menu bar; `titles` names the menus that others fill."""
        for title, ids in MENUS:
            self._fill(bar.addMenu(title), ids, titles)

    def fill_toolbar(self, bar: QToolBar, special: dict[str, QWidget]) -> None:
        """Build the toolbar; `special` are the widgets for "@name"."""
        for command_id in TOOLBAR:
            if command_id == _SEP:
                bar.addSeparator()
            elif command_id.startswith("@"):
                bar.addWidget(special[command_id[1:]])
            else:
                bar.addAction(self._actions[command_id])

    @Slot(object)
    def restyle(self, theme: Theme) -> None:
        """Draw all icons in the colours and sizes of a theme."""
        side = round(16 * max(1.0, theme.sizes.ui))
        for command_id, action in self._actions.items():
            name = self._commands[command_id].icon
            if name:
                action.setIcon(icon(name, theme.text, side))

    def _make(self, command: Command) -> QAction:
        action = QAction(command.text, self._window)
        action.setObjectName(command.id)
        action.setStatusTip(command.tip)
        action.setCheckable(command.checkable)
        action.setShortcuts([QKeySequence(keys) for keys in command.keys])
        keys = f" ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})" if command.keys else ""
        action.setToolTip(wrapped(f"{command.tip}{keys}"))
        self._window.addAction(action)
        return action

    def _fill(self, menu: QMenu, ids: Sequence[str], titles: dict[str, str]) -> None:
        for command_id in ids:
            if command_id == _SEP:
                menu.addSeparator()
            elif not command_id.startswith("@"):
                menu.addAction(self._actions[command_id])
            elif command_id[1:] in SUBMENUS:
                title, inner = SUBMENUS[command_id[1:]]
                self._fill(menu.addMenu(title), inner, titles)
            else:
                name = command_id[1:]
                self._submenus.setdefault(name, []).append(menu.addMenu(titles[name]))
