"""Which command line will a real build have, for the plan card?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cachesim.app.confirm.state import ConfirmState
from cachesim.confirm.buildx import BuildCommand, build_argv
from cachesim.confirm.match import Mode

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["command_line"]


def command_line(bench: Workbench, confirmation: ConfirmState, fresh: bool, secrets: tuple[str, ...]) -> str:
    """The command of the last build; the temporary folder and images of its own have a name in their place.

    Args:
        fresh: Whether it is made in a builder of its own.
        secrets: Ids of those that were given.
    """
    state, mode, engine = bench.state, confirmation.mode, confirmation.engine
    folder = Path("CONTEXT")
    if mode is Mode.LIVE and bench.project is not None:
        folder = bench.project.context_dir
    facts = confirmation.survey.facts if confirmation.survey is not None else None
    given = tuple((name, f"CACHESIM_SECRET_{n}") for n, name in enumerate(secrets))
    contexts: list[tuple[str, str]] = []
    if mode is not Mode.LIVE and engine.has_images and not fresh and confirmation.survey is not None:
        kind = "stand-in" if mode is Mode.REHEARSAL else "nonce"
        contexts = [(ref, f"docker-image://localhost/cachesim/{kind}:…") for ref in confirmation.survey.bases]
    argv = build_argv(BuildCommand(
        folder, folder / state.options.dockerfile, state.options, engine.client, "cachesim-…" if fresh else engine.builder,
        tuple(contexts), given, facts.rawjson if facts is not None else True, mode is Mode.NO_CACHE))
    return " ".join(_shown(word) for word in argv)


def _shown(word: str) -> str:
    """A word of a command line as a shell would need it."""
    return f"'{word}'" if not word or any(c in word for c in " \t\n'\"$&|;<>()*?") else word
