"""Which paths can a RUN have written, where that is certain?

Most commands may write anything. A few do exactly what their words say: shell built-ins, readers, and the small tools that
name each path that they change. A RUN that is made of nothing else, with every path spelled out, leaves everything else as it
was, whatever the machine. One word in doubt (a glob, a substitution, a variable that nobody set) and nothing is certain.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Mapping

from cachesim.engines.buildkit.guess import split_commands

__all__ = ["makes_no_links", "surely_writes"]

_SHELLS = frozenset({"/bin/sh", "sh", "/bin/bash", "bash", "/bin/ash", "/bin/dash"})
_SHELL_FLAGS = re.compile(r"-[eux]*c$|-[eux]+$|-o$|pipefail$")
_READS = frozenset({"true", ":", "false", "test", "[", "sleep", "exit", "echo", "printf", "pwd", "whoami", "id", "uname", "cat",
                    "head", "tail", "wc", "md5sum", "sha256sum", "cut", "tr", "grep", "ls", "basename", "dirname", "seq", "stat",
                    "which", "sort", "date"})
_CHANGES = frozenset({"mkdir", "touch", "cp", "mv", "rm", "rmdir", "chmod", "chown", "tee"})
_FLAGS = frozenset({"-p", "-r", "-R", "-f", "-rf", "-fr", "-a", "-v", "-c"})
_OPENS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "{"})
_CLOSES = frozenset({"fi", "done", "}"})
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_PIECES = re.compile(r"('[^']*')|(\"[^\"]*\")|([^'\"]+)")
_WORD = re.compile(r"(?:'[^']*'|\"[^\"\\]*\"|[^\s'\"\\])+")
_ASSIGNED = re.compile(r"(?!PATH=|IFS=|LD_)[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9_./-]*")
_REDIRECT = re.compile(r"([0-9]*)(>>|>\||>|<)(&?)(.*)", re.DOTALL)
_HARMLESS = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr"})
# folders that are links, or hold links, in one distribution or another: writing /etc/localtime may change /usr/share/zoneinfo
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/etc", "/var", "/dev", "/proc", "/sys", "/run")
_BRINGS_LINKS = re.compile(r"\bmv\b|\bcp\s+-")


def surely_writes(argv: tuple[str, ...], shell: bool, cwd: str, env: Mapping[str, str]) -> tuple[str, ...] | None:
    """The paths that a RUN can have changed, absolute, everything below them included; None if it may have changed any."""
    if not (shell or len(argv) == 3) or len(argv) < 2 or argv[0] not in _SHELLS:
        return None
    if not all(_SHELL_FLAGS.fullmatch(word) for word in argv[1:-1]) or not argv[-2].endswith("c"):
        return None
    command = argv[-1]
    names = {a or b for a, b in _VARIABLE.findall(command)}
    return _written(command, cwd, tuple([(n, env[n]) for n in sorted(names) if n in env]))


def makes_no_links(argv: tuple[str, ...], shell: bool, cwd: str, env: Mapping[str, str]) -> bool:
    """Whether a RUN certainly leaves no symbolic link that was not there before."""
    return surely_writes(argv, shell, cwd, env) is not None and _BRINGS_LINKS.search(argv[-1]) is None


@functools.lru_cache(maxsize=1024)
def _written(command: str, cwd: str, values: tuple[tuple[str, str], ...]) -> tuple[str, ...] | None:
    if "<<" in command or "`" in command or "$(" in command or "()" in command.replace(" ", "") or "\\\n" in command:
        return None
    found: dict[str, None] = {}
    for piece in split_commands(command):
        written = _of_piece(piece, cwd, dict(values))
        if written is None:
            return None
        found.update(dict.fromkeys(written))
    paths = tuple(found)
    return None if any(p == "/" or any(p == f or p.startswith(f + "/") for f in _LINKED) for p in paths) else paths


def _of_piece(piece: str, cwd: str, env: Mapping[str, str]) -> list[str] | None:
    """What one simple command changes."""
    if piece.lstrip().startswith("#"):
        return []
    raw = _words(piece)
    if raw is None:
        return None
    while raw and raw[0] in _OPENS:
        raw.pop(0)
    if raw and raw[0] in _CLOSES:
        raw.pop(0)
    written: list[str] = []
    words: list[str] = []
    i = 0
    while i < len(raw):
        match = _REDIRECT.fullmatch(raw[i])
        if match is None:
            if "<" in _unquoted(raw[i]) or ">" in _unquoted(raw[i]):
                return None
            words.append(raw[i])
        elif not match[3]:
            i += 0 if match[4] else 1
            target = _path(match[4] or (raw[i] if i < len(raw) else ""), cwd, env)
            if target is None:
                return None
            if match[2] != "<" and target not in _HARMLESS:
                written.append(target)
        elif not re.fullmatch(r"[0-9]|-", match[4]):
            return None
        i += 1
    if not words or (len(words) == 1 and _ASSIGNED.fullmatch(words[0]) and words[0].partition("=")[0] not in env):
        return written      # env holds the variables that the command asks for
    name, flags = words[0], [w for w in words[1:] if w.startswith("-")]
    if name in _READS:
        return written if name not in ("sort", "date") or not any(re.match("-.*[os]", f) for f in flags) else None
    if name == "set" and len(words) == 2 and re.fullmatch("-[eux]+", words[1]):
        return written
    if name not in _CHANGES or not all(f in _FLAGS for f in flags):
        return None
    paths = [_path(w, cwd, env) for w in words[1:] if not w.startswith("-")]
    if name in ("chmod", "chown"):
        paths = paths[1:]       # the mode
    elif name == "cp" and len(paths) > 1:
        paths = paths[-1:]
    return None if None in paths else [*written, *(p for p in paths if p is not None)]


def _words(piece: str) -> list[str] | None:
    """The words of a simple command, quotes kept; None where a quote is not closed or a character is escaped."""
    found = []
    rest = piece.strip()
    while rest:
        match = _WORD.match(rest)
        if match is None:
            return None
        found.append(match[0])
        rest = rest[match.end():]
        if rest and not rest[0].isspace():
            return None
        rest = rest.lstrip()
    return found


def _unquoted(word: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", word)


def _path(word: str, cwd: str, env: Mapping[str, str]) -> str | None:
    """The path that a word of a command stands for, or a folder that it cannot lead out of; None where that is not certain."""
    text = ""
    for single, double, plain in _PIECES.findall(word):
        if single:
            text += single[1:-1]
            continue
        piece = double[1:-1] if double else plain
        if any(name not in env for pair in _VARIABLE.findall(piece) for name in pair if name):
            return None
        value = _VARIABLE.sub(lambda m: env[m[1] or m[2]], piece)
        if plain and "*" in value and ".." not in word:
            folder, slash, _ = (text + value).partition("*")[0].rpartition("/")
            text = folder + slash or "."
            break
        text += value
    if not text or _PLAIN.fullmatch(text) is None:
        return None
    return posixpath.normpath(posixpath.join("/", cwd, text)).replace("//", "/")
