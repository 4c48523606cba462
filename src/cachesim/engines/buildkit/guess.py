"""What does a RUN command most likely read and write?

Nobody can know before it ran. These guesses never make a prediction certain; they only choose the likelier outcome where the
bytes that a RUN writes decide. Plain commands that name what they write (echo x > f, cp, mkdir) are followed word by word;
everything else is taken to depend on all it can see.
"""

from __future__ import annotations

import functools
import posixpath
import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Effect", "Statement", "effect_of", "made_links", "split_commands", "statements", "written_paths"]

_READERS = frozenset({"cat", "sort", "head", "tail", "grep", "sed", "awk", "wc", "tr", "cut", "md5sum", "sha256sum"})
_SILENT = _READERS | {"true", ":", "false", "test", "[", "sleep", "set", "cd", "export", "exit", "ls", "echo", "printf", "pwd",
                      "whoami", "id", "env", "uname", "sync", "which", "umask", "date", "stat", "command", "hostname",
                      "basename", "dirname", "seq"}
_PATTERN_FIRST = frozenset({"grep", "sed", "awk", "tr"})
_WRITERS = {"mkdir": "all", "touch": "all", "cp": "last", "mv": "last", "ln": "last", "install": "last", "tee": "all",
            "rm": "all", "rmdir": "all", "chmod": "rest", "chown": "rest"}
_VOLATILE = re.compile(
    r"\bdate\b|\$RANDOM|/dev/u?random|\buuidgen\b|\bmktemp\b|/proc/|\bhostname\b|\buptime\b|\$\$|\bopenssl rand\b"
    r"|\bapt(-get)?\b|\bapk\b|\bpip3?\b|\byum\b|\bdnf\b|\bnpm (ci|i|install)\b|\bgit clone\b|\bcurl\b|\bwget\b")
_CONTROL = frozenset({"if", "then", "else", "elif", "fi", "do", "done", "while", "esac", "{", "}", "(", ")", "!", "time", "exec",
                      "sudo"})
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


class Statement(NamedTuple):
    """One simple command: its words, what it writes through redirections, its text and the variables that it may name."""

    words: tuple[str, ...]
    redirects: tuple[tuple[str, str], ...]      # (">" or ">>", path)
    text: str
    variables: tuple[str, ...]


class Effect(NamedTuple):
    """A statement's likely effect on one path.

    Attributes:
        reads: Paths whose content goes into what is written; "" means everything below the working directory.
        volatile: The output differs every time.
        appends: What was there before stays part of it.
        literal: Text that, with `reads` and variables, makes up the bytes.
    """

    literal: str
    reads: tuple[str, ...]
    variables: tuple[str, ...]
    volatile: bool
    appends: bool


@functools.lru_cache(maxsize=512)
def statements(command: str) -> tuple[Statement, ...]:
    """Cut a shell command into simple commands; quotes are respected, control words are dropped."""
    found: list[Statement] = []
    for piece in split_commands(command):
        try:
            words = shlex.split(piece, comments=False, posix=True)
        except ValueError:
            words = piece.split()
        kept: list[str] = []
        redirects: list[tuple[str, str]] = []
        i = 0
        while i < len(words):
            match = re.match(r"^([0-9&]*)(>>?|<)\|?(.*)$", words[i])
            if match and match[2] == "<":
                kept.append(match[3] or (words[i + 1] if i + 1 < len(words) else ""))
                i += 0 if match[3] else 1
            elif match and not match[3].startswith("&"):
                target = match[3] or (words[i + 1] if i + 1 < len(words) else "")
                i += 0 if match[3] else 1
                if target not in ("/dev/null", "/dev/stdout", "/dev/stderr") and match[1] != "2":
                    redirects.append((match[2], target))
            elif not match:
                kept.append(words[i])
            i += 1
        while kept and (kept[0] in _CONTROL or _ASSIGNED.match(kept[0])):
            kept.pop(0)
        if kept and kept[0].startswith("#"):
            continue
        if kept or redirects:
            text = "\n".join([piece, *words])       # once more without quotes: $A"B" is taken for $AB
            found.append(Statement(tuple(kept), tuple(redirects), piece.strip(), tuple(sorted(set(_VARIABLE.findall(text))))))
    return tuple(found)


def split_commands(command: str) -> list[str]:
    """Cut a shell command where a simple command ends, outside quotes."""
    pieces, start, quote, i = [], 0, "", 0
    while i < len(command):
        c = command[i]
        if quote:
            if c == "\\" and quote == '"':
                i += 1
            elif c == quote:
                quote = ""
        elif c in "'\"":
            quote = c
        elif c == "\\":
            i += 1
        elif c in ";\n|" or (c == "&" and command[i - 1:i] != ">" and command[i + 1:i + 2] != ">"):
            pieces.append(command[start:i])
            start = i + 1
        i += 1
    return [p for p in [*pieces, command[start:]] if p.strip()]


def effect_of(statement: Statement, path: str, cwd: str, env: Mapping[str, str]) -> Effect | None:
    """What a statement likely does to a path (or to something below it); None for nothing."""
    return _effect(statement, path, cwd, tuple([(name, env[name]) for name in statement.variables if name in env]))


@functools.lru_cache(maxsize=4096)      # every world asks, and so does every build of the same command
def _effect(statement: Statement, path: str, cwd: str, values: tuple[tuple[str, str], ...]) -> Effect | None:
    text, words, env = statement.text, statement.words, dict(values)
    name = posixpath.basename(words[0]) if words else ""
    variables = tuple(sorted(set(_VARIABLE.findall(text)) & set(env)))
    volatile = _VOLATILE.search(text) is not None
    here = [(op, _absolute(target, cwd, env)) for op, target in statement.redirects]
    for op, target in here:
        if _related(target, path):
            source = [w for w in words[1:] if not w.startswith("-")][1 if name in _PATTERN_FIRST else 0:]
            reads = tuple(_absolute(w, cwd, env) for w in source) if name in _READERS else ()
            if "$(" in text or "`" in text:
                reads = (*reads, "")        # another command's output, which may have read anything
            if name == "ls":
                reads = tuple(_absolute(w, cwd, env) for w in source) or (cwd,)
            if not _silent(name, words) and name not in _WRITERS:
                reads = (*reads, *(_absolute(w, cwd, env) for w in source if "/" in w or "." in w), "")
            return Effect(_literal(name, words), reads, variables, volatile, op == ">>" or target != path)
    args = [w for w in words[1:] if not w.startswith("-")]
    if name in _WRITERS:
        which = {"all": args, "last": args[-1:], "rest": args[1:]}[_WRITERS[name]]
        for target in which:
            absolute = _absolute(target, cwd, env)
            if _related(absolute, path) or (name in ("cp", "mv") and _related(path, absolute)):
                reads = tuple(_absolute(w, cwd, env) for w in args[:-1]) if name in ("cp", "mv", "install", "ln") else ()
                whole = name in ("cp", "mv") and not _below(absolute, path) and not target.endswith("/") and not any(
                    re.match("-[a-zA-Z]*[rRa]|--recursive|--archive", w) for w in words)
                return Effect(text, reads, variables, volatile, not whole)
        return None
    if not words or _silent(name, words):
        return None
    named = [_absolute(w.split("=", 1)[-1], cwd, env) for w in words[1:] if "/" in w or "." in w]
    if any(_related(n, path) for n in named) or _names(text, posixpath.basename(path)) or not named or (
            cwd.strip("/") and _below(path, cwd)):
        return Effect(text, (*named, ""), variables, volatile, False)
    return None


def written_paths(statement: Statement, cwd: str, env: Mapping[str, str]) -> list[str] | None:
    """The paths that a plain command names as written, absolute; None if the command may write anything."""
    name = posixpath.basename(statement.words[0]) if statement.words else ""
    if name and not _silent(name, statement.words) and name not in _WRITERS:
        return None
    args = [w for w in statement.words[1:] if not w.startswith("-")]
    which = {"all": args, "last": args[-1:], "rest": args[1:]}[_WRITERS[name]] if name in _WRITERS else []
    return [_absolute(w, cwd, env) for w in [*(t for _, t in statement.redirects), *which]]


def made_links(command: str, cwd: str, env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The symbolic links that plain commands name, as (path, target); a path that ends with "/" is a folder to put it in."""
    if "ln " not in command:
        return ()
    found = []
    for statement in statements(command):
        words = statement.words[1:]
        args = [w for w in words if not w.startswith("-")]
        if (len(args) == 2 and posixpath.basename(statement.words[0]) == "ln"
                and any(re.match("-[a-zA-Z]*s|--symbolic", w) for w in words)):
            path = _absolute(args[1], cwd, env)
            target = _VARIABLE.sub(lambda m: env.get(m[1], m[0]), args[0]).replace("}", "")
            found.append((path + "/" if args[1].endswith("/") and path != "/" else path, target))
    return tuple(found)


def _silent(name: str, words: tuple[str, ...]) -> bool:
    """Whether a command writes nothing but its output; sort, sed and awk can name a file of their own."""
    if name not in _SILENT:
        return False
    return name not in ("sort", "sed", "awk") or not any(
        w.startswith(("-o", "-i", "--output", "--in-place")) or (name == "awk" and ">" in w)
        or (name == "sed" and re.search(r"(?:^|[;}/\dg])w\s*\S", w)) for w in words[1:])


def _names(text: str, name: str) -> bool:
    """Whether a text names a file, as a word of its own or with an ending."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not _goes_on(text[at - 1:at]) and not _goes_on(text[end:end + 1]):
            return True
        at = text.find(name, at + 1)
    return False


def _goes_on(letter: str) -> bool:
    return letter.isalnum() or letter in ("_", "-")


def _literal(name: str, words: tuple[str, ...]) -> str:
    if name == "echo":
        args = words[1:]
        end = "\n"
        if args[:1] == ("-n",):
            args, end = args[1:], ""
        return " ".join(args) + end
    if name == "printf" and len(words) == 2 and "%" not in words[1]:
        return words[1].replace("\\n", "\n").replace("\\t", "\t")
    if name == "cat":
        return ""
    return " ".join(words)


def _absolute(path: str, cwd: str, env: Mapping[str, str]) -> str:
    path = _VARIABLE.sub(lambda m: env.get(m[1], m[0]), path).replace("}", "")
    return posixpath.normpath(posixpath.join("/", cwd, path))


def _related(written: str, asked: str) -> bool:
    """Whether writing one path changes the other, or something in it."""
    return written == asked or _below(written, asked) or _below(asked, written)


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")
