"""What does one Dockerfile line say, once flags and words are taken apart?

Words are as written: quotes and escapes stay inside, nothing is expanded (who expands what: `expand.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from cachesim.diagnostics import Diagnostic, SourceSpan

__all__ = [
    "Add", "Arg", "Cmd", "Copy", "Directive", "Entrypoint", "Env", "Expose", "Flag", "From", "Healthcheck", "Heredoc",
    "Instruction", "Label", "Maintainer", "Mount", "Onbuild", "ParsedDockerfile", "Run", "Shell", "Stopsignal", "User",
    "Volume", "Workdir",
]


@dataclass(frozen=True, slots=True)
class Flag:
    """`--name=value`; value is None where no `=` was written."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A body between `<<NAME` and the line NAME.

    `body` is raw (line endings kept, tabs kept); `used` is the body as file or script (`<<-` tabs removed).
    """

    name: str
    body: str
    used: str
    expand: bool    # false: the name was quoted
    chomp: bool     # true: `<<-`
    fd: int = 0


@dataclass(frozen=True, slots=True)
class Instruction:
    """What all instructions have.

    `keyword` is upper case, `text` the joined logical line as the engine prints it (keyword as written, heredoc
    bodies not included), `span` covers all physical lines including heredoc bodies, `flags` in source order.
    """

    keyword: str
    span: SourceSpan
    text: str
    flags: tuple[Flag, ...]
    heredocs: tuple[Heredoc, ...]

    def flag(self, name: str) -> str | None:
        """The value of the last flag of that name, or None."""
        for flag in reversed(self.flags):
            if flag.name == name:
                return flag.value
        return None


@dataclass(frozen=True, slots=True)
class From(Instruction):
    """FROM image [AS name]."""

    image: str
    name: str           # lower-cased stage name, "" if unnamed
    platform: str       # "" if not given


@dataclass(frozen=True, slots=True)
class Mount:
    """One RUN --mount; all attribute values as written (unexpanded), defaults not filled in.

    `type` is bind, cache, tmpfs, secret or ssh; `options` holds every attribute in source order
    (("type", "cache"), ("target", "/c"), ("ro", "")), aliases not resolved.
    """

    type: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Run(Instruction):
    """RUN in exec form (`argv`) or shell form (`command`); exactly one is not None."""

    argv: tuple[str, ...] | None
    command: str | None         # text after the flags, trimmed both ends
    mounts: tuple[Mount, ...]
    network: str                # "", default, none, host


@dataclass(frozen=True, slots=True)
class Copy(Instruction):
    """COPY and, as subclass, ADD. `sources` holds file words only; heredoc sources are in `heredocs`.

    `source_order` lists ("file", word) and ("heredoc", name) in source order.
    """

    sources: tuple[str, ...]
    destination: str
    source_order: tuple[tuple[str, str], ...]
    from_: str                  # "" if not given
    chown: str
    chmod: str
    link: bool
    excludes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Add(Copy):
    """ADD: also unpacks archives and fetches URLs and git repositories."""

    checksum: str
    keep_git_dir: bool
    unpack: bool | None         # None: not given


@dataclass(frozen=True, slots=True)
class Env(Instruction):
    """ENV key=value …; `legacy` marks the old `ENV key value` form."""

    pairs: tuple[tuple[str, str], ...]
    legacy: bool


@dataclass(frozen=True, slots=True)
class Label(Instruction):
    """LABEL key=value …"""

    pairs: tuple[tuple[str, str], ...]
    legacy: bool


@dataclass(frozen=True, slots=True)
class Arg(Instruction):
    """ARG name[=default] …; default is None where no `=` was written."""

    pairs: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Workdir(Instruction):
    path: str


@dataclass(frozen=True, slots=True)
class User(Instruction):
    user: str


@dataclass(frozen=True, slots=True)
class Cmd(Instruction):
    argv: tuple[str, ...] | None
    command: str | None


@dataclass(frozen=True, slots=True)
class Entrypoint(Instruction):
    argv: tuple[str, ...] | None
    command: str | None


@dataclass(frozen=True, slots=True)
class Shell(Instruction):
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expose(Instruction):
    ports: tuple[str, ...]      # sorted as text, unexpanded


@dataclass(frozen=True, slots=True)
class Volume(Instruction):
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stopsignal(Instruction):
    signal: str


@dataclass(frozen=True, slots=True)
class Healthcheck(Instruction):
    """HEALTHCHECK [flags] CMD … or NONE; durations in nanoseconds, 0 where not given."""

    type: str                   # "CMD" or "NONE"
    argv: tuple[str, ...] | None
    command: str | None
    interval: int
    timeout: int
    start_period: int
    start_interval: int
    retries: int


@dataclass(frozen=True, slots=True)
class Maintainer(Instruction):
    name: str


@dataclass(frozen=True, slots=True)
class Onbuild(Instruction):
    """ONBUILD text; `trigger` is the parsed instruction (None if it does not parse)."""

    expression: str             # remaining text, plus heredoc bodies, as stored in the image configuration
    trigger: Instruction | None


@dataclass(frozen=True, slots=True)
class Directive:
    """`# name=value` at the top of the file."""

    name: str                   # syntax, escape or check
    value: str
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class ParsedDockerfile:
    """The whole file. `instructions` holds everything that parses, also when `error` is set.

    `error` is the first finding for which the engine refuses the whole file before it runs anything (an unknown
    instruction or flag, a bad word, no FROM); it is in `diagnostics` too. `comments` holds the comment that describes an
    instruction (the last one above it), by the instruction's first line; `check` is what the linter reads of `# check=…`.
    """

    directives: tuple[Directive, ...]
    instructions: tuple[Instruction, ...]
    diagnostics: tuple[Diagnostic, ...]
    error: Diagnostic | None
    escape: str = "\\"
    comments: tuple[tuple[int, str], ...] = ()
    check: str = ""
