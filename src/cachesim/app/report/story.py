"""What is there to say about a step, in three depths: one sentence, the explanation, the rule?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cachesim.app.report.lessons import of_the_step
from cachesim.app.report.lines import Kind, Line, Link, Story, assumed, counted, dotted, elided, joined, line, link_to, short
from cachesim.cache.key import PartKind, part_name
from cachesim.dockerfile.instructions import Arg, Env
from cachesim.engines.base import MissReason, Outcome, RunClaim, RunClaimKind
from cachesim.graph.model import StepId
from cachesim.graph.options import EngineKind
from cachesim.simulate.causes import carried, causes_of, downstream, running_without
from cachesim.simulate.deciding import carriers, claim_command, deciding_runs
from cachesim.simulate.report import SimulationReport, StepReport
from cachesim.simulate.threats import Invalidator, feeding, files_read, invalidators, standing_below, standing_on

__all__ = ["of_build", "step_story", "with_costs", "with_lines"]

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
_SHOWN = 6
_DETAILED = frozenset({"files", "argument", "tag", "download", "stage"})     # the others say it by their name
_THREATS = {"text": "its own text and settings", "argument": "build arguments", "variable": "variables",
            "option": "options", "tag": "tags", "download": "downloads", "stage": "other stages"}


def step_story(report: SimulationReport, step: StepReport, engine: EngineKind = EngineKind.BUILDKIT,
               claims: Sequence[RunClaim] = ()) -> Story:
    """Tell about one step; `claims` are what the person states about RUNs."""
    lines = [*_reasons(report, step, engine, claims), *of_the_step(report, step), *_consequences(report, step),
             *_threats(report, step), *assumed(report, step)]
    return Story(short(step, 60), _sentence(report, step), tuple(lines), tuple(_rule(step)))


def with_lines(story: Story, lines: Sequence[Line]) -> Story:
    """The same story, with these lines before its explanation."""
    return replace(story, explanation=(*lines, *story.explanation)) if lines else story


def with_costs(story: Story, lines: Sequence[str]) -> Story:
    """The same story, with what the step takes and brings after its explanation."""
    if not lines:
        return story
    return replace(story, explanation=(*story.explanation, line("Time and size:", kind=Kind.HEADING),
                                       *(line(text, kind=Kind.ITEM) for text in lines)))


def of_build(story: Story, made: str, number: int) -> Story:
    """The same story, told of a build that is over; `made` says what that one ran."""
    if story.subject.startswith("Line "):
        return replace(story, subject=f"{story.subject}, in build {number}")
    return replace(story, sentence=f"{made}.")


def _sentence(report: SimulationReport, step: StepReport) -> str:
    if step.outcome is Outcome.FAILED:
        return dotted(step.error or step.cause or "This step fails")
    if step.cause:
        return dotted(step.cause)
    return {
        Outcome.HIT: "Nothing that it depends on changed.",
        Outcome.MISS: "It must run.",
        Outcome.UNDETERMINED: "It depends on the bytes that a RUN writes, and nobody knows them before the build.",
        Outcome.CONFIG_ONLY: "It only changes the image's configuration.",
        Outcome.NOT_NEEDED: "All steps that read it come from the cache.",
        Outcome.UNREACHED: "The target does not need its stage.",
        Outcome.NOT_REACHED: "The build fails before it gets here.",
    }[step.outcome]


def _reasons(report: SimulationReport, step: StepReport, engine: EngineKind, claims: Sequence[RunClaim]) -> Iterator[Line]:
    keyword = step.step.instruction.keyword
    if step.outcome is Outcome.MISS:
        yield from _miss(report, step)
    elif step.outcome is Outcome.HIT:
        if step.from_build and step.from_build not in step.cause:
            yield line(f"Its layer comes from the build “{step.from_build}”.")
    elif step.reason is MissReason.NO_FILES:
        yield line("Choose the folder that the build is started with: Choose folder, or File > Choose build context.")
    elif step.outcome is Outcome.UNDETERMINED:
        runs = deciding_runs(report, step)
        if runs:
            yield line("What decides is what ", *joined([link_to(s) for s in runs[:3]]),
                        f" {'writes' if len(runs) == 1 else 'write'}: the same bytes as before, or others.")
            answers = list(_answers(report, runs, claims))
            yield from answers or [line("State below what you know of the RUN, or confirm with a real build.")]
        else:
            yield line("What decides is what lies in another image or behind an address: the same bytes as before, or others. "
                        "A real build tells.")
    elif step.outcome is Outcome.CONFIG_ONLY:
        yield line(_CONFIG.get(keyword, _NO_KEY.format(keyword)))
        yield from _carried_by_key(report, step)
    elif step.outcome is Outcome.NOT_NEEDED:
        yield line("BuildKit prints CACHED although nobody needed it: it did not even look whether its layer is there."
                    if engine is EngineKind.BUILDKIT else "The builder does not have to look at it.")
    elif step.outcome is Outcome.UNREACHED:
        stages = {s.index: s.label for s in report.graph.stages}
        target = stages.get(report.graph.target, "the target")
        yield line(f"Stage {stages.get(step.id.stage, '')} is neither {target} nor anything that {target} is built "
                    "from. Choose another target in the build options to build it.")
    elif step.outcome is Outcome.NOT_REACHED:
        where = report.find(report.error_step)
        if where:
            yield line("The build stops at ", link_to(where), f": {dotted(report.error)}")
        elif report.error:
            yield line(dotted(report.error))
    elif step.outcome is Outcome.FAILED:
        yield line("Steps that were complete before it are cached; everything after it is not reached.")


def _answers(report: SimulationReport, runs: Sequence[StepReport], claims: Sequence[RunClaim]) -> Iterator[Line]:
    """What an answer about a deciding RUN does here, and why it does not settle the question."""
    known = {claim.command: claim for claim in claims}
    for run in runs:
        claim = known.get(claim_command(run))
        if claim is None:
            continue
        if claim.kind is RunClaimKind.DETERMINISTIC:
            causes = joined([Link(f"line {s.step.line}", s.id) for s in causes_of(report, run.id)[:3]])
            yield line("You say that the same inputs give the same bytes. Here the inputs of ", link_to(run), " are not the same",
                       *([", because of ", *causes] if causes else []),
                       ", and other inputs may give other bytes or, as with a comment, the same: your answer holds, but it does "
                       "not decide. It decides where the RUN runs again on what it had, as after --no-cache.")
        elif claim.kind is RunClaimKind.WRITES_ONLY:
            yield line("You say where ", link_to(run), " writes. This step reads there; what it finds stays open.")
    if any(claim_command(run) in known for run in runs):
        yield line("A real build settles it: Build > Confirm.")


def _carried_by_key(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """Which steps have this ENV or ARG in their key."""
    instruction = step.step.instruction
    if not isinstance(instruction, Arg | Env):
        return
    names = {f"{kind} {name}" for name, _ in instruction.pairs for kind in ("ARG", "ENV")}
    found = [s for s in report.steps if s.key is not None and s.id > step.id and any(
        part.kind in (PartKind.ARG, PartKind.ENV) and part.label in names for part in s.key.parts)]
    if found:
        own = {s.id for s in found}
        reached = set(downstream(report, *own)) - own
        sure = reached & standing_below(report, own)
        more = f", and {len(sure)} below" if sure else ""
        more += f"; {len(reached) - len(sure)} more may run" if len(reached) > len(sure) else ""
        yield line("Another value would run ", *joined([Link(f"line {s.step.line}", s.id) for s in found[:_SHOWN]]),
                    " …" if len(found) > _SHOWN else "", f" again{more}.")
    elif any(s.id > step.id and any(f"${name}" in s.step.instruction.text or f"${{{name}" in s.step.instruction.text
                                    for name, _ in instruction.pairs) for s in report.steps):
        yield line("No RUN has it in its key, but lines below name it: another value changes what they say.")
    else:
        yield line("No step has it in its key: another value would run nothing again.")


def _miss(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    changes = [c for c in step.changes if step.reason is not MissReason.PARENT]
    for change in changes[:_SHOWN]:
        if change.kind is PartKind.BASE and change.old == change.new:
            continue            # the sentence says that the name means another image
        old = elided(change.old) if change.old is not None else "not there"
        new = elided(change.new) if change.new is not None else "gone"
        said = f"{part_name(change.kind, change.label)}: {old} → {new}" if old or new \
            else f"{change.label} is another one"           # the step above has no text that would tell more
        yield line(said, kind=Kind.ITEM)
    if len(changes) > _SHOWN:
        yield line(f"and {len(changes) - _SHOWN} more key parts", kind=Kind.ITEM)
    if step.reason is MissReason.PARENT:
        chain = carriers(report, step)
        cause = chain[0] if chain else report.find(step.cause_step)
        if cause is not None and cause.id != step.id:
            yield line("The first cause is ", link_to(cause), f": {dotted(cause.cause or 'it must run')}")
        if len(chain) > 2:
            middle = [link_to(s, 26) for s in chain[1:-1]]
            shown: list[str | Link] = [*middle]
            if len(middle) > 3:
                shown[1:-1] = [f"{len(middle) - 2} more"]
            yield line("Carried here by ", *joined(shown, ", then "),
                        "" if middle[-1].text.endswith(".") else ".")
        yield from _other_causes(report, step, cause, "Without that")
    elif step.reason is MissReason.NO_RECORD:
        yield line("The cache holds no layer for this instruction on this state: it was never built.")
    elif step.reason is MissReason.NO_CACHE:
        yield line("The build options say that this step must not come from the cache.")
    elif step.reason is MissReason.PRUNED:
        yield line("It was built before, but its layer was pruned.")
    if step.reason not in (MissReason.PARENT, MissReason.NO_RECORD):
        yield from _other_causes(report, step, step, "Even without that")


def _other_causes(report: SimulationReport, step: StepReport, told: StepReport | None, but_for_it: str) -> Iterator[Line]:
    """What else would make it run."""
    others = [s for s in causes_of(report, step.id) if (told is None or s.id != told.id)
              and not s.reason is step.reason is MissReason.NO_CACHE]       # one option is one cause
    if others:
        why = [Line((Link(f"line {s.step.line}", s.id), f" ({s.cause})" if s.reason is MissReason.PART else ""))
               for s in others[:3]]
        pieces = [piece for number, line in enumerate(why) for piece in ((", and of " if number else ""), *line.pieces)]
        yield line(f"{but_for_it} it would still run, because of ", *pieces, " …" if len(others) > 3 else ".")


def _consequences(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    if step.outcome is not Outcome.MISS:
        return
    below = [s for s in carried(report, step.id) if s.certain]
    anyway = running_without(report, step.id)
    only = [s for s in below if s.id not in anyway]
    if step.reason is MissReason.PARENT or (step.reason is MissReason.NO_RECORD and only != below):
        if below:
            yield line(f"{counted(len(below), 'step')} below {'runs' if len(below) == 1 else 'run'} with it.")
    else:
        if only:
            verb = "runs" if len(only) == 1 else "run"
            yield line(f"{counted(len(only), 'step')} below {verb} only because of it: ", *_lines_of(only))
        by_cause: dict[StepId, list[StepReport]] = {}
        for s in below:
            if s.id in anyway:
                by_cause.setdefault(anyway[s.id], []).append(s)
        for cause, found in list(by_cause.items())[:3]:
            yield line(f"{counted(len(found), 'step')} below would run without it, too, because of ",
                        Link(f"line {report.step(cause).step.line}", cause), ": ", *_lines_of(found, cause))
    open_ = [other for i in downstream(report, step.id) if not (other := report.step(i)).certain]
    if open_:
        yield line(f"{counted(len(open_), 'step')} below may run with it: ", *_lines_of(open_))


def _lines_of(steps: Sequence[StepReport], cause: StepId | None = None) -> list[str | Link]:
    links = [Link(f"line {s.step.line}" + (" itself" if s.id == cause else ""), s.id) for s in steps[:8]]
    return [*joined(links), " …" if len(steps) > 8 else "."]


def _threats(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """What in the world could invalidate it."""
    if step.outcome in (Outcome.CONFIG_ONLY, Outcome.UNREACHED, Outcome.NOT_REACHED, Outcome.FAILED):
        return
    found: dict[str, list[Invalidator]] = {}
    for threat in invalidators(report, step.id):
        found.setdefault(threat.kind, []).append(threat)
    if found:
        yield line("What could invalidate it:", kind=Kind.HEADING)
    if found.pop("step", None):
        yield from _above_it(report, step)
    for kind, threats in found.items():
        names = [t.label + (f" ({t.detail})" if kind in _DETAILED and t.detail else "") for t in threats]
        pieces: list[str | Link] = [f"{_THREATS.get(kind, kind)}: "]
        pieces += joined(names[:_SHOWN])
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
    read, more = files_read(above), files_read(feeding(report, above))
    said = f"; and so the files read there: {', '.join(read)}" if read else ""
    said += f"; and what they take from other stages, made with {', '.join(more)}" if more else ""
    yield line(what, *joined(links), said, kind=Kind.ITEM)


def _rule(step: StepReport) -> Iterator[Line]:
    if not step.rule:
        return
    yield line(step.rule.title, kind=Kind.HEADING)
    yield line(step.rule.says)
    yield line(f"Source: {step.rule.source}.")
