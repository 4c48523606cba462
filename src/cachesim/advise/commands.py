"""What do the commands of a RUN read and write, as far as a table of common tools knows?

The table is data: resources/commands.toml, which explains its form. A user's own file has the same form and goes first.
"""

from __future__ import annotations

import fnmatch
import functools
import os
import posixpath
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cachesim.advise.shell import Word
from cachesim.assets import resources_dir
from cachesim.errors import InputError, StoreFormatError

__all__ = ["CacheFolder", "CommandTable", "Example", "Row", "Use", "user_table"]

_FORMAT = 1
_VERSION = re.compile(r"^(python3|pip3|node|gcc|g\+\+|clang|php)[.-]?[\d.]+$")     # python3.12
_SYSTEM_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin")


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """Where a tool keeps what it fetched: the cache mount that would serve it."""

    target: str
    id: str
    sharing: str = "shared"


@dataclass(frozen=True, slots=True)
class Example:
    """A command line with what the row says of it: paths as seen from `/app`, a tree with "/" at its end, "?" for may."""

    run: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of call of a tool does (the form is explained in commands.toml)."""

    tools: tuple[str, ...]
    where: str
    sub: tuple[str, ...] = ()
    need: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    folder: tuple[str, ...] = ()
    single_dash: bool = False
    dashless: bool = False
    reads: tuple[str, ...] = ()
    may_read: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    may_write: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    basic: bool = False
    network: bool = False
    wraps: int = -1
    shell: bool = False
    check: str = ""
    caches: tuple[CacheFolder, ...] = ()
    seconds: float | None = None
    deterministic: bool = False
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """The tool and what of it, for people."""
        return " ".join([self.tools[0], *self.sub[:1], *self.need[:1]])


@dataclass(frozen=True, slots=True)
class Use:
    """A command line taken apart by its row.

    Attributes:
        args: What is neither an option nor the value of one, the sub-command left out.
        values: The values of options that take one, by option.
        unknown: An option that the row does not know, as written; "" if there is none.
        rest: The words of the command that a wrapper runs.
    """

    row: Row
    tool: str
    args: tuple[Word, ...]
    values: tuple[tuple[str, Word], ...]
    flags: tuple[str, ...] = ()
    unknown: str = ""
    rest: tuple[Word, ...] = ()

    def words(self, of: str) -> tuple[Word, ...]:
        """The words that a placeholder of the table stands for."""
        match of:
            case "args":
                return self.args
            case "paths":
                return tuple(w for w in self.args if _is_path(w))
            case "names":
                return tuple(w for w in self.args if not _is_path(w))
            case "first":
                return self.args[:1]
            case "last":
                return self.args[-1:]
            case "rest":
                return self.args[:-1]
            case "tail":
                return self.args[1:]
        wanted = of.split("|")
        return tuple(word for flag, word in self.values if flag in wanted)


@dataclass(frozen=True, slots=True)
class CommandTable:
    """All rows, those of the user first; within a tool the first row that fits counts."""

    rows: tuple[Row, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    env: tuple[str, ...] = ()
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _by_tool: Mapping[str, tuple[Row, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def load(cls, extra: Path | None = None) -> CommandTable:
        """The shipped table, before it the user's own (if there is one), before that `extra`.

        Raises:
            InputError: For a row that cannot be used: what, where and what to do.
        """
        own = user_table()
        named = [*([extra] if extra is not None else []), *([own] if own.is_file() else [])]
        table = _shipped()
        for path in reversed(named):
            table = table.with_first(_read(path))
        return table

    @classmethod
    def of(cls, text: str, where: str) -> CommandTable:
        """Read a table from the text of a TOML file.

        Raises:
            InputError: As in `load`.
        """
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"is no TOML ({error})", where, "Write it in the form of resources/commands.toml") from None
        if data.get("format", _FORMAT) != _FORMAT:
            raise StoreFormatError(where, data.get("format"))
        strange = sorted(data.keys() - {"format", "groups", "env", "packages", "tool"})
        if strange:
            raise InputError(f"there is no section {strange[0]!r}", where, "Known are: groups, env, packages, tool")
        rows = tuple(row for n, tool in enumerate(_tables(data, "tool", where), 1) for row in _rows(tool, f"{where}, tool {n}"))
        groups = {f"@{name}": _texts(data["groups"], name, where) for name in data.get("groups", {})}
        packages = {name: _texts(data["packages"], name, where) for name in data.get("packages", {})}
        return cls(rows, groups, _texts(data, "env", where), packages, _index(rows))

    def with_first(self, other: CommandTable) -> CommandTable:
        """This table with the rows of another one before its own."""
        rows = (*other.rows, *self.rows)
        return CommandTable(rows, {**self.groups, **other.groups}, (*self.env, *other.env),
                            {**self.packages, **other.packages}, _index(rows))

    def use(self, argv: tuple[Word, ...]) -> Use | None:
        """How the table understands a command line; None if it does not know it."""
        if not argv or not argv[0].exact:
            return None
        written = argv[0].text
        name = written
        folder, base = posixpath.split(written)
        if "/" in written and (folder in _SYSTEM_FOLDERS or written.endswith("/bin/" + base)):
            name = base
        name = _VERSION.sub(r"\1", name)
        for count in (3, 2, 1):
            words = argv[1:count]
            if len(words) == count - 1 and all(w.exact for w in words):
                tool = " ".join([name, *(w.text for w in words)])
                for row in self._by_tool.get(tool, ()):
                    use = _fit(row, tool, argv[count:])
                    if use is not None:
                        return use
        return None


def user_table() -> Path:
    """Where the user's own rows are looked for (CACHESIM_CONFIG_DIR names another folder)."""
    named = os.environ.get("CACHESIM_CONFIG_DIR")
    if named:
        return Path(named) / "commands.toml"
    import platformdirs
    return Path(platformdirs.user_config_dir("cachesim", appauthor=False)) / "commands.toml"


@functools.cache
def _shipped() -> CommandTable:
    path = resources_dir() / "commands.toml"
    return _read(path)


def _read(path: Path) -> CommandTable:
    try:
        return CommandTable.of(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InputError(f"cannot be read ({(error.strerror or str(error)).lower()})", str(path)) from None
    except UnicodeDecodeError:
        raise InputError("is no UTF-8 text", str(path), "Save it as UTF-8") from None


def _index(rows: Iterable[Row]) -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        for tool in row.tools:
            found.setdefault(tool, []).append(row)
    return {tool: tuple(rows) for tool, rows in found.items()}


# -- a command line against a row --

def _fit(row: Row, tool: str, words: tuple[Word, ...]) -> Use | None:
    if row.wraps >= 0:
        return _wrapper(row, tool, words)
    args: list[Word] = []
    values: list[tuple[str, Word]] = []
    flags: list[str] = []
    unknown, at = "", 0
    if row.dashless and words and words[0].exact and words[0].text[:1].isalpha():
        words = (Word("-" + words[0].text), *words[1:])
    while at < len(words):
        word = words[at]
        at += 1
        if word.text == "--" and word.exact:
            args += words[at:]
            break
        if len(word.text) < 2 or word.text[0] != "-":
            unknown = unknown or ("an unknown word" if word.loose else "")
            args.append(word)
            continue
        flag, value, wants = _split_flag(row, word)
        flags += flag
        if wants:
            if value is None and at < len(words):
                value, at = words[at], at + 1
            if value is not None:
                values.append((wants, value))
        unknown = unknown or next((f for f in flag if not _knows(row, f)), "")
    sub = next((s for s in row.sub if [w.text for w in args[:len(s.split())]] == s.split()), None)
    if row.sub and sub is None:
        return None
    args = args[len(sub.split()) if sub else 0:]
    if (row.need and not any(fnmatch.fnmatchcase(f, n) for f in flags for n in row.need)) or (
            any(fnmatch.fnmatchcase(f, w) for f in flags for w in row.without)):
        return None
    if row.first and not (args and args[0].exact and any(fnmatch.fnmatchcase(args[0].text, p) for p in row.first)):
        return None
    return Use(row, tool, tuple(args), tuple(values), tuple(flags), unknown)


def _split_flag(row: Row, word: Word) -> tuple[list[str], Word | None, str]:
    """The options in one word, the value written with them, and which of them takes a value."""
    takes = (*row.values, *row.folder)
    name, equals, value = word.text.partition("=")
    if word.text.startswith("--") or row.single_dash:
        if equals:
            return [name], Word(value, word.exact), name if name in takes else ""
        return [name], None, name if name in takes else ""
    if word.text in takes or word.text in row.flags:
        return [word.text], None, word.text if word.text in takes else ""
    found: list[str] = []
    for at, letter in enumerate(word.text[1:], 1):
        flag = word.text[0] + letter
        found.append(flag)
        if flag in takes:
            rest = word.text[at + 1:]
            return found, Word(rest, word.exact) if rest or not word.exact else None, flag
    return found, None, ""


def _knows(row: Row, flag: str) -> bool:
    return flag in row.values or flag in row.folder or any(
        fnmatch.fnmatchcase(flag, pattern) for pattern in (*row.flags, *row.need))


def _wrapper(row: Row, tool: str, words: tuple[Word, ...]) -> Use | None:
    """`sudo -u x CMD`, `env A=b CMD`: the command starts at the first word that is no option, after `wraps` words."""
    at, values = 0, []
    while at < len(words) and words[at].text.startswith("-") and words[at].exact:
        if words[at].text in row.values and at + 1 < len(words):
            values.append((words[at].text, words[at + 1]))
            at += 1
        elif not _knows(row, words[at].text.partition("=")[0]):
            return None
        at += 1
    while at < len(words) and "=" in words[at].text and tool == "env":
        at += 1
    return Use(row, tool, words[at:at + row.wraps], tuple(values), rest=words[at + row.wraps:])


def _is_path(word: Word) -> bool:
    return "/" in word.text or word.text.startswith(".") or not word.exact


# -- reading the file --

_LISTS = frozenset(f.name for f in fields(Row) if f.type == "tuple[str, ...]")
_ALL = frozenset(f.name for f in fields(Row)) - {"tools", "where", "examples"} | {"example"}


def _rows(tool: Mapping[str, Any], where: str) -> list[Row]:
    names = _texts(tool, "names", where)
    if not names:
        raise InputError("has no names", where, 'Add names = ["the-tool"]')
    where = f"{where} ({names[0]})"
    shared = {k: v for k, v in tool.items() if k not in ("names", "row")}
    _check_keys(shared, where)
    rows = []
    for number, own in enumerate(_tables(tool, "row", where), 1):
        here = f"{where}, row {number}"
        _check_keys(own, here)
        rows.append(_row(names, {**shared, **own, **{
            key: [*own.get(key, ()), *shared[key]] for key in ("flags", "values", "env") if key in shared}}, here))
    if not rows:
        raise InputError("has no row", where, "Add at least one [[tool.row]]")
    return rows


def _check_keys(table: Mapping[str, Any], where: str) -> None:
    strange = sorted(table.keys() - _ALL)
    if strange:
        raise InputError(f"there is no key {strange[0]!r}", where, f"Known are: {', '.join(sorted(_ALL))}")


def _row(names: tuple[str, ...], data: Mapping[str, Any], where: str) -> Row:
    values: dict[str, Any] = {key: _texts(data, key, where) for key in _LISTS if key in data}
    for key in ("single_dash", "dashless", "basic", "network", "shell", "deterministic"):
        if key in data:
            values[key] = _typed(data, key, bool, where)
    if "wraps" in data:
        values["wraps"] = _typed(data, "wraps", int, where)
    if "check" in data:
        values["check"] = _typed(data, "check", str, where)
    if "seconds" in data:
        values["seconds"] = float(_typed(data, "seconds", (int, float), where))
    values["caches"] = tuple(_cache(c, where) for c in _tables(data, "caches", where))
    values["examples"] = tuple(_example(e, where) for e in _tables(data, "example", where))
    row = Row(names, where, **values)
    for key in ("reads", "may_read", "writes", "may_write", "makes", "removes", "links"):
        for spec in getattr(row, key):
            if not spec.startswith(("/", ".", "~", "@", "{")):
                raise InputError(f"{spec!r} in {key} is no path", where,
                                 'Begin it with "/", "./", "~/", "@group" or a placeholder such as {args}')
    return row


def _cache(data: Mapping[str, Any], where: str) -> CacheFolder:
    target, sharing = _typed(data, "target", str, where), data.get("sharing", "shared")
    if sharing not in ("shared", "private", "locked"):
        raise InputError(f"sharing {sharing!r} is none", where, "Use shared, private or locked")
    return CacheFolder(target, str(data.get("id", target.strip("~/").replace("/", "-"))), sharing)


def _example(data: Mapping[str, Any], where: str) -> Example:
    return Example(_typed(data, "run", str, where), _texts(data, "reads", where), _texts(data, "writes", where))


def _tables(data: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    found = data.get(key, [])
    if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
        raise InputError(f"{key} is no list of tables", where, f"Write it as [[{key}]]")
    return found


def _texts(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = data.get(key, [])
    if not isinstance(found, list) or not all(isinstance(t, str) for t in found):
        raise InputError(f"{key} is no list of texts", where, f'Write it as {key} = ["…"]')
    return tuple(found)


def _typed(data: Mapping[str, Any], key: str, kind: type | tuple[type, ...], where: str) -> Any:
    if key not in data:
        raise InputError(f"{key} is missing", where)
    value = data[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{key} = {value!r} is of the wrong kind", where)
    return value
