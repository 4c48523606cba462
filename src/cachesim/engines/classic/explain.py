"""What does a step's key differ in from the one that was stored, and which rule decides?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cachesim.cache.index import StepKey
from cachesim.cache.key import CacheKey, KeyPart, PartKind
from cachesim.context.checksum import Selector
from cachesim.digest import digest_of
from cachesim.dockerfile import instructions as ins
from cachesim.engines.base import BuildRequest
from cachesim.engines.buildkit.files import changed_files
from cachesim.engines.classic.state import StepFails
from cachesim.engines.classic.sums import has_classic_wildcards
from cachesim.engines.classic.walk import Done
from cachesim.graph.model import Step, StepId

__all__ = ["asked", "matched", "refusal_rule", "rule", "selectors", "with_files"]


def asked(done: Done) -> tuple[KeyPart, ...]:
    """What the step asks for where something else is stored: why it never hits."""
    if done.stored is done.probe:
        return ()
    stored = {(p.kind, p.label): p for p in done.stored.config.parts()}
    asked = {(p.kind, p.label): p for p in done.probe.config.parts()}
    return tuple(KeyPart(kind, f"{label}, as asked for", asked[kind, label].value if (kind, label) in asked else "none",
                         digest_of("asked", asked[kind, label].digest if (kind, label) in asked else ""))
                 for (kind, label), part in stored.items() if asked.get((kind, label)) != part)


def rule(step: Step, done: Done, request: BuildRequest) -> str:
    """Section of the rule book that decided, with its sentence."""
    if request.options.no_cache:
        return "classic.md 5: --no-cache executes every step"
    if done.stored != done.probe:
        return ("classic.md 2.3: never cached: the builder fills the empty value from the image above before it stores the step, "
                "so the stored configuration never equals the one that is asked for")
    if request.options.cache_from:
        return "classic.md 5: --cache-from replaces the usual search"
    match step.instruction:
        case ins.Run():
            return "classic.md 4: a RUN counts by its text, the configuration and every build argument declared above"
        case ins.Copy():
            return "classic.md 3: names, modes and bytes of the sources count, not their times"
        case ins.Arg():
            return "classic.md 4: an ARG counts by its text; the value counts in each later RUN"
        case ins.Workdir():
            return "classic.md 2.3: WORKDIR is a step and counts by its absolute path"
    return "classic.md 2.3: every instruction makes an image; the newest child with the same configuration is used"


def refusal_rule(failure: StepFails) -> str:
    """Section of the rule book that refuses a step."""
    return {"needs-buildkit": "classic.md 1: refused at the step", "copy-source-missing": "classic.md 3.5: sources must exist",
            "unknown-stage": "classic.md 1: only finished stages have names"}.get(failure.code, "classic.md 1")


def selectors(paths: Sequence[str]) -> tuple[Selector, ...]:
    """Source paths as selections of the context."""
    return tuple(Selector(p, True, has_classic_wildcards(p)) for p in paths)


def with_files(now: StepKey, before: StepKey) -> tuple[CacheKey, CacheKey]:
    """Both keys with the files that make their content differ as parts of their own."""
    new_parts: list[KeyPart] = []
    old_parts: list[KeyPart] = []
    for (_, old_tree, _), (_, new_tree, selectors) in zip(before.selected, now.selected, strict=False):
        if old_tree is new_tree:
            continue
        for path, old, new in changed_files(old_tree, new_tree, selectors):
            if old is not None:
                old_parts.append(KeyPart(PartKind.FILE, path, old.value, old.digest))
            if new is not None:
                new_parts.append(KeyPart(PartKind.FILE, path, new.value, new.digest))
    return CacheKey((*now.key.parts, *new_parts)), CacheKey((*before.key.parts, *old_parts))


def matched(last: Sequence[StepKey], now: Mapping[StepId, StepKey]) -> dict[StepId, StepKey]:
    """Which step of the last build each step corresponds to: the same text first, then the likest of its sort."""
    pools: dict[str, list[StepKey]] = {}
    for old in last:
        pools.setdefault(old.stage, []).append(old)
    found: dict[StepId, StepKey] = {}
    for exact in (True, False):
        for step, key in sorted(now.items()):
            if step in found:
                continue
            alike = [o for o in pools.get(key.stage, ()) if o.keyword == key.keyword and (not exact or o.text == key.text)]
            if alike:
                best = max(alike, key=lambda o: len(set(o.text.split()) & set(key.text.split())))
                found[step] = best
                pools[key.stage].remove(best)
    return found
