"""What would mend this? Quick fixes, keyed by the code of a finding, as edits of the text."""

from __future__ import annotations

import difflib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cachesim.app.editor.explain import FLAGS, INSTRUCTIONS
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot, FileKind
from cachesim.diagnostics import Diagnostic, SourceSpan
from cachesim.dockerfile.instructions import Copy, Env, From, Instruction, Label, Maintainer, ParsedDockerfile, Run

__all__ = ["Fix", "FixSource", "fixes_for", "fixes_on_line", "nearest"]

_BASES = ("alpine:3.20", "debian:12-slim", "scratch")
_NETWORKS = ("default", "none", "host")


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to mend something: replace `span` by `text`."""

    title: str
    span: SourceSpan
    text: str


@dataclass(frozen=True, slots=True)
class FixSource:
    """What fixes are made from: the lines as shown, what they parse to, and the files."""

    lines: Sequence[str]
    parsed: ParsedDockerfile
    files: ContextSnapshot | None = None
    ignore: IgnoreMatcher | None = None
    escape: str = "\\"

    def instruction_at(self, line: int) -> Instruction | None:
        """The instruction over a line."""
        return next((i for i in self.parsed.instructions if i.span.holds_line(line)), None)

    def find(self, span: SourceSpan, word: str) -> SourceSpan | None:
        """The first place of a word (between blanks, quotes, commas or =) in the lines of a span."""
        pattern = re.compile(rf"(?<![^\s\"',=\[]){re.escape(word)}(?![^\s\"',\]])")
        for line in range(span.line, min(span.end_line, len(self.lines)) + 1):
            match = pattern.search(self.lines[line - 1])
            if match is not None:
                return SourceSpan(line, match.start(), line, match.end())
        return None


def nearest(word: str, options: Iterable[str], count: int = 3) -> list[str]:
    """The options most like a word, best first; nothing that is far off."""
    by_low: dict[str, str] = {}
    for option in options:
        by_low.setdefault(option.lower(), option)
    return [by_low[low] for low in difflib.get_close_matches(word.lower(), by_low, count, 0.6) if by_low[low] != word]


def fixes_for(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    """What mends a finding, the likeliest first; empty if we know nothing."""
    make = _BY_CODE.get(diagnostic.code)
    return make(diagnostic, source) if make is not None else []


def fixes_on_line(line: int, source: FixSource) -> list[Fix]:
    """What can be mended on a line that the engine may not even complain about: near misses of stages and files."""
    instruction = source.instruction_at(line)
    if isinstance(instruction, Copy):
        return [*_stage_fixes(instruction, source, [instruction.from_]), *_path_fixes(instruction, source)]
    if isinstance(instruction, Run):
        named = [value for mount in instruction.mounts for key, value in mount.options if key == "from"]
        return _stage_fixes(instruction, source, named)
    if isinstance(instruction, Env | Label) and instruction.legacy:
        return [_equals_sign(instruction)]
    return []


def _keyword(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    line = source.lines[diagnostic.span.line - 1] if diagnostic.span.line <= len(source.lines) else ""
    match = re.search(r"\S+", line)
    if match is None:
        return []
    span = SourceSpan(diagnostic.span.line, match.start(), diagnostic.span.line, match.end())
    found = [Fix(f"Change to {word}", span, word) for word in nearest(match[0], INSTRUCTIONS)]
    previous = source.lines[diagnostic.span.line - 2] if diagnostic.span.line > 1 else ""
    if previous.strip() and not previous.lstrip().startswith("#"):
        above = SourceSpan(span.line - 1, len(previous.rstrip()), span.line - 1, len(previous))
        found.append(Fix("Continue the line above", above, f" {source.escape}"))
    found.append(Fix("Run it as a command: insert RUN", span._replace(end_column=span.column), "RUN "))
    return found


def _flag(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    found: list[Fix] = []
    for line in range(diagnostic.span.line, min(diagnostic.span.end_line, len(source.lines)) + 1):
        text = source.lines[line - 1]
        keyword = text.split(maxsplit=1)[0].upper() if text.strip() else ""
        for match in re.finditer(r"(?<=\s)--([\w-]+)(=\S*)?\s*", text):
            if match[1] not in FLAGS.get(keyword, {}) and keyword in INSTRUCTIONS:
                name = SourceSpan(line, match.start() + 2, line, match.end(1))
                found += [Fix(f"Change to --{n}", name, n) for n in nearest(match[1], FLAGS.get(keyword, {}))]
                found.append(Fix(f"Remove --{match[1]}", SourceSpan(line, match.start(), line, match.end()), ""))
                return found
    return found


def _insert_from(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    first = next((i.span.line for i in source.parsed.instructions if i.keyword != "ARG"), None)
    if first is None:
        last = max((i.span.end_line for i in source.parsed.instructions), default=0)
        texts = [i for i, text in enumerate(source.lines, 1) if text.strip()]
        line = max(last, texts[-1] if texts else 0)
        end = len(source.lines[line - 1]) if line else 0
        at = SourceSpan(max(line, 1), end, max(line, 1), end)
        return [Fix(f"Insert FROM {base}", at, ("\n" if line else "") + f"FROM {base}") for base in _BASES]
    at = SourceSpan(first, 0, first, 0)
    return [Fix(f"Insert FROM {base}", at, f"FROM {base}\n") for base in _BASES]


def _missing_source(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    instruction = source.instruction_at(diagnostic.span.line)
    return _path_fixes(instruction, source) if isinstance(instruction, Copy) else []


def _path_fixes(instruction: Copy, source: FixSource) -> list[Fix]:
    if instruction.from_ or source.files is None:
        return []
    found: list[Fix] = []
    for word in instruction.sources:
        clean = posixpath.normpath("/" + word).lstrip("/")
        if re.search(r"[*?\[$]|://", word) or source.files.get(clean) is not None:
            continue
        span = source.find(instruction.span, word)
        if span is not None:
            found += [Fix(f"Copy {path} instead", span, path) for path in _near_paths(clean, source)]
    return found


def _near_paths(word: str, source: FixSource) -> list[str]:
    files, ignore = source.files, source.ignore
    paths = [path for path, entry in files.walk() if entry.kind in (FileKind.FILE, FileKind.DIR)
             and not (ignore is not None and ignore.excluded(path))] if files is not None else []
    name = posixpath.basename(word)
    same_name = [path for path in paths if posixpath.basename(path).lower() == name.lower()]
    like = nearest(word, (path for path in paths if abs(len(path) - len(word)) <= 6))
    return list(dict.fromkeys([*same_name[:3], *like]))[:4]


def _unknown_stage(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    return fixes_on_line(diagnostic.span.line, source)


def _stage_fixes(instruction: Instruction, source: FixSource, named: Iterable[str]) -> list[Fix]:
    above = [i.name for i in source.parsed.instructions if isinstance(i, From) and i.name
             and i.span.line < instruction.span.line]
    found: list[Fix] = []
    for word in named:
        if word and word.lower() not in above and "$" not in word:
            span = source.find(instruction.span, word)
            options = nearest(word, above[:-1] or above) or (above[:-1] if word.isdigit() else [])
            if span is not None:
                found += [Fix(f"Take it from stage {name}", span, name) for name in options]
    return found


def _equals_sign(instruction: Env | Label) -> Fix:
    key, value = instruction.pairs[0]
    quoted = value if re.fullmatch(r"[\w./:$@%+,-]*", value) or value.startswith(('"', "'")) else f'"{value}"'
    return Fix("Write it with =", instruction.span, f"{instruction.keyword} {key}={quoted}")


def _legacy(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    return fixes_on_line(diagnostic.span.line, source)


def _network(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    return _flag_value(diagnostic, source, "network", _NETWORKS)


def _flag_value(diagnostic: Diagnostic, source: FixSource, flag: str, options: Sequence[str]) -> list[Fix]:
    for line in range(diagnostic.span.line, min(diagnostic.span.end_line, len(source.lines)) + 1):
        match = re.search(rf"--{flag}=(\S*)", source.lines[line - 1])
        if match is not None:
            span = SourceSpan(line, match.start(1), line, match.end(1))
            return [Fix(f"Change to --{flag}={value}", span, value) for value in options if value != match[1]]
    return []


def _end_heredoc(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    head = " ".join(source.lines[diagnostic.span.line - 1:diagnostic.span.end_line])
    names = re.findall(r"<<-?\s*[\"']?(\w+)", head)
    if not names:
        return []
    last = len(source.lines)
    while last > 1 and not source.lines[last - 1]:
        last -= 1
    end = len(source.lines[last - 1])
    return [Fix(f"End the heredoc with {names[-1]}", SourceSpan(last, end, last, end), f"\n{names[-1]}")]


def _duplicate_flag(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    for line in range(diagnostic.span.line, min(diagnostic.span.end_line, len(source.lines)) + 1):
        seen: set[str] = set()
        for match in re.finditer(r"(?<=\s)--([\w-]+)(?:=\S*)?\s+", source.lines[line - 1]):
            if match[1] in seen:
                return [Fix(f"Remove the second --{match[1]}", SourceSpan(line, match.start(), line, match.end()), "")]
            seen.add(match[1])
    return []


def _json(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    line = diagnostic.span.line
    match = re.search(r"\[.*\]", source.lines[line - 1])
    if match is None:
        return []
    words = [word.strip().strip("'\"\u201c\u201d") for word in match[0][1:-1].split(",")]
    text = json.dumps([word for word in words if word], ensure_ascii=False)
    return [Fix(f"Write it as {text}", SourceSpan(line, match.start(), line, match.end()), text)]


def _empty_lines(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    first, last = diagnostic.span.line, min(diagnostic.span.end_line, len(source.lines))
    kept = [line for line in source.lines[first - 1:last] if line.strip()]
    return [Fix("Remove the empty lines", SourceSpan(first, 0, last, len(source.lines[last - 1])), "\n".join(kept))]


def _late_directive(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    line, top = diagnostic.span.line, len(source.parsed.directives) + 1
    text = "\n".join([source.lines[line - 1].strip(), *source.lines[top - 1:line - 1]])
    return [Fix("Move it to the top", SourceSpan(top, 0, line, len(source.lines[line - 1])), text)]


def _maintainer(diagnostic: Diagnostic, source: FixSource) -> list[Fix]:
    instruction = source.instruction_at(diagnostic.span.line)
    if not isinstance(instruction, Maintainer):
        return []
    name = instruction.name.strip('"').replace('"', '\\"')
    return [Fix("Write it as LABEL", instruction.span, f'LABEL org.opencontainers.image.authors="{name}"')]


_BY_CODE: dict[str, Callable[[Diagnostic, FixSource], list[Fix]]] = {
    "unknown-instruction": _keyword,
    "unknown-flag": _flag,
    "duplicate-flag": _duplicate_flag,
    "no-instructions": _insert_from,
    "no-stages": _insert_from,
    "before-from": _insert_from,
    "copy-source-missing": _missing_source,
    "unknown-stage": _unknown_stage,
    "bad-network": _network,
    "unterminated-heredoc": _end_heredoc,
    "legacy-key-value": _legacy,
    "maintainer-deprecated": _maintainer,
    "not-json": _json,
    "empty-continuation": _empty_lines,
    "late-directive": _late_directive,
}
