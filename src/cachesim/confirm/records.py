"""How is a confirmation kept, so that it opens again without an engine, and what do streams from elsewhere say?"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from cachesim import __version__
from cachesim.confirm.buildx import LineReader, PlainReader, RawJsonReader
from cachesim.confirm.classic import ClassicReader
from cachesim.confirm.match import BuildComparison, Confirmation, Mode, StepComparison, Verdict
from cachesim.confirm.observed import Observation, ObservedBuild
from cachesim.confirm.workspace import disk_trouble
from cachesim.errors import InputError, StoreFormatError
from cachesim.graph.model import StepId

__all__ = ["FORMAT", "Record", "Tally", "copy_record", "load_record", "read_stream", "save_record",
           "step_object"]

FORMAT = 1
_MAIN = "confirmation.json"


@dataclass(frozen=True, slots=True)
class Record:
    """A confirmation with what was built.

    Attributes:
        facts: Engine, client and app versions, as written in the file.
        dockerfiles: Text of each build's Dockerfile, as it was built.
        commands: Command line of each build; secrets are only named in it.
    """

    confirmation: Confirmation
    facts: Mapping[str, str]
    dockerfiles: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()


def save_record(path: Path, record: Record, streams: Iterable[Path]) -> None:
    """Write a record: a zip archive of one JSON object and the raw stream of each build, whole or not at all.

    Raises:
        InputError: The disk is full or cannot be written.
    """
    part = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
            archive.writestr(_MAIN, json.dumps(_record_object(record), indent=1, ensure_ascii=True))
            for number, stream in enumerate(streams):
                archive.write(stream, f"build-{number}.rawjson")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise disk_trouble(error, path) from error


def load_record(path: Path) -> Record:
    """Open a record again; no engine is needed.

    Raises:
        InputError: It cannot be read. StoreFormatError: It is of another version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            value = json.loads(archive.read(_MAIN))
            if value.get("format") != FORMAT:
                raise StoreFormatError(str(path), value.get("format"))
            return _record_of(value, archive, str(path))
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("is not a confirmation record, or it is damaged", str(path), str(error)) from error


def read_stream(path: Path) -> ObservedBuild:
    """Read a progress log from elsewhere: rawjson (CI, `docker buildx history logs --progress=rawjson`) or plain.

    Raises:
        InputError: It cannot be read, or holds no progress.
    """
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            observed = _read_lines(file, None)
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), str(path)) from error
    if not observed.vertices:
        raise InputError("holds no build progress", str(path), "Make one with docker buildx build --progress=rawjson")
    failed = observed.failed_vertex
    reason = "" if failed is None else failed.error
    span = observed.span
    return replace(observed, exit_code=1 if failed else 0, error=reason, seconds=span[1] - span[0] if span else 0.0)


def _read_lines(lines: Iterable[str], reader: LineReader | None) -> ObservedBuild:
    seen = Observation()
    for line in lines:
        line = line.rstrip("\r\n")
        if reader is None and line.strip():
            reader = _reader_of(line)
        if reader is not None:
            seen.add(reader.feed(line))
    return seen.snapshot()


def _reader_of(first: str) -> LineReader:
    if first.startswith(('{"stream"', '{"at"', '{"aux"', '{"errorDetail"')):
        return ClassicReader()
    return RawJsonReader() if first.startswith("{") else PlainReader()


def copy_record(source: Path, target: Path) -> None:
    """Put a copy of a record where the person wants it."""
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise disk_trouble(error, target) from error


# -- JSON -------------------------------------------------------------------------------------------------------------


def _record_object(record: Record) -> dict[str, Any]:
    c = record.confirmation
    builds = []
    for number, build in enumerate(c.builds):
        builds.append({
            "label": build.label, "predicted_error": build.predicted_error, "observed_error": build.observed_error,
            "problem": build.problem, "could_not_run": build.could_not_run,
            "dockerfile": record.dockerfiles[number] if number < len(record.dockerfiles) else "",
            "command": list(record.commands[number]) if number < len(record.commands) else [],
            "exit_code": build.observed.exit_code, "seconds": build.observed.seconds,
            "cancelled": build.observed.cancelled, "steps": [step_object(step) for step in build.steps]})
    return {"format": FORMAT, "kind": "cachesim confirmation", "version": __version__, "facts": dict(record.facts),
            "mode": c.mode.value, "engine": c.engine, "started": c.started, "notes": list(c.notes), "error": c.error,
            "cancelled": c.cancelled, "builds": builds}


def step_object(step: StepComparison) -> dict[str, Any]:
    """One line of the table as JSON; the log is left out (it is in the stream).

    Whether an image was kept is written, but not read back: nobody knows how long it stayed.
    """
    value: dict[str, Any] = {
        "name": step.name, "line": step.line, "predicted": step.predicted, "certain": step.certain,
        "observed": step.observed, "verdict": step.verdict.value, "seconds": round(step.seconds, 3)}
    if step.step is not None:
        value["step"] = [step.step.stage, step.step.index]
    value.update({name: text for name, text in (("cause", step.cause), ("note", step.note), ("key", step.key),
                                              ("image", step.image)) if text})
    if step.size is not None:
        value["bytes"] = step.size
    if step.image_kept:
        value["image_kept"] = True
    if step.internal:
        value["internal"] = True
    return value


def _step_of(value: Mapping[str, Any], logs: Mapping[str, str]) -> StepComparison:
    step = value.get("step")
    name = str(value["name"])
    return StepComparison(
        StepId(int(step[0]), int(step[1])) if step else None, int(value["line"]), name, str(value["predicted"]),
        bool(value["certain"]), str(value["observed"]), Verdict(value["verdict"]), float(value["seconds"]),
        str(value.get("cause", "")), str(value.get("note", "")), str(value.get("key", "")), logs.get(name, ""),
        bool(value.get("internal")), str(value.get("image", "")), size=value.get("bytes"))


def _record_of(value: Mapping[str, Any], archive: zipfile.ZipFile, path: str) -> Record:
    builds = []
    for number, data in enumerate(value["builds"]):
        observed = _stored_stream(archive, number)
        observed = replace(observed, exit_code=data["exit_code"], seconds=float(data["seconds"]),
                           error=str(data["observed_error"]), cancelled=bool(data["cancelled"]))
        logs = {vertex.name: vertex.log for vertex in observed.vertices if vertex.log}
        builds.append(BuildComparison(
            str(data["label"]), tuple(_step_of(step, logs) for step in data["steps"]), observed,
            str(data["predicted_error"]), str(data["observed_error"]), str(data["problem"]),
            bool(data["could_not_run"])))
    confirmation = Confirmation(
        Mode(value["mode"]), str(value["engine"]), float(value["started"]), tuple(builds), tuple(value["notes"]),
        str(value["error"]), bool(value["cancelled"]), path)
    return Record(confirmation, {str(k): str(v) for k, v in value["facts"].items()},
                  tuple(str(b["dockerfile"]) for b in value["builds"]),
                  tuple(tuple(map(str, b["command"])) for b in value["builds"]))


def _stored_stream(archive: zipfile.ZipFile, number: int) -> ObservedBuild:
    try:
        with archive.open(f"build-{number}.rawjson") as raw:
            return _read_lines(TextIOWrapper(raw, "utf-8", "replace", newline="\n"), None)
    except KeyError:
        return ObservedBuild()


@dataclass(frozen=True, slots=True)
class Tally:
    """The running record over all confirmations of a project; kept as JSON with it."""

    builds: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    def after(self, confirmation: Confirmation) -> Tally:
        """With one more confirmation."""
        counts = dict(self.counts)
        for verdict in Verdict:
            found = confirmation.count(verdict)
            if found and verdict is not Verdict.NOT_COMPARED:
                counts[verdict.value] = counts.get(verdict.value, 0) + found
        return Tally(self.builds + len(confirmation.builds), counts)

    @property
    def sentence(self) -> str:
        """ "12 builds confirmed, 204 steps: 203 right, 1 wrong" """
        parts = [f"{self.counts[v.value]} {v.value}" for v in Verdict if self.counts.get(v.value)]
        builds = "1 build" if self.builds == 1 else f"{self.builds} builds"
        return f"{builds} confirmed, {sum(self.counts.values())} steps: {', '.join(parts) or 'none'}"

    def to_json(self) -> dict[str, Any]:
        """The tally as JSON."""
        return {"format": FORMAT, "builds": self.builds, "counts": dict(self.counts)}

    @classmethod
    def from_json(cls, value: object) -> Tally:
        """Read a tally; one that is damaged or of another version counts from zero."""
        try:
            if not isinstance(value, Mapping) or value["format"] != FORMAT:
                return cls()
            return cls(int(value["builds"]), {Verdict(k).value: int(n) for k, n in value["counts"].items()})
        except (KeyError, ValueError, TypeError):
            return cls()
