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
from cachesim.engines.rules import Rule
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


def rule(step: Step, done: Done, request: BuildRequest) -> Rule:
    """The rule that decided."""
    if request.options.no_cache:
        return Rule.CLASSIC_NO_CACHE
    if done.stored != done.probe:
        return Rule.CLASSIC_NEVER
    if request.options.cache_from:
        return Rule.CLASSIC_CACHE_FROM
    match step.instruction:
        case ins.Run():
            return Rule.CLASSIC_RUN
        case ins.Copy():
            return Rule.CLASSIC_COPY
        case ins.Arg():
            return Rule.CLASSIC_ARG
        case ins.Workdir():
            return Rule.CLASSIC_WORKDIR
    return Rule.CLASSIC_IMAGE


def refusal_rule(failure: StepFails) -> Rule:
    """The rule that refuses a step."""
    return {"copy-source-missing": Rule.CLASSIC_SOURCES, "unknown-stage": Rule.CLASSIC_STAGE_NAME}.get(
        failure.code, Rule.CLASSIC_REFUSED)


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
