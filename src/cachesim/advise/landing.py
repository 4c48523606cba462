"""Which file of the build context is where in the image?"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping

from cachesim.advise.effects import Analysis
from cachesim.advise.surroundings import destination_of
from cachesim.context.checksum import has_wildcards
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.instructions import Add, Copy

__all__ = ["Landings", "is_context_copy"]

_ARCHIVES = (".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".lzma")


def is_context_copy(instruction: object) -> bool:
    """Whether an instruction copies files of the build context, and nothing else."""
    return isinstance(instruction, Copy) and not instruction.from_ and not instruction.heredocs and all(
        "://" not in source and not source.startswith("git@") for source in instruction.sources)


class Landings:
    """For each COPY of an analysis: path in the image to path in the context, of every file it brings.

    Archives that ADD unpacks are left out; so is a COPY whose flags move files (--parents).
    """

    def __init__(self, analysis: Analysis, context: ContextSnapshot, ignored: IgnoreMatcher | None) -> None:
        self._analysis, self._context = analysis, context
        self._files = [path for path, entry in context.walk() if not entry.is_dir and not (
            ignored is not None and ignored.excluded(path))]
        self._found: dict[int, Mapping[str, str]] = {}

    def of(self, index: int) -> Mapping[str, str]:
        """The files of one instruction; empty if it is no COPY of the context."""
        if index not in self._found:
            instruction = self._analysis.parsed.instructions[index]
            self._found[index] = self._landing(index, instruction) if (
                isinstance(instruction, Copy) and is_context_copy(instruction)) else {}
        return self._found[index]

    def before(self, index: int) -> dict[str, str]:
        """All that the copies above in its stage have brought; the later one counts."""
        found: dict[str, str] = {}
        steps = self._analysis.steps
        for other in range(index):
            if steps[other].stage == steps[index].stage:
                found.update(self.of(other))
        return found

    def _landing(self, index: int, copy: Copy) -> dict[str, str]:
        at, escape = self._analysis.surroundings[index], self._analysis.parsed.escape
        if any(flag.name == "parents" for flag in copy.flags):
            return {}
        target, is_folder = destination_of(copy, at, escape)
        excludes = IgnoreMatcher.of(copy.excludes) if copy.excludes else None
        found: dict[str, str] = {}
        for word in copy.sources:
            source = posixpath.normpath("/" + at.expand(word, escape)).lstrip("/")
            for top in self._tops(source):
                entry = self._context.get(top) if top else self._context.tree
                if entry is None:
                    continue
                if entry.is_dir:
                    prefix = top + "/" if top else ""
                    for path in self._files:
                        inside = path[len(prefix):]
                        if path.startswith(prefix) and not (excludes is not None and excludes.excluded(inside)):
                            found[posixpath.join(target, inside)] = path
                elif top in self._known() and not (isinstance(copy, Add) and top.endswith(_ARCHIVES)):
                    found[posixpath.join(target, posixpath.basename(top)) if is_folder else target] = top
        return found

    def _known(self) -> Collection[str]:
        return self._files

    def _tops(self, source: str) -> list[str]:
        if not has_wildcards(source):
            return [source]
        from cachesim.context.checksum import go_path_match
        depth = source.count("/")
        names = {"/".join(path.split("/")[:depth + 1]) for path in self._files if path.count("/") >= depth}
        return sorted(name for name in names if go_path_match(source, name))
