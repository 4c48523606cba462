"""Which edits come prepared with a sample, and how does the project look after one?

They are those of its `scenario.json`, to be made one after the other; the first build is not among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cachesim.context.snapshot import directory, symlink
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.project.blobs import BlobStore
from cachesim.project.scenario import ScenarioBuild, ScenarioFile, read_scenarios
from cachesim.project.state import ProjectState

__all__ = ["Prepared", "PreparedEdit", "prepared_of"]

_NUMBER = re.compile(r"\d+\.\s+")


@dataclass(frozen=True, slots=True)
class PreparedEdit:
    """One edit to try: its place among all, counted from 1, and its name ("raise the price of sencha")."""

    number: int
    label: str
    build: ScenarioBuild

    def applied(self, state: ProjectState, blobs: BlobStore, mtime_ns: int) -> ProjectState:
        """The project after it."""
        state = replace(state, options=_options(self.build, state))
        for path, file in self.build.files.items():
            state = _edited(state, path, file, blobs, mtime_ns)
        return state


@dataclass(frozen=True, slots=True)
class Prepared:
    """All edits of one sample; `first` is how its first build is started, `engine` the one that was recorded making them."""

    first: ScenarioBuild
    edits: tuple[PreparedEdit, ...]
    engine: EngineKind = EngineKind.BUILDKIT

    def at_first(self, state: ProjectState) -> ProjectState:
        """The project as its first build takes it."""
        return replace(state, options=_options(self.first, state))

    def made(self, labels: Iterable[str]) -> PreparedEdit | None:
        """The last edit in order of which all before it, and itself, are among these names of builds and changes."""
        known, last = [label.casefold() for label in labels], None
        for edit in self.edits:
            name = edit.label.casefold()
            if not any(label == name or label.startswith(f"{name} and ") for label in known):   # "… and 1 more"
                break
            last = edit
        return last

    def shown(self, labels: Sequence[str]) -> PreparedEdit | None:
        """The last edit made, if nothing else was done to the sample: then its recording tells of this very build."""
        made = self.made(labels)
        if made is None:
            return None
        names = {edit.label.casefold() for edit in self.edits[:made.number]}
        others = {label.casefold() for label in labels} - names
        return made if len(others) == 1 else None       # the first build

    def after(self, labels: Sequence[str]) -> PreparedEdit | None:
        """The next edit to try; None after the last one."""
        made = self.made(labels)
        return next((edit for edit in self.edits if edit.number > (made.number if made is not None else 0)), None)


def prepared_of(scenario: Path) -> Prepared | None:
    """Read what is prepared; None where nothing is.

    Raises:
        InputError: If the file cannot be read.
    """
    if not scenario.is_file():
        return None
    recorded = read_scenarios(scenario)[0]
    first, *builds = recorded.builds
    return Prepared(first, tuple(PreparedEdit(number, _NUMBER.sub("", build.edit, count=1), build)
                                 for number, build in enumerate(builds, 1)), recorded.engine)


def _options(build: ScenarioBuild, state: ProjectState) -> BuildOptions:
    return replace(build.options, dockerfile=state.options.dockerfile)


def _edited(state: ProjectState, path: str, file: ScenarioFile | None, blobs: BlobStore, mtime_ns: int) -> ProjectState:
    if file is None:
        return replace(state, context=state.context.without(path))
    if file.link is not None:
        entry = symlink(file.link, mtime_ns)
    elif file.data is None:
        entry = directory(mode=file.mode, mtime_ns=mtime_ns)
    else:
        if path == state.options.dockerfile:
            return state.with_text(file.data.decode("utf-8", "surrogateescape"), mtime_ns)
        blobs.put(file.data)
        return replace(state, context=state.context.with_bytes(path, file.data, file.mode, mtime_ns))      # ignore files are read
    return replace(state, context=state.context.with_entry(path, entry))
