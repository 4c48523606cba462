"""Which rules of the builders decide, in plain words, and where can an expert check each?

The one table of them: an engine answers with a member, whoever shows it reads its words here.
"""

from __future__ import annotations

from enum import Enum

from cachesim.enums import quick

__all__ = ["Rule"]

_BUILDKIT = "github.com/moby/buildkit v0.25.2"
_MOBY = "github.com/moby/moby v28.5.2"
_FRONTEND = f"{_BUILDKIT}, frontend/dockerfile"
_CLASSIC = f"{_MOBY}, builder/dockerfile"


@quick
class Rule(Enum):
    """One rule.

    Attributes:
        title: Its name, for a heading.
        says: What it says.
        source: File and function of the builder, or the documentation page, that shows it.
    """

    # BuildKit
    TARGET = ("Stages", "Only the target and what it needs is built. A stage that is only read by cached steps is not built; "
              "BuildKit prints CACHED for it.", f"{_FRONTEND}/dockerfile2llb/convert.go (allReachableStages)")
    NO_STEP = ("Which instructions are steps", "Only FROM, RUN, COPY, ADD and WORKDIR make steps. Everything else changes the "
               "image's configuration, and through it the keys of later steps.",
               f"{_FRONTEND}/dockerfile2llb/convert.go (dispatch)")
    IGNORED_CACHE = ("No cache", "RUN, COPY and ADD that ignore the cache never look up, and the steps on top of them run as "
                     "well. Readers by content may still hit.",
                     f"{_BUILDKIT}, solver/jobs.go (IgnoreCache), frontend/dockerui/config.go (IsNoCache)")
    BASE = ("Keys of sources", "A base image counts by its layers (or its manifest), not by its tag.",
            f"{_MOBY}, builder/builder-next/adapters/containerimage/pull.go (CacheKey)")
    BASE_MANIFEST = ("Base images in the containerd store", "A base counts by its manifest first; by its layers only where the "
                     "manifest is not in the cache.", f"{_BUILDKIT}, source/containerimage/pull.go (mainManifestKey, CacheKey)")
    LINK = ("--link", "The copy is made on nothing and merged: it does not depend on the layers below.",
            f"{_BUILDKIT}, solver/llbsolver/ops/merge.go (CacheMap)")
    RUN = ("Key of a RUN", "The command, the environment in order, working directory, user, network, platform and mounts. Not "
           "the contents of secrets or cache mounts, not proxy values, and not what the command would do.",
           f"{_BUILDKIT}, solver/llbsolver/ops/exec.go (CacheMap)")
    COPY = ("Key of COPY and ADD", "The destination, the base name of each source, owner, permissions and flags, the step above, "
            "and the bytes, modes and names of the selected files. Not their times, nor their owners in the context.",
            f"{_BUILDKIT}, solver/llbsolver/ops/file.go (CacheMap), cache/contenthash/checksum.go (Checksum)")
    WORKDIR = ("Key of WORKDIR", "It makes a folder: the path, the owner and the step above count.",
               f"{_BUILDKIT}, solver/llbsolver/ops/file.go (CacheMap)")
    CONTENT = ("Content cut-off", "COPY, ADD and bind mounts look at bytes. If the bytes that they select are the same as "
               "before, the chain continues cached behind them.", f"{_BUILDKIT}, solver/edge.go (processDepSlowCacheReq)")
    CHAIN = ("Chain", "A step that runs makes every step that stands on it run too, even if it writes the same bytes as before.",
             f"{_BUILDKIT}, solver/edge.go (recalcCurrentState); docs.docker.com/build/cache/invalidation")
    NOT_NEEDED = ("What the engine prints", "CACHED is printed for steps that came from the cache, and for steps that nobody "
                  "needed.", f"{_BUILDKIT}, solver/progress.go (markCached)")

    # the classic builder
    CLASSIC_IMAGE = ("An image for every instruction", "A step hits if an image was built from the same parent with the same "
                     "configuration; of several the newest one is used. After the first miss of a stage nothing is looked up.",
                     f"{_MOBY}, image/cache/cache.go (getLocalCachedImage), builder/dockerfile/imageprobe.go (Probe)")
    CLASSIC_FROM = ("Where a stage begins", "FROM only says where to begin: it makes no image.",
                    f"{_CLASSIC}/dispatchers.go (initializeStage)")
    CLASSIC_RUN = ("Key of a RUN", "A RUN counts by its text, the configuration and every build argument declared above, whether "
                   "it is used or not.", f"{_CLASSIC}/dispatchers.go (dispatchRun, prependEnvOnCmd)")
    CLASSIC_COPY = ("File checksums", "Names, modes and bytes of the sources count, not their times.",
                    f"{_CLASSIC}/copy.go (getCopyInfoForSourcePath), pkg/tarsum")
    CLASSIC_ARG = ("Build arguments", "An ARG counts by its text; the value counts in each later RUN.",
                   f"{_CLASSIC}/dispatchers.go (dispatchArg), buildargs.go (FilterAllowed)")
    CLASSIC_WORKDIR = ("Key of WORKDIR", "WORKDIR is a step and counts by its absolute path.",
                       f"{_CLASSIC}/dispatchers.go (dispatchWorkdir)")
    CLASSIC_META_ARG = ("Build arguments", "An ARG before FROM is no image step.",
                        f"{_CLASSIC}/builder.go (processMetaArg)")
    CLASSIC_NEVER = ("Never cached", "The builder fills the empty value from the image above before it stores the step, so the "
                     "stored configuration never equals the one that is asked for.", f"{_MOBY}, daemon/commit.go (merge)")
    CLASSIC_NO_CACHE = ("No cache", "--no-cache executes every step.", f"{_CLASSIC}/imageprobe.go (newImageProber)")
    CLASSIC_CACHE_FROM = ("Images to take from", "--cache-from replaces the usual search: the histories of the named images are "
                          "asked instead.", f"{_MOBY}, image/cache/cache.go (GetCache)")
    CLASSIC_TARGET = ("Stages", "All stages up to the target are built, in file order; those behind it are not.",
                      f"{_CLASSIC}/builder.go (dispatchDockerfileWithCancellation)")
    CLASSIC_STAGE_NAME = ("Stages", "Only finished stages have names.", f"{_CLASSIC}/dispatchers.go (getImageMount)")
    CLASSIC_SOURCES = ("Sources", "Every source has to be there when its step is reached.",
                       f"{_CLASSIC}/copy.go (createCopyInstruction)")
    CLASSIC_REFUSED = ("Refused", "The classic builder refuses this when the step is reached.",
                       f"{_CLASSIC}/evaluator.go (dispatch)")

    def __init__(self, title: str, says: str, source: str) -> None:
        self.title = title
        self.says = says
        self.source = source

    def __str__(self) -> str:
        return f"{self.title}: {self.says} ({self.source})"
