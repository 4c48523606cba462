"""What is there to say about a step, in three depths: one sentence, the explanation, the rule?

Plain values, no Qt: the panel turns them into text with links, tests read them.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cachesim.cache.key import PartKind, part_name
from cachesim.dockerfile.instructions import Arg, Env, Run
from cachesim.engines.base import MissReason, Outcome, RunClaim
from cachesim.graph.model import EdgeKind, StepId
from cachesim.graph.options import EngineKind
from cachesim.project.timeline import Past
from cachesim.simulate.causes import carried, causes_of, downstream, running_without
from cachesim.simulate.report import SimulationReport, StepReport
from cachesim.simulate.threats import Invalidator, files_read, invalidators, standing_on

__all__ = ["Depth", "Kind", "Line", "Link", "Story", "carriers", "claim_command", "deciding_runs", "elided", "failure_of",
           "of_build", "overview", "short", "step_story", "with_costs", "with_lines"]

_CONFIG = {
    "ARG": "ARG declares a build argument. It makes no layer, but its value is in the environment of every RUN below.",
    "ENV": "ENV sets a variable. It makes no layer, but it is in the environment of every RUN below it.",
    "USER": "USER makes no layer, but it is part of the key of every RUN and WORKDIR below it.",
    "SHELL": "SHELL makes no layer, but it is part of the command of every RUN below it that is no JSON list.",
    "WORKDIR": "The image's root is always there: this WORKDIR makes no layer, but RUNs below it start in that folder.",
    "ONBUILD": "ONBUILD stores an instruction for images built on this one. It makes no layer and is in no key.",
    "FROM": "This FROM names a stage or an empty start: it goes on from there and is no step of its own.",
}
_NO_KEY = "{} only describes the image: it makes no layer and is in no key. Changing it runs nothing again."
_NOTHING_THERE = re.compile(r'failed to calculate checksum of ref: "/(.+)": not found')
_SHOWN = 6
_DETAILED = frozenset({"files", "argument", "tag", "download", "stage"})     # the others say it by their name
_THREATS = {"text": "its own text and settings", "argument": "build arguments", "variable": "variables",
            "option": "options", "tag": "tags", "download": "downloads", "stage": "other stages"}


class Depth(enum.IntEnum):
    """How much is told."""

    SENTENCE = 0
    EXPLANATION = 1
    RULE = 2


class Kind(enum.Enum):
    """What sort of line it is."""

    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to a step (`target` is its id), to a context file (its path) or to a command (": what-if")."""

    text: str
    target: StepId | str


@dataclass(frozen=True, slots=True)
class Line:
    """Text and links in a row."""

    pieces: tuple[str | Link, ...]
    kind: Kind = Kind.TEXT

    @property
    def text(self) -> str:
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Story:
    """All that can be told; `subject` is what it is about, `sentence` the shortest answer."""

    subject: str
    sentence: str
    explanation: tuple[Line, ...] = ()
    rule: tuple[Line, ...] = ()

    def text(self, depth: Depth = Depth.RULE) -> str:
        """Everything up to a depth as plain text."""
        lines = [self.subject, self.sentence]
        lines += [line.text for line in self.explanation] if depth >= Depth.EXPLANATION else []
        lines += [line.text for line in self.rule] if depth >= Depth.RULE else []
        return "\n".join(line for line in lines if line)


# -- nothing is selected --

def failure_of(report: SimulationReport) -> str:
    """Why a build fails, as one would tell a beginner; the engine's own words where those are plain enough."""
    found, step = _NOTHING_THERE.fullmatch(report.error), report.find(report.error_step)
    if found is None or step is None:
        return report.error
    return f"line {step.step.line} finds no {found[1]} to copy"


def overview(report: SimulationReport | None, past: Past = Past.NOTHING) -> Story:
    """Tell about the whole build."""
    if report is None:
        return Story("", "Nothing is open yet.", (_line("Open a folder, a Dockerfile or a sample to see what would run "
                                                        "again, and why."),))
    if report.blank:
        return Story("", "Nothing to build yet.", (
            _line("A Dockerfile begins with FROM and the image to start from. Type it, or ",
                  Link("begin with FROM alpine", ":begin"), "."),
            _line("Ctrl+Space offers instructions, stages and files while you type; paste a Dockerfile if you have one.")))
    if report.error:
        where = report.find(report.error_step)
        lines = [_line("The first line that fails is ", _to(where), ".")] if where else []
        told = failure_of(report)
        if told != report.error:
            lines.append(_line(f"The engine will say: {_dot(report.error)}"))
            told = _dot(told[:1].upper() + told[1:])
        return Story("The build fails", told, tuple(lines + _assumed(report, None)))
    steps = report.steps_of_target
    runs = [s for s in steps if s.outcome is Outcome.MISS]
    unsure = [s for s in steps if not s.certain]
    if not steps:
        return Story("", "There is no step yet.", (_line("A Dockerfile begins with FROM."),))
    if not runs and not unsure:
        more = _line(f"All {len(steps)} steps come from the cache. ", Link("What if…", ":what-if"),
                     " changes something to see what would run then.")
        return Story("", "Nothing would run.", (more, *_assumed(report, None)))
    first_time = all(s.reason in (MissReason.NO_RECORD, MissReason.PARENT) for s in runs)
    nothing_held = first_time and len(runs) + len(unsure) == len(steps)
    if nothing_held and past is Past.EMPTIED:
        more = _line("Nothing of the earlier builds is left. Press Build to fill the cache again, or take the change back.")
        return Story("", f"The cache is empty: {_count(len(runs), 'step')} would run.", (more, *_assumed(report, None)))
    if nothing_held and past is Past.NOTHING:
        more = _line("Nothing was built before, so nothing can come from the cache. Press Build, then ",
                     Link("What if…", ":what-if"), " to change something.")
        return Story("", f"This is your first build: {_count(len(runs), 'step')} would run.",
                     (more, *_assumed(report, None)))
    what = f"{len(runs)} of {_count(len(steps), 'step')} would run again."
    if unsure:
        what = what[:-1] + f", {len(unsure)} {'depends' if len(unsure) == 1 else 'depend'} on a RUN."
    return Story("", what, (*_causes(report, runs), *_unsure(unsure), *_assumed(report, None)))


def _causes(report: SimulationReport, runs: Sequence[StepReport]) -> Iterator[Line]:
    first = [s for s in runs if s.reason is not MissReason.PARENT]
    if not first:
        return
    yield _line("The first cause:" if len(first) == 1 else "The first causes:", kind=Kind.HEADING)
    for step in first[:_SHOWN]:
        below = sum(s.certain for s in carried(report, step.id))        # counted as the verdict strip counts them
        tail = f" {_count(below, 'step')} below it {'runs' if below == 1 else 'run'} with it." if below else ""
        yield _line(_to(step), f": {_dot(step.cause or 'it must run')}{tail}", kind=Kind.ITEM)
    if len(first) > _SHOWN:
        yield _line(f"and {len(first) - _SHOWN} more", kind=Kind.ITEM)


def _unsure(unsure: Sequence[StepReport]) -> Iterator[Line]:
    if unsure:
        verb = "depends" if len(unsure) == 1 else "depend"
        yield _line(f"{_count(len(unsure), 'step')} {verb} on what a RUN writes:", kind=Kind.HEADING)
        for step in unsure[:_SHOWN]:
            yield _line(_to(step), kind=Kind.ITEM)


# -- one step --

def step_story(report: SimulationReport, step: StepReport, engine: EngineKind = EngineKind.BUILDKIT) -> Story:
    """Tell about one step."""
    lines = [*_reasons(report, step, engine), *_consequences(report, step), *_threats(report, step),
             *_assumed(report, step)]
    return Story(short(step, 60), _sentence(report, step), tuple(lines), tuple(_rule(step)))


def with_lines(story: Story, lines: Sequence[Line]) -> Story:
    """The same story, with these lines before its explanation."""
    return replace(story, explanation=(*lines, *story.explanation)) if lines else story


def with_costs(story: Story, lines: Sequence[str]) -> Story:
    """The same story, with what the step takes and brings after its explanation."""
    if not lines:
        return story
    return replace(story, explanation=(*story.explanation, _line("Time and size:", kind=Kind.HEADING),
                                       *(_line(text, kind=Kind.ITEM) for text in lines)))


def of_build(story: Story, made: str, number: int) -> Story:
    """The same story, told of a build that is over; `made` says what that one ran."""
    if story.subject.startswith("Line "):
        return replace(story, subject=f"{story.subject}, in build {number}")
    return replace(story, sentence=f"{made}.")


def _sentence(report: SimulationReport, step: StepReport) -> str:
    if step.outcome is Outcome.FAILED:
        return _dot(step.error or step.cause or "This step fails")
    if step.cause:
        return _dot(step.cause)
    return {
        Outcome.HIT: "Nothing that it depends on changed.",
        Outcome.MISS: "It must run.",
        Outcome.UNDETERMINED: "It depends on the bytes that a RUN writes, and nobody knows them before the build.",
        Outcome.CONFIG_ONLY: "It only changes the image's configuration.",
        Outcome.NOT_NEEDED: "All steps that read it come from the cache.",
        Outcome.UNREACHED: "The target does not need its stage.",
        Outcome.NOT_REACHED: "The build fails before it gets here.",
    }[step.outcome]


def _reasons(report: SimulationReport, step: StepReport, engine: EngineKind) -> Iterator[Line]:
    keyword = step.step.instruction.keyword
    if step.outcome is Outcome.MISS:
        yield from _miss(report, step)
    elif step.outcome is Outcome.HIT:
        if step.from_build and step.from_build not in step.cause:
            yield _line(f"Its layer comes from the build “{step.from_build}”.")
        if step.key is not None and step.cached_key is not None and step.cached_key != step.key:
            yield _line("Its definition is new, but everything it reads has the same content as before.")
    elif step.reason is MissReason.NO_FILES:
        yield _line("Choose the folder that the build is started with: Choose folder, or File > Choose build context.")
    elif step.outcome is Outcome.UNDETERMINED:
        runs = deciding_runs(report, step)
        if runs:
            yield _line("What decides is what ", *_joined([_to(s) for s in runs[:3]]),
                        f" {'writes' if len(runs) == 1 else 'write'}: the same bytes as before, or others.")
            yield _line("State below what you know of the RUN, or confirm with a real build.")
        else:
            yield _line("What decides is what lies in another image or behind an address: the same bytes as before, or others. "
                        "A real build tells.")
    elif step.outcome is Outcome.CONFIG_ONLY:
        yield _line(_CONFIG.get(keyword, _NO_KEY.format(keyword)))
        yield from _carried_by_key(report, step)
    elif step.outcome is Outcome.NOT_NEEDED:
        yield _line("BuildKit prints CACHED although nobody needed it: it did not even look whether its layer is there."
                    if engine is EngineKind.BUILDKIT else "The builder does not have to look at it.")
    elif step.outcome is Outcome.UNREACHED:
        stages = {s.index: s.label for s in report.graph.stages}
        target = stages.get(report.graph.target, "the target")
        yield _line(f"Stage {stages.get(step.id.stage, '')} is neither {target} nor anything that {target} is built "
                    "from. Choose another target in the build options to build it.")
    elif step.outcome is Outcome.NOT_REACHED:
        where = report.find(report.error_step)
        if where:
            yield _line("The build stops at ", _to(where), f": {_dot(report.error)}")
        elif report.error:
            yield _line(_dot(report.error))
    elif step.outcome is Outcome.FAILED:
        yield _line("Steps that were complete before it are cached; everything after it is not reached.")


def _carried_by_key(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """Which steps have this ENV or ARG in their key."""
    instruction = step.step.instruction
    if not isinstance(instruction, Arg | Env):
        return
    names = {f"{kind} {name}" for name, _ in instruction.pairs for kind in ("ARG", "ENV")}
    found = [s for s in report.steps if s.key is not None and s.id > step.id and any(
        part.kind in (PartKind.ARG, PartKind.ENV) and part.label in names for part in s.key.parts)]
    if found:
        yield _line("Another value would run ", *_joined([Link(f"line {s.step.line}", s.id) for s in found[:_SHOWN]]),
                    " …" if len(found) > _SHOWN else "", " again.")
    elif any(s.id > step.id and any(f"${name}" in s.step.instruction.text or f"${{{name}" in s.step.instruction.text
                                    for name, _ in instruction.pairs) for s in report.steps):
        yield _line("No RUN has it in its key, but lines below name it: another value changes what they say.")
    else:
        yield _line("No step has it in its key: another value would run nothing again.")


def _miss(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    changes = [c for c in step.changes if step.reason is not MissReason.PARENT]
    for change in changes[:_SHOWN]:
        if change.kind is PartKind.BASE and change.old == change.new:
            continue            # the sentence says that the name means another image
        old = elided(change.old) if change.old is not None else "not there"
        new = elided(change.new) if change.new is not None else "gone"
        said = f"{part_name(change.kind, change.label)}: {old} → {new}" if old or new \
            else f"{change.label} is another one"           # the step above has no text that would tell more
        yield _line(said, kind=Kind.ITEM)
    if len(changes) > _SHOWN:
        yield _line(f"and {len(changes) - _SHOWN} more key parts", kind=Kind.ITEM)
    if step.reason is MissReason.PARENT:
        chain = carriers(report, step)
        cause = chain[0] if chain else report.find(step.cause_step)
        if cause is not None and cause.id != step.id:
            yield _line("The first cause is ", _to(cause), f": {_dot(cause.cause or 'it must run')}")
        if len(chain) > 2:
            middle = [_to(s, 26) for s in chain[1:-1]]
            shown: list[str | Link] = [*middle]
            if len(middle) > 3:
                shown[1:-1] = [f"{len(middle) - 2} more"]
            yield _line("Carried here by ", *_joined(shown, ", then "),
                        "" if middle[-1].text.endswith(".") else ".")
        yield from _other_causes(report, step, cause, "Without that")
    elif step.reason is MissReason.NO_RECORD:
        yield _line("The cache holds no layer for this instruction on this state: it was never built.")
    elif step.reason is MissReason.NO_CACHE:
        yield _line("The build options say that this step must not come from the cache.")
    elif step.reason is MissReason.PRUNED:
        yield _line("It was built before, but its layer was pruned.")
    if step.reason is not MissReason.PARENT:
        yield from _other_causes(report, step, step, "Even without that")


def _other_causes(report: SimulationReport, step: StepReport, told: StepReport | None, but_for_it: str) -> Iterator[Line]:
    """What else would make it run."""
    others = [s for s in causes_of(report, step.id) if told is None or s.id != told.id]
    if others:
        why = [Line((Link(f"line {s.step.line}", s.id), f" ({s.cause})" if s.reason is MissReason.PART else ""))
               for s in others[:3]]
        pieces = [piece for number, line in enumerate(why) for piece in ((", and of " if number else ""), *line.pieces)]
        yield _line(f"{but_for_it} it would still run, because of ", *pieces, " …" if len(others) > 3 else ".")


def _consequences(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    if step.outcome is not Outcome.MISS:
        return
    below = [s for s in carried(report, step.id) if s.certain]
    if step.reason is MissReason.PARENT:
        if below:
            yield _line(f"{_count(len(below), 'step')} below {'runs' if len(below) == 1 else 'run'} with it.")
    else:
        anyway = running_without(report, step.id)
        only = [s for s in below if s.id not in anyway]
        if only:
            verb = "runs" if len(only) == 1 else "run"
            yield _line(f"{_count(len(only), 'step')} below {verb} only because of it: ", *_lines_of(only))
        by_cause: dict[StepId, list[StepReport]] = {}
        for s in below:
            if s.id in anyway:
                by_cause.setdefault(anyway[s.id], []).append(s)
        for cause, found in list(by_cause.items())[:3]:
            yield _line(f"{_count(len(found), 'step')} below would run without it, too, because of ",
                        Link(f"line {report.step(cause).step.line}", cause), ": ", *_lines_of(found, cause))
    open_ = [other for i in downstream(report, step.id) if not (other := report.step(i)).certain]
    if open_:
        yield _line(f"{_count(len(open_), 'step')} below may run with it: ", *_lines_of(open_))


def _lines_of(steps: Sequence[StepReport], cause: StepId | None = None) -> list[str | Link]:
    links = [Link(f"line {s.step.line}" + (" itself" if s.id == cause else ""), s.id) for s in steps[:8]]
    return [*_joined(links), " …" if len(steps) > 8 else "."]


def _threats(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """What in the world could invalidate it."""
    if step.outcome in (Outcome.CONFIG_ONLY, Outcome.UNREACHED, Outcome.NOT_REACHED, Outcome.FAILED):
        return
    found: dict[str, list[Invalidator]] = {}
    for threat in invalidators(report, step.id):
        found.setdefault(threat.kind, []).append(threat)
    if found:
        yield _line("What could invalidate it:", kind=Kind.HEADING)
    if found.pop("step", None):
        yield from _above_it(report, step)
    for kind, threats in found.items():
        names = [t.label + (f" ({t.detail})" if kind in _DETAILED and t.detail else "") for t in threats]
        pieces: list[str | Link] = [f"{_THREATS.get(kind, kind)}: "]
        pieces += _joined(names[:_SHOWN])
        if len(names) > _SHOWN:
            pieces.append(f" and {len(names) - _SHOWN:,} more")
        if kind == "files" and (shown := next((p for r in step.reads if not r.context for p in r.paths), None)):
            pieces += [". ", Link("Show in files", shown)]
        yield Line(tuple(pieces), Kind.ITEM)


def _above_it(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """That whatever runs above it makes it run, and so the files that are read there."""
    above = standing_on(report, step.id)
    links: list[str | Link] = [Link(str(s.step.line), s.id) for s in above]
    if len(links) > 2 * _SHOWN:
        links[_SHOWN:-_SHOWN] = ["…"]
    what = "the step above, if it runs: line " if len(above) == 1 else "any step above that runs: lines "
    read = files_read(above)
    yield _line(what, *_joined(links), f"; and so the files read there: {', '.join(read)}" if read else "", kind=Kind.ITEM)


def _assumed(report: SimulationReport, step: StepReport | None) -> list[Line]:
    own = [a for a in report.assumptions if step is None or a.step in (None, step.id)]
    if not own:
        return []
    texts = dict.fromkeys(a.text for a in own)
    return [_line("Assumed:", kind=Kind.HEADING), *(_line(text, kind=Kind.ITEM) for text in texts)]


def _rule(step: StepReport) -> Iterator[Line]:
    if not step.rule:
        return
    yield _line(step.rule.title, kind=Kind.HEADING)
    yield _line(step.rule.says)
    yield _line(f"Source: {step.rule.source}.")


# -- who carries what where --

def carriers(report: SimulationReport, step: StepReport) -> tuple[StepReport, ...]:
    """The steps from the first cause to `step`, both included, along the shortest way; empty if there is none."""
    if step.cause_step is None or step.cause_step == step.id:
        return ()
    above = _edges(report, *EdgeKind)
    came: dict[StepId, StepId] = {step.id: step.id}
    queue = [step.id]
    while queue and step.cause_step not in came:
        at = queue.pop(0)
        for origin in above.get(at, []):
            if origin not in came:
                came[origin] = at
                queue.append(origin)
    if step.cause_step not in came:
        return ()
    path = [step.cause_step]
    while path[-1] != step.id:
        path.append(came[path[-1]])
    return tuple(found for i in path if (found := report.find(i)) is not None
                 and (found.outcome is not Outcome.CONFIG_ONLY or found.id == step.cause_step))


def deciding_runs(report: SimulationReport, step: StepReport,
                  claims: Sequence[RunClaim] = ()) -> tuple[StepReport, ...]:
    """The RUN steps whose bytes decide about `step`, nearest first.

    A RUN decides about itself if a claim was made about it or if another step waits for its bytes.
    """
    if step.reason is MissReason.NO_FILES:
        return ()
    claimed = {claim.command for claim in claims}
    readers, parents = _edges(report, EdgeKind.COPY_FROM, EdgeKind.MOUNT), _edges(report, EdgeKind.PARENT)
    if isinstance(step.step.instruction, Run):
        waiting = (s for s in report.steps if not s.certain and s.id != step.id)
        if claim_command(step) in claimed or (
                _is_open(step) and any(step.id in _above(s.id, readers, parents) for s in waiting)):
            return (step,)
    above = _above(step.id, readers, parents)
    if not step.certain and not above:      # it lies on a step that waits, or is needed only if one runs
        lower = [s for s in report.steps if not s.certain and readers.get(s.id)]
        above = [i for s in lower for i in _above(s.id, readers, parents)]
    runs = [s for i in dict.fromkeys(above) if (s := report.find(i)) is not None
            and isinstance(s.step.instruction, Run)]
    return tuple(s for s in runs if claim_command(s) in claimed or (not step.certain and _is_open(s)))


def _is_open(step: StepReport) -> bool:
    """Whether the bytes of a RUN are still to be written in this build."""
    return step.runs or not step.certain


def _above(step_id: StepId, readers: dict[StepId, list[StepId]], parents: dict[StepId, list[StepId]]) -> list[StepId]:
    """All steps that write what a step reads from other stages, nearest first."""
    seen: dict[StepId, None] = {}
    queue = list(readers.get(step_id, ()))
    while queue:
        at = queue.pop(0)
        if at not in seen:
            seen[at] = None
            queue += parents.get(at, ())
    return list(seen)


def _edges(report: SimulationReport, *kinds: EdgeKind) -> dict[StepId, list[StepId]]:
    """Target to the steps it reads, along edges of these kinds."""
    result: dict[StepId, list[StepId]] = {}
    for edge in report.graph.edges:
        if edge.kind in kinds and isinstance(edge.origin, StepId):
            result.setdefault(edge.target, []).append(edge.origin)
    return result


def claim_command(step: StepReport) -> str:
    """The command that a RunClaim names: the key part of that name, or what the instruction says."""
    for part in step.key.parts if step.key is not None else ():
        if part.kind is PartKind.COMMAND:
            return part.value
    run = step.step.instruction
    if not isinstance(run, Run):
        return ""
    return (run.command or "").strip() if run.argv is None else " ".join(run.argv)


# -- words --

def short(step: StepReport, limit: int = 40) -> str:
    """"Line 11 COPY . ." """
    text = " ".join(step.step.instruction.text.split())
    return f"Line {step.step.line} {elided(text, limit)}"


def elided(text: str, limit: int = 44) -> str:
    """The text with its middle left out where it is too long."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head):]}"


def _line(*pieces: str | Link, kind: Kind = Kind.TEXT) -> Line:
    return Line(tuple(p for p in pieces if p != ""), kind)


def _to(step: StepReport, limit: int = 40) -> Link:
    text = short(step, limit)
    return Link(text[0].lower() + text[1:], step.id)


def _joined(items: Iterable[str | Link], between: str = ", ") -> list[str | Link]:
    result: list[str | Link] = []
    for item in items:
        result += [between, item] if result else [item]
    return result


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _dot(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) or not text else text + "."

