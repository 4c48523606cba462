"""Which rule of the builder decided, in plain words, and where can it be checked?"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Rule", "rule_of"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, what it says, and the file of the builder (or the recording) that shows it."""

    name: str
    says: str
    source: str


_BUILDKIT = "github.com/moby/buildkit v0.25"
_MOBY = "github.com/moby/moby v28.5"
_PLACE = re.compile(r"(?P<book>[\w-]+)(?:\.md)?\s*§?\s*(?P<section>\d+(?:\.\d+)*)\s*(?P<letter>[a-z]\b)?")

# book -> section (with letter) -> rule; a longer section is tried first
_RULES: dict[str, dict[str, Rule]] = {
    "buildkit": {
        "2": Rule("Variables", "ENV and ARG values are in the environment of every later RUN, in their order. COPY, "
                  "ADD and WORKDIR only see them where their own words name them.",
                  f"{_BUILDKIT}, frontend/dockerfile/shell/lex.go"),
        "3": Rule("Which instructions are steps", "Only FROM, RUN, COPY, ADD and WORKDIR make steps. Everything else "
                  "changes the image's configuration, and through it the keys of later steps.",
                  f"{_BUILDKIT}, frontend/dockerfile/dockerfile2llb/convert.go"),
        "4.1": Rule("Keys of sources", "A base image counts by its layers (or its manifest), not by its tag. The build "
                    "context never counts as a whole: only the files that a step selects do.",
                    f"{_MOBY}, builder/builder-next/adapters/containerimage/pull.go"),
        "4.2": Rule("Key of a RUN", "The command, the environment in order, working directory, user, network, "
                    "platform and mounts. Not the contents of secrets or cache mounts, not proxy values.",
                    f"{_BUILDKIT}, solver/llbsolver/ops/exec.go"),
        "4.3": Rule("Key of COPY, ADD and WORKDIR", "The destination, the base name of each source, owner, "
                    "permissions and flags, the step above, and the content of the selected files.",
                    f"{_BUILDKIT}, solver/llbsolver/ops/file.go"),
        "4.4": Rule("--link", "Linked layers do not depend on the files below them: a changed base alone does "
                    "not copy again.",
                    f"{_BUILDKIT}, solver/llbsolver/ops/merge.go"),
        "5.1": Rule("Content of files", "Bytes, permissions, names and link targets count. Times and owners in the "
                    "context do not.", f"{_BUILDKIT}, cache/contenthash/checksum.go"),
        "5.2": Rule("Incremental transfer", "From the second build of a folder on, a file whose size, time and "
                    "permissions are the same is taken as unchanged, even if its bytes differ.",
                    f"{_BUILDKIT}, source/local/source.go"),
        "5.3": Rule(".dockerignore", "An ignored file is not there at all: not for COPY, not for keys. The last "
                    "pattern that matches decides.", "github.com/moby/patternmatcher v0.6"),
        "6": Rule("Looking a step up", "First by its definition (instruction and the keys of its inputs). If that is "
                  "unknown, by the content of the files that it reads. Only if both are unknown it runs.",
                  f"{_BUILDKIT}, solver/edge.go, solver/cachemanager.go"),
        "6.3 a": Rule("Chain", "A step that runs makes every step above which it lies run too, even if it writes the "
                      "same bytes as before.", f"{_BUILDKIT}, solver/edge.go"),
        "6.3 b": Rule("Content cut-off", "COPY, ADD and bind mounts look at bytes. If the bytes that they select are "
                      "the same as before, the chain continues cached behind them.", f"{_BUILDKIT}, solver/edge.go"),
        "6.3 c": Rule("New way, old layer", "After a hit by content the new definition is remembered too: next time "
                      "it hits without looking at bytes.", f"{_BUILDKIT}, solver/edge.go"),
        "6.3 d": Rule("Nothing is forgotten", "All earlier variants stay in the cache until they are pruned, so "
                      "going back to an old text hits.", f"{_BUILDKIT}, solver/cachemanager.go"),
        "6.3 e": Rule("Newest result wins", "Running a known step again adds a result to the same key; the newest one "
                      "is used.",
                      f"{_BUILDKIT}, solver/cachemanager.go"),
        "6.3 f": Rule("No cache", "Steps that ignore the cache never look up, and the steps on top of them run as "
                      "well. Readers by content may still hit.", f"{_BUILDKIT}, solver/edge.go"),
        "6.3 g": Rule("Same step, same layer", "Equal steps in different stages are one step and run once.",
                      f"{_BUILDKIT}, solver/jobs.go"),
        "6.3 h": Rule("Failure", "What was complete before the failure is cached; the failed step is not.",
                      f"{_BUILDKIT}, solver/jobs.go"),
        "6.3 i": Rule("The cache is shared", "A key hits wherever it was built: in another stage, file or project.",
                      f"{_BUILDKIT}, solver/cachemanager.go"),
        "7": Rule("Stages", "Only the target and what it needs is built. A stage that is only read by cached steps "
                  "is not built; BuildKit prints CACHED for it.",
                  f"{_BUILDKIT}, frontend/dockerfile/dockerfile2llb/convert.go"),
        "8": Rule("Build options", "Each option counts only where it reaches a key: --network and --add-host in RUN, "
                  "--build-arg where it is declared, labels and tags nowhere.",
                  f"{_BUILDKIT}, frontend/dockerui/config.go"),
        "9": Rule("Remote cache", "Imported caches are asked together with the local one.",
        f"{_BUILDKIT}, solver/combinedcache.go"),
        "10": Rule("What the engine prints", "CACHED is printed for steps that came from the cache, and for steps "
                   "that nobody needed.", f"{_BUILDKIT}, solver/progress.go"),
    },
    "buildkit-containerd-store": {
        "1": Rule("Base images in the containerd store", "A base counts by its manifest first; by its layers only "
                  "where the manifest is not in the cache.",
                  "recorded on Docker Engine 28.5 with the containerd image store"),
        "2": Rule("--link", "The copy is made on nothing and merged: it does not depend on the layers below.",
                  f"{_BUILDKIT}, solver/llbsolver/ops/merge.go"),
    },
    "classic": {
        "2": Rule("Classic builder", "A step hits if an image was built from the same parent with the same "
                  "configuration. After the first miss nothing is looked up any more.",
                  f"{_MOBY}, image/cache/cache.go, builder/dockerfile/imageprobe.go"),
        "3": Rule("File checksums", "COPY and ADD count bytes, permissions and names of the selected files, not times.",
                  f"{_MOBY}, builder/remotecontext, pkg/tarsum"),
        "4": Rule("Build arguments", "Every ARG declared so far is part of each later RUN, whether it is used or not.",
                  f"{_MOBY}, builder/dockerfile/buildargs.go"),
        "5": Rule("Stages and flags", "All stages up to the target are built, in file order.",
                  f"{_MOBY}, builder/dockerfile/builder.go"),
    },
}


def rule_of(place: str) -> Rule | None:
    """The rule that a report's place ("buildkit.md 6.3 b: content cut-off") names, or None."""
    match = _PLACE.search(place)
    book = _RULES.get(match["book"].lower()) if match else None
    if match is None or book is None:
        return None
    section = match["section"]
    names = [f"{section} {match['letter']}"] if match["letter"] else []
    while section:
        names.append(section)
        section = section.rpartition(".")[0]
    return next((book[name] for name in names if name in book), None)
