"""Where does the edit mix of a project come from: stated by hand, read from git, or the usual one?"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.instructions import Arg, From
from cachesim.dockerfile.parser import parse
from cachesim.errors import InputError
from cachesim.history.walk import changes_of, place_of
from cachesim.progress import SILENT, Progress
from cachesim.project.git import GitError, repository_of
from cachesim.project.mix import EditMix, MixCounter, mix_by_hand
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState
from cachesim.simulate.build_args import PROXIES, changes_often

__all__ = ["USUAL_MIX", "Habits", "MixSource", "habits_of", "release_args", "with_releases"]

USUAL_MIX = "source 70, tests 20, manifest 5, Dockerfile 5"
_RELEASES = 0.05            # of all builds: nothing tells how often an argument gets another value


class MixSource(enum.Enum):
    """Who says how the project is edited."""

    HISTORY = "history"
    HAND = "hand"
    USUAL = "usual"


@dataclass(frozen=True, slots=True)
class Habits:
    """An edit mix and where it comes from; `words` say that, and why there is no better one."""

    mix: EditMix
    source: MixSource
    words: str


def habits_of(info: ProjectInfo, context: ContextSnapshot, dockerfile: str, *, by_hand: str | None = None,
              last: int = 200, progress: Progress = SILENT) -> Habits:
    """The edit mix of a project.

    Args:
        dockerfile: Its path in the context.
        by_hand: A mix as a person states it; it wins over the history.
        last: How many commits to read.
    Raises:
        InputError: If the mix by hand cannot be read.
    """
    if by_hand is not None:
        return Habits(mix_by_hand(by_hand, context, dockerfile), MixSource.HAND, "stated by hand")
    try:
        repository = repository_of(info.context_dir, "The edit mix is read from its history")
        counter = MixCounter()
        for number, paths in enumerate(changes_of(place_of(info, repository), last)):
            progress.step(number, last)
            counter.add(paths, dockerfile)
        mix = counter.mix(context)
        cut = ", all that a shallow clone has" if repository.shallow and counter.commits < last else ""
        if mix.groups:
            count = counter.commits
            return Habits(mix, MixSource.HISTORY, f"of the last {count} commit{'' if count == 1 else 's'}{cut}")
        why = ("the clone is shallow and holds no commit that changes the project (`git fetch --unshallow` brings the rest)"
               if cut else "no commit after the first one changes the project")
    except InputError as error:                 # no history to read: the usual mix will do, and the words say so
        why = f"there is no git history ({'the folder ' * error.what.startswith(('is ', 'lies '))}{error.what})"
    except GitError as error:
        why = f"git cannot tell ({error})"
    return Habits(mix_by_hand(USUAL_MIX, context, dockerfile), MixSource.USUAL, f"the usual one, as {why}")


def release_args(state: ProjectState) -> tuple[str, ...]:
    """The build arguments that get another value now and then: those that are given one, and those whose name says so
    (VERSION, GIT_SHA). What a FROM line names is not among them: another base is no release."""
    given = {name for name, _ in state.options.args}
    found: dict[str, None] = {}
    stage = False
    for instruction in parse(state.text).instructions:
        stage = stage or isinstance(instruction, From)
        if stage and isinstance(instruction, Arg):
            for name, _ in instruction.pairs:
                if name not in PROXIES and "CACHE" not in name.upper() and (name in given or changes_often(name)):
                    found[name] = None
    return tuple(found)


def with_releases(habits: Habits, state: ProjectState) -> Habits:
    """The mix with releases in it, if the file takes such arguments and nobody stated the mix by hand."""
    names = release_args(state)
    if not names or habits.source is MixSource.HAND or not habits.mix.groups:
        return habits
    said = f"{habits.words}; one build in {round(1 / _RELEASES)} is taken to give {' and '.join(names)} another value"
    return replace(habits, mix=habits.mix.with_release(names, _RELEASES), words=said)
