"""What would a move do: is the image still the same, what runs in the next build, and what does it cost from then on?

The verdict and the build come first, the cost over the edit mix when the hand rests: it is the work of a worker, and would take
the interpreter from the picture of the next place. Small texts are answered at once, large ones
by a worker; what was answered for a text is remembered as long as nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import thread_time, time_ns
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.app.prediction import SYNC_LIMIT
from cachesim.cache.store import CacheStore
from cachesim.errors import InputError
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

if TYPE_CHECKING:
    from cachesim.advise.commands import CommandTable
    from cachesim.advise.cost import CostModel, ExpectedCost
    from cachesim.advise.dependencies import MoveVerdict
    from cachesim.advise.exchange import Exchanges
    from cachesim.app.history.habits import ProjectHabits
    from cachesim.app.workbench import Workbench
    from cachesim.history.habits import Habits

__all__ = ["Move", "MoveScale", "Weighed", "scale_of"]

_UNKNOWN = 1.0      # seconds; the first question of a project goes to the worker
_REST_MS = 120      # over one place, before its cost is worked out


@dataclass(frozen=True, slots=True)
class Move:
    """An instruction in another place of one state.

    Attributes:
        after: The text then, as a file.
    """

    state: ProjectState = field(compare=False)
    number: int             # of the state, in its stead
    index: int
    to: int
    after: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is known of a move so far.

    Attributes:
        then: The next build after it; None where it is refused.
        cost: How the expected cost changes, in words; None while that is not known, "" if nobody can say.
    """

    move: Move
    verdict: MoveVerdict
    then: SimulationReport | None
    cost: str | None = None


@dataclass(slots=True)
class _Round:
    """What the moves of one state have in common."""

    state: ProjectState
    store: CacheStore
    number: int
    cost: CostModel | None = None
    habits: Habits | None = None
    exchanges: Exchanges | None = None
    before: ExpectedCost | None = None
    found: dict[Move, Weighed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Verdict:
    weighed: Weighed
    seconds: float


def scale_of(workbench: Workbench) -> MoveScale:
    """The one scale of a workbench; made when it is first needed."""
    found = workbench.findChild(MoveScale)
    return found if isinstance(found, MoveScale) else MoveScale(workbench)


class MoveScale(QObject):
    """Weighs one move at a time: the newest question is answered, twice (see `Weighed.cost`)."""

    weighed = Signal(object)        # Weighed

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._job = workbench.new_job("moves")
        self._job.finished.connect(self._take)
        self._commands: CommandTable | None = None
        self._habits: ProjectHabits | None = None
        self._round: _Round | None = None
        self._rounds = 0
        self._asked: tuple[_Round, Move] | None = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._ask_cost)
        self.opening, self.judging = _UNKNOWN, _UNKNOWN         # seconds of work that the last answers took
        workbench.project_opened.connect(self._forget)
        workbench.keeper.measured_changed.connect(self._measured_changed)

    def move(self, index: int, to: int, after: str) -> Move:
        """The question about a move in the text of now."""
        return Move(self._round_of_now().state, self._round_of_now().number, index, to, after)

    def known(self, move: Move) -> Weighed | None:
        """What was answered already."""
        return self._round.found.get(move) if self._round is not None and self._round.number == move.number else None

    def ask(self, move: Move) -> None:
        """Weigh a move of the text of now; the answers come by `weighed`, the first one perhaps before this returns."""
        found = self._round_of_now()
        if found.number != move.number:
            return
        self._asked = found, move
        self._rest.stop()
        self._job.cancel()
        known = found.found.get(move)
        if known is not None:
            self._tell(found, known)
            return
        work = self._verdict_of(found, move)
        if self.judging + (self.opening if found.exchanges is None else 0.0) < SYNC_LIMIT:
            self._take(work(Progress()))
        else:
            self._job.submit(work)

    def warm(self) -> None:
        """Somebody may soon ask about the text of now: have it read by then."""
        found = self._round_of_now()
        if found.exchanges is None and self._asked is None and not self._job.busy:
            opened = self._opener(found)
            self._job.submit(lambda progress: opened())

    def cancel(self) -> None:
        """Nobody waits any more."""
        self._asked = None
        self._rest.stop()
        self._job.cancel()

    @Slot(object)
    def _forget(self, _: object = None) -> None:
        self.cancel()
        self._round, self.opening, self.judging = None, _UNKNOWN, _UNKNOWN

    def _round_of_now(self) -> _Round:
        state, store = self._bench.state, self._bench.timeline.store
        if self._round is None or self._round.state is not state or self._round.store is not store:
            self._rounds += 1
            self._round = _Round(state, store, self._rounds)
        return self._round

    # -- the verdict --

    def _opener(self, found: _Round) -> Callable[[], str]:
        """Reads a text and the table of commands, if nobody did; for the worker. What it returns is what went wrong."""
        bench, info = self._bench, self._bench.project
        read = bench.blobs.reader(found.state.context, info.context_dir) if info is not None else (lambda path: None)

        def work() -> str:
            if found.exchanges is not None:
                return ""
            import cachesim.app.costs
            import cachesim.app.history.habits  # noqa: F401 - asked for on the UI thread next
            from cachesim.advise.commands import CommandTable  # the shell's grammar comes with it
            from cachesim.advise.exchange import Exchanges
            start = thread_time()
            try:
                commands = self._commands or CommandTable.load()
            except InputError as error:
                return str(error)
            self._commands = commands
            found.exchanges = Exchanges.of(found.state, commands, read)
            self.opening = thread_time() - start
            return ""
        return work

    def _verdict_of(self, found: _Round, move: Move) -> Callable[[Progress], object]:
        simulate, opener = self._bench.prediction.simulate, self._opener(found)

        def work(progress: Progress) -> _Verdict:
            from cachesim.advise.dependencies import MoveKind, MoveVerdict
            problem = opener()
            progress.step(0, 1)
            start = thread_time()
            verdict = found.exchanges.move(move.index, move.to) if found.exchanges is not None else MoveVerdict(
                MoveKind.MAY_CHANGE, f"The table of commands cannot be read: {problem}", "the order by hand")
            then = None
            if verdict.kind is not MoveKind.REFUSED:
                then, _ = simulate(found.state.with_text(move.after, time_ns()).request(), found.store, progress)
            return _Verdict(Weighed(move, verdict, then), thread_time() - start)
        return work

    # -- the cost --

    @Slot()
    def _ask_cost(self) -> None:
        """Let the worker say what the move costs over the edit mix; where that is not known yet it is read first."""
        if self._asked is None:
            return
        found, asked = self._asked
        weighed = found.found.get(asked)
        if weighed is None or weighed.then is None or weighed.cost is not None:
            return
        from cachesim.app.costs import cost_model
        from cachesim.app.history.habits import habits_keeper
        if self._habits is None:
            self._habits = habits_keeper(self._bench)
            self._habits.changed.connect(self._habits_changed)
        if found.habits is None:
            found.habits = self._habits.want()
        if found.habits is None:
            return
        if found.cost is None:
            found.cost = cost_model(self._bench)
        habits, cost, move = found.habits, found.cost, weighed.move

        def work(progress: Progress) -> Weighed:
            from cachesim.advise.cost import change_words, expected_cost
            if not habits.mix.groups:
                return replace(weighed, cost="")
            if found.before is None:
                found.before = expected_cost(cost.trials(move.state, habits.mix, progress), cost)
            trials = cost.trials(move.state.with_text(move.after, time_ns()), habits.mix, progress)
            words = "" if trials.first.error else change_words(found.before, expected_cost(trials, cost), _over(habits))
            return replace(weighed, cost=words)
        self._job.submit(work)

    @Slot(object)
    def _habits_changed(self, habits: Habits | None) -> None:
        """Other edits: what was weighed by the old ones is worth nothing."""
        if self._round is not None:
            self._round.habits, self._round.before = habits, None
            self._round.found = {move: replace(found, cost=None) for move, found in self._round.found.items()}
        if self._asked is not None and habits is not None:
            found, _ = self._asked
            found.habits, found.before = habits, None
            self._rest.start()

    @Slot(object)
    def _measured_changed(self, _: object) -> None:
        if self._round is not None:
            self._round.cost = self._round.before = None
            self._round.found = {move: replace(found, cost=None) for move, found in self._round.found.items()}

    # -- answers --

    @Slot(object)
    def _take(self, answer: object) -> None:
        if self._asked is None:
            return
        if isinstance(answer, _Verdict):
            self.judging = answer.seconds
            answer = answer.weighed
        found, move = self._asked
        weighed = cast("Weighed", answer)
        if weighed.move == move:
            found.found[move] = weighed
            self._tell(found, weighed)

    def _tell(self, found: _Round, weighed: Weighed) -> None:
        if weighed.cost is None and weighed.then is not None:
            self._rest.start()
        self.weighed.emit(weighed)


def _over(habits: Habits) -> str:
    from cachesim.history.habits import MixSource
    return {MixSource.HISTORY: "over this project's edits", MixSource.HAND: "over the edits you stated",
            MixSource.USUAL: "over the usual edits"}[habits.source]
