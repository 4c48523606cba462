"""Which builds does a written-down scenario describe, and how is a timeline written down as one?

The format is that of the recorded scenarios (tests/conformance/recordings/README.md): builds that follow each other,
each with the change it makes to the files, its options, and image tags that moved. Two additions: a file may have
`base64` in place of `text`, and `options` may have `network` and `ssh`.
"""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, FileEntry, FileKind, directory, symlink
from cachesim.digest import Digest, digest_of, digest_of_bytes
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest
from cachesim.errors import InputError
from cachesim.graph.options import (
    BaseImage,
    BuildOptions,
    EngineKind,
    ImageConfig,
    ImageStore,
    NetworkMode,
    normalize_ref,
)
from cachesim.project.image_config import config_lines, config_of
from cachesim.project.timeline import Timeline, TimelineEntry

__all__ = ["Scenario", "ScenarioBuild", "ScenarioFile", "builds_of", "read_scenarios", "scenario_of", "scenarios_of"]

_SECOND = 1_000_000_000
_MOVED = ImageConfig(env=(("PATH", "/bin"),), cmd=("sh",))      # what a moved tag's new image is configured with
_LINKS = 40


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """The new state of one path: a file (`data`), a directory, or a symbolic link (`link`)."""

    data: bytes | None = None
    link: str | None = None
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class ScenarioBuild:
    """One build: what changed before it, and how it was started.

    Attributes:
        files: Path to new state; None deletes.
        problem: Why the client refuses to start it at all (filled in by `builds_of`).
        seen: What a real engine was recorded to do: "cached" or "run" per step, by the name that it prints.
    """

    edit: str
    files: Mapping[str, ScenarioFile | None]
    options: BuildOptions
    move_tags: tuple[str, ...] = ()
    problem: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Builds that follow each other, from an empty cache."""

    name: str
    engine: EngineKind
    store: ImageStore
    bases: Mapping[str, ImageConfig]
    builds: tuple[ScenarioBuild, ...]
    contents: Mapping[Digest, bytes] = field(default_factory=dict)  # of every file, by digest


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Read a file that holds one JSON object, or one per line.

    Raises:
        InputError: If it cannot be read, or says something that is not known.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), str(path)) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start})", str(path), "Save it as UTF-8") from None
    return scenarios_of(text, str(path))


def scenarios_of(text: str, where: str) -> tuple[Scenario, ...]:
    """Read scenarios from text; `where` names it in messages.

    Raises:
        InputError: If it says something that is not known.
    """
    found = []
    for line, value in _objects(text, where):
        try:
            found.append(_scenario(value))
        except InputError as error:
            place = f"{where}:{line}" + (f" ({value['name']})" if isinstance(value, dict) and "name" in value else "")
            raise InputError(error.what, f"{place}: {error.where}" if error.where else place, error.todo) from None
    return tuple(found)


def builds_of(scenario: Scenario) -> Iterator[tuple[ScenarioBuild, BuildRequest]]:
    """The requests of a scenario, one after the other; give each the store that the one before left."""
    context = ContextSnapshot(EMPTY_DIR, scenario.name)
    moves: dict[str, int] = {}
    bases = {ref: _base(ref, config, 0) for ref, config in scenario.bases.items()}
    for number, build in enumerate(scenario.builds, 1):
        for tag in build.move_tags:
            moves[tag] = moves.get(tag, 0) + 1
            bases[tag] = _base(tag, _MOVED, moves[tag])
        for path, file in build.files.items():
            context = _edited(context, path, file, number * _SECOND)
        problem, text = build.problem, ""
        data = _content(context, build.options.dockerfile, scenario.contents)
        if data is None:
            problem = problem or f"failed to read dockerfile: open {build.options.dockerfile}: no such file or directory"
        else:
            text = data.decode("utf-8", "surrogateescape")
        named, missing = _named_contexts(context, build.options)
        if missing:
            problem = problem or f"failed to get build context {missing}: no such file or directory"
        request = BuildRequest(
            dockerfile=parse(text), context=context, options=build.options, engine=scenario.engine,
            store=scenario.store, bases=dict(bases), named_contexts=named, label=build.edit or f"build {number}")
        yield (replace(build, problem=problem) if problem else build), request


def scenario_of(timeline: Timeline, content: Callable[[Digest], bytes | None],
                name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Write the builds that lead to the current entry of a timeline as a scenario.

    Args:
        content: Bytes of a file by its digest, if they are kept.
    Returns:
        The JSON object, and the paths whose bytes are not kept: a line that names their digest stands for them.
    """
    entries = timeline.path()
    builds: list[dict[str, Any]] = []
    lost: dict[str, None] = {}
    before = ContextSnapshot(EMPTY_DIR)
    bases: dict[str, BaseImage] = {}
    for entry in entries:
        state = entry.state
        files = dict(_changes(before.tree, state.context.tree, "", content, lost))
        path = state.options.dockerfile
        if state.context.get(path) is None:         # a Dockerfile outside of the context
            files[path.replace("../", "")] = {"text": state.text}
        build: dict[str, Any] = {"edit": entry.label, "files": files, "options": _options_object(state.options)}
        moved = [r for r, b in state.bases.items() if r in bases and bases[r].chain != b.chain]
        if moved:
            build["move_tags"] = moved
        bases.update({r: b for r, b in state.bases.items() if r not in bases or r in moved})
        builds.append(build)
        before = state.context
    first = _first_bases(entries)
    head = entries[-1].state if entries else None
    result: dict[str, Any] = {
        "name": name, "engine": (head.engine if head else EngineKind.BUILDKIT).value,
        "store": (head.store if head else ImageStore.CONTAINERD).value,
        "bases": [{"ref": ref, "config": list(config_lines(base.config or ImageConfig(env=_MOVED.env)))}
                  for ref, base in first.items()],
        "builds": builds}
    return result, tuple(lost)


def _first_bases(entries: tuple[TimelineEntry, ...]) -> dict[str, BaseImage]:
    found: dict[str, BaseImage] = {}
    for entry in entries:
        for ref, base in entry.state.bases.items():
            found.setdefault(ref, base)
    return found


# -- reading ----------------------------------------------------------------------------------------------------------


def _objects(text: str, where: str) -> Iterator[tuple[int, Any]]:
    if not text.strip():
        raise InputError("is empty", where, "A scenario is a JSON object with name, bases and builds")
    try:
        yield 1, json.loads(text)
        return
    except ValueError as error:
        first = error
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            values += [(number, json.loads(line))] if line.strip() else []
        except ValueError as error:     # not even one line is JSON: then the whole text was meant
            raise InputError(f"is not JSON: {error if values else first}", f"{where}:{number}") from None
    yield from values


def _scenario(value: Any) -> Scenario:
    _expect(value, dict, "scenario")
    engine, store = value.get("engine", "buildkit"), value.get("store", "graphdriver")
    bases = {}
    for base in _expect(value.get("bases", []), list, "bases"):
        ref = _expect(_expect(base, dict, "base").get("ref"), str, "base.ref")
        bases[normalize_ref(ref)] = config_of(_strings(base.get("config", []), f"config of {ref}"))
    kind = _enum(EngineKind, engine, "engine")
    builds = tuple(_build(build, f"build {n}", kind) for n, build in enumerate(_expect(value.get("builds"), list, "builds")))
    contents = (file.data for build in builds for file in build.files.values() if file is not None)
    return Scenario(
        name=str(value.get("name", "scenario")), engine=kind,
        store=_enum(ImageStore, store, "store"), bases=bases, builds=builds,
        contents={digest_of_bytes(data): data for data in contents if data is not None})


def _build(value: Any, where: str, engine: EngineKind) -> ScenarioBuild:
    _expect(value, dict, where)
    files = _expect(value.get("files", {}), dict, f"{where}: files")
    options = _expect(value.get("options", {}), dict, f"{where}: options")
    network = _expect(options.get("network") or "", str, f"{where}: network")
    problem = _network_problem(network) if engine is EngineKind.BUILDKIT else ""
    return ScenarioBuild(
        edit=str(value.get("edit", "")),
        files={_clean(path, where): _file(file, f"{where}: {path}") for path, file in files.items()},
        options=_options({**options, "network": network if network in _NETWORKS else "default"} if network else options, where),
        move_tags=tuple(normalize_ref(tag) for tag in _strings(value.get("move_tags", []), f"{where}: move_tags")),
        problem=problem, seen=_seen(value.get("observed")))


def _seen(observed: Any) -> dict[str, str]:
    """Status by name; recordings are made by others, so what has another form is left out."""
    steps = observed.get("steps") if isinstance(observed, dict) else None
    return {str(step.get("name")): str(step.get("status")) for step in steps or () if isinstance(step, dict)}


def _network_problem(name: str) -> str:
    """Why buildx refuses a --network; the classic builder knows those of its engine, and no key depends on them."""
    if not name or name in _NETWORKS:
        return ""
    return (f'network mode "{name}" not supported by buildkit - you can define a custom network for your builder using the '
            "network driver-opt in buildx create")


def _clean(path: str, where: str) -> str:
    clean = posixpath.normpath(path)
    if not path or path.startswith("/") or clean in (".", "..") or clean.startswith("../"):
        raise InputError("is not a path below the context", f"{where}: {path!r}")
    return clean


def _file(value: Any, where: str) -> ScenarioFile | None:
    if value is None:
        return None
    _expect(value, dict, where)
    is_dir = value.get("dir") is True
    mode = _mode(value.get("mode", "755" if is_dir else "644"), where)
    if is_dir:
        return ScenarioFile(mode=mode)
    if "symlink" in value:
        return ScenarioFile(link=_expect(value["symlink"], str, f"{where}: symlink"))
    return ScenarioFile(data=_data(value, where), mode=mode)


def _data(value: Mapping[str, Any], where: str) -> bytes:
    if "base64" in value:
        try:
            return base64.b64decode(_expect(value["base64"], str, f"{where}: base64"), validate=True)
        except binascii.Error as error:
            raise InputError(f"is not base64: {error}", where) from None
    if "text" not in value:
        raise InputError("has none of text, base64, symlink and dir", where)
    try:
        return str(_expect(value["text"], str, f"{where}: text")).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InputError(f"is no text: {error.reason}", where, "Use base64 for bytes") from None


def _mode(value: Any, where: str) -> int:
    try:
        mode = int(str(value), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o7777:
        raise InputError(f"{value!r} is not an octal mode", where, 'Write it as "755"')
    return mode


def _options(value: dict[str, Any], where: str) -> BuildOptions:
    unknown = sorted(set(value) - _OPTIONS)
    if unknown:
        raise InputError(f"unknown option {unknown[0]!r}", where, f"Options are: {', '.join(sorted(_OPTIONS))}")
    texts = {key: _expect(value.get(key) or "", str, f"{where}: {key}")
             for key in ("dockerfile", "target", "platform", "network")}
    maps: dict[str, dict[str, Any]] = {key: _expect(value.get(key) or {}, dict, f"{where}: {key}")
                                       for key in ("args", "labels", "contexts", "secrets")}
    lists = {key: _strings(value.get(key) or [], f"{where}: {key}") for key in ("add_hosts", "no_cache_filter", "ssh")}
    return BuildOptions(
        dockerfile=_clean(texts["dockerfile"] or "Dockerfile", where), target=texts["target"],
        args=tuple((k, None if v is None else str(v)) for k, v in maps["args"].items()),
        no_cache=bool(value.get("no_cache")), no_cache_filter=lists["no_cache_filter"], platform=texts["platform"],
        labels=tuple((k, str(v)) for k, v in maps["labels"].items()),
        add_hosts=tuple((name, ip) for name, _, ip in (host.replace("=", ":", 1).partition(":")
                                                       for host in lists["add_hosts"])),
        network=_enum(NetworkMode, texts["network"] or "none", f"{where}: network"),
        secrets=tuple((k, digest_of_bytes(str(v).encode("utf-8", "surrogateescape")))
                      for k, v in maps["secrets"].items()),
        ssh=lists["ssh"], contexts=tuple((k, str(v)) for k, v in maps["contexts"].items()))


_NETWORKS = frozenset(mode.value for mode in NetworkMode)
_OPTIONS = frozenset(("args", "target", "no_cache", "no_cache_filter", "dockerfile", "labels", "contexts", "secrets",
                      "add_hosts", "platform", "network", "ssh"))


def _expect(value: Any, kind: type[Any], where: str) -> Any:
    if not isinstance(value, kind):
        words: dict[Any, str] = {dict: "an object", list: "a list", str: "a text"}
        raise InputError("is missing" if value is None else f"must be {words[kind]}", where)
    return value


def _strings(value: Any, where: str) -> tuple[str, ...]:
    return tuple(_expect(v, str, where) for v in _expect(value, list, where))


def _enum(kind: type[Any], value: Any, where: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise InputError(f"unknown {where} {value!r}", "", f"Known are: {', '.join(m.value for m in kind)}") from None


# -- builds -----------------------------------------------------------------------------------------------------------


def _base(ref: str, config: ImageConfig, moves: int) -> BaseImage:
    identity = digest_of("scenario image", ref, str(moves))
    return BaseImage(ref, chain=identity, manifest=identity, config=config, source="scenario")


def _edited(context: ContextSnapshot, path: str, file: ScenarioFile | None, mtime_ns: int) -> ContextSnapshot:
    if file is None:
        return context.without(path)
    if file.data is not None:
        return context.with_bytes(path, file.data, file.mode, mtime_ns)
    if file.link is not None:
        return context.with_entry(path, symlink(file.link, mtime_ns))
    old = context.get(path)
    return context.with_entry(path, directory(old.children if old is not None else {}, file.mode, mtime_ns))


def _content(context: ContextSnapshot, path: str, contents: Mapping[Digest, bytes]) -> bytes | None:
    """The bytes at a path, links followed inside the context."""
    for _ in range(_LINKS):
        entry = context.get(path)
        if entry is None or entry.kind is not FileKind.SYMLINK:
            return contents.get(entry.digest) if entry is not None else None
        path = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), entry.link)).lstrip("/")
    return None


def _named_contexts(context: ContextSnapshot, options: BuildOptions) -> tuple[dict[str, ContextSnapshot], str]:
    found: dict[str, ContextSnapshot] = {}
    for name, value in options.contexts:
        if "://" in value:
            continue
        if not value:
            return found, f"{name}: stat "
        path = posixpath.normpath(value)
        entry = context.tree if path == "." else context.get(path)
        if entry is None or not entry.is_dir:
            return found, f"{name}: stat {value}"
        found[name] = ContextSnapshot(entry, value, context.texts)
    return found, ""


# -- writing ----------------------------------------------------------------------------------------------------------


def _changes(old: FileEntry, new: FileEntry, prefix: str, content: Callable[[Digest], bytes | None],
             lost: dict[str, None]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The paths that differ, with their new state; children after their directory."""
    for name in old.children.keys() - new.children.keys():
        yield prefix + name, None
    for name, entry in new.children.items():
        path, before = prefix + name, old.children.get(name)
        if entry is before:
            continue
        same_kind = before is not None and before.kind is entry.kind
        if entry.kind is FileKind.DIR:
            if not same_kind or (before is not None and before.mode != entry.mode):
                if not same_kind and before is not None:
                    yield path, None
                if entry.mode != 0o755 or not entry.children:
                    yield path, _with_mode({"dir": True}, entry.mode, 0o755)
            yield from _changes(before if before is not None and same_kind else EMPTY_DIR, entry, path + "/", content,
                                lost)
        elif before is None or not same_kind or (before.digest, before.mode, before.mtime_ns, before.link) != (
                entry.digest, entry.mode, entry.mtime_ns, entry.link):
            if entry.kind is FileKind.SYMLINK:
                yield path, {"symlink": entry.link}
            elif entry.kind is FileKind.FILE:
                yield path, _with_mode(_file_object(path, entry, content, lost), entry.mode, 0o644)


def _file_object(path: str, entry: FileEntry, content: Callable[[Digest], bytes | None],
                 lost: dict[str, None]) -> dict[str, Any]:
    data = content(entry.digest) if entry.digest else None
    if data is None:
        lost[path] = None
        return {"text": f"(content {entry.digest.short or 'not read'}, {entry.size} bytes, not kept)\n"}
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _with_mode(value: dict[str, Any], mode: int, default: int) -> dict[str, Any]:
    return value if mode == default else {**value, "mode": f"{mode:o}"}


def _options_object(options: BuildOptions) -> dict[str, Any]:
    plain = BuildOptions()
    value: dict[str, Any] = {}
    for key in ("dockerfile", "target", "no_cache", "platform"):
        if getattr(options, key) != getattr(plain, key):
            value[key] = getattr(options, key)
    for key in ("args", "labels", "contexts"):
        if getattr(options, key):
            value[key] = dict(getattr(options, key))
    if options.secrets:     # never the content: its digest stands for it
        value["secrets"] = dict(options.secrets)
    if options.add_hosts:
        value["add_hosts"] = [f"{name}:{ip}" for name, ip in options.add_hosts]
    for key in ("no_cache_filter", "ssh"):
        if getattr(options, key):
            value[key] = list(getattr(options, key))
    if options.network is not NetworkMode.NONE:
        value["network"] = options.network.value
    return value
