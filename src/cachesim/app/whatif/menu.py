"""What if…? One menu for the things that happen in life; each becomes the pending state and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import time_ns

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMenu, QWidget

from cachesim.app.actions import empty, submenu
from cachesim.app.notify import Message, MessageAction, Tone
from cachesim.app.palette_dialog import Choice, PaletteDialog
from cachesim.app.questions import TextQuestion, answered
from cachesim.app.whatif.changes import (
    arg_names,
    external_bases,
    fresh_clone,
    moved_base,
    secret_ids,
    with_arg,
    with_secret,
)
from cachesim.app.whatif.file_dialog import FileDialog
from cachesim.app.workbench import Workbench
from cachesim.context.snapshot import FileKind
from cachesim.graph.options import EngineKind, ImageStore, another_secret

__all__ = ["ENGINES", "WhatIf"]

ENGINES: tuple[tuple[str, EngineKind, ImageStore], ...] = (
    ("BuildKit, containerd image store", EngineKind.BUILDKIT, ImageStore.CONTAINERD),
    ("BuildKit, graph driver store", EngineKind.BUILDKIT, ImageStore.GRAPHDRIVER),
    ("Classic builder", EngineKind.CLASSIC, ImageStore.GRAPHDRIVER),
)
_UMASKS = ((0o022, "As usual on servers: all may read"), (0o002, "As on many desktops: the group may write"),
           (0o027, "Only the group may read"), (0o077, "Nobody else may read"))


class WhatIf(QObject):
    """Fills the menu for the project at hand and does what is chosen."""

    def __init__(self, workbench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._bench, self._window = workbench, window
        self._said: object = None       # of which state and timeline the bar speaks
        workbench.state_changed.connect(self._moved_on)
        workbench.timeline_changed.connect(self._moved_on)

    def fill(self, menu: QMenu) -> None:
        """Put every change into the menu; what needs a graph is disabled without one."""
        empty(menu)
        self._add_prepared(menu)
        graph = self._bench.report.graph if self._bench.report is not None else None
        files = submenu(menu, "A &file changes")
        for text, tip, run in (
                ("&Change content…", "Edit a file in thought", self.change_file),
                ("Only its &time changes (touch)…", "It is saved again with the same content", self.touch_file),
                ("Its &permissions change (chmod)…", "Set or clear the executable bit", self.chmod_file),
                ("It is &deleted…", "Take a file away", self.delete_file)):
            _add(files, text, tip, run)
        clone = submenu(menu, "Somebody c&lones the project anew")
        for umask, who in _UMASKS:
            _add(clone, f"{who} (umask {umask:03o})", "Every file gets a new time and the modes of this umask",
                 partial(self.clone, umask))
        menu.addSeparator()
        args = submenu(menu, "A build &argument gets another value")
        for name, default in arg_names(graph) if graph is not None else ():
            given = dict(self._bench.state.options.args).get(name, default)
            _add(args, f"{name}{f' = {given}' if given else ''}…", "Give it another value",
                 partial(self.set_arg, name, given or ""))
        _add(args, "One that is not listed…", "A build argument by name (--build-arg)", partial(self.set_arg, "", ""))
        target = submenu(menu, "Another s&tage is the target")
        self.fill_targets(target)
        self._add_cache_changes(menu)
        bases = submenu(menu, "A &base image is published anew under its tag")
        for ref in external_bases(graph) if graph is not None else ():
            short = ref.removeprefix("docker.io/library/").removeprefix("docker.io/")
            _add(bases, f"{short}, and the build asks for it (--pull)", "The registry names other layers; the builder sees it",
                 partial(self.move_base, ref))
            _add(bases, f"{short}, and the build does not ask", "Without --pull it keeps its own copy of the tag",
                 partial(self.keep_base, short))
        bases.setEnabled(not bases.isEmpty())
        secrets = submenu(menu, "A &secret changes")
        for secret in secret_ids(graph) if graph is not None else ():
            _add(secrets, secret, "Its content is another one", partial(self.change_secret, secret))
        secrets.setEnabled(not secrets.isEmpty())
        self.fill_engines(submenu(menu, "Another &engine or image store builds it"))

    def _add_prepared(self, menu: QMenu) -> None:
        """The next edit to try of a sample, and what has to be built before it."""
        prepared = self._bench.prepared
        if not prepared.all:
            return
        edit = prepared.following
        if edit is not None:
            _add(menu, f"&Next edit of this sample: {edit.label}", "Build what was not built yet, then make this edit",
                 prepared.try_next)
        else:
            menu.addAction("All edits of this sample were tried").setEnabled(False)
        menu.addSeparator()

    def _add_cache_changes(self, menu: QMenu) -> None:
        no_cache = menu.addAction("The cache is switched &off (--no-cache)")
        no_cache.setCheckable(True)
        no_cache.setChecked(self._bench.state.options.no_cache)
        no_cache.setStatusTip("Run every step, whatever the cache holds")
        no_cache.triggered.connect(self.set_no_cache)
        menu.addSeparator()
        _add(menu, "The cache is em&ptied (docker builder prune)", "Nothing is left of earlier builds", self.prune)
        _add(menu, "A fresh CI &runner builds it", "A new clone on a machine that has built nothing", self.empty_runner)

    def fill_targets(self, menu: QMenu) -> None:
        """One entry per stage, the last one as the default."""
        menu.clear()
        report, chosen = self._bench.report, self._bench.state.options.target
        stages = report.graph.stages if report is not None else ()
        for name, text in (("", "Last stage (the default)"), *((s.label if s.name else str(s.index), s.label)
                                                               for s in stages)):
            action = menu.addAction(text, partial(self.set_target, name))
            action.setCheckable(True)
            action.setChecked(name == chosen)

    def fill_engines(self, menu: QMenu) -> None:
        """One entry per engine and image store."""
        menu.clear()
        state = self._bench.state
        for text, engine, store in ENGINES:
            action = menu.addAction(text, partial(self.use_engine, text, engine, store))
            action.setCheckable(True)
            action.setChecked(state.engine is engine and (engine is EngineKind.CLASSIC or state.store is store))

    # -- files --------------------------------------------------------------------------------------------------

    def change_file(self) -> None:
        """Pick a file, edit it in thought."""
        self._pick("Which file gets other content?", self.edit_file)

    def edit_file(self, path: str) -> None:
        """Edit one file in thought."""
        data = FileDialog.ask(path, self._bench.bytes_of(path), self._window)
        if data is not None:
            self._bench.edit_file(path, data)

    def touch_file(self) -> None:
        """Pick a file, give it a new time."""
        self._pick("Which file is saved again, unchanged?", lambda path: self._bench.edit_context(
            self._bench.state.context.touch(path, time_ns()), f"touch {path}"))

    def chmod_file(self) -> None:
        """Pick a file, flip its executable bits."""
        self._pick("Flip the executable bit of which file?", self._flip)

    def delete_file(self) -> None:
        """Pick a file, take it away."""
        self._pick("Delete which file (in thought)?", lambda path: self._bench.edit_context(
            self._bench.state.context.without(path), f"delete {path}"))

    def clone(self, umask: int) -> None:
        """Pretend that the folder was cloned anew."""
        context = fresh_clone(self._bench.state.context, umask, time_ns())
        self._bench.edit_context(context, f"fresh clone, umask {umask:03o}")
        self._say(f"Every file has a new time, and the modes that git and umask {umask:03o} give. Times are in no key; "
                  "bytes, names and modes are.")

    def _flip(self, path: str) -> None:
        entry = self._bench.state.context.get(path)
        if entry is not None:
            mode = entry.mode & ~0o111 if entry.mode & 0o111 else entry.mode | (entry.mode & 0o444) >> 2
            self._bench.edit_context(self._bench.state.context.chmod(path, mode), f"chmod {mode:04o} {path}")

    def _pick(self, title: str, run: Callable[[str], object]) -> None:
        def act(path: str) -> None:
            if self._bench.state.context.get(path) is not None:
                run(path)
            else:
                self._bench.post(Message(f"{path} is not there any more.", Tone.WARNING, key="whatif"))
        choices = [Choice(path, f"{entry.size:,} B, {entry.mode:04o}", partial(act, path))
                   for path, entry in self._bench.state.context.walk() if entry.kind is FileKind.FILE]
        answered(PaletteDialog(title, choices, self._window))

    # -- options ------------------------------------------------------------------------------------------------

    def set_arg(self, name: str, value: str) -> None:
        """Ask for a value (and a name, if none is given)."""
        if not name:
            name = TextQuestion.ask("Build argument", "Name of the build argument:", "", self._window) or ""
            if not name.strip():
                return
        text = TextQuestion.ask("Build argument", f"Value of {name}:", value, self._window)
        if text is not None:
            self._bench.set_options(with_arg(self._bench.state.options, name.strip(), text),
                                    f"--build-arg {name.strip()}={text}")

    def set_target(self, target: str) -> None:
        """Build another stage."""
        label = f"--target {target}" if target else "build the last stage"
        self._bench.set_options(replace(self._bench.state.options, target=target), label)

    @Slot(bool)
    def set_no_cache(self, on: bool) -> None:
        """Switch the cache off or on."""
        options = replace(self._bench.state.options, no_cache=on)
        self._bench.set_options(options, "--no-cache" if on else "use the cache")

    def change_secret(self, name: str) -> None:
        """Give a secret another content."""
        old = dict(self._bench.state.options.secrets).get(name, "")
        self._bench.set_options(with_secret(self._bench.state.options, name, another_secret(name, old)),
                                f"change secret {name}")
        self._say(f"The content of secret {name} changed. A secret's content is no part of any key, "
                  "so nothing runs because of it.")

    def use_engine(self, name: str, engine: EngineKind, store: ImageStore) -> None:
        """Let another builder have made the builds, and make the next one."""
        bench, label = self._bench, f"use {name}"
        before = bench.state.engine, bench.state.store
        bench.set_engine(engine, store, label)
        count = len(bench.timeline.path())
        if count and (bench.state.engine, bench.state.store) != before:
            who = "An image store" if engine is before[0] else "A builder"
            builds = "the build" if count == 1 else f"the {count} builds"
            nothing = MessageAction("It has built nothing yet", partial(bench.empty_cache, f"{name} has built nothing yet"))
            self._say(f"{who} has a cache of its own. {name} is shown as if it had made {builds} so far.", more=(nothing,))

    # -- the world outside --------------------------------------------------------------------------------------

    def move_base(self, ref: str) -> None:
        """The tag moved, and the build asks the registry."""
        self._bench.set_state(moved_base(self._bench.state, ref), f"new image under {ref.rpartition('/')[2]} (--pull)")

    def keep_base(self, ref: str) -> None:
        """The tag moved, but the engine does not ask."""
        pulled = self._bench.state.options.pull
        self._bench.set_options(replace(self._bench.state.options, pull=False), f"new image under {ref}, no --pull")
        self._say(f"{ref} names another image at the registry. Without --pull an engine that has the tag keeps its own copy, "
                  "so nothing runs because of it; a machine without a copy gets the new one.", changed=pulled)

    def prune(self) -> None:
        """Throw the simulated cache away."""
        self._bench.empty_cache("prune the cache")
        self._say("The cache is empty. The earlier builds stay in the timeline.")

    def empty_runner(self) -> None:
        """A fresh clone where nothing was built."""
        context = fresh_clone(self._bench.state.context, 0o022, time_ns())
        self._bench.empty_cache("empty CI runner", replace(self._bench.state, context=context))
        self._say("This is a fresh clone on a machine that has built nothing. The earlier builds stay in the timeline.")

    def _say(self, text: str, *, changed: bool = True, more: tuple[MessageAction, ...] = ()) -> None:
        back = (MessageAction("Take back", self._bench.take_back),) if changed else ()
        self._bench.post(Message(text, actions=(*more, *back), key="whatif"))
        self._said = self._bench.state, self._bench.timeline

    @Slot()
    def _moved_on(self, _: object = None) -> None:
        """A bar on a change that was taken back, or followed by another, says what is no longer so."""
        if self._said is not None and self._said != (self._bench.state, self._bench.timeline):
            self._said = None
            self._bench.post(Message("", key="whatif"))


def _add(menu: QMenu, text: str, tip: str, run: Callable[[], object]) -> None:
    action = menu.addAction(text, run)
    action.setStatusTip(tip)
