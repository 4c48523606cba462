"""Could a stage of its own build the program, so that the final image does not hold what built it?

Only where everything is known: the last stage ends with `go build -o FILE` without cgo, whose result needs no library, and with
settings; the image starts that very file. The new last stage begins with the same image and repeats the settings, so that the
configuration is the same. The file tree loses what the build left there, which is the point, and what has to be checked: no
one can tell from a Dockerfile which files a program opens when it runs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from cachesim.advise.landing import is_context_copy
from cachesim.advise.rewrites.change import Change, quoted
from cachesim.advise.running import script_of
from cachesim.advise.scene import Scene
from cachesim.context.snapshot import size_text
from cachesim.dockerfile.edit import instruction_block
from cachesim.dockerfile.instructions import Cmd, Entrypoint, From, Instruction, Run

__all__ = ["build_stage"]

_REPEATED = frozenset({"ARG", "ENV", "LABEL", "EXPOSE", "WORKDIR", "STOPSIGNAL", "USER", "CMD", "ENTRYPOINT", "MAINTAINER"})
_MAKES = frozenset({"RUN", "COPY", "ADD"})


def build_stage(scene: Scene) -> Iterator[Change]:
    """The one change of the last stage, if it is what is built."""
    analysis, instructions = scene.analysis, scene.analysis.parsed.instructions
    last = len(analysis.graph.stages) - 1
    indices = next((i for stage, i in scene.stages() if stage == last), [])
    runs = [i for i in indices if isinstance(instructions[i], Run)]
    if not indices or not runs or not isinstance(instructions[indices[0]], From):
        return
    run = runs[-1]
    before, after = [i for i in indices[1:] if i < run], [i for i in indices if i > run]
    made = _binary(scene, run)
    if (not made or made != _started(scene, indices) or any(instructions[i].keyword not in _REPEATED for i in after)
            or any(instructions[i].keyword not in _REPEATED | _MAKES for i in before) or _user_is_made(scene, indices)):
        return
    copies = [i for i in before if is_context_copy(instructions[i])]
    paths = {origin for i in copies for origin in scene.landings.of(i).values()}
    size = sum(entry.size for path in paths if (entry := scene.state.context.get(path)) is not None)
    text = _text(scene, indices, run, [i for i in before if instructions[i].keyword in _REPEATED], made)
    if not text or not paths:
        return
    count = f"{len(paths)} file{'' if len(paths) == 1 else 's'} of the context"
    yield Change(
        "build-stage", f"Build {posixpath.basename(made)} in a stage of its own",
        f"The image starts {made}, which {quoted(instructions[run].text)} makes without cgo: it needs no library. It need not "
        f"hold {count} ({size_text(size)}), nor what was fetched and compiled for it. The last FROM may then name a smaller "
        "image.", f"that {made} opens none of those files when it runs (templates, migrations, certificates), and that nobody "
        "works inside of the image with its tools", text, leaves=size)


def _binary(scene: Scene, run: int) -> str:
    """The path that the last command of a RUN builds without cgo; "" if it is another command."""
    instruction, at = scene.analysis.parsed.instructions[run], scene.analysis.surroundings[run]
    assert isinstance(instruction, Run)
    script = script_of(instruction, at)
    if script.barrier or not script.commands or scene.analysis.effects[run].barrier:
        return ""
    command = script.commands[-1]
    words = [w.text for w in command.argv]
    env = {**at.env, **command.variables}
    if (words[:2] != ["go", "build"] or not command.surely or not command.cwd or words.count("-o") != 1
            or env.get("CGO_ENABLED") != "0" or not all(w.exact for w in command.argv)):
        return ""
    place = words[words.index("-o") + 1:][:1]
    return posixpath.normpath(posixpath.join(command.cwd, place[0])) if place and not place[0].endswith("/") else ""


def _started(scene: Scene, indices: Sequence[int]) -> str:
    """The program that the image starts, as a path; "" where a shell starts it."""
    instructions = [scene.analysis.parsed.instructions[i] for i in indices]
    said: list[Instruction] = [i for i in instructions if isinstance(i, Entrypoint)] or [
        i for i in instructions if isinstance(i, Cmd)]
    argv = said[-1].argv if said and isinstance(said[-1], Entrypoint | Cmd) else None
    if not argv or "/" not in argv[0]:
        return ""
    return posixpath.normpath(posixpath.join(scene.analysis.surroundings[indices[-1]].cwd, argv[0]))


def _user_is_made(scene: Scene, indices: Sequence[int]) -> bool:
    """Whether a USER may be one that a RUN of the stage makes."""
    return any(i.keyword == "USER" and i.text.split()[-1].partition(":")[0] not in ("root",)
               and not i.text.split()[-1].replace(":", "").isdigit()
               for i in (scene.analysis.parsed.instructions[n] for n in indices))


def _text(scene: Scene, indices: Sequence[int], run: int, repeated: Sequence[int], made: str) -> str:
    """The Dockerfile with another FROM below the RUN; "" where that cannot be written plainly."""
    parsed, text = scene.analysis.parsed, scene.state.text
    base = parsed.instructions[indices[0]]
    assert isinstance(base, From)
    lines = text.split("\n")
    first, last = base.span.line, base.span.end_line
    words = lines[first - 1].split()
    if first != last or " " in made:
        return ""
    names = {stage.name.lower() for stage in scene.analysis.graph.stages if stage.name}
    name = next(n for n in ("build", "builder", *(f"build{n}" for n in range(2, 99))) if n not in names)
    ending = "\r" if lines[first - 1].endswith("\r") else ""
    head = words[:-2] if base.name else words
    again = [*head, *words[len(head):]]
    _, end = instruction_block(parsed, text, run)
    own = [text_line for i in repeated for text_line in
           lines[parsed.instructions[i].span.line - 1:parsed.instructions[i].span.end_line]]
    new = ["", " ".join(again), *(line.rstrip("\r") for line in own), f"COPY --from={name} {made} {made}"]
    lines[end:end] = [line + ending for line in new]
    lines[first - 1] = f"{' '.join(head)} AS {name}{ending}"
    return "\n".join(lines)
