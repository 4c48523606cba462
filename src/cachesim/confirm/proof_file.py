"""How is a proof kept, for a pull request to read and for a window to open again?

As JSON, or as Markdown that carries the same JSON in a comment at its end.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cachesim import __version__
from cachesim.confirm.image_diff import Difference, ImageDiff, What
from cachesim.confirm.proof_report import EditRun, ProofReport, ProofRow, ProofSide, RowKind, Times
from cachesim.errors import InputError, StoreFormatError
from cachesim.project.folders import write_atomically

__all__ = ["FORMAT", "load_proof", "proof_markdown", "proof_object", "proof_of", "save_proof"]

FORMAT = 1
_KIND = "cachesim proof"
_COMMENT = re.compile(r"<!-- cachesim-proof (\{.*\}) -->\s*\Z", re.DOTALL)
_MOST_SHOWN = 20


def save_proof(path: Path, report: ProofReport) -> None:
    """Write a report, as Markdown if the name ends in .md, else as JSON.

    Raises:
        InputError: The disk is full or cannot be written.
    """
    text = proof_markdown(report) if path.suffix.lower() in (".md", ".markdown") else (
        json.dumps(proof_object(report), indent=1) + "\n")
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def load_proof(path: Path) -> ProofReport:
    """Open a report again, of either sort.

    Raises:
        InputError: It cannot be read. StoreFormatError: It is of another version.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        found = _COMMENT.search(text)
        value = json.loads(found[1] if found is not None else text)
        if value["kind"] != _KIND:
            raise ValueError(f"it is a {value['kind']}")
        if value["format"] != FORMAT:
            raise StoreFormatError(str(path), value["format"])
        return proof_of(value)
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), str(path)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("is no report of a proof, or it is damaged", str(path), str(error)) from error


# -- JSON -------------------------------------------------------------------------------------------------------------


def proof_object(report: ProofReport) -> dict[str, Any]:
    """A report as one JSON object. "verdict" to "expected" are for readers; they are worked out anew when it is opened."""
    (a_runs, b_runs), (a_seconds, b_seconds) = report.reruns, report.seconds
    return {
        "format": FORMAT, "kind": _KIND, "version": __version__,
        "verdict": report.verdict, "exit": report.exit_code, "same_image": report.same, "worse": report.worse,
        "expected": {"a": {"reruns": round(a_runs, 4), "seconds": round(a_seconds, 3)},
                     "b": {"reruns": round(b_runs, 4), "seconds": round(b_seconds, 3)}},
        "rehearsal": report.rehearsal, "engine": report.engine, "started": report.started, "times": report.times.value,
        "mix": report.mix,
        "a": _side_object(report.a), "b": _side_object(report.b),
        "image": _diff_object(report.image) if report.image is not None else None,
        "rows": [{"kind": row.kind.value, "label": row.label, "weight": round(row.weight, 6), "a": _run_object(row.a),
                  "b": _run_object(row.b)} for row in report.rows],
        "notes": list(report.notes), "error": report.error or None, "cancelled": report.cancelled}


def _side_object(side: ProofSide) -> dict[str, Any]:
    return {"title": side.title, "digest": side.digest, "seconds": round(side.seconds, 3), "error": side.error or None}


def _run_object(run: EditRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {"predicted": run.predicted, "observed": run.observed, "predicted_seconds": round(run.predicted_seconds, 3),
            "seconds": round(run.seconds, 3), "wall": round(run.wall, 3), "steps": list(run.steps), "held": run.held,
            "problem": run.problem or None, "failed": run.failed}


def _diff_object(diff: ImageDiff) -> dict[str, Any]:
    return {"files": diff.files, "bytes": diff.bytes, "total": diff.total, "ignored_total": diff.ignored_total,
            "differences": [_difference_object(d) for d in diff.differences],
            "ignored": [_difference_object(d) for d in diff.ignored]}


def _difference_object(one: Difference) -> dict[str, Any]:
    return {"what": one.what.value, "name": one.name, "a": one.a, "b": one.b,
            **({"reason": one.reason} if one.reason else {})}


def proof_of(value: Mapping[str, Any]) -> ProofReport:
    """Read what `proof_object` wrote; ValueError, KeyError or TypeError if it is something else."""
    rows = tuple(ProofRow(RowKind(row["kind"]), str(row["label"]), float(row["weight"]), _run_of(row["a"]),
                          _run_of(row["b"])) for row in value["rows"])
    image = value["image"]
    return ProofReport(
        bool(value["rehearsal"]), str(value["engine"]), float(value["started"]), _side_of(value["a"]),
        _side_of(value["b"]), str(value["mix"]), _diff_of(image) if image is not None else None, rows,
        tuple(str(note) for note in value["notes"]), str(value["error"] or ""), bool(value["cancelled"]),
        Times(value["times"]))


def _side_of(value: Mapping[str, Any]) -> ProofSide:
    return ProofSide(str(value["title"]), str(value["digest"]), float(value["seconds"]), str(value["error"] or ""))


def _run_of(value: Mapping[str, Any] | None) -> EditRun | None:
    if value is None:
        return None
    return EditRun(int(value["predicted"]), int(value["observed"]), float(value["predicted_seconds"]),
                   float(value["seconds"]), float(value["wall"]), tuple(map(str, value["steps"])), bool(value["held"]),
                   str(value["problem"] or ""), bool(value["failed"]))


def _diff_of(value: Mapping[str, Any]) -> ImageDiff:
    different, ignored = (tuple(Difference(What(d["what"]), str(d["name"]), str(d["a"]), str(d["b"]),
                                           str(d.get("reason", ""))) for d in value[key])
                          for key in ("differences", "ignored"))
    return ImageDiff(int(value["files"]), int(value["bytes"]), different, int(value["total"]), ignored,
                     int(value["ignored_total"]))


# -- Markdown ---------------------------------------------------------------------------------------------------------


def proof_markdown(report: ProofReport) -> str:
    """A report for a pull request."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.started))
    title = "Rehearsal of a reordering" if report.rehearsal else "Proof of a reordering"
    lines = [f"### {title}", "", f"**{_cell(report.verdict)}**", "",
             f"A is `{_code(report.a.title)}`, B is `{_code(report.b.title)}`. {_cell(report.engine)}, {when}."]
    lines += _row_lines(report) if report.rows else []
    if report.image is not None:
        lines += _image_lines(report.image)
    wrong = (*report.broken_controls, *report.unexpected)
    lines += ["", *(f"- {_cell(text)}" for text in wrong)] if wrong else []
    lines += ["", *(f"> {_cell(note)}" for note in report.notes)] if report.notes else []
    data = json.dumps(proof_object(report)).replace("<", "\\u003c").replace(">", "\\u003e").replace("--", "-\\u002d")
    return "\n".join([*lines, "", f"<!-- cachesim-proof {data} -->", ""])


def _row_lines(report: ProofReport) -> list[str]:
    timed = report.times is not Times.NONE
    heads = ["edit", "share", "A runs", "B runs", *(("A took", "B took") if timed else ())]
    lines = ["", f"Edits: {_cell(report.mix)}. Each cell: observed (predicted)."
             + (" Seconds are estimates." if report.times is Times.ESTIMATED else ""), "", _line(heads),
             _line([":--", *["--:"] * (len(heads) - 1)])]
    for row in report.rows:
        label = f"*control:* {row.label}" if row.kind.control else row.label
        cells = [label, "" if row.kind.control else f"{row.weight:.0%}", _count(row.a), _count(row.b)]
        lines.append(_line([*cells, *((_took(row.a), _took(row.b)) if timed else ())]))
    (a, b), (before, after) = report.reruns, report.seconds
    total = ["**over the mix**", "", f"**{a:.1f}**", f"**{b:.1f}**"]
    lines.append(_line([*total, *((f"**{before:.1f} s**", f"**{after:.1f} s**") if timed else ())]))
    if report.times is Times.MEASURED:
        lines += ["", f"Without any cache: A {report.a.seconds:.1f} s, B {report.b.seconds:.1f} s."]
    return lines


def _count(run: EditRun | None) -> str:
    if run is None:
        return "not built"
    return f"fails ({run.predicted})" if run.failed else f"{run.observed} ({run.predicted})"


def _took(run: EditRun | None) -> str:
    return "" if run is None or run.failed else f"{run.seconds:.1f} s ({run.predicted_seconds:.1f} s)"


def _image_lines(diff: ImageDiff) -> list[str]:
    lines: list[str] = []
    for what, found, total in (("differences", diff.differences, diff.total),
                               ("differences that do not count", diff.ignored, diff.ignored_total)):
        if total:
            lines += ["", f"<details><summary>{total:,} {what}</summary>", ""]
            lines += [f"- {_cell(d.sentence)}" + (f" ({_cell(d.reason)})" if d.reason else "")
                      for d in found[:_MOST_SHOWN]]
            lines += [f"- and {total - _MOST_SHOWN:,} more"] if total > _MOST_SHOWN else []
            lines += ["", "</details>"]
    return lines


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """Text that no table, tag or line break of Markdown breaks."""
    return re.sub(r"\s+", " ", text).replace("<", "&lt;").replace("|", "\\|").strip()


def _code(text: str) -> str:
    return text.replace("`", "'")
