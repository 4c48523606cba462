"""Which rules does the text of a Dockerfile break, in stages that are not needed too?

Source: BuildKit v0.25 frontend/dockerfile/instructions/parse.go, dockerfile2llb/convert.go (validate…, report…).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import Expander, ExpandError, Expansion
from cachesim.dockerfile.nodes import read_node
from cachesim.dockerfile.words import go_quote, split_keyword, suggestion
from cachesim.engines.base import BuildRequest
from cachesim.engines.buildkit.linter.finding import Finding
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BuildOptions, reference_problem
from cachesim.graph.platforms import Platform, PlatformError, platform_args

__all__ = ["file_findings"]

_RESERVED = ("context", "scratch")


def file_findings(graph: BuildGraph, request: BuildRequest) -> Iterator[Finding]:
    """Every finding about the file as a whole, in the engine's order."""
    parsed = request.dockerfile
    froms = [stage.from_ for stage in graph.stages]
    comments = dict(parsed.comments)
    for found in parsed.diagnostics:
        if found.code == "empty-continuation":
            yield Finding("NoEmptyContinuation", found.span, "Empty continuation line")
    for instruction in parsed.instructions:
        yield from _about_one(instruction, comments.get(instruction.span.line, ""), parsed.escape)
    yield from _names(froms)
    yield from _casing([i for i in parsed.instructions if not isinstance(i, ins.Arg) or i.span.line > froms[0].span.line])
    yield from _bases(froms, graph, request.options, parsed.escape)


def _about_one(instruction: ins.Instruction, comment: str, escape: str) -> Iterator[Finding]:
    """What the parser says of an instruction for itself."""
    span = instruction.span
    if isinstance(instruction, ins.Maintainer):
        yield Finding("MaintainerDeprecated", span, "Maintainer instruction is deprecated in favor of using label")
    elif isinstance(instruction, ins.From):
        keyword, words = split_keyword(instruction.text)[0], read_node(instruction.text, escape).args
        if len(words) == 3 and words[2] != words[2].lower():
            yield Finding("StageNameCasing", span, f"Stage name '{words[2]}' should be lowercase")
        if len(words) > 2 and ((keyword.islower() and not words[1].islower()) or (keyword.isupper() and not words[1].isupper())):
            yield Finding("FromAsCasing", span, f"'{words[1]}' and '{keyword}' keywords' casing do not match")
        if instruction.name:
            yield from _description(instruction, "FROM", [instruction.name], comment)
    elif isinstance(instruction, ins.Arg):
        yield from _description(instruction, "ARG", [name for name, _ in instruction.pairs], comment)


def _description(instruction: ins.Instruction, keyword: str, names: list[str], comment: str) -> Iterator[Finding]:
    if comment and comment.split(" ")[0] not in names:
        example = names[0] if len(names) == 1 else "<arg_key>"
        yield Finding("InvalidDefinitionDescription", instruction.span,
                      f"Comment for {keyword} should follow the format: `# {example} <description>`")


def _names(froms: list[ins.From]) -> Iterator[Finding]:
    seen: set[str] = set()
    for from_ in froms:
        if from_.name in _RESERVED:
            yield Finding("ReservedStageName", from_.span,
                          f"Stage name should not use the same name as reserved stage {go_quote(from_.name)}")
        if from_.name and from_.name in seen:
            yield Finding("DuplicateStageName", from_.span,
                          f"Duplicate stage name {go_quote(from_.name)}, stage names should be unique")
        seen.add(from_.name)


def _casing(instructions: Iterable[ins.Instruction]) -> Iterator[Finding]:
    written = [(split_keyword(i.text)[0], i) for i in instructions]
    lower = sum(word.islower() for word, _ in written) > sum(word.isupper() for word, _ in written)
    for word, instruction in written:
        if not (word.islower() if lower else word.isupper()):
            yield Finding("ConsistentInstructionCasing", instruction.span,
                          f"Command '{word}' should match the case of the command majority ({'lower' if lower else 'upper'}case)")


def _bases(froms: list[ins.From], graph: BuildGraph, options: BuildOptions, escape: str) -> Iterator[Finding]:
    """What is wrong with the variables of the FROM lines."""
    expander = Expander(escape)
    meta = [step.instruction for step in graph.meta if isinstance(step.instruction, ins.Arg)]
    defaults = _default_scope(meta, froms, options, expander)
    for from_ in froms if defaults is not None else ():
        found = _expanded(expander, from_.image, defaults or {})
        if found is None:
            break
        if reference_problem(found.text):
            yield Finding("InvalidDefaultArgInFrom", from_.span,
                          f"Default value for ARG {from_.image} results in empty or invalid base image name")
    scope = dict(graph.global_scope)
    declared = {name for arg in meta for name, _ in arg.pairs} | scope.keys()
    for from_ in froms:
        image, platform = (_expanded(expander, word, scope) for word in (from_.image, from_.platform))
        for name in chain(image.unset if image else (), platform.unset if platform else ()):
            if name not in declared:
                yield Finding("UndefinedArgInFrom", from_.span, f"FROM argument '{name}' is not declared"
                              f"{suggestion(name, declared, fold_case=False)}")
        if from_.platform and platform:
            yield from _platform(from_, platform, scope)


def _platform(from_: ins.From, found: Expansion, scope: Mapping[str, str]) -> Iterator[Finding]:
    if found.used == ("TARGETPLATFORM",) and not found.unset and found.text == scope["TARGETPLATFORM"]:
        yield Finding("RedundantTargetPlatform", from_.span, f"Setting platform to predefined {from_.platform} in FROM is "
                                                             "redundant as this is the default behavior")
    if not found.used and not found.unset:
        try:
            wanted = Platform.parse(found.text)
        except PlatformError:
            return
        if wanted.os not in from_.name and wanted.arch not in from_.name:
            yield Finding("FromPlatformFlagConstDisallowed", from_.span,
                          f"FROM --platform flag should not use constant value {go_quote(found.text)}")


def _default_scope(meta: list[ins.Arg], froms: list[ins.From], options: BuildOptions,
                   expander: Expander) -> dict[str, str] | None:
    """The global scope if no build argument replaced a default; None if a default cannot be expanded."""
    given = dict(options.args)
    scope = {name: value if given.get(name) is None else given[name] or ""
             for name, value in platform_args(options.platform, options.target or froms[-1].name).items()}
    for arg in meta:
        for name, default in arg.pairs:
            if default is not None:
                found = _expanded(expander, default, scope)
                if found is None:
                    return None
                scope[name] = found.text
    return scope


def _expanded(expander: Expander, word: str, scope: Mapping[str, str]) -> Expansion | None:
    try:
        return expander.expand(word, scope)
    except ExpandError:
        return None
