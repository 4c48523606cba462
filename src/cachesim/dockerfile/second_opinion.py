"""What does another reader, dockerfile-parse, make of a file, and why would it differ from ours?

It reads parent images and the words of ENV and LABEL, which cross-checks our parser on ordinary files. It decides
nothing: where instructions end is known by `lines` alone. Slow on long lines, so not for every keystroke.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from cachesim.dockerfile.expand import Expander, ExpandError
from cachesim.dockerfile.instructions import Env, From, Instruction, Label, ParsedDockerfile
from cachesim.dockerfile.lines import LogicalLine, Scan, scan
from cachesim.dockerfile.words import BLANKS

__all__ = ["KeyValues", "KnownDifference", "SecondOpinion", "known_differences", "our_opinion", "second_opinion"]


class KnownDifference(enum.Enum):
    """Why dockerfile-parse may differ: what it does, or does not, where the engine does otherwise."""

    HEREDOC = "reads heredoc bodies as instructions"
    EMPTY_CONTINUATION = "ends an instruction at an empty line inside of a continuation"
    UNFINISHED = "loses an instruction whose last line asks for another one"
    BYTE_ORDER_MARK = "keeps a byte order mark in the first keyword"
    DOUBLED_ESCAPE = "takes an escaped escape at the end of a line for a continuation"
    ESCAPE_DIRECTIVE = "knows no other escape inside of words, and no escape directive after a check directive"
    ESCAPE_IN_QUOTES = "keeps escapes of $ and of the escape inside of double quotes"
    SUBSTITUTION = "knows only $NAME and ${NAME}, and only of ARGs before FROM"
    FLAG = "splits no flags but --platform= of FROM"
    REFUSED = "reads on in a file that the engine refuses"
    ODD_BLANK = "takes other characters for blanks or line ends"


KeyValues = tuple[tuple[int, tuple[tuple[str, str], ...]], ...]
"""For each instruction its first line and its pairs, quotes and escapes resolved, variables as written."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What one reader found; `failed` is why it gave up."""

    parent_images: tuple[str, ...] = ()
    env: KeyValues = ()
    labels: KeyValues = ()
    failed: str = ""


def second_opinion(text: str, build_args: Mapping[str, str] | None = None) -> SecondOpinion:
    """Ask dockerfile-parse."""
    import dockerfile_parse  # slow to load, rarely needed

    source = BytesIO(text.encode("utf-8", "replace"))       # without a file object it would open ./Dockerfile
    try:
        reader = dockerfile_parse.DockerfileParser(fileobj=source, env_replace=False, build_args=dict(build_args or {}))
        structure = reader.structure
        return SecondOpinion(tuple(reader.parent_images), _their_pairs(structure, "ENV"),
                             _their_pairs(structure, "LABEL"))
    except Exception as error:      # it promises nothing about broken files: IndexError, ValueError, …
        return SecondOpinion(failed=f"{type(error).__name__}: {error}")


def our_opinion(parsed: ParsedDockerfile, global_args: Mapping[str, str]) -> SecondOpinion:
    """The same from our parser; `global_args` are the ARGs before the first FROM."""
    images = Expander(parsed.escape)
    words = Expander(parsed.escape, keep_unset=True)
    try:
        return SecondOpinion(
            tuple(images.text(i.image, global_args) for i in parsed.instructions if isinstance(i, From)),
            _our_pairs(parsed, words, Env), _our_pairs(parsed, words, Label))
    except ExpandError as error:
        return SecondOpinion(failed=str(error))


def known_differences(text: str, parsed: ParsedDockerfile) -> frozenset[KnownDifference]:
    """What a file has in it about which the two readers may differ; none: they agree."""
    scanned = scan(text)
    found = {
        KnownDifference.BYTE_ORDER_MARK: text.startswith("\ufeff"),
        KnownDifference.ESCAPE_DIRECTIVE: parsed.escape != "\\",
        KnownDifference.REFUSED: parsed.error is not None,
        KnownDifference.ODD_BLANK: any(c in text for c in BLANKS[6:] + "\v\f\r\x1c\x1d\x1e\x1f"),
        KnownDifference.EMPTY_CONTINUATION: any(line.has_empty_lines for line in scanned.instructions),
        KnownDifference.HEREDOC: any(line.bodies for line in scanned.instructions),
        KnownDifference.UNFINISHED: _ends_unfinished(scanned),
        KnownDifference.DOUBLED_ESCAPE: any(line.rstrip().endswith("\\\\") for line in scanned.lines),
        KnownDifference.ESCAPE_IN_QUOTES: any(_escape_in_quotes(i) for i in parsed.instructions),
        KnownDifference.SUBSTITUTION: any(_substitutes(i) for i in parsed.instructions),
        KnownDifference.FLAG: any(
            not _PLAIN_FROM.match(i.text) for i in parsed.instructions if isinstance(i, From)),
    }
    return frozenset(name for name, there in found.items() if there)


_PLAIN_FROM = re.compile(r"\S+\s+(?:--platform=[^\s'\"\\]+\s+)?[^\s-]")


def _their_pairs(structure: list[dict[str, Any]], keyword: str) -> KeyValues:
    from dockerfile_parse.util import extract_key_values

    return tuple(
        (step["startline"] + 1, tuple(extract_key_values(
            env_replace=False, args={}, envs={}, instruction_value=step["value"])))
        for step in structure if step["instruction"] == keyword)


def _our_pairs(parsed: ParsedDockerfile, words: Expander, kind: type[Env] | type[Label]) -> KeyValues:
    return tuple(
        (i.span.line, tuple((words.text(key, {}), words.text(value, {})) for key, value in i.pairs))
        for i in parsed.instructions if isinstance(i, kind))


def _ends_unfinished(scanned: Scan) -> bool:
    if not scanned.instructions:
        return False
    line: LogicalLine = scanned.instructions[-1]
    return line.last == len(scanned.lines) and scanned.lines[-1].rstrip().endswith(scanned.escape)


def _escape_in_quotes(instruction: Instruction) -> bool:
    return isinstance(instruction, Env | Label) and any(
        '"' in text and "\\" in text for pair in instruction.pairs for text in pair)


def _substitutes(instruction: Instruction) -> bool:
    """FROM with any variable: theirs knows neither platform variables nor modifiers; words: `$` next to an escape."""
    if isinstance(instruction, From):
        return "$" in instruction.image
    return isinstance(instruction, Env | Label) and any(
        "${" in text or ("$" in text and "\\" in text) for pair in instruction.pairs for text in pair)
