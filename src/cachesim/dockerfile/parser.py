"""What does the text of a Dockerfile say, and for what would the engine refuse it?

`parse` takes any text and never raises. The engine works in two passes: it first cuts the whole file into words
(heredocs without an end, ENV without `=` …), then checks each instruction (flags, argument counts …). So a finding of
the first pass wins over an earlier line with a finding of the second.
Source: BuildKit v0.25.2, frontend/dockerfile/{parser,instructions}; the messages are the engine's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import replace

from cachesim.diagnostics import Diagnostic, Severity, SourceSpan
from cachesim.dockerfile.build import Place, build
from cachesim.dockerfile.instructions import Arg, From, Instruction, ParsedDockerfile
from cachesim.dockerfile.lines import LogicalLine, Scan, read_check, read_directive, scan
from cachesim.dockerfile.nodes import Node, Refusal, read_node
from cachesim.dockerfile.words import split_keyword
from cachesim.same import REMEMBERED

__all__ = ["parse", "parse_instruction"]


@functools.lru_cache(maxsize=REMEMBERED)
def parse(text: str) -> ParsedDockerfile:
    """Read a whole Dockerfile; the same text gives the same object (see `same`)."""
    return _Parser(scan(text)).run()


def parse_instruction(text: str) -> Instruction | None:
    """Read one instruction, such as an ONBUILD trigger of a base image; None where the engine would refuse it."""
    scanned = scan(text)
    if scanned.problems or len(scanned.instructions) != 1:
        return None
    line = scanned.instructions[0]
    try:
        return _read(line, scanned.escape)[0]
    except Refusal:
        return None


@functools.lru_cache(maxsize=2048)      # while somebody types, all lines but one stay the same
def _read(line: LogicalLine, escape: str) -> tuple[Instruction, tuple[Diagnostic, ...]]:
    """An instruction, and what is odd about it.

    Raises:
        Refusal: What the engine would refuse.
    """
    node = read_node(line.text, escape)
    return build(node, Place(line.span, line.text, line.bodies), _trigger), tuple(_oddities(node, line))


def _trigger(text: str, span: SourceSpan) -> Instruction | None:
    """A trigger is read as a file of its own: the escape is a backslash again."""
    instruction = parse_instruction(text)
    return instruction and replace(instruction, span=span)


class _Parser:
    def __init__(self, scanned: Scan) -> None:
        self._scan = scanned
        self._early = [_error(p.span, p.message, p.code) for p in scanned.problems]
        self._late: list[Diagnostic] = []
        self._warnings: list[Diagnostic] = []
        self._instructions: list[Instruction] = []
        self._in_stage = False

    def run(self) -> ParsedDockerfile:
        for line in self._scan.instructions:
            self._read(line)
        end = self._end()
        if not self._scan.instructions:
            message = "file with no instructions" if self._scan.lines else "the Dockerfile cannot be empty"
            self._early.append(_error(end, message, "no-instructions"))
        elif not self._in_stage:
            self._late.append(_error(end, "dockerfile contains no stages to build", "no-stages"))
        self._warn_late_directives()
        self._early.sort(key=lambda d: d.span.line)         # stable: words before heredocs, a too long line last
        errors = self._early + self._late
        findings = sorted(errors + self._warnings, key=lambda d: d.span)
        return ParsedDockerfile(self._scan.directives, tuple(self._instructions), tuple(findings),
                                errors[0] if errors else None, self._scan.escape,
                                self._scan.comments, read_check(self._scan.lines))

    def _read(self, line: LogicalLine) -> None:
        try:
            instruction, odd = _read(line, self._scan.escape)
        except Refusal as refusal:
            self._refuse(refusal, line)
            return
        self._instructions.append(instruction)
        if isinstance(instruction, From):
            self._in_stage = True
        elif not self._in_stage and not isinstance(instruction, Arg):
            self._late.append(_error(instruction.span, "no build stage in current context", "before-from"))
        self._warnings += odd

    def _refuse(self, refusal: Refusal, line: LogicalLine) -> None:
        span = self._span_of(refusal.word, line)
        if refusal.early:
            self._early.insert(0, _error(span, str(refusal), refusal.code))
        else:
            message = f"dockerfile parse error on line {line.first}: {refusal}"
            self._late.append(_error(span, message, refusal.code))
        self._in_stage |= split_keyword(line.text)[0].lower() == "from"

    def _span_of(self, word: str, line: LogicalLine) -> SourceSpan:
        offset = line.text.find(word) if word else -1
        if offset < 0:
            return line.head
        first, column = line.position(offset)
        last, end = line.position(offset + len(word) - 1)
        return SourceSpan(first, column, last, end + 1)

    def _end(self) -> SourceSpan:
        lines = self._scan.lines
        return SourceSpan(len(lines), 0, len(lines), len(lines[-1])) if lines else SourceSpan(1, 0, 1, 0)

    def _warn_late_directives(self) -> None:
        """`# escape=` that is an ordinary comment because something stands before it."""
        first = self._scan.instructions[0].first if self._scan.instructions else len(self._scan.lines) + 1
        for number in range(len(self._scan.directives) + 1, first):
            text = self._scan.lines[number - 1]
            if "=" in text and read_directive(text):
                span = SourceSpan(number, 0, number, len(text))
                self._warnings.append(Diagnostic(
                    span, Severity.WARNING, "A directive counts only at the very top of the file: this is a comment",
                    "late-directive"))


_JSON_FORMS = frozenset({"RUN", "CMD", "ENTRYPOINT", "COPY", "ADD", "VOLUME", "HEALTHCHECK"})
_HEREDOC = re.compile(r"(?:^|[\t ])[0-9]*<<-?[A-Za-z_'\"]")


def _oddities(node: Node, line: LogicalLine) -> Iterator[Diagnostic]:
    def note(message: str, code: str) -> Diagnostic:
        return Diagnostic(line.head, Severity.WARNING, message, code)

    if node.keyword == "MAINTAINER":
        yield note("MAINTAINER is deprecated: LABEL org.opencontainers.image.authors says the same", "maintainer-deprecated")
    elif node.legacy:
        yield note(f'"{node.keyword} key value" is the old form: "{node.keyword} key=value" is not ambiguous', "legacy-key-value")
    elif node.rest.startswith("[") and not node.json and node.keyword in _JSON_FORMS:
        yield note("This looks like a JSON array but is none, so it is taken as plain text", "not-json")
    if line.has_empty_lines:
        yield note("Empty lines inside of a continued instruction will become errors", "empty-continuation")
    if ("<<" in node.rest and not line.bodies and not node.json and node.keyword in ("RUN", "COPY", "ADD")
            and _HEREDOC.search(node.rest)):
        yield note("The engine sees no heredoc here: a quote or a substitution before it is not closed", "heredoc-not-seen")


def _error(span: SourceSpan, message: str, code: str) -> Diagnostic:
    return Diagnostic(span, Severity.ERROR, message, code)
