"""What takes the place of each base image in a confirmation?

Isolated and no-cache builds get the base with a unique layer on top, a rehearsal gets a stand-in. A tag that moved from
one build of the timeline to the next gets another image of its own: that is what moving means to the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cachesim.confirm.engines import EngineChoice, inspect_image
from cachesim.confirm.isolate import Base, Isolation, bases_of, nonce_image
from cachesim.confirm.match import Mode
from cachesim.confirm.needs import Needs, needs_of
from cachesim.confirm.rehearsal import LIMITS, stand_in_image
from cachesim.confirm.script import Script
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BaseImage, ImageConfig
from cachesim.project.state import ProjectState

__all__ = ["Replacing"]

_FETCHING = re.compile(r"ADD\s.*?(?:https?://|git://|ssh://|git@)", re.IGNORECASE | re.DOTALL)
_SCRATCH = ("FROM scratch cannot be isolated as it is: in the copy that is built, a layer with one small file takes its "
            "place, so these stages count one step more.")


@dataclass(slots=True)
class Replacing:
    """Makes the images that take the bases' places; `images` names them all, to be removed afterwards."""

    mode: Mode
    engine: EngineChoice
    arch: str
    token: str
    folder: Path
    say: Callable[[str], None]
    note: Callable[[str], None]
    fresh: bool = False
    images: list[str] = field(default_factory=list)
    _made: dict[tuple[str, int], BaseImage] = field(default_factory=dict)

    def run(self, states: Sequence[ProjectState], graphs: Sequence[BuildGraph],
            labels: Sequence[str]) -> Script[list[Isolation]]:
        """Make what is needed; one isolation a build.

        Raises:
            EngineError: The engine refuses, or a base cannot be had.
        """
        moves = moves_of(states)
        if self.mode is Mode.LIVE or not self.engine.has_images:
            if self.mode is not Mode.LIVE and not self.fresh:
                self.note("This builder has no images of its own to isolate with: it may know steps from earlier builds.")
            self._note_moves(moves, labels)
            return [Isolation()] * len(states)
        rehearsal, needs = self.mode is Mode.REHEARSAL, dict[str, Needs]()
        if rehearsal:
            self.note(LIMITS)
            for state, graph in zip(states, graphs, strict=True):
                for name, need in needs_of(state, graph).items():
                    needs.setdefault(name, Needs()).add(need)
        found = []
        for at, graph in enumerate(graphs):
            images: dict[Base, BaseImage] = {}
            for base in bases_of(graph, read_too=True):
                moved = moves[at].get(base.ref, 0)
                if base.parent or rehearsal or any(m.get(base.ref) for m in moves):
                    images[base] = yield from self._image(base, moved, states[:at + 1], needs)
            found.append(Isolation(images))
        return found

    def _image(self, base: Base, moved: int, states: Sequence[ProjectState], needs: dict[str, Needs]) -> Script[BaseImage]:
        """The image for a base as it is after so many moves; made once."""
        known = self._made.get((base.context, moved))
        if known is not None:
            return known
        rehearsal, number = self.mode is Mode.REHEARSAL, len(self.images)
        self.say(f"making a stand-in for {base.context}" if rehearsal else f"isolating {base.context}")
        self.images.append(f"localhost/cachesim/{'stand-in' if rehearsal else 'nonce'}:{self.token}-{number}")
        options = states[-1].options
        if rehearsal:
            config = yield from self._config(states, base)
            made = yield from stand_in_image(self.engine, base, needs.get(base.context, Needs()), config, self.arch,
                                             self.token, number, self.folder, options)
        else:
            made = yield from nonce_image(self.engine, base, self.token, number, self.folder, options)
            if moved:
                self.note(f"The moved tag {base.context} is replayed as the same image under another unique layer.")
        if not base.ref:
            self.note(_SCRATCH)
        self._made[base.context, moved] = made
        return made

    def _config(self, states: Sequence[ProjectState], base: Base) -> Script[ImageConfig]:
        """The configuration that a stand-in gets: as the project knows it, else as the engine does, else none."""
        known = (state.bases.get(base.ref) for state in reversed(states))
        config = next((image.config for image in known if image is not None and image.config is not None), None)
        if config is None and base.ref and not base.ref.startswith("cachesim.invalid/"):
            found = yield from inspect_image(self.engine, base.ref)
            config = found.config if found is not None else None
        if config is None:
            return ImageConfig()
        kept = tuple(trigger for trigger in config.onbuild if not _FETCHING.match(trigger.strip()))
        if kept != config.onbuild:
            self.note(f"Triggers of {base.context} that fetch something are left out.")
        return replace(config, onbuild=kept)

    def _note_moves(self, moves: Sequence[dict[str, int]], labels: Sequence[str]) -> None:
        for at, after in enumerate(moves[1:], 1):
            for ref in (r for r, count in after.items() if count != moves[at - 1].get(r, 0)):
                self.note(f"Before “{labels[at]}” the tag {ref} moved; without images of its own this builder cannot "
                          "replay that.")


def moves_of(states: Sequence[ProjectState]) -> list[dict[str, int]]:
    """How often each tag has moved to other layers by each build, as far as the states know."""
    seen: dict[str, list[str]] = {}
    found = []
    for state in states:
        for ref, image in state.bases.items():
            if image.chain and seen.setdefault(ref, [image.chain])[-1] != image.chain:
                seen[ref].append(image.chain)
        found.append({ref: len(chains) - 1 for ref, chains in seen.items()})
    return found
