"""Which RUN could keep what its tool fetched in a cache mount?

With a mount, what the tool leaves in its cache folder is not in the image any more: that is a change of its file tree, and
what to check. Tools that are told to keep no cache are left alone, and so is apt, whose images delete the cache by a hook.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cachesim.advise.commands import CacheFolder, Use
from cachesim.advise.rewrites.change import Change, quoted
from cachesim.advise.scene import Scene
from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.edit import TextEdit, apply
from cachesim.dockerfile.instructions import Run
from cachesim.graph.options import EngineKind

__all__ = ["cache_mounts"]

_NOT_KEPT = re.compile(r"--no-cache\b|--no-cache-dir|cache\s+(clean|purge)|apt-get\s+(dist)?clean|rm\s+-\w+\s+\S*(cache|lists)")
_SWITCHED_OFF = ("PIP_NO_CACHE_DIR", "UV_NO_CACHE", "POETRY_NO_CACHE")
_LEFT_ALONE = ("/var/cache/apt", "/var/lib/apt")


def cache_mounts(scene: Scene) -> Iterator[Change]:
    """One change per RUN."""
    if scene.state.engine is not EngineKind.BUILDKIT:
        return
    analysis = scene.analysis
    for _, indices in scene.stages():
        for index in indices[1:]:
            run, at = analysis.parsed.instructions[index], analysis.surroundings[index]
            facts = analysis.runs.get(index)
            if not isinstance(run, Run) or facts is None or not facts.caches or not at.is_root:
                continue
            command = "\n".join((run.command or " ".join(run.argv or ()), *(h.body for h in run.heredocs)))
            if run.mounts or _NOT_KEPT.search(command) or any(at.env.get(name) for name in _SWITCHED_OFF):
                continue
            caches = [c for c in facts.caches if c.target not in _LEFT_ALONE and any(_fills(use, c) for use in facts.uses)]
            if not caches:
                continue
            mounts = "".join(f"--mount=type=cache,target={c.target}{'' if c.sharing == 'shared' else ',sharing=' + c.sharing} "
                             for c in caches)
            span = run.span
            line = scene.state.text.split("\n")[span.line - 1]
            head = re.match(r"\ufeff?\s*run[ \t]+", line, re.IGNORECASE)
            if head is None:
                continue
            edit = TextEdit(SourceSpan(span.line, head.end(), span.line, head.end()), mounts)
            folders = ", ".join(c.target for c in caches)
            yield Change("cache-mount", f"Keep {folders} between builds of {quoted(run.text)}",
                         "When it runs again, its tool finds what it fetched before. How much that saves is a guess: about half.",
                         f"{folders} is empty in the image then: see that no later step and nothing at run time "
                         "needs what lies there",
                         apply(scene.state.text, [edit]))


def _fills(use: Use, cache: CacheFolder) -> bool:
    """Whether a command fetches into this cache: it says that it writes there, and of several tools' caches it is its own."""
    row = use.row
    if not row.network or all(c.id != cache.id for c in row.caches):
        return False
    own = [c for c in row.caches if use.tool in c.target] or list(row.caches)
    places = [spec.rstrip("/*").replace("~", "", 1) for spec in (*row.writes, *row.may_write) if spec not in ("/", "./")]
    return any(c.id == cache.id for c in own) and any(place and place in cache.target for place in places)
