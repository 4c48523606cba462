"""Which words of a Dockerfile change in the copy that a confirmation builds, and how do all lines stay in place?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.instructions import ParsedDockerfile

__all__ = ["FREED_LINE", "neutralise_syntax", "replace_words"]

FREED_LINE = "# cachesim: the syntax line is not used here, the engine's own frontend reads this file"

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_SLASHES = re.compile(r"//\s*syntax\s*=\s*(.+?)\s*$")
_KNOWN = ("syntax", "escape", "check")


def neutralise_syntax(text: str) -> str:
    """Take a `# syntax=` line out of force: no frontend is fetched, no line moves, later directives still hold.

    Later directives move up by one and a comment takes the line that becomes free; a comment in the place of the syntax
    line itself would end the directives.
    Source: BuildKit 0.25.2 frontend/dockerfile/parser/directives.go (DetectSyntax is wider than the parser: it skips a
    first `#!` line and accepts `// syntax=`).
    """
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    lines = text.removeprefix("\ufeff").split("\n")
    start = 1 if lines[0].startswith("#!") else 0
    head: list[str] = []
    for line in lines[start:]:
        found = _DIRECTIVE.match(line)
        if found is None or found[1].lower() not in _KNOWN:
            break
        head.append(line)
    kept = [line for line in head if not _is_syntax(line)]
    if len(kept) < len(head):
        ending = "\r" if head[0].endswith("\r") else ""
        lines[start:start + len(head)] = [*kept, *[FREED_LINE + ending] * (len(head) - len(kept))]
    elif start < len(lines) and _SLASHES.match(lines[start]):
        lines[start] = FREED_LINE + ("\r" if lines[start].endswith("\r") else "")
    return bom + "\n".join(lines)


def _is_syntax(line: str) -> bool:
    found = _DIRECTIVE.match(line)
    return found is not None and found[1].lower() == "syntax"


def syntax_of(parsed: ParsedDockerfile) -> str:
    """The frontend image that the file asks for, "" if none."""
    return next((d.value for d in parsed.directives if d.name == "syntax"), "")


def replace_words(text: str, changes: Sequence[tuple[SourceSpan, Mapping[str, str]]]) -> str:
    """Replace whole words inside instructions, also as the value of a flag (`--from=word`, `from=word,…`)."""
    lines = text.split("\n")
    for span, words in changes:
        for old, new in words.items():
            pattern = re.compile(rf"(?<=[\s=]){re.escape(old)}(?=[\s,]|$)")
            for number in range(span.line - 1, min(span.end_line, len(lines))):
                lines[number], done = pattern.subn(new.replace("\\", r"\\"), lines[number], count=1)
                if done:
                    break
    return "\n".join(lines)
