"""Do two Dockerfiles make the same image, and which of them costs less over the edits of a project?

A is built twice and B once with --no-cache, each time on bases of its own with empty cache mounts, and the images are
compared; then every edit of the mix is built on both, with nothing in the cache but that side's own builds. Two controls
say whether to believe it: without an edit nothing may run, and an edit of the manifest has to run something.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from cachesim.confirm import leftovers
from cachesim.confirm.engines import EngineChoice, EngineFacts, explain
from cachesim.confirm.image_diff import ImageContents, ImageDiff, compare_images, normalised_config
from cachesim.confirm.image_expected import ProjectDifference
from cachesim.confirm.image_read import image_config, read_image
from cachesim.confirm.isolate import LABEL, remove_images
from cachesim.confirm.match import BuildComparison, Confirmation, Mode, Verdict, is_from
from cachesim.confirm.measure import UNMEASURED
from cachesim.confirm.observed import VertexStatus
from cachesim.confirm.proof_report import EditRun, ProofReport, ProofRow, ProofSide, RowKind, Times
from cachesim.confirm.script import Script, Work
from cachesim.confirm.session import Phase, Plan, PlannedBuild, Session
from cachesim.confirm.survey import Survey, survey
from cachesim.confirm.trouble import explain_trouble
from cachesim.confirm.workspace import Contents, disk_trouble
from cachesim.context.snapshot import FileEntry, FileKind
from cachesim.digest import Digest, digest_of_bytes
from cachesim.dockerfile.instructions import From
from cachesim.errors import CachesimError, Cancelled, ContextError
from cachesim.graph.model import StepId
from cachesim.graph.options import EngineKind, NetworkMode
from cachesim.progress import Progress
from cachesim.project.mix import EditGroup, EditMix, role_of
from cachesim.project.state import ProjectState
from cachesim.project.trial import edited, try_edits
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["NOT_CONTENTS", "Proof", "ProofPhase", "ProofPlan"]

REPOSITORY = "localhost/cachesim/proof"
NOT_CONTENTS = ("This is a rehearsal: stand-ins take the place of bases and commands. It shows that the engine decides "
                "about its cache as predicted in both orders. It does not show that both make the same files.")
_LARGEST_EDIT = 64 << 20
_MANIFESTS = 5


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """Everything that a proof needs to know.

    Attributes:
        a, b: The project with each Dockerfile; `titles` what people call them.
        mix: The edits to make; `mix_source` says where they come from.
        contents: Bytes of the context's files; `named` of the named contexts' by name.
        secrets: Values by id, for this run only.
        seconds: What a step usually takes, if somebody knows: a rehearsal measures nothing.
        scratch: Where temporary folders are made; `running` where notes of runs are kept (None: nowhere).
    """

    a: ProjectState
    b: ProjectState
    mix: EditMix
    engine: EngineChoice
    contents: Contents
    scratch: Path
    titles: tuple[str, str] = ("A", "B")
    mix_source: str = ""
    rehearsal: bool = False
    named: Mapping[str, Contents] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    seconds: Callable[[StepReport], float | None] | None = None
    running: Path | None = None


@dataclass(frozen=True, slots=True)
class ProofPhase:
    """How far a running proof is.

    Attributes:
        what: What is being done right now, for people.
        done, builds: Builds that are over, and all there are to make.
        session: How far the running builds of one side are.
        report: What is known so far.
    """

    what: str = ""
    done: int = 0
    builds: int = 0
    session: Phase | None = None
    report: ProofReport | None = None


@dataclass(frozen=True, slots=True)
class _Edit:
    kind: RowKind
    label: str
    group: EditGroup


class Proof:
    """One proof. Make a new one for each run."""

    def __init__(self, plan: ProofPlan, on_phase: Callable[[], None] = lambda: None) -> None:
        self.plan = plan
        self.token = leftovers.token()
        self.confirmations: tuple[Confirmation, ...] = ()       # what was built, step by step: A again, A, B
        self.sessions: list[str] = []           # their tokens
        self._changed = on_phase
        self._contents = _Edited(plan.contents)
        self._edits: tuple[_Edit, ...] = ()
        self._tags: list[str] = []
        self._facts: EngineFacts | None = None
        self._absent: tuple[str, ...] = ()
        self._frontend = ""
        self._session: Session | None = None
        self._phase = ProofPhase()
        self._report = ProofReport(plan.rehearsal, "", time.time(), _side_of(plan.titles[0], plan.a),
                                   _side_of(plan.titles[1], plan.b), plan.mix_source)

    @property
    def phase(self) -> ProofPhase:
        """How far it is."""
        session = self._session.phase if self._session is not None else None
        done = self._phase.done + (len(session.done) if session is not None else 0)
        return replace(self._phase, done=done, session=session, report=self._report)

    def script(self) -> Script[ProofReport]:
        """Make it; ends with a `ProofReport` in any case, also when it was cancelled or could not run."""
        try:
            found = yield from self._prepare()
            try:
                yield from self._prove(found)
            except _NoBase as error:
                yield from self._rehearse_instead(found, error)
        except Cancelled:
            self._report = replace(self._report, cancelled=True)
        except _DoesNotBuild:
            pass                    # the report has it
        except CachesimError as error:
            self._report = replace(self._report, error=explain_trouble(str(error)) or str(error))
        except OSError as error:
            self._report = replace(self._report, error=str(disk_trouble(error, self.plan.scratch)))
        finally:
            yield from self._clean()
        return self._report

    # -- before -------------------------------------------------------------------------------------------------

    def _say(self, what: str) -> None:
        self._phase = replace(self._phase, what=what)
        self._changed()

    def _note(self, *notes: str) -> None:
        new = tuple(n for n in dict.fromkeys(notes) if n not in self._report.notes)
        self._report = replace(self._report, notes=(*self._report.notes, *new))

    def _prepare(self) -> Script[Survey]:
        self._say("asking the engine")
        seen = yield from survey(self.plan.engine, (self.plan.a, self.plan.b))
        facts = self._facts = seen.facts
        assert facts is not None
        self._report = replace(self._report, engine=facts.title)
        if facts.problem is not None:
            raise _Unable(explain(facts.problem, facts.detail))
        if not self.plan.engine.has_images:
            raise _Unable("A builder in a container keeps no images that could be compared. Choose an engine")
        running = self.plan.running
        if running is not None:
            def start(_: Progress) -> None:
                leftovers.note(running, self.token, self.plan.scratch / f"cachesim-{self.token}", self.plan.engine)
            yield Work(start, "noting that a proof runs")
        if self.plan.rehearsal:
            self._report = replace(self._report, times=Times.ESTIMATED)
            self._note(NOT_CONTENTS)
        found = yield Work(self._choose_edits, "choosing the edits")
        assert isinstance(found, tuple)
        self._edits = found
        self._phase = replace(self._phase, builds=2 * (1 + len(self._edits)) + (not self.plan.rehearsal))
        return seen

    def _rehearse_instead(self, seen: Survey, error: _NoBase) -> Script[None]:
        """What can be shown without the bases."""
        said = str(error).splitlines()[-1]
        missing = ", ".join(seen.absent) or seen.frontend
        self._note(f"{missing} is not on this engine and could not be fetched ({said[:200]}).", NOT_CONTENTS)
        self.plan = replace(self.plan, rehearsal=True)
        self._report = replace(self._report, rehearsal=True, times=Times.ESTIMATED, rows=())
        self._phase = replace(self._phase, done=0, builds=2 * (1 + len(self._edits)))
        self.confirmations = ()
        yield from self._prove(seen)

    def _choose_edits(self, progress: Progress) -> tuple[_Edit, ...]:
        edits = [_Edit(RowKind.EDIT, group.label, group) for group in self.plan.mix.groups]
        edits.append(_Edit(RowKind.NO_EDIT, "no edit", EditGroup((), (), 0, 0.0)))
        control = _manifest_edit(_plain(self.plan.a), self.plan.mix, progress)
        if control is None:
            self._note("No file of the context makes a step run again, so the control with an edit of the manifest was "
                       "not made.")
            return tuple(edits)
        return (*edits, control)

    # -- builds -------------------------------------------------------------------------------------------------

    def _prove(self, seen: Survey) -> Script[None]:
        store = seen.facts.store if seen.facts is not None else None
        a, b = (replace(_plain(state), store=store or state.store) for state in (self.plan.a, self.plan.b))
        self._absent, self._frontend = seen.absent, seen.frontend
        again = None
        if not self.plan.rehearsal:
            again = yield from self._image_of("A", "A, a first time", "a-again", a, ())
        first = yield from self._image_of("A", "A", "a", a, self._edits)
        second = yield from self._image_of("B", "B", "b", b, self._edits)
        diff = yield Work(lambda _: compare_images(first, second, again, ProjectDifference(a, b).reason),
                          "comparing the images")
        assert isinstance(diff, ImageDiff)
        self._report = replace(self._report, image=diff)
        self._say("compared")

    def _image_of(self, side: str, label: str, tag: str, state: ProjectState,
                  edits: tuple[_Edit, ...]) -> Script[ImageContents]:
        """Build one side, with its edits; what its image holds."""
        ref = f"{REPOSITORY}:{self.token}-{tag}"
        builds = yield Work(lambda _: self._builds(label, ref, state, edits), "writing the edits")
        assert isinstance(builds, tuple)
        self._tags.append(ref)
        self._session = session = Session(
            Plan(Mode.REHEARSAL if self.plan.rehearsal else Mode.ISOLATED, self.plan.engine, builds, self._contents,
                 self.plan.scratch, self.plan.named, secrets=self.plan.secrets, running=self.plan.running, facts=self._facts),
            self._changed)
        self.sessions.append(session.token)
        self._say(f"building {label}")
        result = yield from session.script()
        self._session = None
        self.confirmations = (*self.confirmations, result)
        self._phase = replace(self._phase, done=self._phase.done + len(result.builds))
        self._take(side, result, session.reports, edits)
        self._say(f"reading the image of {label}")
        if self.plan.rehearsal:
            inspected = yield from image_config(self.plan.engine, ref)
            found = ImageContents(normalised_config(inspected))
        else:
            found = yield from read_image(self.plan.engine, ref, self.token, len(self.confirmations), label)
        if (yield from remove_images(self.plan.engine, [ref])):
            self._tags.remove(ref)
        return found

    def _builds(self, label: str, ref: str, state: ProjectState, edits: tuple[_Edit, ...]) -> tuple[PlannedBuild, ...]:
        options = replace(state.options, args=(*state.options.args, *self._mounts(state, ref)))
        state = replace(state, options=options)
        whole = replace(options, no_cache=True, labels=(*options.labels, (LABEL, self.token)))
        builds = [PlannedBuild(f"{label}, without cache", replace(state, options=whole), ref)]
        for number, edit in enumerate(edits, 1):
            after = edited(state, edit.group, mark=f"edited {number}", change=partial(self._contents.longer, number))
            for text in after.context.texts.values():       # ignore files get a comment
                self._contents.keep(text.encode("utf-8", "surrogateescape"))
            builds.append(PlannedBuild(f"{label}, {edit.label}", after))
        return tuple(builds)

    def _mounts(self, state: ProjectState, ref: str) -> tuple[tuple[str, str], ...]:
        """Cache mounts of its own for each side: what one order left in them must not help the other.

        Source: Dockerfile frontend 1.19 (BuildKit 0.25) dockerui/config.go: BUILDKIT_CACHE_MOUNT_NS.
        """
        return (("BUILDKIT_CACHE_MOUNT_NS", ref.rpartition(":")[2]),) if "type=cache" in state.text else ()

    # -- results ------------------------------------------------------------------------------------------------

    def _take(self, side: str, result: Confirmation, reports: tuple[SimulationReport, ...],
              edits: tuple[_Edit, ...]) -> None:
        """Put what one side's builds showed into the report."""
        if result.cancelled:
            raise Cancelled("cancelled")
        if result.error and not result.builds and self._absent and not self.plan.rehearsal:
            raise _NoBase(result.error)
        if result.error or not result.builds:
            raise _Unable(f"{side} could not be built: {result.error}")
        self._note(*(note for note in result.notes if not note.startswith(UNMEASURED)))
        first = result.builds[0]
        if first.observed_error:
            if self._frontend and self._frontend.partition("@")[0] in first.observed_error and not self.plan.rehearsal:
                raise _NoBase(first.observed_error)
            if first.could_not_run:
                raise _Unable(f"{side} could not be built: {first.problem or first.observed_error}")
            self._side(side, error=first.observed_error)
            network = self.plan.a.options.network
            if network is NetworkMode.NONE and not self.plan.rehearsal:
                self._note("RUN steps had no network here (network none). What fetches something needs another choice, "
                           "or a rehearsal.")
            raise _DoesNotBuild(first.observed_error)
        took = self._usual_seconds(reports[0]) if self.plan.rehearsal else _seconds_by_step(first)
        self._side(side, seconds=sum(took.values()))
        runs = [_run_of(build, report, took, usual=self.plan.rehearsal)
                for build, report in zip(result.builds[1:], reports[1:], strict=False)]
        rows = self._report.rows or tuple(ProofRow(e.kind, e.label, e.group.weight) for e in edits)
        if edits:
            padded = [*runs, *[None] * (len(rows) - len(runs))]
            rows = tuple(replace(row, a=run) if side == "A" else replace(row, b=run)
                         for row, run in zip(rows, padded, strict=True))
        self._report = replace(self._report, rows=rows)

    def _usual_seconds(self, report: SimulationReport) -> dict[StepId, float]:
        """What the steps of a side usually take; unless all that run are known, no seconds are shown at all."""
        found: dict[StepId, float] = {}
        for step in report.steps:
            if step.runs and not isinstance(step.step.instruction, From):
                seconds = self.plan.seconds(step) if self.plan.seconds is not None else None
                if seconds is None:
                    self._report = replace(self._report, times=Times.NONE)
                    return {}
                found[step.id] = seconds
        return found

    def _side(self, side: str, **change: object) -> None:
        old = self._report.a if side == "A" else self._report.b
        new = replace(old, **change)        # type: ignore[arg-type]  # names of its own fields
        self._report = replace(self._report, a=new) if side == "A" else replace(self._report, b=new)

    # -- after --------------------------------------------------------------------------------------------------

    def _clean(self) -> Script[None]:
        self._session = None
        self._say("cleaning up")
        gone = not self._tags
        if self._tags:
            yield from remove_images(self.plan.engine, self._tags)
            gone = yield from leftovers.remove_labelled(self.plan.engine.client, self.token)
        running = self.plan.running
        if running is not None and gone:
            yield Work(lambda _: leftovers.forget(running, self.token), "noting that it is over", cleanup=True)


class _Edited(Contents):
    """The plan's contents, and the bytes of edited files."""

    def __init__(self, others: Contents) -> None:
        self._others = others
        self._new: dict[Digest, bytes] = {}

    def longer(self, count: int, path: str, entry: FileEntry) -> bytes:
        """A file with `count` empty lines at its end: other bytes that no tool minds.

        Raises:
            ContextError: Nobody has its bytes any more, or it is too big.
        """
        if entry.size > _LARGEST_EDIT:
            raise ContextError(path, f"is {entry.size >> 20} MB long, too much to be edited for a proof",
                               "State a mix that edits other files")
        place = self._others.path_of(path, entry)
        data = place.read_bytes() if place is not None else self._others.bytes_of(path, entry)
        return self.keep(data + b"\n" * count)

    def keep(self, data: bytes) -> bytes:
        """Have these bytes whenever they are asked for."""
        self._new[digest_of_bytes(data)] = data
        return data

    def path_of(self, path: str, entry: FileEntry) -> Path | None:
        return None if entry.digest in self._new else self._others.path_of(path, entry)

    def bytes_of(self, path: str, entry: FileEntry) -> bytes:
        found = self._new.get(entry.digest)
        return found if found is not None else self._others.bytes_of(path, entry)


class _Unable(CachesimError):
    """The proof cannot be made; the text says why and what to do."""


class _NoBase(CachesimError):
    """A base or the frontend is not there and cannot be fetched; the text is what the engine said."""


class _DoesNotBuild(CachesimError):
    """One side fails to build, which the report says already."""


def _side_of(title: str, state: ProjectState) -> ProofSide:
    return ProofSide(title, digest_of_bytes(state.text.encode("utf-8", "surrogateescape")))


def _plain(state: ProjectState) -> ProjectState:
    """The state as it is proven: with BuildKit, from no cache but its own."""
    options = replace(state.options, no_cache=False, no_cache_filter=(), cache_from=(), pull=False)
    return replace(state, engine=EngineKind.BUILDKIT, options=options)


def _manifest_edit(state: ProjectState, mix: EditMix, progress: Progress) -> _Edit | None:
    """The edit that has to make something run: of manifests, or else of a file that some step reads."""
    manifests = [path for path, entry in state.context.walk()
                 if entry.kind is FileKind.FILE and entry.digest and not path.startswith(".git/")
                 and role_of(path, state.options.dockerfile) == "manifest"]
    manifests.sort(key=lambda path: (path.count("/"), path))
    files = [tuple(manifests[:_MANIFESTS]), *((path,) for path in manifests[:_MANIFESTS]),
             *(group.files for group in mix.groups)]
    candidates = EditMix(tuple(EditGroup(f, f, 0, 0.0) for f in dict.fromkeys(files) if f))
    trials = try_edits(state, candidates, progress=progress)
    for trial in trials.trials:
        if trial.reruns:
            found = trial.group.files
            word = "the manifest" if set(found) <= set(manifests) else "what a step reads"
            return _Edit(RowKind.MANIFEST, f"an edit of {word} ({trial.group.label})", trial.group)
    return None


def _seconds_by_step(build: BuildComparison) -> dict[StepId, float]:
    found: dict[StepId, float] = {}
    for step in build.steps:
        if step.step is not None and step.observed == VertexStatus.RAN.value and not is_from(step.name):
            found[step.step] = found.get(step.step, 0.0) + step.seconds
    return found


def _run_of(build: BuildComparison, report: SimulationReport, took: Mapping[StepId, float], *, usual: bool) -> EditRun:
    """What one build showed; a linked copy that nothing isolates counts as predicted.

    Args:
        took: Seconds of each step when everything ran.
        usual: Take these for the steps that ran, for the build itself did nothing.
    """
    wanted = [s.id for s in report.steps if s.runs and not isinstance(s.step.instruction, From)]
    ran: dict[StepId, str] = {}
    seconds = 0.0
    for step in build.steps:
        if step.step is None or is_from(step.name):
            continue
        unknown = step.verdict is Verdict.NOT_COMPARED and not step.observed and step.predicted == "run"
        if step.observed == VertexStatus.RAN.value or (unknown and not build.observed_error):
            ran.setdefault(step.step, step.name)
            seconds += 0.0 if usual else step.seconds
    seconds += sum(took.get(step, 0.0) for step in ran) if usual else 0.0
    failed = bool(build.observed_error)
    wrong = [f"{s.name}: {s.note}" for s in build.steps if s.verdict is Verdict.WRONG]
    problem = build.observed_error or build.problem or (wrong[0] if wrong else "")
    return EditRun(len(wanted), len(ran), sum(took.get(step, 0.0) for step in wanted), seconds, build.observed.seconds,
                   tuple(ran.values()), build.held, problem, failed)
