"""How is it said what a file, a build argument or an option does to the build?"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from cachesim.app.context.arguments import ArgRow
from cachesim.app.context.cells import View
from cachesim.app.context.changes import Change
from cachesim.app.context.reach import Reads, ignore_file_of, reach_of
from cachesim.app.report.lines import short
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, size_text
from cachesim.graph.model import StepId
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["CHANGE_ARG", "CHANGE_OPTIONS", "file_lines", "given_lines"]

CHANGE_OPTIONS = "do:options"       # where the link leads that offers other options
CHANGE_ARG = "arg:"                # and, followed by its name, another value of an argument


def file_lines(path: str, state: ProjectState, built: ContextSnapshot | None, report: SimulationReport | None,
               view: View, reads: Reads) -> list[str]:
    """Say in HTML which steps a path reaches and what a change of it would run.

    Args:
        built: What the last build was given.
        view: What is shown of the context, `reads` who reads it.
    """
    what, entry = f"<b>{escape(path)}</b>", state.context.get(path)
    if entry is None:
        return [f"{what} is deleted in thought. “Revert to disk” brings it back."]
    lines = [f"{what} cannot be read: {escape(entry.unreadable)}."] if entry.unreadable else []
    since = view.since.paths.get(path) if not entry.is_dir else None
    if since is Change.TOUCHED:
        lines.append("Only its time differs since the last build. Times are in no key.")
    elif since in (Change.CHANGED, Change.MODE):
        old_and_new = _old_and_new(built.get(path) if built is not None else None, entry)
        lines.append(f"{since.value.capitalize()} since the last build{old_and_new}.")
    if view.edits.paths.get(path) is not None and since is None and not entry.is_dir:
        lines.append("It differs from the file on your disk, but not from what the last build was given."
                     if built is not None else "It differs from the file on your disk.")
    kind = "folder" if entry.is_dir else "file"
    if view.matcher is not None and view.matcher.excluded(path):
        name = ignore_file_of(state.context, state.options.dockerfile) or ".dockerignore"
        kept = f"{escape(name)}{_pattern(view.matcher, path)} keeps this {kind} out"
        if path == name:
            return [*lines, f"{kept}, so no step copies it.", *_decides(what, report)]
        if path == state.options.dockerfile:
            return [*lines, f"{kept}, so no step copies it. Its instructions are the build: a change of those can run steps."]
        return [*lines, f"{kept}: no change of {what} can run anything."]
    readers = reads.steps(path)
    if path == ignore_file_of(state.context, state.options.dockerfile):
        lines += _decides(what, report)
    if report is None or not readers:
        nobody = reads.nobody().replace("reads it", f"reads this {kind}")
        return [*lines, f"{nobody[:1].upper()}{nobody[1:]}: changing {what} runs nothing."]
    aside = reads.aside(path)
    also = f", also by {_line_links(report, aside)}, which the target does not need" if aside else ""
    return [*lines, f"{what} is read by {_step_links(report, readers)}{also}.", _cost(report, readers)]


def _decides(what: str, report: SimulationReport | None) -> list[str]:
    """That the rules of an ignore file decide what the steps find."""
    readers = tuple(s.id for s in report.steps if any(not r.context for r in s.reads)) if report is not None else ()
    if report is None or not readers:
        return []
    return [f"The rules in {what} decide which files there are for {_step_links(report, readers)}: another rule can run "
            f"{'it' if len(readers) == 1 else 'them'}."]


def _cost(report: SimulationReport, readers: tuple[StepId, ...]) -> str:
    runs, below = len(readers), reach_of(report, readers).below
    more = f"up to {len(below)} below: {_line_links(report, below)}." if below else "none below."
    return f"A change runs {runs} step{'' if runs == 1 else 's'}, and {more}"


def _pattern(matcher: IgnoreMatcher, path: str) -> str:
    line = matcher.line_for(path)
    pattern = next((p.text for p in matcher.patterns if p.line == line), "")
    return f" line {line} ({escape(pattern)})" if line else ""


def _old_and_new(was: FileEntry | None, entry: FileEntry) -> str:
    if was is None or entry.kind is not FileKind.FILE:
        return ""
    if was.mode != entry.mode and was.digest == entry.digest:
        return f": {was.mode:04o} → {entry.mode:04o}"
    return f": {size_text(was.size)} → {size_text(entry.size)}" if was.size != entry.size else ", same size"


def given_lines(report: SimulationReport | None, rows: tuple[ArgRow, ...], flags: tuple[str, ...]) -> list[str]:
    """Say in HTML what the build is given beside the files, each argument with the steps that it reaches."""
    lines = ["<b>Build arguments</b>"] if rows else []
    lines += [_arg_line(report, row) for row in rows]
    if flags:
        lines.append(f"Options: <b>{escape(' '.join(flags))}</b>. <a href=\"{CHANGE_OPTIONS}\">Change…</a>")
    return lines


def _arg_line(report: SimulationReport | None, row: ArgRow) -> str:
    value = f" = <b>{escape(row.value)}</b>" if row.value else " (no value)" if row.value is None else " is empty"
    default = f" (the file says {escape(row.default)})" if row.default is not None else ""
    said = f"{escape(row.name)}{value}{default} &nbsp;<a href=\"{CHANGE_ARG}{quote(row.name)}\">Change…</a><br>"
    if report is not None and row.steps:
        below = f", and {row.below} below" if row.below else ""
        said += f"&nbsp;&nbsp;{row.change} runs {_line_links(report, row.steps)} again{below}."
    return f"{said}{' ' if row.steps else '&nbsp;&nbsp;'}{escape(row.note)}".rstrip()


def _step_links(report: SimulationReport, steps: Sequence[StepId]) -> str:
    text = ", ".join(_link(s, short(s, 34).replace("Line", "line", 1)) for s in map(report.step, steps[:4]))
    return text + (f" and {len(steps) - 4} more" if len(steps) > 4 else "")


def _line_links(report: SimulationReport, steps: Sequence[StepId]) -> str:
    text = ", ".join(_link(s, f"line {s.step.line}") for s in map(report.step, steps[:6]))
    return text + (" …" if len(steps) > 6 else "")


def _link(step: StepReport, text: str) -> str:
    return f'<a href="{step.id.stage},{step.id.index}">{escape(text)}</a>'
