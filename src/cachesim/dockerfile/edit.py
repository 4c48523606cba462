"""How does the text change when an instruction moves or lines become comments?

Edits are values: the editor applies them as one undo step, advice scores them first. An instruction, with its
continuation lines, heredoc bodies and the comments directly above it, is one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cachesim.diagnostics import Severity, SourceSpan
from cachesim.dockerfile.highlight import START, LineKind, LineState, tokens
from cachesim.dockerfile.instructions import Copy, From, Instruction, ParsedDockerfile, Run
from cachesim.dockerfile.lines import LogicalLine, Scan, is_comment, scan
from cachesim.dockerfile.words import BLANKS, split_keyword
from cachesim.errors import CachesimError

__all__ = [
    "MoveRefused", "TextEdit", "apply", "instruction_block", "move_instruction", "moved", "toggle_comment",
    "why_not_movable",
]


class MoveRefused(CachesimError):
    """The instruction cannot go there; the text is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace the text of a span by another; an empty span inserts."""

    span: SourceSpan
    new_text: str


def apply(text: str, edits: Iterable[TextEdit]) -> str:
    """Carry out edits that do not overlap; their spans all mean the text as it is before."""
    starts = _line_starts(text)

    def offset(line: int, column: int) -> int:
        return min(starts[line - 1] + column, len(text)) if line <= len(starts) else len(text)

    pieces: list[str] = []
    at = 0
    placed = ((offset(e.span.line, e.span.column), offset(e.span.end_line, e.span.end_column), e) for e in edits)
    for start, end, edit in sorted(placed, key=lambda p: p[:2]):
        pieces += text[at:start], edit.new_text
        at = max(end, at)
    return "".join(pieces) + text[at:]


def instruction_block(parsed: ParsedDockerfile, text: str, index: int) -> tuple[int, int]:
    """First and last line of an instruction with the comments directly above it."""
    span = parsed.instructions[index].span
    lines = text.split("\n")
    first = span.line
    above = _floor(parsed, index)
    while first - 1 > above and is_comment(lines[first - 2]):
        first -= 1
    return first, span.end_line


def move_instruction(text: str, parsed: ParsedDockerfile, index: int, to_index: int) -> tuple[TextEdit, ...]:
    """Move an instruction to another place among the instructions.

    Args:
        text: What `parsed` was made from.
        parsed: The file before the move.
        index: Of the instruction.
        to_index: The place it has afterwards, counted as in the file afterwards.
    Returns: The edits; none if the place is the same.
    Raises:
        MoveRefused: FROM moves, an instruction leaves its stage, or the lines would mean something else there.
    """
    if index == to_index:
        return ()
    problem = why_not_movable(parsed, index, to_index)
    if problem:
        raise MoveRefused(problem)
    first, last = instruction_block(parsed, text, index)
    there_first, there_last = instruction_block(parsed, text, to_index)
    if to_index > index:
        edit = _swapped(text, first, last, there_last)
    else:
        edit = _swapped(text, there_first, first - 1, last)
    _check(scan(text), scan(apply(text, [edit])), parsed.instructions[index].span.line)
    return (edit,)


def moved(text: str, parsed: ParsedDockerfile, index: int, to_index: int) -> str:
    """The text after `move_instruction`.

    Raises:
        MoveRefused: As there.
    """
    return apply(text, move_instruction(text, parsed, index, to_index))


def why_not_movable(parsed: ParsedDockerfile, index: int, to_index: int) -> str:
    """A sentence why an instruction cannot go to a place by the rules of stages; empty if it can."""
    instructions = parsed.instructions
    if not 0 <= to_index < len(instructions):
        return "There is no instruction to move past."
    here = instructions[index]
    if here.keyword == "FROM":
        return _why_from_stays(instructions, index)
    low, high = sorted((index, to_index))
    passed = [i for i in instructions[low:high + 1] if i is not here]
    if not any(i.keyword == "FROM" for i in passed):
        return ""
    if not any(i.keyword == "FROM" for i in instructions[:index]):
        return "An ARG before the first FROM holds for all stages: it cannot be moved across a FROM."
    if not any(i.keyword == "FROM" for i in instructions[:to_index]):
        return f"{here.keyword} needs a stage: it cannot be moved before the first FROM."
    return f"{here.keyword} would leave its stage: it cannot be moved across a FROM."


def _why_from_stays(instructions: Sequence[Instruction], index: int) -> str:
    here = instructions[index]
    number = sum(i.keyword == "FROM" for i in instructions[:index])
    names = {str(number), here.name} - {""} if isinstance(here, From) else {str(number)}
    for other in instructions[index + 1:]:
        used = [other.from_] if isinstance(other, Copy) else [other.image] if isinstance(other, From) else (
            [value for mount in other.mounts for key, value in mount.options if key == "from"] if isinstance(other, Run) else [])
        found = next((name for name in used if name.lower() in names), "")
        if found and not (isinstance(other, From) and found.isdigit()):
            return f"FROM begins the stage `{found}`, which line {other.span.line} refers to: it cannot be moved."
    return "FROM begins its stage and cannot be moved."


def toggle_comment(text: str, first_line: int, last_line: int) -> tuple[TextEdit, ...]:
    """Make lines comments, or take the comment sign off where all of them are comments.

    Where the range holds the first line of an instruction, the rest of the instruction goes along, both ways: half an
    instruction would swallow the next one.
    """
    lines = text.split("\n")
    first = max(min(first_line, len(lines)), 1)
    last = max(min(last_line, len(lines)), first)
    chosen = [number for number in range(first, last + 1) if lines[number - 1].strip(BLANKS)]
    if chosen and all(is_comment(_without_mark(lines[number - 1], number)) for number in chosen):
        return _uncommented(lines, first, last)
    return _commented(lines, first, _last_of_instructions(text, first, last))


def _commented(lines: list[str], first: int, last: int) -> tuple[TextEdit, ...]:
    chosen = [n for n in range(first, last + 1) if lines[n - 1].strip(BLANKS)]
    indent = min((_indent(lines[n - 1]) for n in chosen), default=0)
    return tuple(_insertion(n, indent + _mark(lines[n - 1], n), "# ") for n in chosen)


def _uncommented(lines: list[str], first: int, last: int) -> tuple[TextEdit, ...]:
    edits = []
    state = _state_above(lines, first)
    begun_here = False          # the instruction that is open began in the range, so its rest goes along
    for number in range(first, len(lines) + 1):
        line = lines[number - 1]
        is_open = state.kind in (LineKind.CONTINUATION, LineKind.HEREDOC)
        comment = is_comment(_without_mark(line, number))
        if number > last and not (is_open and begun_here and (comment or not line.strip(BLANKS))):
            break
        begun_here = begun_here or not is_open
        if comment:
            start = line.index("#")
            end = start + 1 + line.startswith(" ", start + 1)
            edits.append(TextEdit(SourceSpan(number, start, number, end), ""))
            line = line[:start] + line[end:]
        _, state = tokens(line, state)
    return tuple(edits)


def _last_of_instructions(text: str, first: int, last: int) -> int:
    for line in scan(text).instructions:
        if first <= line.first <= last:
            last = max(last, line.last)
    return last


def _state_above(lines: list[str], number: int) -> LineState:
    state = START
    for line in lines[:number - 1]:
        _, state = tokens(line, state)
    return state


def _floor(parsed: ParsedDockerfile, index: int) -> int:
    """The last line above the comments of an instruction that cannot belong to them."""
    directives = max((d.span.end_line for d in parsed.directives), default=0)
    here = parsed.instructions[index].span.line
    before = parsed.instructions[index - 1].span.end_line if index else 0
    broken = max((d.span.end_line for d in parsed.diagnostics
                  if d.severity is Severity.ERROR and d.span.end_line < here), default=0)
    return max(directives, before, broken)


def _swapped(text: str, first: int, middle: int, last: int) -> TextEdit:
    """Exchange the lines `first` to `middle` with those below them up to `last`."""
    lines = text.split("\n")
    upper, lower = lines[first - 1:middle], lines[middle:last]
    if last == len(lines):      # the last line of the file has no line feed, but may get a carriage return
        lower[-1], upper[-1] = _ended_like(lower[-1], upper[-1]), upper[-1].removesuffix("\r")
    span = SourceSpan(first, 0, last, len(lines[last - 1]))
    return TextEdit(span, "\n".join(lower + upper))


def _ended_like(line: str, other: str) -> str:
    return line + "\r" if other.endswith("\r") and not line.endswith("\r") else line


def _check(before: Scan, after: Scan, line: int) -> None:
    """The move must have changed nothing but the order."""
    same = (sorted(map(_content, before.instructions)) == sorted(map(_content, after.instructions))
            and [(d.name, d.value) for d in before.directives] == [(d.name, d.value) for d in after.directives])
    stages_before, stages_after = (
        [_content(i) for i in s.instructions if split_keyword(i.text)[0].lower() == "from"] for s in (before, after))
    if not same:
        raise MoveRefused(f"The lines from line {line} on would mean something else there.")
    if stages_before != stages_after or _stages(before) != _stages(after):
        raise MoveRefused(f"The instruction on line {line} would leave its stage: it cannot be moved across a FROM.")


def _content(line: LogicalLine) -> tuple[str, ...]:
    return line.text.strip(BLANKS), *(body.text.replace("\r\n", "\n") for body in line.bodies)


def _stages(scanned: Scan) -> list[Sequence[tuple[str, ...]]]:
    """The contents of each stage, without their order."""
    stages: list[list[tuple[str, ...]]] = [[]]
    for line in scanned.instructions:
        if split_keyword(line.text)[0].lower() == "from":
            stages.append([])
        stages[-1].append(_content(line))
    return [sorted(stage) for stage in stages]


def _indent(line: str) -> int:
    line = line.removeprefix("\ufeff")
    return len(line) - len(line.lstrip(" \t"))


def _mark(line: str, number: int) -> int:
    return 1 if number == 1 and line.startswith("\ufeff") else 0


def _without_mark(line: str, number: int) -> str:
    return line[_mark(line, number):]


def _insertion(line: int, column: int, new_text: str) -> TextEdit:
    return TextEdit(SourceSpan(line, column, line, column), new_text)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n")[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    return starts
