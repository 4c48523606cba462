"""Which files re-run steps without being of use in the image: documentation, tests, the Dockerfile itself?

Lines for the ignore file keep them out of the context. They are not in the image any more, so a person has to check that.
"""

from __future__ import annotations

from collections.abc import Iterator

from cachesim.advise.landing import is_context_copy
from cachesim.advise.rewrites.change import Change
from cachesim.advise.scene import Scene
from cachesim.dockerfile.instructions import Copy
from cachesim.project.mix import role_of

__all__ = ["ignore_lines"]

_DOCS = (".md", ".rst", ".adoc")
_FOLDERS = frozenset({"test", "tests", "spec", "__tests__", "docs", "doc", "e2e",
                      ".git", ".github", ".circleci", ".vscode", ".idea"})
_TALK_OF_FILES = ("setup.py", "setup.cfg", "pyproject.toml", "package.json", "Cargo.toml", "MANIFEST.in", "Makefile",
                  "CMakeLists.txt", "mix.exs")


def ignore_lines(scene: Scene) -> Iterator[Change]:
    """One change with all lines."""
    dockerfile = scene.state.options.dockerfile
    named, broad = _copied(scene)
    texts = [(scene.read(name) or b"").decode("utf-8", "replace") for name in _TALK_OF_FILES]
    texts += [instruction.text for instruction in scene.analysis.parsed.instructions]
    texts += [(scene.read(p) or b"").decode("utf-8", "replace") for p in broad if p.endswith(".gemspec") and "/" not in p]
    needs = _needs(scene)
    lines: dict[str, None] = {}
    for group in scene.mix.groups:
        for path in group.files:
            if path not in broad or path in named or path in needs:
                continue
            top, slash, _ = path.partition("/")
            line = top if slash and top in _FOLDERS else path
            if line == path and not _is_aside(path, dockerfile):
                continue
            word = line.rpartition("/")[2]
            if not any(word in text for text in texts) and not any(n == line or n.startswith(line + "/") for n in named):
                lines[line] = None
    if not lines:
        return
    own = f"{dockerfile}.dockerignore"
    name = own if scene.state.context.get(own) is not None else ".dockerignore"
    old = scene.state.context.ignore_text(name) or ""
    ending = "\r\n" if "\r\n" in old else "\n"
    text = old + ("" if not old or old.endswith("\n") else ending) + "".join(f"{line}{ending}" for line in sorted(lines))
    shown = ", ".join(sorted(lines))
    yield Change("ignore-unused", f"Keep {shown} out of the build context",
                 "A change of them re-runs what copies them, and nothing that is known reads them.",
                 f"that nothing in the build or in the image reads {shown}: they are not there any more",
                 scene.state.text, ((name, text),))


def _is_aside(path: str, dockerfile: str) -> bool:
    """Whether a file talks about the project and plays no part in it."""
    role = role_of(path, dockerfile)
    return role in ("tests", "Dockerfile") or (role == "docs" and (path.endswith(_DOCS) or "/" not in path))


def _needs(scene: Scene) -> set[str]:
    """Files of the context that some install names in its manifests."""
    found: set[str] = set()
    for _, indices in scene.stages():
        for index in indices:
            landing = scene.landings.before(index) if scene.installs(index) else {}
            for install in scene.installs(index):
                trees = tuple(f"{t}/" for t in install.found.trees)
                found |= {o for p, o in landing.items() if p in install.found.files or (trees and p.startswith(trees))}
    return found


def _copied(scene: Scene) -> tuple[set[str], set[str]]:
    """Paths that a COPY names, and paths that one brings with their folder."""
    named: set[str] = set()
    broad: set[str] = set()
    for _, indices in scene.stages():
        for index in indices:
            instruction = scene.analysis.parsed.instructions[index]
            if isinstance(instruction, Copy) and is_context_copy(instruction):
                at = scene.analysis.surroundings[index]
                words = [at.expand(w, scene.analysis.parsed.escape).strip("/").removeprefix("./") for w in instruction.sources]
                named |= {w for w in words if w not in ("", ".")}
                broad |= set(scene.landings.of(index).values())
    return named, broad
