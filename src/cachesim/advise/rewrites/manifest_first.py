"""Could an install run before the sources are copied, with its manifests copied first?

`COPY . .` stays as it is; the files that the install needs are copied once more above it. That changes nothing in the image:
the same bytes come again with the rest. Only then may the install stand above `COPY . .`, if the dependencies allow it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from cachesim.advise.landing import is_context_copy
from cachesim.advise.order import arranged
from cachesim.advise.rewrites.change import Change, quoted
from cachesim.advise.rewrites.reorder import checks_of, stage_order
from cachesim.advise.scene import Scene
from cachesim.advise.surroundings import destination_of
from cachesim.dockerfile.edit import instruction_block
from cachesim.dockerfile.instructions import Copy, Run

__all__ = ["manifest_first"]

_MOST_FILES, _MOST_LINES = 60, 12
_PLAIN = re.compile(r"[\w./@+~-]+")


def manifest_first(scene: Scene) -> Iterator[Change]:
    """One change per RUN that needs only some of the files of a COPY above it."""
    instructions = scene.analysis.parsed.instructions
    for stage, indices in scene.stages():
        for at, run in enumerate(indices):
            if not isinstance(instructions[run], Run) or scene.analysis.effects[run].barrier:
                continue
            copies = [i for i in indices[1:at] if is_context_copy(instructions[i])]
            for copy in copies:
                for trusting in (False, True):
                    found = _change(scene, stage, copy, run, trusting)
                    if found is not None:
                        yield found
                        break


def _change(scene: Scene, stage: int, copy: int, run: int, trusting: bool) -> Change | None:
    needed = scene.needed(run, copy, trusting=trusting)
    if not needed or len(needed) > _MOST_FILES or len(needed) >= len(scene.landings.of(copy)):
        return None
    lines = _copies(scene, copy, needed)
    if not lines:
        return None
    text = _inserted(scene, copy, lines)
    state = scene.with_text(text)
    after = Scene.of(state, scene.mix, scene.model, scene.commands, scene.read, scene.model.trials(state, scene.mix))
    if after.trials.first.error:
        return None
    indices = next((i for s, i in after.stages() if s == stage), [])
    moved = run + len(lines)
    order = stage_order(after, stage, indices, trusting=trusting)
    best = order.best(order.items, only=moved)
    if best is None:
        return None
    places = iter((indices[0], *best.order))
    members = set(indices)
    final = arranged(text, [next(places) if i in members else i for i in range(len(after.analysis.steps))])
    if final is None:
        return None
    run_text = quoted(scene.analysis.parsed.instructions[run].text)
    names = [posixpath.basename(path) for path in needed.values()]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    checks = checks_of(after, indices[1:], best.order)
    return Change("manifest-first", f"Copy {shown} first, then {run_text}",
                  f"It reads no other file that {quoted(scene.analysis.parsed.instructions[copy].text)} brings, "
                  "so it need not run again when those change.", checks, final)


def _copies(scene: Scene, copy: int, needed: Mapping[str, str]) -> list[str]:
    """COPY lines that bring the files to the very places; none where a name would need quoting."""
    analysis = scene.analysis
    instruction = analysis.parsed.instructions[copy]
    assert isinstance(instruction, Copy)
    target, is_folder = destination_of(instruction, analysis.surroundings[copy], analysis.parsed.escape)
    if not is_folder and len(scene.landings.of(copy)) == 1:
        return []
    folders: dict[str, list[str]] = {}
    for path, origin in needed.items():
        if not path.startswith(target.rstrip("/") + "/") or posixpath.basename(path) != posixpath.basename(origin):
            return []
        folders.setdefault(posixpath.dirname(path)[len(target):].strip("/"), []).append(origin)
    if len(folders) > _MOST_LINES or not all(_PLAIN.fullmatch(o) for names in folders.values() for o in names):
        return []
    written = instruction.destination
    if re.search(r"\s", written):
        return []
    flags = "".join(f"--{f.name}{'' if f.value is None else '=' + f.value} " for f in instruction.flags if f.name != "exclude")
    keyword = "copy" if instruction.text[:1].islower() else "COPY"
    lines = []
    for folder, origins in folders.items():
        dest = "./" if written in (".", "./") else written.rstrip("/") + "/"
        lines.append(f"{keyword} {flags}{' '.join(origins)} {dest}{folder + '/' if folder else ''}")
    return lines


def _inserted(scene: Scene, copy: int, new: list[str]) -> str:
    text = scene.state.text
    first, _ = instruction_block(scene.analysis.parsed, text, copy)
    lines = text.split("\n")
    ending = "\r" if lines[first - 1].endswith("\r") else ""
    indent = re.match(r"[ \t]*", lines[scene.analysis.parsed.instructions[copy].span.line - 1])
    lines[first - 1:first - 1] = [f"{indent[0] if indent else ''}{line}{ending}" for line in new]
    return "\n".join(lines)
