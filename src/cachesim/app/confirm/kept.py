"""What is kept of a real build, and how does it open again?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cachesim.app.notify import Message, Tone
from cachesim.confirm.match import Confirmation, Mode, compare
from cachesim.confirm.measure import measured_by
from cachesim.confirm.records import Tally, load_record, read_stream
from cachesim.confirm.share import scenario_of_confirmation
from cachesim.confirm.workspace import bytes_by_digest
from cachesim.errors import CachesimError, InputError
from cachesim.project.folders import write_atomically

if TYPE_CHECKING:
    from cachesim.app.keeping import ProjectKeeper
    from cachesim.confirm.session import Plan
    from cachesim.simulate.report import SimulationReport

__all__ = ["opened", "remember", "save_scenario"]


def remember(keeper: ProjectKeeper, result: Confirmation) -> str:
    """Keep what was measured and the running record with the project; says the record in words."""
    keeper.measure(measured_by(result))
    tally = Tally.from_json(keeper.records.get("confirmed"))
    if not result.compared:
        return tally.sentence if tally.builds else ""
    tally = tally.after(result)
    keeper.record("confirmed", tally.to_json())
    return tally.sentence


def save_scenario(plan: Plan, result: Confirmation, path: Path, *, hide: bool) -> Message:
    """Write what was built and observed as a scenario; says how that went."""
    content = bytes_by_digest([build.state.context for build in plan.made], plan.contents)
    value, lost = scenario_of_confirmation(plan.made, result, path.stem, content, hide=hide)
    try:
        write_atomically(path, json.dumps(value, indent=1).encode() + b"\n")
    except CachesimError as error:
        return Message(str(error), Tone.ERROR, key="confirm")
    missing = f" The contents of {', '.join(lost[:5])} are not kept; a line stands for each." if lost else ""
    return Message(f"Saved {path.name}.{missing}", Tone.WARNING if lost else Tone.INFO, key="confirm", passing=not lost)


def opened(path: Path, report: SimulationReport | None) -> Confirmation:
    """A kept record, or a progress log from elsewhere laid over the open project's prediction; no engine is needed.

    Raises:
        CachesimError: It is neither, or the log belongs to no open project.
    """
    if _is_record(path):
        return load_record(path).confirmation
    observed = read_stream(path)
    if report is None:
        raise InputError("belongs to no open project", str(path), "Open the project that it was made from first")
    build = compare(report, observed, path.name, mode=Mode.LIVE,
                    assumed={vertex.name: step.from_build for step in report.steps for vertex in step.vertices})
    return Confirmation(Mode.LIVE, f"log {path.name}", path.stat().st_mtime, (build,),
                        ("A log from elsewhere: what that engine had cached before is not known.",))


def _is_record(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return False
