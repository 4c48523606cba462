"""The engine's second pass: does an instruction have the flags and arguments that it needs?

Source: BuildKit v0.25.2, frontend/dockerfile/instructions/{parse,bflag}.go. The order of the checks is the engine's,
and so is what it does not check: ARG, STOPSIGNAL and HEALTHCHECK NONE take any flag and ignore it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.expand import ExpandError
from cachesim.dockerfile.go_values import read_duration, read_int32
from cachesim.dockerfile.heredoc import Opening, read_word, without_tabs
from cachesim.dockerfile.instructions import (
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    Flag,
    From,
    Healthcheck,
    Heredoc,
    Instruction,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from cachesim.dockerfile.lines import Body
from cachesim.dockerfile.mounts import MountError, read_mount
from cachesim.dockerfile.nodes import KEYWORDS, Node, Refusal
from cachesim.dockerfile.words import BLANKS, go_quote, suggestion

__all__ = ["FLAGS", "NETWORK_MODES", "Place", "build"]

FLAGS: dict[str, dict[str, str]] = {
    "ADD": {"chown": "string", "chmod": "string", "link": "bool", "keep-git-dir": "bool", "checksum": "string",
            "unpack": "bool", "exclude": "strings"},
    "COPY": {"chown": "string", "from": "string", "chmod": "string", "link": "bool", "exclude": "strings"},
    "FROM": {"platform": "string"},
    "HEALTHCHECK": {"interval": "string", "timeout": "string", "start-period": "string", "start-interval": "string",
                    "retries": "string"},
    "RUN": {"mount": "strings", "network": "string", "device": "strings"},
}
"""Flags by keyword: a boolean, one value, or values that add up. All others are refused."""

NETWORK_MODES = ("default", "host", "none")

_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*\Z")
_ONBUILD = re.compile(r"[\t\n\f\r ]*onbuild[\t\n\f\r ]*", re.IGNORECASE | re.ASCII)


class Place(NamedTuple):
    """Where an instruction stands; `text` is the joined line, not trimmed."""

    span: SourceSpan
    text: str
    bodies: tuple[Body, ...]


def build(node: Node, place: Place, parse_trigger: Callable[[str, SourceSpan], Instruction | None]) -> Instruction:
    """Make the instruction of a node.

    Args:
        node: From the first pass.
        place: Of the node.
        parse_trigger: Reads the text of an ONBUILD trigger, which gets the span of the node.
    Raises:
        Refusal: What the engine refuses in its second pass.
    """
    if node.keyword == "ONBUILD":
        return _onbuild(node, place, parse_trigger)
    builder = _BUILDERS.get(node.keyword)
    if builder is None:
        raise Refusal(f"unknown instruction: {node.written}" + suggestion(node.written, KEYWORDS, fold_case=True),
                      "unknown-instruction", node.written)
    return builder(node, place)


def _from(node: Node, place: Place) -> From:
    args, name = node.args, ""
    if len(args) == 3 and args[1].lower() == "as":
        name = args[2].lower()
        if not _STAGE_NAME.match(name):
            raise Refusal(f"invalid name for build stage: {go_quote(args[2])}, name can't start with a number or "
                          "contain symbols", "bad-stage-name", args[2])
    elif len(args) != 1:
        raise Refusal("FROM requires either one or three arguments", "argument-count")
    flags = _checked_flags(node)
    return From(*_common(node, place, flags), args[0], name, _value(flags, "platform"))


def _run(node: Node, place: Place) -> Run:
    flags = _checked_flags(node)
    try:
        mounts = tuple(read_mount(flag.value or "") for flag in flags if flag.name == "mount") if flags else ()
    except MountError as error:
        raise Refusal(str(error), "bad-mount", "--mount") from None
    network = _value(flags, "network")
    if network not in NETWORK_MODES and any(flag.name == "network" for flag in flags):
        raise Refusal(f"invalid network mode {go_quote(network)}", "bad-network", "--network")
    heredocs = tuple(_heredoc(body.opening, body.text) for body in place.bodies) if place.bodies else ()
    return Run(*_common(node, place, flags, heredocs), *_command(node), mounts, network)


def _copy(node: Node, place: Place) -> Copy:
    flags = _file_flags(node)
    return Copy(*_files(node, place, flags), _value(flags, "from"), *_file_options(flags))


def _add(node: Node, place: Place) -> Add:
    flags = _file_flags(node)
    unpack = _boolean(flags, "unpack")
    return Add(*_files(node, place, flags), "", *_file_options(flags), _value(flags, "checksum"),
               bool(_boolean(flags, "keep-git-dir")), unpack)


def _env(node: Node, place: Place) -> Env:
    flags = _checked_flags(node)
    return Env(*_common(node, place, flags), _named_pairs(node), node.legacy)


def _label(node: Node, place: Place) -> Label:
    flags = _checked_flags(node)
    return Label(*_common(node, place, flags), _named_pairs(node), node.legacy)


def _arg(node: Node, place: Place) -> Arg:
    _need_arguments(node)
    pairs: list[tuple[str, str | None]] = []
    for word in node.args:
        name, equals, value = word.partition("=")
        if not name:
            raise Refusal("ARG names can not be blank", "blank-name")
        pairs.append((name, value if equals else None))
    return Arg(*_common(node, place, _flags(node)), tuple(pairs))


def _workdir(node: Node, place: Place) -> Workdir:
    path = _only_argument(node)
    return Workdir(*_common(node, place, _checked_flags(node)), path)


def _user(node: Node, place: Place) -> User:
    user = _only_argument(node)
    return User(*_common(node, place, _checked_flags(node)), user)


def _maintainer(node: Node, place: Place) -> Maintainer:
    name = _only_argument(node)
    return Maintainer(*_common(node, place, _checked_flags(node)), name)


def _stopsignal(node: Node, place: Place) -> Stopsignal:
    signal = _only_argument(node)
    return Stopsignal(*_common(node, place, _flags(node)), signal)


def _cmd(node: Node, place: Place) -> Cmd:
    return Cmd(*_common(node, place, _checked_flags(node)), *_command(node))


def _entrypoint(node: Node, place: Place) -> Entrypoint:
    return Entrypoint(*_common(node, place, _checked_flags(node)), *_command(node))


def _shell(node: Node, place: Place) -> Shell:
    flags = _checked_flags(node)
    _need_arguments(node)
    if not node.json:
        raise Refusal("SHELL requires the arguments to be in JSON form", "shell-not-json")
    return Shell(*_common(node, place, flags), tuple(node.args))


def _expose(node: Node, place: Place) -> Expose:
    _need_arguments(node)
    return Expose(*_common(node, place, _checked_flags(node)), tuple(sorted(node.args)))


def _volume(node: Node, place: Place) -> Volume:
    _need_arguments(node)
    flags = _checked_flags(node)
    paths = tuple(path.strip(BLANKS) for path in node.args)
    if "" in paths:
        raise Refusal("VOLUME specified can not be an empty string", "blank-volume")
    return Volume(*_common(node, place, flags), paths)


def _healthcheck(node: Node, place: Place) -> Healthcheck:
    _need_arguments(node)
    kind, args = node.args[0].upper(), node.args[1:]
    if kind == "NONE":
        if args:
            raise Refusal("HEALTHCHECK NONE takes no arguments", "argument-count")
        return Healthcheck(*_common(node, place, _flags(node)), "NONE", None, None, 0, 0, 0, 0, 0)
    flags = _checked_flags(node)
    if kind != "CMD":
        raise Refusal(f"Unknown type {go_quote(kind)} in HEALTHCHECK (try CMD)", "bad-healthcheck", node.args[0])
    if not args:
        raise Refusal("Missing command after HEALTHCHECK CMD", "argument-count")
    argv, command = (tuple(args), None) if node.json else (None, args[0])
    return Healthcheck(*_common(node, place, flags), "CMD", argv, command, _interval(flags, "interval"),
                       _interval(flags, "timeout"), _interval(flags, "start-period"),
                       _interval(flags, "start-interval"), _retries(flags))


def _onbuild(node: Node, place: Place, parse_trigger: Callable[[str, SourceSpan], Instruction | None]) -> Onbuild:
    _need_arguments(node)
    flags = _checked_flags(node)
    trigger = node.args[0].strip(BLANKS).upper()
    if trigger == "ONBUILD":
        raise Refusal("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", "bad-trigger", node.args[0])
    if trigger in ("MAINTAINER", "FROM"):
        raise Refusal(f"{trigger} isn't allowed as an ONBUILD trigger", "bad-trigger", node.args[0])
    expression = _ONBUILD.sub("", place.text, count=1)
    expression += "".join(f"\n{body.text}{body.opening.name}" for body in place.bodies)
    heredocs = tuple(_heredoc(body.opening, body.text) for body in place.bodies)
    return Onbuild(*_common(node, place, flags, heredocs), expression, parse_trigger(expression, place.span))


_BUILDERS: dict[str, Callable[[Node, Place], Instruction]] = {
    "ADD": _add, "ARG": _arg, "CMD": _cmd, "COPY": _copy, "ENTRYPOINT": _entrypoint, "ENV": _env, "EXPOSE": _expose,
    "FROM": _from, "HEALTHCHECK": _healthcheck, "LABEL": _label, "MAINTAINER": _maintainer, "RUN": _run,
    "SHELL": _shell, "STOPSIGNAL": _stopsignal, "USER": _user, "VOLUME": _volume, "WORKDIR": _workdir,
}


def _flags(node: Node) -> tuple[Flag, ...]:
    return tuple(Flag(name, value if equals else None)
                 for name, equals, value in (word[2:].partition("=") for word in node.flags))


def _checked_flags(node: Node) -> tuple[Flag, ...]:
    return _checked(node) if node.flags else ()


@functools.lru_cache(maxsize=4096)      # as read_node
def _checked(node: Node) -> tuple[Flag, ...]:
    known = FLAGS.get(node.keyword, {})
    flags, used = _flags(node), set()
    for flag in flags:
        kind, shown = known.get(flag.name), f"--{flag.name}"
        if kind is None:
            hint = suggestion(flag.name, known, fold_case=False)
            raise Refusal(f"unknown flag: {shown}{hint}", "unknown-flag", shown)
        if flag.name in used and kind != "strings":
            raise Refusal(f"duplicate flag specified: {shown}", "duplicate-flag", shown)
        used.add(flag.name)
        if (flag.value is None and kind != "bool") or (flag.value == "" and kind == "bool"):
            raise Refusal(f"missing a value on flag: {shown}", "flag-without-value", shown)
        if kind == "bool" and (flag.value or "true").lower() not in ("true", "false"):
            raise Refusal(f"expecting boolean value for flag {shown}, not: {flag.value}", "bad-flag-value", shown)
    return flags


def _value(flags: tuple[Flag, ...], name: str) -> str:
    for flag in flags:
        if flag.name == name:
            return flag.value or ""
    return ""


def _boolean(flags: tuple[Flag, ...], name: str) -> bool | None:
    for flag in flags:
        if flag.name == name:
            return (flag.value or "true").lower() == "true"
    return None


def _common(node: Node, place: Place, flags: tuple[Flag, ...], heredocs: tuple[Heredoc, ...] = ()
            ) -> tuple[str, SourceSpan, str, tuple[Flag, ...], tuple[Heredoc, ...]]:
    return node.keyword, place.span, place.text.strip(BLANKS), flags, heredocs


def _command(node: Node) -> tuple[tuple[str, ...] | None, str | None]:
    """Exec form or shell form; an instruction without arguments is an empty command."""
    if node.json:
        return tuple(node.args), None
    return None, node.args[0] if node.args else ""


def _named_pairs(node: Node) -> tuple[tuple[str, str], ...]:
    if not node.pairs:
        raise Refusal(f"{node.keyword} requires at least one argument", "argument-count")
    if any(not key for key, _ in node.pairs):
        raise Refusal(f"{node.keyword} names can not be blank", "blank-name")
    return tuple(node.pairs)


def _need_arguments(node: Node) -> None:
    if not node.args:
        raise Refusal(f"{node.keyword} requires at least one argument", "argument-count")


def _only_argument(node: Node) -> str:
    if len(node.args) != 1:
        raise Refusal(f"{node.keyword} requires exactly one argument", "argument-count")
    return node.args[0]


def _file_flags(node: Node) -> tuple[Flag, ...]:
    if len(node.args) < 2:
        raise Refusal(f"{node.keyword} requires at least two arguments, but only one was provided. "
                      "Destination could not be determined", "argument-count")
    return _checked_flags(node)


def _file_options(flags: tuple[Flag, ...]) -> tuple[str, str, bool, tuple[str, ...]]:
    excludes = tuple(flag.value or "" for flag in flags if flag.name == "exclude") if flags else ()
    return _value(flags, "chown"), _value(flags, "chmod"), bool(_boolean(flags, "link")), excludes


def _files(node: Node, place: Place, flags: tuple[Flag, ...]) -> tuple[
        str, SourceSpan, str, tuple[Flag, ...], tuple[Heredoc, ...], tuple[str, ...], str, tuple[tuple[str, str], ...]]:
    """Sources and destination; each heredoc source has its own entry in `heredocs`, in source order."""
    *words, destination = node.args
    if "<<" not in node.rest:
        order = tuple(("file", word) for word in words)
        return *_common(node, place, flags), tuple(words), destination, order
    if _operator(destination):
        raise Refusal(f"{node.keyword} cannot accept a heredoc as a destination", "heredoc-destination")
    bodies = {body.opening.name: body.text for body in place.bodies}
    heredocs, sources, mixed = [], [], []
    for word in words:
        opening = _operator(word)
        if opening:
            heredocs.append(_heredoc(opening, bodies.get(opening.name, "")))
            mixed.append(("heredoc", opening.name))
        else:
            sources.append(word)
            mixed.append(("file", word))
    return *_common(node, place, flags, tuple(heredocs)), tuple(sources), destination, tuple(mixed)


def _operator(word: str) -> Opening | None:
    try:
        return read_word(word)
    except ExpandError:
        return None


def _heredoc(opening: Opening, body: str) -> Heredoc:
    used = without_tabs(body) if opening.chomp else body
    return Heredoc(opening.name, body, used, opening.expand, opening.chomp, opening.fd)


def _interval(flags: tuple[Flag, ...], name: str) -> int:
    text = _value(flags, name)
    if not text:
        return 0
    try:
        duration = read_duration(text)
    except ValueError as error:
        raise Refusal(str(error), "bad-flag-value", f"--{name}") from None
    if duration and duration < 1_000_000:
        raise Refusal(f"Interval {go_quote(name)} cannot be less than 1ms", "bad-flag-value", f"--{name}")
    return duration


def _retries(flags: tuple[Flag, ...]) -> int:
    text = _value(flags, "retries")
    if not text:
        return 0
    try:
        retries = read_int32(text)
    except ValueError as error:
        raise Refusal(str(error), "bad-flag-value", "--retries") from None
    if retries < 0:
        raise Refusal(f"--retries cannot be negative ({retries})", "bad-flag-value", "--retries")
    return retries
