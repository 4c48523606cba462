"""How is a confirmation printed?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cachesim.confirm.match import BuildComparison, Confirmation

__all__ = ["result_object", "show", "teller"]


def teller(as_json: bool) -> Any:
    """Says what is being done, in one line of a terminal."""
    def tell(what: str) -> None:
        if not as_json and sys.stderr.isatty():
            print(f"\r\x1b[K{what} …", end="", file=sys.stderr, flush=True)
    return tell


def show(result: Confirmation, as_json: bool) -> int:
    """Print it; returns the exit status."""
    if not as_json and sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if as_json:
        print(json.dumps(result_object(result)))
    else:
        print(f"{result.engine}, mode {result.mode.value}")
        for build in result.builds:
            print()
            print("\n".join(_build_lines(build)))
        print()
        for note in result.notes:
            print(f"note: {note}")
        if result.record:
            print(f"record: {result.record}")
        print(result.verdict)
    if result.error:
        print(f"error: {result.error}", file=sys.stderr)
    return result.exit_code


def _build_lines(build: BuildComparison) -> list[str]:
    from cachesim.cli.render import table
    from cachesim.confirm.match import IMAGES_GONE, run_command
    from cachesim.context.snapshot import size_text
    rows, folded = [], 0
    images = any(step.image for step in build.steps)
    for step in build.steps:
        if step.internal or (not step.observed and not step.verdict.counts):
            folded += 1
            continue
        seconds = f"{step.seconds:.1f} s" if step.observed == "run" else ""
        size = size_text(step.size) if step.size is not None else ""
        rows.append((str(step.line or ""), _short(step.name), step.predicted + ("" if step.certain else "?"),
                     step.observed, step.verdict.value, seconds, size, *((step.image,) if images else ()),
                     step.note if step.verdict.value != "right" else ""))
    lines = [f"{build.label} ({build.observed.seconds:.1f} s)"]
    heads = ("line", "step", "predicted", "observed", "verdict", "took", "layer", *(("image",) if images else ()), "")
    lines += table(heads, rows) if rows else []
    if folded:
        lines.append(f"({folded} lines of the engine's own, or without a step, are not shown)")
    if images:
        kept = any(step.image_kept for step in build.steps)
        lines.append(f"To look into the image of a step: {run_command('IMAGE')}" if kept else f"({IMAGES_GONE})")
    if build.observed_error:
        lines.append(f"The build failed: {build.observed_error}")
        failed = build.observed.failed_vertex
        lines += [f"    {line}" for line in failed.log.splitlines()[-12:]] if failed is not None else []
    if build.problem:
        lines.append(f"Not as predicted: {build.problem}")
    return lines


def _short(text: str, width: int = 60) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= width else line[:width - 1] + "…"


def result_object(result: Confirmation) -> dict[str, Any]:
    """A confirmation as one JSON object."""
    from cachesim.confirm.match import Verdict
    from cachesim.confirm.records import step_object
    return {
        "mode": result.mode.value, "engine": result.engine, "verdict": result.verdict, "exit": result.exit_code,
        "compared": result.compared, "held": result.held,
        "counts": {verdict.value: result.count(verdict) for verdict in Verdict if verdict is not Verdict.OPEN},
        "notes": list(result.notes),
        "error": result.error or None, "cancelled": result.cancelled, "record": result.record or None,
        "builds": [{"label": build.label, "seconds": round(build.observed.seconds, 3),
                    "predicted_error": build.predicted_error or None, "observed_error": build.observed_error or None,
                    "problem": build.problem or None, "steps": [step_object(step) for step in build.steps]}
                   for build in result.builds]}
