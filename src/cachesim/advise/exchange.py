"""Which instructions of one Dockerfile may change places, by all that is known: the table, and what manifests name?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from cachesim.advise.access import Access, AccessKind, Effects, Scope
from cachesim.advise.commands import CommandTable
from cachesim.advise.dependencies import FREE, MoveKind, MoveVerdict, judge_pair
from cachesim.advise.effects import Analysis, analyse
from cachesim.advise.landing import Landings, is_context_copy
from cachesim.advise.manifests.call import Found, ImageFiles
from cachesim.advise.manifests.readers import needs_of
from cachesim.advise.running import script_of
from cachesim.context.ignore import IgnoreMatcher
from cachesim.dockerfile.edit import MoveRefused, move_instruction
from cachesim.dockerfile.instructions import ParsedDockerfile, Run
from cachesim.project.state import ProjectState

__all__ = ["Exchanges", "FileReader", "Install", "judge_move"]

FileReader = Callable[[str], bytes | None]
"""The bytes of a file of the context; None if nobody has them."""

_RANK = {MoveKind.FREE: 0, MoveKind.MAY_CHANGE: 1, MoveKind.REFUSED: 2}


_UNBUILT = MoveVerdict(MoveKind.MAY_CHANGE, "An instruction stands above the first FROM, so this file cannot be built.",
                       "the order once it can be built")


@dataclass(frozen=True, slots=True)
class Install:
    """A command of a RUN whose manifests were read."""

    by: str
    cwd: str
    found: Found


@dataclass(slots=True)
class Exchanges:
    """What may pass what in one text. Pairs are judged when somebody asks, and remembered; safe to ask from any thread.

    An order in which every pair that is not free keeps its order gives the same image.
    """

    state: ProjectState
    analysis: Analysis
    landings: Landings
    read: FileReader
    _installs: dict[int, tuple[Install, ...]] = field(default_factory=dict)
    _pairs: dict[tuple[int, int, bool], MoveVerdict] = field(default_factory=dict)

    @classmethod
    def of(cls, state: ProjectState, commands: CommandTable, read: FileReader = lambda path: None,
           parsed: ParsedDockerfile | None = None) -> Exchanges:
        """Analyse a state.

        Args:
            read: Without it no manifest can be read, and what installs from one stays below the copies of its folder.
            parsed: Of the state's text, if somebody has it.
        """
        analysis, context = analyse(state, commands, parsed), state.context
        text = context.ignore_text(f"{state.options.dockerfile}.dockerignore") or context.ignore_text(".dockerignore")
        return cls(state, analysis, Landings(analysis, context, IgnoreMatcher.parse(text) if text is not None else None), read)

    def move(self, index: int, to_index: int) -> MoveVerdict:
        """Whether an instruction may be moved to another place: as free as the least free of those it passes.

        Args:
            index: Among the instructions of the file.
            to_index: The place it has afterwards, as in `dockerfile.edit.move_instruction`.
        """
        try:
            move_instruction(self.state.text, self.analysis.parsed, index, to_index)
        except MoveRefused as refused:
            return MoveVerdict(MoveKind.REFUSED, str(refused))
        step, worst = 1 if to_index > index else -1, FREE
        for other in range(index + step, to_index + step, step):
            found = self.between(index, other)
            if _RANK[found.kind] > _RANK[worst.kind] or (found.kind is worst.kind and found.reason and not worst.reason):
                worst = found
            if worst.kind is MoveKind.REFUSED:
                break
        return worst

    def installs(self, index: int) -> tuple[Install, ...]:
        """The commands of a RUN whose manifests somebody can read."""
        if index not in self._installs:
            self._installs[index] = tuple(self._read_manifests(index))
        return self._installs[index]

    def between(self, one: int, other: int, *, trusting: bool = False) -> MoveVerdict:
        """Whether two instructions of a stage may change places.

        What a RUN's manifests say is believed: files that they do not name play no part between it and a COPY; a file that
        another COPY above brings with the same bytes is there anyway.

        Args:
            trusting: Believe them also where there is a doubt.
        """
        if len(self.analysis.effects) != len(self.analysis.parsed.instructions):    # what stands above any FROM is no step
            return _UNBUILT
        key = (min(one, other), max(one, other), trusting)
        if key not in self._pairs:
            self._pairs[key] = self._judge(key[0], key[1], trusting)
        return self._pairs[key]

    def needed(self, run: int, copy: int, *, trusting: bool = False) -> dict[str, str] | None:
        """The files (path in the image to path in the context) that a RUN needs of what a COPY brings.

        None where that cannot be told file by file.
        """
        if any(install.found.refusal for install in self.installs(run)):
            return None
        landing = self.landings.of(copy)
        needed: dict[str, str] = {}
        for access in self._effects(run, trusting).reads:
            if access.kind is not AccessKind.PATH or not access.certain:
                continue        # what is only possible decides whether the two may pass each other at all
            if access.scope is Scope.ENTRY:
                needed.update({access.name: landing[access.name]} if access.name in landing else {})
                continue
            below = {p: o for p, o in landing.items() if p == access.name or p.startswith(access.name.rstrip("/") + "/")}
            if below and access.scope is Scope.SOME:
                return None
            needed.update(below)
        return needed

    def doubts(self, index: int) -> list[str]:
        """What stands against the manifests of a RUN, a sentence each."""
        return list(dict.fromkeys(d for install in self.installs(index) for d in install.found.doubts))

    def _read_manifests(self, index: int) -> Iterator[Install]:
        analysis = self.analysis
        run = analysis.parsed.instructions[index]
        if not isinstance(run, Run) or analysis.effects[index].barrier:
            return
        at = analysis.surroundings[index]
        files = ImageFiles(self.landings.before(index), self.read)
        for command in script_of(run, at).commands:
            if not command.argv or not command.cwd or command.cwd == "/":
                continue
            env = {**at.env, **{k: v or "" for k, v in command.variables.items()}}
            found = needs_of(tuple(w.text for w in command.argv), command.cwd, env, files)
            if found is not None:
                if not all(w.exact for w in command.argv):
                    found.refuse("a word of the command is known to the build alone")
                yield Install(command.text, command.cwd, found)

    def _judge(self, first: int, second: int, trusting: bool) -> MoveVerdict:
        instructions = self.analysis.parsed.instructions
        effects = list(self.analysis.effects)
        changed = False
        for run, other in ((first, second), (second, first)):
            if not isinstance(instructions[run], Run) or effects[run].barrier:
                continue
            there: set[str] = set()
            copy = is_context_copy(instructions[other])
            if copy:
                there = self._brought_by_another(other, run)
            if there or self.installs(run):
                found = self._effects(run, trusting, narrow=copy)
                effects[run] = replace(found, reads=tuple(
                    r for r in found.reads if not (r.kind is AccessKind.PATH and r.name in there)))
                changed = True
        if not changed:
            return judge_pair(self.analysis, first, second)
        return judge_pair(replace(self.analysis, effects=tuple(effects)), first, second)

    def _effects(self, run: int, trusting: bool, *, narrow: bool = True) -> Effects:
        """The effects of a RUN with what its manifests say: files that the table cannot know of.

        Args:
            narrow: Where the manifests leave no doubt, let them stand in place of "may read the folder".
        """
        effects = self.analysis.effects[run]
        reads, writes = list(effects.reads), list(effects.writes)
        landing = self.landings.before(run)
        for install in self.installs(run):
            found = install.found
            project = Access(AccessKind.PATH, install.cwd, scope=Scope.SOME, by=install.by)
            if found.refusal:               # of any file there: whoever offers to move it, even to be checked, is wrong
                reads.append(replace(project, scope=Scope.TREE))
            elif found.doubts and not trusting:
                reads.append(replace(project, certain=False, check=f"that it is not so: {next(iter(found.doubts))}"))
            elif narrow:
                reads = [a for a in reads if not _in_project(a, install)]
                writes = [a for a in writes if a.certain or not _in_project(a, install)]
                writes += [Access(AccessKind.PATH, name, certain=False, by=install.by,
                                  check=f"`{install.by}` leaves {name} as it is in the repository") for name in found.rewrites]
            names = dict.fromkeys((*found.files, *(p for tree in found.trees for p in landing if p.startswith(tree + "/"))))
            reads += [Access(AccessKind.PATH, name, by=install.by) for name in names]
        return replace(effects, reads=tuple(reads), writes=tuple(writes))

    def _brought_by_another(self, copy: int, run: int) -> set[str]:
        """Files of a COPY that an earlier one of the stage has brought already, with the same bytes, mode and owner."""
        steps, landing = self.analysis.steps, self.landings.of(copy)
        first: dict[str, int] = {}
        for other in range(max(copy, run)):
            if steps[other].stage == steps[copy].stage:
                for name in self.landings.of(other):
                    first.setdefault(name, other)
        tokens = self._tokens(copy)
        return {name for name, other in first.items()
                if other not in (copy, run) and other < run and name in landing
                and self.landings.of(other)[name] == landing[name] and self._tokens(other) == tokens}

    def _tokens(self, copy: int) -> tuple[str | None, ...]:
        instruction, at = self.analysis.parsed.instructions[copy], self.analysis.surroundings[copy]
        values = (instruction.flag(name) for name in ("chown", "chmod"))
        return tuple(at.expand(v, self.analysis.parsed.escape) if v else None for v in values)


def judge_move(state: ProjectState, index: int, to_index: int, commands: CommandTable, read: FileReader = lambda path: None,
               parsed: ParsedDockerfile | None = None) -> MoveVerdict:
    """The verdict on one move, where no more is asked about this text (see `Exchanges.move`)."""
    return Exchanges.of(state, commands, read, parsed).move(index, to_index)


def _in_project(access: Access, install: Install) -> bool:
    return access.kind is AccessKind.PATH and access.by == install.by and (
        access.name == install.cwd or access.name.startswith(install.cwd.rstrip("/") + "/"))
