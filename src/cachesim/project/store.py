"""What is kept of a project between two runs: its timeline (and so its cache), its options, its records?

One file per project, engine and image store, shared by window and commands. It holds the states that were built, not
the caches: these are predicted anew when it is read, so they always follow the rules of the version that reads them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of, digest_of_bytes
from cachesim.engines.base import RunClaim
from cachesim.errors import CachesimError, InputError, StoreFormatError
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageStore
from cachesim.pipeline import simulate
from cachesim.progress import SILENT, Progress
from cachesim.project.codec import TreeReader, TreeWriter, from_json, to_json
from cachesim.project.folders import data_dir, locked, set_aside, write_atomically
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline, TimelineEntry

__all__ = ["ProjectStore", "SavedProject", "project_folder"]

_FORMAT = 1
_MOST_BUILDS = 50


@dataclass(frozen=True, slots=True)
class SavedProject:
    """What a project remembers.

    Attributes:
        options: Build options as they were last chosen (the network mode among them).
        context: The last scan of the folder: rescanning with it as `previous` reads only what changed.
        records: Whatever other parts keep with a project (confirmations, measured seconds), as JSON by their name.
    """

    timeline: Timeline = Timeline()
    options: BuildOptions = BuildOptions()
    claims: tuple[RunClaim, ...] = ()
    context: ContextSnapshot | None = None
    records: Mapping[str, Any] = field(default_factory=dict)


def project_folder(info: ProjectInfo, data: Path | None = None) -> Path:
    """Where everything lies that is kept of a project; `data` is another folder of saved files than this user's."""
    context, dockerfile = os.path.realpath(info.context_dir), os.path.realpath(info.dockerfile)
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", info.context_dir.name)[:40] or "root"
    key = digest_of(context, dockerfile)
    return (data if data is not None else data_dir()) / "projects" / f"{readable}-{key[:16]}"


class ProjectStore:
    """The saved file of one project for one engine and image store.

    `message` says what a person should know after `load` (a damaged file was set aside), or "".
    """

    def __init__(self, info: ProjectInfo, engine: EngineKind, store: ImageStore, *, folder: Path | None = None) -> None:
        self.info, self.engine, self.store = info, engine, store
        self.path = project_folder(info, folder) / f"{engine.value}-{store.value}.json"
        self.message = ""
        self._known: frozenset[int] = frozenset()   # ids of the builds that we saw in the file or wrote to it
        self._seen: tuple[int, int] | None = None   # identity of the file at that time

    def load(self, progress: Progress = SILENT) -> SavedProject | None:
        """Read what was saved; None if nothing was, or if it was damaged.

        Raises:
            StoreFormatError: If another version wrote it; the file is left alone.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"cannot be read ({(error.strerror or str(error)).lower()})", str(self.path)) from None
        try:
            saved = self._read(json.loads(data), progress)
        except CachesimError:
            raise
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            with locked(self.path):
                aside = set_aside(self.path)
            self.message = (f"What was saved of this project is damaged. It is set aside as {aside}, and the timeline "
                            "starts anew")
            return None
        self._note(saved.timeline)
        return saved

    def save(self, saved: SavedProject) -> SavedProject:
        """Write; builds and records that another process added since `load` are kept.

        Returns:
            What was written: with more builds, if there were such.
        """
        with locked(self.path):
            if self._identity() != self._seen:
                saved = self._merged(saved)
            saved = replace(saved, timeline=_bounded(saved.timeline))
            write_atomically(self.path, json.dumps(self._write(saved), separators=(",", ":")).encode())
            self._note(saved.timeline)
        return saved

    def record(self, name: str, value: Any) -> None:
        """Change one record and nothing else; for commands, which keep no project open."""
        with locked(self.path):
            try:
                held = json.loads(self.path.read_bytes())
                if held["format"] != _FORMAT:
                    raise StoreFormatError(str(self.path), held["format"])
            except FileNotFoundError:
                held = self._write(SavedProject())
            except (ValueError, TypeError, KeyError):
                set_aside(self.path)
                held = self._write(SavedProject())
            held["records"][name] = value
            write_atomically(self.path, json.dumps(held, separators=(",", ":")).encode())

    def records(self) -> Mapping[str, Any]:
        """The records alone, without predicting anything; empty if there are none."""
        try:
            held = json.loads(self.path.read_bytes())
            found = held["records"] if held["format"] == _FORMAT else {}
        except (OSError, ValueError, TypeError, KeyError):
            return {}
        return found if isinstance(found, dict) else {}

    def forget(self) -> None:
        """Delete what was saved."""
        with locked(self.path):
            self.path.unlink(missing_ok=True)
        self._known, self._seen = frozenset(), None

    # -- inside -------------------------------------------------------------------------------------------------

    def _identity(self) -> tuple[int, int] | None:
        try:
            info = self.path.stat()
        except OSError:
            return None
        return info.st_ino, info.st_mtime_ns

    def _note(self, timeline: Timeline) -> None:
        self._known, self._seen = frozenset(e.id for e in timeline.entries), self._identity()

    def _merged(self, ours: SavedProject) -> SavedProject:
        """Ours, plus the builds that the file has and that we never saw, plus its records."""
        known = self._known
        theirs = self.load()
        if theirs is None:
            return ours
        taken, ids = {e.id for e in ours.timeline.entries}, dict[int, int]()
        made = {e.id: e.made_on for e in theirs.timeline.entries if e.id in known}
        entries = [replace(e, made_on=tuple(dict.fromkeys((*e.made_on, *made.get(e.id, ()))))) for e in ours.timeline.entries]
        for entry in theirs.timeline.entries:
            if entry.id not in known:
                ids[entry.id] = new = entry.id if entry.id not in taken else max(taken) + 1
                taken.add(new)
                parent = ids.get(entry.parent, entry.parent) if entry.parent is not None else None
                entries.append(replace(entry, id=new, parent=parent if parent in taken else None))
        return replace(ours, timeline=replace(ours.timeline, entries=tuple(entries)),
                       records={**theirs.records, **ours.records})

    def _write(self, saved: SavedProject) -> dict[str, Any]:
        trees, texts = TreeWriter(), dict[str, str]()
        builds = []
        for entry in saved.timeline.entries:
            state = entry.state
            text = digest_of_bytes(state.text.encode("utf-8", "surrogateescape"))
            texts[text] = state.text
            builds.append({
                "id": entry.id, "parent": entry.parent, "label": entry.label, "text": text,
                "context": trees.snapshot(state.context), "options": to_json(state.options),
                "engine": state.engine.value, "store": state.store.value, "bases": to_json(state.bases),
                "named": {name: trees.snapshot(c) for name, c in state.named_contexts.items()},
                "claims": to_json(state.claims), **({"made_on": list(entry.made_on)} if entry.made_on else {})})
        context = trees.snapshot(saved.context) if saved.context is not None else None
        return {"format": _FORMAT, "project": {"context": str(self.info.context_dir),
                                               "dockerfile": str(self.info.dockerfile)},
                "origin": saved.timeline.origin, "current": saved.timeline.current, "builds": builds, "texts": texts,
                "folders": trees.folders, "ignores": trees.texts, "context": context,
                "options": to_json(saved.options), "claims": to_json(saved.claims), "records": dict(saved.records)}

    def _read(self, held: Any, progress: Progress) -> SavedProject:
        if held["format"] != _FORMAT:
            raise StoreFormatError(str(self.path), held["format"])
        trees = TreeReader(held["folders"], held["ignores"])
        entries: dict[int, TimelineEntry] = {}
        for number, build in enumerate(held["builds"]):
            progress.step(number, len(held["builds"]))
            bases = {ref: from_json(BaseImage, base) for ref, base in build["bases"].items()}
            state = ProjectState(
                held["texts"][build["text"]], trees.snapshot(build["context"]),
                from_json(BuildOptions, build["options"]), EngineKind(build["engine"]), ImageStore(build["store"]),
                bases, {name: trees.snapshot(c) for name, c in build["named"].items()},
                tuple(from_json(RunClaim, claim) for claim in build["claims"]))
            parent = entries[build["parent"]] if build["parent"] is not None else None
            report, after = simulate(state.request(build["label"]), parent.store if parent else EMPTY_STORE)
            entries[build["id"]] = TimelineEntry(build["id"], parent.id if parent else None, build["label"], state,
                                                 report, after, tuple(map(str, build.get("made_on", ()))))
        if held["current"] is not None and held["current"] not in entries:
            raise KeyError(held["current"])
        timeline = Timeline(tuple(entries.values()), held["current"], held["origin"])
        return SavedProject(
            timeline, from_json(BuildOptions, held["options"]),
            tuple(from_json(RunClaim, claim) for claim in held["claims"]),
            trees.snapshot(held["context"]) if held["context"] is not None else None, dict(held["records"]))


def _bounded(timeline: Timeline) -> Timeline:
    """The newest builds, and always the current one; the oldest of what is kept start from an empty cache."""
    if len(timeline.entries) <= _MOST_BUILDS:
        return timeline
    kept = {e.id for e in timeline.entries[-_MOST_BUILDS:]} | ({timeline.current} - {None})
    entries = tuple(e if e.parent in kept else replace(e, parent=None) for e in timeline.entries if e.id in kept)
    return replace(timeline, entries=entries)
