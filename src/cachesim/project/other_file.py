"""How would this project build with another Dockerfile in the place of its own?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cachesim.context.scan import read_regular_file
from cachesim.project.open import read_dockerfile
from cachesim.project.state import ProjectState

__all__ = ["with_other_dockerfile"]


def with_other_dockerfile(state: ProjectState, path: Path) -> ProjectState:
    """The same context, options and engine with that file's text, and its own NAME.dockerignore if it has one.

    It takes the place of the project's Dockerfile, so that an edit of "the Dockerfile" edits either of the two.

    Raises:
        InputError: If it cannot be read.
    """
    text = read_dockerfile(path).text
    context, own = state.context, f"{state.options.dockerfile}.dockerignore"
    newest = max((entry.mtime_ns for _, entry in context.walk()), default=0)
    try:
        ignore = read_regular_file(str(path.with_name(path.name + ".dockerignore")))
    except OSError:
        ignore = None
    if ignore is None:
        context = context.without(own)
    elif not own.startswith("../"):
        context = context.with_bytes(own, ignore, mtime_ns=newest)
    return replace(state, context=context).with_text(text, newest)
