"""What do the attributes of RUN --mount mean, and which of them does the engine refuse?

Two moments: `read_mount` while the file is parsed (only the grammar and `from` are checked), `resolve_mount` when the
step is made, with variables expanded.
Source: BuildKit v0.25.2, frontend/dockerfile/instructions/commands_runmount.go and tonistiigi/go-csvvalue.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachesim.dockerfile.go_values import read_bool, read_size, read_uint32
from cachesim.dockerfile.instructions import Mount
from cachesim.dockerfile.words import go_quote, suggestion
from cachesim.errors import CachesimError

__all__ = ["MOUNT_KEYS", "MOUNT_TYPES", "MountError", "ResolvedMount", "read_mount", "resolve_mount"]

MOUNT_TYPES = ("bind", "cache", "secret", "ssh", "tmpfs")
SHARING_MODES = ("locked", "private", "shared")
MOUNT_KEYS = (
    "type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode", "uid", "gid", "src",
    "dst", "destination", "ro", "rw", "readwrite", "env")

_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}


class MountError(CachesimError):
    """A --mount that the engine refuses, in its words."""


@dataclass(frozen=True, slots=True)
class ResolvedMount:
    """One mount with its values expanded and the engine's defaults filled in; "" and None mean not given."""

    type: str = "bind"
    from_: str = ""
    source: str = ""
    target: str = ""
    readonly: bool = False
    id: str = ""
    sharing: str = ""
    required: bool = False
    size: int = 0
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    env: str | None = None


@functools.lru_cache(maxsize=1024)
def read_mount(value: str) -> Mount:
    """Read a flag value at parse time.

    Raises:
        MountError: Bad quotes, or a variable in `from`.
    """
    options = []
    kind = "bind"
    for key, equals, text in map(_option, _fields(value)):
        if key == "from" and equals and "$" in text[:-1]:
            raise MountError("'from' doesn't support variable expansion, define alias stage instead")
        if key == "type" and equals:
            kind = text.lower()
        options.append((key, text))
    return Mount(kind, tuple(options))


def resolve_mount(value: str, expand: Callable[[str], str]) -> ResolvedMount:
    """Read a flag value when the step is made.

    Args:
        value: As written after `--mount=`.
        expand: Resolves variables in an attribute's value (`from` included, where nothing is left to expand).
    Raises:
        MountError: What the engine refuses.
        ExpandError: From `expand`.
    """
    mount, readonly = ResolvedMount(), None
    for field in _fields(value):
        key, equals, text = _option(field)
        if not equals:
            if key in ("readonly", "ro", "readwrite", "rw"):
                readonly = key[:2] == "ro" or key == "readonly"
            elif key == "required":
                mount = replace(mount, required=_required(mount.type, "true"))
            else:
                raise MountError(f"invalid field '{field}' must be a key=value pair")
            continue
        text = expand(text)
        if key in ("readonly", "ro", "readwrite", "rw"):
            readonly = _flag(key, text) == (key in ("readonly", "ro"))
        else:
            mount = _with(mount, key, text, field)
    _check(mount)
    return replace(mount, readonly=mount.type not in ("cache", "tmpfs") if readonly is None else readonly)


def _with(mount: ResolvedMount, key: str, value: str, field: str) -> ResolvedMount:
    match _ALIASES.get(key, key):
        case "type":
            if value.lower() not in MOUNT_TYPES:
                raise MountError(f"unsupported mount type {go_quote(value)}"
                                 + suggestion(value, MOUNT_TYPES, fold_case=False))
            return replace(mount, type=value.lower())
        case "from":
            return replace(mount, from_=value)
        case "source":
            return replace(mount, source=value)
        case "target":
            return replace(mount, target=value)
        case "id":
            return replace(mount, id=value)
        case "env":
            return replace(mount, env=value)
        case "required":
            return replace(mount, required=_required(mount.type, value))
        case "size":
            return replace(mount, size=_size(mount.type, value))
        case "sharing":
            if value.lower() not in SHARING_MODES:
                raise MountError(f"unsupported sharing value {go_quote(value)}"
                                 + suggestion(value, SHARING_MODES, fold_case=False))
            return replace(mount, sharing=value.lower())
        case "mode":
            return replace(mount, mode=_number(key, value, 8))
        case "uid":
            return replace(mount, uid=_number(key, value, 10))
        case "gid":
            return replace(mount, gid=_number(key, value, 10))
    raise MountError(f"unexpected key '{key}' in '{field}'" + suggestion(key, MOUNT_KEYS, fold_case=False))


def _check(mount: ResolvedMount) -> None:
    if mount.type not in ("secret", "ssh", "cache"):
        for name, value in (("mode", mount.mode), ("uid", mount.uid), ("gid", mount.gid)):
            if value is not None:
                raise MountError(f"{name} not allowed for {go_quote(mount.type)} type mounts")
    if mount.type == "secret":
        if mount.from_:
            raise MountError("secret mount should not have a from")
        if mount.sharing:
            raise MountError("secret mount should not define sharing")
        if not (mount.source or mount.target or mount.id):
            raise MountError("invalid secret mount. one of source, target required")
        if mount.source and mount.id:
            raise MountError("both source and id can't be set")
    if mount.sharing and mount.type != "cache":
        raise MountError(f"invalid cache sharing set for {mount.type} mount")


def _option(field: str) -> tuple[str, str, str]:
    key, equals, value = field.partition("=")
    return key.lower(), equals, value


def _flag(key: str, value: str) -> bool:
    try:
        return read_bool(value)
    except ValueError:
        raise MountError(f"invalid value for {key}: {value}") from None


def _required(kind: str, value: str) -> bool:
    if kind not in ("secret", "ssh"):
        raise MountError(f"unexpected key 'required' for mount type '{kind}'")
    return _flag("required", value)


def _size(kind: str, value: str) -> int:
    if kind != "tmpfs":
        raise MountError(f"unexpected key 'size' for mount type '{kind}'")
    try:
        return read_size(value)
    except ValueError:
        raise MountError(f"invalid value for size: {value}") from None


def _number(key: str, value: str, base: int) -> int:
    try:
        return read_uint32(value, base)
    except ValueError:
        raise MountError(f"invalid value {value} for {key}") from None


def _fields(line: str) -> list[str]:
    """Cut a value at its commas; `"` quotes a whole field, `""` in it is one quote."""
    if line.endswith("\n"):
        line = line[:-2] if line.endswith("\r\n") else line[:-1]
    if not line:
        raise MountError("failed to parse csv mounts: EOF")
    fields, at = [], 0
    while True:
        if line.startswith('"', at):
            field, at = _quoted_field(line, at + 1)
            fields.append(field)
        else:
            end = line.find(",", at)
            end = len(line) if end < 0 else end
            quote = line.find('"', at, end)
            if quote >= 0:
                raise _csv_error(line, quote, 'bare " in non-quoted field')
            fields.append(line[at:end])
            at = end
        if at >= len(line):
            return fields
        at += 1


def _quoted_field(line: str, at: int) -> tuple[str, int]:
    """The text of a quoted field and where its comma (or the end) stands."""
    out = []
    while True:
        quote = line.find('"', at)
        if quote < 0:
            raise _csv_error(line, at, 'extraneous or missing " in quoted-field')
        out.append(line[at:quote])
        at = quote + 1
        if line.startswith('"', at):
            out.append('"')
            at += 1
        elif at == len(line) or line[at] == ",":
            return "".join(out), at
        else:
            raise _csv_error(line, quote, 'extraneous or missing " in quoted-field')


def _csv_error(line: str, at: int, complaint: str) -> MountError:
    column = len(line[:at].encode("utf-8", "surrogatepass")) + 1
    return MountError(f"failed to parse csv mounts: parse error on line 1, column {column}: {complaint}")
