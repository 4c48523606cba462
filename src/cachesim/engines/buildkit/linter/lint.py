"""Which findings has the linter for one build, and what does the engine say if they end it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cachesim.context.ignore import IgnoreMatcher
from cachesim.diagnostics import Diagnostic, Severity
from cachesim.dockerfile.expand import expand_word
from cachesim.engines.base import BuildRequest
from cachesim.engines.buildkit.convert import watched
from cachesim.engines.buildkit.files import main_ignore
from cachesim.engines.buildkit.linter.finding import Finding
from cachesim.engines.buildkit.linter.options import lint_options
from cachesim.engines.buildkit.linter.steps import StepRules
from cachesim.engines.buildkit.linter.whole_file import file_findings
from cachesim.errors import ContextError
from cachesim.graph.model import BuildGraph, Source, SourceKind
from cachesim.graph.options import ImageStore
from cachesim.graph.platforms import HOST, Platform

__all__ = ["Violation", "lint_findings", "lint_violation"]


class Violation(NamedTuple):
    """Why the linter ends a build: the engine's words, and every finding as a problem of the file."""

    reason: str
    diagnostics: tuple[Diagnostic, ...]


def lint_violation(graph: BuildGraph, request: BuildRequest) -> Violation | None:
    """What the linter ends the build for, if it is asked to and finds something.

    Raises:
        StepRefused: When a step is refused anyway.
    """
    if not lint_options(request).fails:
        return None
    try:
        found = lint_findings(graph, request, main_ignore(request))
    except ContextError:        # the ignore file is refused before
        return None
    if not found:
        return None
    return Violation(_reason(found, graph, request), tuple([
        Diagnostic(f.span, Severity.ERROR, f"{f.message} ({f.rule})", f"lint-{f.rule}") for f in found]))


def lint_findings(graph: BuildGraph, request: BuildRequest, ignore: IgnoreMatcher) -> tuple[Finding, ...]:
    """Every rule that counts and is broken, in the engine's order; each once for a line.

    Raises:
        StepRefused: When a step is refused anyway.
    """
    options = lint_options(request)
    steps = StepRules(graph, request.dockerfile.escape, dict(request.options.args), ignore)
    watched(graph, request, steps.look_at)
    found = (*file_findings(graph, request), *_other_platforms(graph, request), *steps.found)
    return tuple(dict.fromkeys([f for f in found if options.asks(f.rule)]))


def _other_platforms(graph: BuildGraph, request: BuildRequest) -> Iterator[Finding]:
    """The stages whose base image the engine has for its own platform only; nobody knows which others a registry has."""
    for stage in graph.stages:
        image = request.bases.get(stage.base.name) if stage.reachable and isinstance(stage.base, Source) else None
        if image is None or image.source != "scenario" or not image.has_layers or request.store is not ImageStore.CONTAINERD:
            continue
        wanted = Platform.parse(stage.platform or request.options.platform or str(HOST))
        if (wanted.os, wanted.arch) != (HOST.os, HOST.arch):
            name = expand_word(stage.from_.image, dict(graph.global_scope), request.dockerfile.escape)
            yield Finding("InvalidBaseImagePlatform", stage.from_.span, f'Base image {name} was pulled with platform "{HOST}", '
                                                                        f'expected "{wanted}" for current build')


def _reason(found: tuple[Finding, ...], graph: BuildGraph, request: BuildRequest) -> str:
    """The engine's reason (it names the rules in any order).

    Says what it depends on where all of them could be the fault of a base image that nobody could be asked about.
    """
    rules = ", ".join(dict.fromkeys(f.rule for f in found))
    message = f"lint violation found for rules: {rules}"
    unknown = _unknown_bases(graph, request)
    if unknown and all(f.unless for f in found):
        wanted = ", ".join(dict.fromkeys(f.unless for f in found))
        message += f" (unless the base image brings {wanted}: nobody could be asked about {', '.join(unknown)})"
    return message


def _unknown_bases(graph: BuildGraph, request: BuildRequest) -> list[str]:
    """The images below the needed stages of which nothing is known."""
    names = [stage.base.name for stage in graph.stages
             if stage.reachable and not isinstance(stage.base, int) and stage.base.kind is SourceKind.IMAGE]
    return [name for name in dict.fromkeys(names) if (image := request.bases.get(name)) is None or image.config is None]
