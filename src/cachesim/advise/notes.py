"""What should a person know about the image's layers that no cache verdict tells?

Layers are immutable diffs: what one of them brought stays in the image, whatever a later one deletes.
"""

from __future__ import annotations

import enum
import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from cachesim.context.snapshot import ContextSnapshot, size_text
from cachesim.diagnostics import Severity
from cachesim.dockerfile.instructions import Arg, Copy, Env, Run, Workdir
from cachesim.graph.model import BuildGraph, SourceKind, Stage, StepId
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Layer", "Note", "NoteKind", "image_stages", "layers", "looks_like_secret_file", "looks_like_secret_name",
           "notes"]

_MANY = 20_000      # entries of one step; more are not looked up one by one for their sizes
_LAYER_KEYWORDS = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
# one path a line; "/" or the line's start before, its end behind
_SECRET_FILES = re.compile(
    r"^(?:.*/)?(?:\.env(?:rc)?|\.env\.(?!(?:.*\.)?(?:example|sample|template|dist|defaults)$)[^/\n]*|"
    r"[^/\n]*\.(?:pem|key|p12|pfx|jks|kdbx|tfstate)|id_(?:rsa|dsa|ecdsa|ed25519)|\.npmrc|\.netrc|\.pypirc|"
    r"\.git-credentials|credentials(?:\.json)?|\.htpasswd|\.dockercfg|\.vault-token|service-account[^/\n]*\.json|"
    r"\.docker/config\.json|\.kube/config)$", re.MULTILINE | re.IGNORECASE)
_SECRET_NAME = re.compile(r"(?:^|_)(?:PASS(?:WORD|WD|PHRASE)?|SECRETS?|TOKENS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|"
                          r"SECRET_?KEY|AUTH_?KEY|CREDENTIALS?|PWD)(?:_|$)")
_NOT_SECRET_NAME = re.compile(r"_(?:FILE|PATH|DIR|ID|NAME|URL|LENGTH|TTL)$|PUBLIC")
_PACKAGE_LISTS = ((re.compile(r"\bapt(?:-get)?\s+(?:-\S+\s+)*update\b"), "/var/lib/apt/lists"),
                  (re.compile(r"\bapk\s+(?:-\S+\s+)*(?:add|update)\b(?!.*--no-cache)"), "/var/cache/apk"),
                  (re.compile(r"\b(?:dnf|yum)\s+(?:-\S+\s+)*install\b"), "/var/cache/dnf"))
_FULL_IMAGES = frozenset({"python", "node", "ruby", "golang", "rust", "openjdk", "gcc", "perl", "php", "debian"})


class NoteKind(enum.Enum):
    """What a note is about; the value is its stable code."""

    DELETED = "deleted-data-stays"
    SECRET_FILE = "secret-file-copied"
    SECRET_NAME = "secret-in-arg-or-env"
    MOVING_TAG = "tag-can-move"
    BASE_FLAVOUR = "base-image-flavour"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing worth knowing, at one step: a short `title`, and `text` with the why and what to do."""

    kind: NoteKind
    step: StepId
    severity: Severity
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of the image's history, oldest first, base image excluded.

    Attributes:
        number: Counts layers from 1; 0 where the line only changes configuration.
        created_by: As the image's history says it.
        step: The instruction that made it, None if it cannot be told.
        brings: What the diff adds, for people; "" if nothing can be said.
    """

    number: int
    created_by: str
    step: StepId | None
    brings: str


def image_stages(graph: BuildGraph) -> tuple[Stage, ...]:
    """The stages whose layers end up in the image: the target and the stages it is built FROM, lowest first."""
    found: list[Stage] = []
    at: object = graph.target
    while isinstance(at, int) and 0 <= at < len(graph.stages) and len(found) <= len(graph.stages):
        found.append(graph.stages[at])
        at = graph.stages[at].base
    return tuple(reversed(found))


def layers(report: SimulationReport, context: ContextSnapshot) -> tuple[Layer, ...]:
    """List what the final image's history will hold; where the build fails, what the Dockerfile asks for."""
    steps = [s for s in _image_steps(report) if s.step.instruction.keyword not in ("FROM", "ONBUILD")]
    lines: list[tuple[str, bool, StepReport | None]]
    if report.history:
        known = len(steps) == len(report.history)
        lines = [(h.created_by, h.empty, steps[n] if known else None) for n, h in enumerate(report.history)]
    else:
        lines = [(s.step.instruction.text, s.step.instruction.keyword not in _LAYER_KEYWORDS, s) for s in steps]
    rows, number = [], 0
    for created_by, empty, step in lines:
        number += not empty
        rows.append(Layer(0 if empty else number, created_by, step.id if step else None,
                          "" if empty or step is None else _brings(step, context)))
    return tuple(rows)


def notes(report: SimulationReport, context: ContextSnapshot) -> tuple[Note, ...]:
    """Collect all notes on a build, in file order."""
    found = [*_deleted(report, context), *_secret_files(report), *_secret_names(report), *_bases(report)]
    return tuple(sorted(found, key=lambda note: (note.step, note.kind.value)))


def looks_like_secret_file(path: str) -> bool:
    """Whether a file of that name usually holds a password or a private key."""
    return bool(_SECRET_FILES.match(path))


def looks_like_secret_name(name: str) -> bool:
    """Whether a variable of that name usually holds a password, token or key."""
    upper = name.upper()
    return bool(_SECRET_NAME.search(upper)) and not _NOT_SECRET_NAME.search(upper)


# -- what a layer brings --

def _image_steps(report: SimulationReport) -> list[StepReport]:
    wanted = {step.id for stage in image_stages(report.graph) for step in stage.steps}
    return [step for step in report.steps if step.id in wanted]


def _brings(step: StepReport, context: ContextSnapshot) -> str:
    instruction = step.step.instruction
    if isinstance(instruction, Run):
        return "whatever the command writes"
    if isinstance(instruction, Workdir):
        return "the folder, if it is not there yet"
    if not isinstance(instruction, Copy):
        return ""
    if instruction.from_:
        return f"files of {instruction.from_}"
    count = sum(len(read.paths) for read in step.reads if not read.context)
    if count > _MANY:
        return f"{count:,} files and folders"
    files = [entry for read in step.reads if not read.context for path in read.paths
             if (entry := context.get(path)) is not None and not entry.is_dir]
    if not files:
        return "an inline file" if instruction.heredocs else ""
    return f"{len(files):,} {'file' if len(files) == 1 else 'files'}, {size_text(sum(f.size for f in files))}"


# -- deleted data --

@dataclass(frozen=True, slots=True)
class _Brought:
    """A COPY or ADD of the image: where its files lie in the image."""

    step: StepReport
    target: str
    is_folder: bool

    def files(self, context: ContextSnapshot) -> Iterator[tuple[str, int]]:
        for read in self.step.reads:
            folders = [p.strip("/").removeprefix("./") for p in read.patterns]
            for path in read.paths:
                entry = context.get(path)
                if entry is None or entry.is_dir:
                    continue
                below = next((path[len(f) + 1:] if f not in ("", ".") else path for f in folders
                              if f in ("", ".") or path.startswith(f + "/")), posixpath.basename(path))
                folder = self.is_folder or len(read.paths) > 1
                yield posixpath.join(self.target, below) if folder else self.target, entry.size


def _deleted(report: SimulationReport, context: ContextSnapshot) -> Iterator[Note]:
    cwd, brought, fetched = "/", list[_Brought](), list[tuple[StepReport, str]]()
    for step, layer in zip(_layer_steps(report), _layer_texts(report), strict=True):
        instruction = step.step.instruction
        if isinstance(instruction, Workdir):
            path = _last_word(layer) if "$" in instruction.path else instruction.path.strip("\"'")
            cwd = posixpath.normpath(posixpath.join(cwd, path))
        elif isinstance(instruction, Copy):
            raw = _last_word(layer) if "$" in instruction.destination else instruction.destination
            target = posixpath.normpath(posixpath.join(cwd, raw.strip("\"'")))
            brought.append(_Brought(step, target, raw.endswith(("/", ".")) or target == cwd))
        elif isinstance(instruction, Run):
            removed = list(_removed(instruction, cwd))
            for pattern in removed:
                yield from _deleted_by(step, pattern, brought, fetched, context)
            text = _script(instruction)
            fetched += [(step, path) for regex, path in _PACKAGE_LISTS
                        if regex.search(text) and not any(_covers(pattern, path) for pattern in removed)]


def _deleted_by(step: StepReport, pattern: str, brought: list[_Brought], fetched: list[tuple[StepReport, str]],
                context: ContextSnapshot) -> Iterator[Note]:
    for copy in brought:
        inside = copy.target == pattern or _covers(pattern, copy.target) or _covers(copy.target, pattern)
        gone = [(path, size) for path, size in copy.files(context) if _covers(pattern, path)] if inside else []
        if gone:
            size = size_text(sum(size for _, size in gone))
            what = gone[0][0] if len(gone) == 1 else f"{gone[0][0]} and {len(gone) - 1} more"
            yield Note(NoteKind.DELETED, step.id, Severity.WARNING, f"{what} stays in the image ({size})",
                       f"Line {step.step.line} deletes {pattern}, but line {copy.step.step.line} brought it in a "
                       "layer of its own. Layers are immutable: the file is only hidden, the image does not shrink, "
                       "and whoever has the image can read it. Keep it out with .dockerignore, or copy it in another "
                       "stage.")
    for source, path in fetched:
        if _covers(pattern, path):
            yield Note(NoteKind.DELETED, step.id, Severity.HINT, f"{path} stays in the image",
                       f"Line {step.step.line} deletes {path}, but the RUN of line {source.step.line} filled it, and "
                       "that layer keeps it. Delete it in the same RUN, or use a cache mount.")


def _layer_steps(report: SimulationReport) -> list[StepReport]:
    return [s for s in _image_steps(report) if s.step.instruction.keyword not in ("FROM", "ONBUILD")]


def _layer_texts(report: SimulationReport) -> list[str]:
    steps = _layer_steps(report)
    if len(steps) == len(report.history):
        return [entry.created_by for entry in report.history]
    return [step.step.instruction.text for step in steps]


def _last_word(created_by: str) -> str:
    words = created_by.removesuffix("# buildkit").split()
    return words[-1] if words else ""


def _script(run: Run) -> str:
    if run.argv is not None:
        return run.argv[2] if len(run.argv) > 2 and run.argv[1] == "-c" else shlex.join(run.argv)
    return "\n".join([run.command or "", *(heredoc.used for heredoc in run.heredocs)])


def _removed(run: Run, cwd: str) -> Iterator[str]:
    """Paths (maybe with wildcards) that `rm` in the command deletes; `cd` before it counts."""
    for part in re.split(r"&&|\|\||[;|\n(){}]", _script(run)):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        if words[:1] == ["cd"] and len(words) == 2:
            cwd = posixpath.normpath(posixpath.join(cwd, words[1]))
        if words[:1] == ["sudo"]:
            words = words[1:]
        if words[:1] == ["rm"]:
            yield from (posixpath.normpath(posixpath.join(cwd, word)) for word in words[1:]
                        if not word.startswith("-") and "$" not in word)


def _covers(pattern: str, path: str) -> bool:
    """Whether deleting `pattern` deletes `path`; deleting everything in a folder counts as deleting the folder."""
    pattern = pattern.removesuffix("/*")
    return fnmatchcase(path, pattern) or fnmatchcase(path, pattern.rstrip("/") + "/*")


# -- secrets --

def _secret_files(report: SimulationReport) -> Iterator[Note]:
    image = {step.id for step in _image_steps(report)}
    for step in _reachable(report):
        instruction = step.step.instruction
        if not isinstance(instruction, Copy) or instruction.from_:
            continue
        found = [path for read in step.reads for path in _SECRET_FILES.findall("\n".join(read.paths))]
        if found:
            what = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
            where = ("the image: whoever can pull it can read them" if step.id in image
                     else "the build cache and, if this stage is pushed, in its image")
            yield Note(NoteKind.SECRET_FILE, step.id, Severity.WARNING, f"{what}: looks like a secret",
                       f"Line {step.step.line} copies {what} into a layer. It stays in {where}, also when a later "
                       "step deletes it. Name it in .dockerignore, and hand it to the RUN that needs it with "
                       "--mount=type=secret.")


def _secret_names(report: SimulationReport) -> Iterator[Note]:
    image = {step.id for step in _image_steps(report)}
    for step in _reachable(report):
        instruction = step.step.instruction
        if not isinstance(instruction, Arg | Env):
            continue
        for name, value in instruction.pairs:
            if not looks_like_secret_name(name) or (isinstance(instruction, Env) and not value):
                continue
            kept = ("is kept in the image's configuration" if isinstance(instruction, Env)
                    else "shows in the image's history" if step.id in image else "is kept in the build cache")
            yield Note(NoteKind.SECRET_NAME, step.id, Severity.WARNING if step.id in image else Severity.HINT,
                       f"{instruction.keyword} {name}: a secret would be readable",
                       f"The value of {name} {kept}, and it is part of the cache key of every RUN below. Hand "
                       f"secrets over with RUN --mount=type=secret,id={name.lower()}: its content is in no layer, no "
                       "history and no key.")


def _reachable(report: SimulationReport) -> Iterator[StepReport]:
    wanted = {stage.index for stage in report.graph.stages if stage.reachable}
    return (step for step in report.steps if step.id.stage in wanted)


# -- base images --

def _bases(report: SimulationReport) -> Iterator[Note]:
    seen: set[str] = set()
    for stage in report.graph.stages:
        base = stage.base
        if not stage.reachable or isinstance(base, int) or base.kind is not SourceKind.IMAGE or base.name in seen:
            continue
        seen.add(base.name)
        step, short = stage.steps[0].id, base.name.removeprefix("docker.io/library/").removeprefix("docker.io/")
        repository, _, tag = short.partition("@")[0].rpartition(":")
        note = Note(NoteKind.MOVING_TAG, step, Severity.HINT, f"{short} is a tag, and tags move",
                    f"{short} can name another image tomorrow; every step on it then runs again. A digest "
                    f"({repository}:{tag}@sha256:…) always names the same bytes, so that the build means the same "
                    "everywhere.")
        if "@" not in base.name:
            yield note if tag != "latest" else replace(note, title=f"{repository} without a version",
                                                       severity=Severity.WARNING)
        yield from _flavour(step, repository, tag)


def _flavour(step: StepId, repository: str, tag: str) -> Iterator[Note]:
    name = repository.rpartition("/")[2]
    if "alpine" in tag or name == "alpine":
        yield Note(NoteKind.BASE_FLAVOUR, step, Severity.HINT, "Alpine: small, but with musl instead of glibc",
                   "Binaries built for glibc (many Python wheels, some Node modules) do not load there and are "
                   "compiled anew: the image is smaller, a build without cache can take longer.")
    elif "slim" in tag:
        yield Note(NoteKind.BASE_FLAVOUR, step, Severity.HINT, "Slim: no compilers, no git, no curl",
                   "What has to be compiled needs build tools first. Install them in a builder stage and COPY the "
                   "result: the final image stays slim.")
    elif name in _FULL_IMAGES and "slim" not in tag and "alpine" not in tag and name != "debian":
        yield Note(NoteKind.BASE_FLAVOUR, step, Severity.HINT, f"{name}: the full image",
                   "It holds compilers and headers that a running program rarely needs. Build in it, and COPY the "
                   f"result into a smaller base (a slim {name} image, distroless, scratch).")
