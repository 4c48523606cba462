"""What is one operation of BuildKit's low-level graph, as far as its cache key and its result go?"""

from __future__ import annotations

import enum
from typing import NamedTuple

from cachesim.cache.key import KeyPart
from cachesim.context.checksum import Selector
from cachesim.context.snapshot import FileEntry
from cachesim.digest import Digest
from cachesim.engines.buildkit.env import Env
from cachesim.enums import quick
from cachesim.graph.model import StepId

__all__ = ["CopyAction", "ExecSpec", "MkdirAction", "Op", "OpInput", "OpKind", "SourceSpec"]


@quick
class OpKind(enum.Enum):
    """Which executor of BuildKit runs it."""

    IMAGE = "image"
    LOCAL = "local"
    REMOTE = "remote"       # http and git
    EXEC = "exec"
    COPY = "copy"           # COPY and ADD
    MKDIR = "mkdir"
    MKFILE = "mkfile"
    MERGE = "merge"


class OpInput(NamedTuple):
    """One input: which op, the path selector in its link, and the selections whose content may stand in for its key.

    `content` is None where only the definition counts.
    """

    op: int
    selector: str = ""
    content: tuple[Selector, ...] | None = None


class CopyAction(NamedTuple):
    """One source of a COPY or ADD.

    `input` is the position in the op's inputs; `unpack` whether archives are opened.
    """

    input: int
    selector: Selector
    dest: str
    contents_only: bool
    owner: tuple[int, int] | None
    mode: int | None
    unpack: bool


class MkdirAction(NamedTuple):
    """Make a directory (WORKDIR, or the folder behind a cache mount)."""

    path: str
    owner: tuple[int, int]


class ExecSpec(NamedTuple):
    """What a RUN runs; `mounts` are (target, input position or None, source path), `lacks` why it cannot start."""

    argv: tuple[str, ...]
    shell: bool
    env: Env
    cwd: str
    mounts: tuple[tuple[str, int | None, str], ...]
    lacks: str = ""


class SourceSpec(NamedTuple):
    """A source: its keys in the order they are tried, and what it holds.

    `tree` is set for contexts and inline documents; `identity` names an image's file system or a download.
    """

    keys: tuple[str, ...]
    identity: str = ""
    tree: FileEntry | None = None


class Op(NamedTuple):
    """One vertex.

    Attributes:
        digest: From the operation's own data; the inputs are not part of it.
        inputs: In the order in which the operation numbers them.
        base: Position of the input whose file system is carried on, or None.
        ignore_cache: --no-cache and --no-cache-filter.
        step: The instruction it comes from (None for contexts and sources shared by all).
        name: As printed; "" if the engine prints nothing that is compared.
        internal: Printed, but belonging to no instruction's own line.
        parts: The named parts of its key without the inputs.
    """

    kind: OpKind
    digest: Digest
    inputs: tuple[OpInput, ...]
    base: int | None
    ignore_cache: bool
    step: StepId | None
    name: str
    internal: bool
    parts: tuple[KeyPart, ...]
    copies: tuple[CopyAction, ...] = ()
    mkdir: MkdirAction | None = None
    exec: ExecSpec | None = None
    source: SourceSpec | None = None
