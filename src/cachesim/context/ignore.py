"""Which files of the context does a .dockerignore keep out, and which line does it?

Source: moby/patternmatcher v0.6 (patternmatcher.go, ignorefile/ignorefile.go) and tonistiigi/fsutil filter.go;
tests/conformance/vectors/ignore.jsonl holds the answers of a real engine.
"""

from __future__ import annotations

import functools
import posixpath
import re
from dataclasses import dataclass

from cachesim.context.snapshot import FileEntry, with_children
from cachesim.errors import ContextError

__all__ = ["NOTHING_IGNORED", "IgnoreMatcher", "IgnorePattern", "go_match_error"]

_ESCAPED = frozenset(".+()|{}$")


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """One effective line: `text` is cleaned, without the `!`; `line` counts from 1 (0: not from a file)."""

    text: str
    exception: bool
    line: int
    regex: re.Pattern[str] | None       # None: never matches (a class that Go's regexp refuses)

    def matches(self, path: str) -> bool:
        """Whether the pattern matches the whole path."""
        return self.regex is not None and self.regex.match(path) is not None


class IgnoreMatcher:
    """The patterns of one file. Verdicts are remembered per path, so asking again costs a look-up."""

    def __init__(self, patterns: tuple[IgnorePattern, ...], error: str = "") -> None:
        self.patterns = patterns
        self.error = error              # why the engine refuses the whole file, or ""
        self._known: dict[str, tuple[bool, tuple[bool, ...]]] = {"": (False, (False,) * len(patterns))}

    @classmethod
    def parse(cls, text: str) -> IgnoreMatcher:
        """Read a .dockerignore; the same text gives the same matcher (with what it remembers)."""
        return _parsed(text)

    @classmethod
    def of(cls, patterns: tuple[str, ...]) -> IgnoreMatcher:
        """Make a matcher from bare patterns (COPY --exclude)."""
        return _of_patterns(patterns)

    def excluded(self, path: str) -> bool:
        """Whether the path is kept out (a directory may still be sent for what it holds)."""
        return self._verdict(path)[0]

    def excluded_top(self) -> bool:
        """Whether the patterns of --exclude take away the source itself, whose path below itself is empty: "*" does."""
        excluded = False
        for pattern in self.patterns:
            if pattern.exception == excluded and pattern.matches(""):
                excluded = not pattern.exception
        return excluded

    def line_for(self, path: str) -> int | None:
        """The line that decides for this path (kept out, or brought back), or None if no line matches."""
        matched = self._verdict(path)[1]
        deciding = [p.line for p, m in zip(self.patterns, matched, strict=True) if m]
        return deciding[-1] if deciding else None

    def matches_or_parent(self, written: str) -> bool:
        """Whether a source is kept out as the linter asks: the path as written, and each of its parents.

        Source: moby/patternmatcher MatchesOrParentMatches.
        """
        above = _clean(posixpath.dirname(written))
        parts = above.split("/") if above != "." else []
        paths = (written, *("/".join(parts[:i + 1]) for i in range(len(parts))))
        matched = False
        for pattern in self.patterns:
            if pattern.exception == matched and any(pattern.matches(path) for path in paths):
                matched = not pattern.exception
        return matched

    def filtered(self, tree: FileEntry) -> FileEntry:
        """The tree without what is kept out; a kept-out directory stays if it holds something that is not."""
        if not self.patterns:
            return tree
        return self._filter(tree, "") or with_children(tree, {})

    def _filter(self, node: FileEntry, path: str) -> FileEntry | None:
        memo = node.memo.get("filtered")
        if memo is not None and memo[0] is self and memo[1] == path:
            return memo[2]  # type: ignore[no-any-return]
        children: dict[str, FileEntry] = {}
        same = True
        prefix = path + "/" if path else ""
        known = self._known
        for name, child in node.children.items():
            below = prefix + name
            verdict = known.get(below) or self._verdict(below)
            kept: FileEntry | None
            if child.is_dir:
                kept = self._filter(child, below)
                if verdict[0] and kept is not None and not kept.children:
                    kept = None
            else:
                kept = None if verdict[0] else child
            same = same and kept is child
            if kept is not None:
                children[name] = kept
        result = node if same else with_children(node, children)
        node.memo["filtered"] = (self, path, result)
        return result

    def _verdict(self, path: str) -> tuple[bool, tuple[bool, ...]]:
        known = self._known.get(path)
        if known is not None:
            return known
        above = self._verdict(posixpath.dirname(path))[1]
        excluded = False
        matched = [False] * len(self.patterns)
        for i, pattern in enumerate(self.patterns):
            hit = above[i]
            if not hit and pattern.exception == excluded:
                hit = pattern.matches(path)
            matched[i] = hit
            if hit:
                excluded = not pattern.exception
        self._known[path] = answer = (excluded, tuple(matched))
        return answer


@functools.lru_cache(maxsize=32)
def _parsed(text: str) -> IgnoreMatcher:
    lines: list[tuple[str, int]] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        exception = pattern.startswith("!")
        if exception:
            pattern = pattern[1:].strip()
        if pattern:
            pattern = _clean(pattern)
            if len(pattern) > 1 and pattern.startswith("/"):
                pattern = pattern[1:]
        lines.append(("!" * exception + pattern, number))
    return _compiled(lines)


@functools.lru_cache(maxsize=256)
def _of_patterns(patterns: tuple[str, ...]) -> IgnoreMatcher:
    return _compiled([(p, 0) for p in patterns])


def _compiled(lines: list[tuple[str, int]]) -> IgnoreMatcher:
    patterns = []
    for raw, number in lines:
        text = raw.strip()
        if not text:
            continue
        text = _clean(text)
        exception = text.startswith("!")
        if exception and len(text) == 1:
            return IgnoreMatcher((), 'illegal exclusion pattern: "!"')
        text = text[1:] if exception else text
        if problem := go_match_error(text):
            return IgnoreMatcher((), problem)
        patterns.append(IgnorePattern(text, exception, number, _regex(text)))
    return IgnoreMatcher(tuple(patterns))


def _clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return "/" + cleaned.lstrip("/") if cleaned.startswith("/") else cleaned


def _regex(pattern: str) -> re.Pattern[str] | None:
    if not any(c in "*?\\[]" for c in pattern):
        return re.compile(re.escape(pattern) + r"\Z", re.DOTALL)
    out, i, kind = [], 0, "exact"
    while i < len(pattern):
        c = pattern[i]
        start = i
        i += 1
        if c == "*" and pattern[i:i + 1] == "*":
            i += 1
            if pattern[i:i + 1] == "/":
                i += 1
            if i >= len(pattern):
                kind = "prefix" if kind == "exact" else "regexp"
                out.append(".*")
            else:
                out.append("(.*/)?")
                kind = "regexp"
            if start == 0:
                kind = "suffix"
        elif c == "*":
            out.append("[^/]*")
            kind = "regexp"
        elif c == "?":
            out.append("[^/]")
            kind = "regexp"
        elif c in _ESCAPED:
            out.append("\\" + c)
        elif c == "\\":
            literal = pattern[i:i + 1]
            out.append("\\" + literal if literal and not literal.isalnum() else re.escape(literal or "\\"))
            i += 1
            kind = "regexp"
        elif c in "[]":
            out.append(c)
            kind = "regexp"
        else:
            out.append(c)
    if kind == "suffix":
        rest = pattern[2:]
        if rest.startswith("/"):
            return re.compile(r"(?:.*" + re.escape(rest) + "|" + re.escape(rest[1:]) + r")\Z", re.DOTALL)
        return re.compile(".*" + re.escape(rest) + r"\Z", re.DOTALL)
    if kind == "prefix":
        return re.compile(re.escape(pattern[:-2]) + ".*", re.DOTALL)
    try:
        return re.compile("".join(out) + r"\Z", re.DOTALL)
    except re.error:
        return None


def go_match_error(pattern: str) -> str:
    """Why Go's filepath.Match refuses a pattern ("syntax error in pattern"), or "".

    Source: Go path/filepath/match.go: only an unfinished or empty class and a trailing backslash are refused.
    """
    i = 0
    while i < len(pattern):
        c = pattern[i]
        i += 1
        if c == "\\":
            if i >= len(pattern):
                return "syntax error in pattern"
            i += 1
        elif c == "[":
            if pattern[i:i + 1] == "^":
                i += 1
            ranges = 0
            while True:
                if i >= len(pattern) or (pattern[i] == "]" and ranges == 0) or pattern[i] == "-":
                    return "syntax error in pattern"
                if pattern[i] == "]":
                    i += 1
                    break
                i += 2 if pattern[i] == "\\" else 1
                if pattern[i:i + 1] == "-":
                    i += 1
                    if i >= len(pattern) or pattern[i] in "]-":
                        return "syntax error in pattern"
                    i += 2 if pattern[i] == "\\" else 1
                ranges += 1
    return ""


NOTHING_IGNORED = IgnoreMatcher(())


def matcher_for(text: str | None, where: str) -> IgnoreMatcher:
    """The matcher of an ignore file that may not exist.

    Raises:
        ContextError: If the engine would refuse the file.
    """
    if text is None:
        return NOTHING_IGNORED
    matcher = IgnoreMatcher.parse(text)
    if matcher.error:
        raise ContextError(where, matcher.error, "Correct or remove that line")
    return matcher
