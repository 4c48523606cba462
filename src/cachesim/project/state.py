"""What is open right now: text, files, options, engine?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.instructions import ParsedDockerfile
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, RunClaim
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageStore

__all__ = ["ProjectState"]


@dataclass(frozen=True, slots=True)
class ProjectState:
    """Everything a prediction depends on, as the window or a command has it; edits give a new one.

    Attributes:
        text: The Dockerfile as decoded text (newline style as in the file).
        context: The build context; holds the Dockerfile too where it lies inside.
    """

    text: str
    context: ContextSnapshot
    options: BuildOptions = BuildOptions()
    engine: EngineKind = EngineKind.BUILDKIT
    store: ImageStore = ImageStore.CONTAINERD
    bases: Mapping[str, BaseImage] = field(default_factory=dict)
    named_contexts: Mapping[str, ContextSnapshot] = field(default_factory=dict)
    claims: tuple[RunClaim, ...] = ()

    def with_text(self, text: str, mtime_ns: int) -> ProjectState:
        """The same with another Dockerfile text, also as the file in the context (if it has one)."""
        path, context = self.options.dockerfile, self.context
        old = context.get(path)
        if old is not None:
            context = context.with_bytes(path, text.encode("utf-8", "surrogateescape"), None, mtime_ns)
        return replace(self, text=text, context=context)

    def request(self, label: str = "", parsed: ParsedDockerfile | None = None) -> BuildRequest:
        """The build that this state asks for."""
        return BuildRequest(
            dockerfile=parsed if parsed is not None else parse(self.text), context=self.context, options=self.options,
            engine=self.engine, store=self.store, bases=self.bases, named_contexts=self.named_contexts,
            claims=self.claims, label=label)
