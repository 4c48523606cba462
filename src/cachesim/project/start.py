"""Which cache does a project start with?

Its own last builds if some were seen; else, in a git work tree with changes, a build of HEAD, so that the first look
shows what the uncommitted changes would rebuild; else a first build of what is on disk; or nothing. A person may
choose.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cachesim.dockerfile.parser import parse
from cachesim.errors import InputError, StoreFormatError
from cachesim.graph.options import BuildOptions, EngineKind, ImageStore
from cachesim.pipeline import simulate
from cachesim.progress import SILENT, Progress
from cachesim.project.bases import BaseBook, EngineFacts, EngineImages, known_bases
from cachesim.project.blobs import BlobStore
from cachesim.project.choice import chosen_builder
from cachesim.project.git import GitError, Repository, find_repository
from cachesim.project.open import ProjectInfo, load_state, read_dockerfile
from cachesim.project.revision import differs_from_head, revision_of, state_at
from cachesim.project.state import ProjectState
from cachesim.project.store import ProjectStore, SavedProject
from cachesim.project.timeline import Timeline

__all__ = ["StartChoice", "StartKind", "Started", "built", "start_project", "start_timeline"]


class StartKind(enum.Enum):
    """What the cache holds at first; the value is what a menu says."""

    BUILDS = "the builds made here so far"
    HEAD = "a build of the last commit"
    DISK = "a first build of what is on disk"
    NOTHING = "nothing: an empty cache"


@dataclass(frozen=True, slots=True)
class StartChoice:
    """One start that is possible for a project, in words."""

    kind: StartKind
    words: str


@dataclass(frozen=True, slots=True)
class Started:
    """A project, ready to predict.

    Attributes:
        state: As on disk.
        choices: What the cache could start with; `kind` is the one that was taken.
        engine: The engine that answered, or None.
        notes: What a person should know (odd bytes, a damaged file), a sentence each.
        records: What other parts keep with the project.
        held: The file that was read; to write to it takes this very object, which knows what it read.
    """

    info: ProjectInfo
    state: ProjectState
    timeline: Timeline
    kind: StartKind
    choices: tuple[StartChoice, ...]
    engine: EngineFacts | None
    notes: tuple[str, ...]
    records: Mapping[str, Any]
    held: ProjectStore


def start_project(info: ProjectInfo, blobs: BlobStore, *, engine: EngineKind | None = None,
                  store: ImageStore | None = None,
                  options: Callable[[BuildOptions], BuildOptions] | None = None, kind: StartKind | None = None,
                  revision: str = "HEAD", ask_engine: bool = True, data: Path | None = None,
                  progress: Progress = SILENT) -> Started:
    """Read a project and everything that is remembered of it.

    Args:
        engine: None: as chosen last for the project, else BuildKit.
        store: None: as chosen last together with this engine, else as the engine that answers has it, else the one
            seen last, else containerd.
        options: Changes the options as they were last chosen.
        kind: What the cache starts with; None: the best there is.
        revision: Which commit `StartKind.HEAD` builds.
        data: The folder of saved files (default: this user's).
    Raises:
        InputError, ContextError: If Dockerfile or context cannot be read.
    """
    notes = [read_dockerfile(info.dockerfile).note]
    choice = chosen_builder(info, folder=data)
    engine = engine or (choice.engine if choice is not None else EngineKind.BUILDKIT)
    if choice is not None and (choice.engine is not engine or store not in (None, choice.store)):
        choice = None
    book = BaseBook(data)
    images = EngineImages.connect() if ask_engine else None
    try:
        facts = images.facts if images is not None else None
        store = (store or (choice.store if choice is not None else None)
                 or (facts.store if facts is not None else book.store) or ImageStore.CONTAINERD)
        held = ProjectStore(info, *(choice.kept if choice is not None else (engine, store)), folder=data)
        try:
            saved = held.load(progress) or SavedProject()
        except (StoreFormatError, InputError) as error:
            saved, held.message = SavedProject(), str(error)
        chosen = options(saved.options) if options is not None else saved.options
        state = load_state(info, options=chosen, engine=engine, store=store, previous=saved.context, progress=progress)
        bases = known_bases(parse(state.text), state.options, engine, store, book, images)
    finally:
        if images is not None:
            images.close()
    state = replace(state, bases=bases, claims=saved.claims)
    own = saved.timeline.made_by(engine, store)         # another one may have been chosen since they were kept
    timeline, taken, choices = start_timeline(info, state, own, blobs, kind, progress, revision)
    notes += [book.message, held.message, blobs.message]
    return Started(info, state, timeline, taken, choices, facts, tuple(n for n in notes if n), saved.records,
                   held)


def start_timeline(info: ProjectInfo, state: ProjectState, own: Timeline, blobs: BlobStore,
                   kind: StartKind | None = None,
                   progress: Progress = SILENT,
                   revision: str = "HEAD") -> tuple[Timeline, StartKind, tuple[StartChoice, ...]]:
    """The timeline that a project starts with, which kind that is, and what else could be chosen.

    `revision` is the commit that `StartKind.HEAD` builds, as a person named it.
    """
    if not info.has_files:
        return _without_files(own, kind)
    repository, why_not = _repository(info)
    choices = [StartChoice(StartKind.DISK, "a first build of what is on disk"),
               StartChoice(StartKind.NOTHING, "nothing: an empty cache")]
    changed, failed = False, ""
    if repository is not None:
        changed, why_not = _changed(info, repository)
        if not why_not:
            choices.insert(0, StartChoice(StartKind.HEAD, "a build of HEAD, the last commit"))
    if own.entries:
        builds = f"{len(own.entries)} build" + ("" if len(own.entries) == 1 else "s")
        choices.insert(0, StartChoice(StartKind.BUILDS, f"the {builds} made here so far"))
    if kind is None or all(choice.kind is not kind for choice in choices):
        kind = StartKind.BUILDS if own.entries else StartKind.HEAD if changed and not why_not else StartKind.DISK
    timeline = own
    if kind is StartKind.HEAD and repository is not None:
        try:
            timeline = _commit(info, state, repository, blobs, revision, progress)
        except GitError as error:
            kind, failed = StartKind.DISK, f", for a commit cannot be built: {error}"
            choices = [c for c in choices if c.kind is not StartKind.HEAD]
    if kind is StartKind.DISK:
        origin = f"a first build of what is on disk{failed}"
        if blobs.lasting:
            blobs.remember(state.context, info.context_dir)
        timeline = built(Timeline(origin=origin), "First build", state, progress)
    elif kind is StartKind.NOTHING:
        timeline = Timeline(origin="an empty cache")
    return timeline, kind, tuple(choices)


def _without_files(own: Timeline, kind: StartKind | None) -> tuple[Timeline, StartKind, tuple[StartChoice, ...]]:
    """Without files nothing can have been built of them; what was built before they went counts."""
    choices = [StartChoice(StartKind.NOTHING, "nothing: an empty cache")]
    if own.entries:
        choices.insert(0, StartChoice(StartKind.BUILDS, "the builds made here so far"))
    if own.entries and kind is not StartKind.NOTHING:
        return own, StartKind.BUILDS, tuple(choices)
    return Timeline(origin="an empty cache"), StartKind.NOTHING, tuple(choices)


def built(timeline: Timeline, label: str, state: ProjectState, progress: Progress = SILENT, *,
          context_key: str = "") -> Timeline:
    """Let a simulated build happen at the end of a timeline; `context_key` names another folder than the project's."""
    request = state.request(label)
    if context_key:
        request = replace(request, context_key=context_key)
    report, store = simulate(request, timeline.store, progress)
    return timeline.with_build(label, state, report, store)


def _commit(info: ProjectInfo, state: ProjectState, repository: Repository, blobs: BlobStore, name: str,
            progress: Progress) -> Timeline:
    revision, name = revision_of(repository, name), "HEAD" if name == "HEAD" else "commit"
    before, changed = state_at(state, info, repository, revision, blobs)
    if blobs.lasting:
        blobs.remember(before.context, info.context_dir)
    differ = "nothing differs" if not changed else f"{changed[0]} differs" if len(changed) == 1 else (
        f"{len(changed)} files differ")
    origin = f"a build of {revision.words(name)}: {differ} from it"
    return built(Timeline(origin=origin), revision.words(name), before, progress)


def _repository(info: ProjectInfo) -> tuple[Repository | None, str]:
    try:
        repository = find_repository(info.context_dir)
    except GitError as error:
        return None, str(error)
    if repository is None or repository.top is None:
        return None, "the folder is in no git work tree"
    return repository, ""


def _changed(info: ProjectInfo, repository: Repository) -> tuple[bool, str]:
    """Whether there are changes, and why HEAD cannot be built."""
    try:
        repository.commit_id("HEAD")
        return differs_from_head(info, repository), ""
    except GitError as error:
        return False, str(error)
