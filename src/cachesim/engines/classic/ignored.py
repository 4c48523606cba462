"""What does the classic builder read past without a word?

Source: moby v28.5 builder/dockerfile/dispatchers.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from cachesim.diagnostics import Diagnostic, Severity, SourceSpan
from cachesim.dockerfile import instructions as ins
from cachesim.engines.base import BuildRequest
from cachesim.engines.classic.args import PREDEFINED

__all__ = ["ignored_parts", "unread_options"]

_PLATFORM_ARGS = frozenset(f"{side}{what}" for side in ("TARGET", "BUILD") for what in ("PLATFORM", "OS", "ARCH", "VARIANT"))


def ignored_parts(line: ins.Instruction) -> list[Diagnostic]:
    """Warnings for one instruction: heredocs and flags that have no effect."""
    return [Diagnostic(line.span, Severity.WARNING, message, code) for message, code in _ignored(line)]


def _ignored(line: ins.Instruction) -> Iterator[tuple[str, str]]:
    match line:
        case ins.Run() if line.heredocs:
            yield ("The classic builder drops the heredoc body: only the first line runs, and editing the body never counts",
                   "classic-heredoc")
        case ins.Copy():
            if line.heredocs:
                yield f"The classic builder does not know heredocs: {line.keyword} leaves them out", "classic-heredoc"
            if line.link:
                yield "The classic builder ignores --link: the step still depends on everything above", "classic-link"
            if line.excludes:
                yield "The classic builder ignores --exclude: those files are copied and count", "classic-exclude"
            if isinstance(line, ins.Add):
                if line.checksum:
                    yield "The classic builder ignores --checksum: nothing is verified", "classic-checksum"
                if line.keep_git_dir:
                    yield "The classic builder ignores --keep-git-dir", "classic-keep-git-dir"
                if line.unpack is not None:
                    yield ("The classic builder ignores --unpack: local archives are always unpacked, downloads never",
                           "classic-unpack")
        case ins.Arg():
            for name, default in line.pairs:
                if name in _PLATFORM_ARGS and default is None:
                    yield (f"The classic builder does not set {name}: it stays empty unless --build-arg gives it",
                           "classic-platform-arg")


def unread_options(request: BuildRequest, consumed: set[str], start: SourceSpan) -> list[Diagnostic]:
    """Warnings for the whole build: arguments and files that nothing reads.

    Args:
        consumed: Names that an ARG of some stage declares.
        start: Where to show them.
    """
    found = []
    options = request.options
    unused = sorted(name for name, _ in options.args if name not in consumed and name not in PREDEFINED)
    if unused:
        found.append((f"One or more build-args [{' '.join(unused)}] were not consumed", "unused-build-arg"))
    own = f"{options.dockerfile}.dockerignore"
    if request.context.get(own) is not None:
        found.append((f"The classic builder reads .dockerignore only: {own} has no effect", "classic-ignore-file"))
    buildkit_only = (("--build-context", options.contexts), ("--secret", options.secrets), ("--ssh", options.ssh),
                     ("--no-cache-filter", options.no_cache_filter))
    flags = [flag for flag, given in buildkit_only if given]
    if flags:
        found.append((f"{' and '.join(flags)}: the classic builder has no such option; it is left out here", "classic-option"))
    notes = [Diagnostic(start, Severity.WARNING, message, code) for message, code in found]
    for directive in request.dockerfile.directives:
        if directive.name in ("syntax", "check"):
            notes.append(Diagnostic(directive.span, Severity.WARNING,
                                    f"The classic builder takes # {directive.name}= for a comment", "classic-directive"))
    return notes
