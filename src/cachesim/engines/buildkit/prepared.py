"""What do the words of a COPY or a RUN come to at their place, before it is known which operations they read?

While somebody types, nearly every step stays as it was, so the answers are remembered: they depend on nothing but the arguments.
Source: BuildKit v0.25 frontend/dockerfile/dockerfile2llb/convert.go (dispatchCopy, dispatchRun).
"""

from __future__ import annotations

import functools
import posixpath
from typing import NamedTuple

from cachesim.context.checksum import Selector, has_wildcards
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import expand_step_name, expand_word
from cachesim.dockerfile.remote import remote_kind
from cachesim.engines.base import HistoryEntry
from cachesim.engines.buildkit import history
from cachesim.engines.buildkit.copies import CopyWords
from cachesim.engines.buildkit.env import Env
from cachesim.engines.buildkit.runs import RunFacts, RunOptions, RunPlace, run_facts
from cachesim.engines.buildkit.vertex import ExecSpec

__all__ = ["PreparedCopy", "PreparedRun", "SourceWord", "clean_path", "prepared_copy", "prepared_env", "prepared_run",
           "step_text"]


class SourceWord(NamedTuple):
    """One expanded source of a COPY.

    Attributes:
        remote: "http" or "git" for what only ADD can fetch, else "".
        path: Absolute in whatever it is taken from; `selector` and `name` (its last part) follow from it.
    """

    word: str
    remote: str
    path: str
    selector: Selector
    name: str


class PreparedCopy(NamedTuple):
    """A COPY or ADD with everything expanded."""

    words: CopyWords
    sources: tuple[SourceWord, ...]
    history: HistoryEntry


class PreparedRun(NamedTuple):
    """A RUN with its key and what it would run."""

    facts: RunFacts
    spec: ExecSpec
    history: HistoryEntry


_UNREAD = Env()     # stands for any environment to words without a variable: an ENV that changes leaves them as they were


def step_text(text: str, env: Env, escape: str, run: bool) -> str:
    """An instruction as the engine prints it."""
    return _step_text(text, env if "$" in text else _UNREAD, escape, run)


@functools.lru_cache(maxsize=4096)
def _step_text(text: str, env: Env, escape: str, run: bool) -> str:
    first, space, rest = expand_step_name(text, env, escape, keep_quotes=run).partition(" ")
    return first.upper() + space + rest


def prepared_copy(copy: ins.Copy, env: Env, cwd: str, escape: str) -> PreparedCopy:
    """Expand a COPY or ADD.

    Raises:
        ExpandError: A word that cannot be resolved.
    """
    heredocs = tuple([h.name for h in copy.heredocs]) if copy.heredocs else ()
    if not ("$" in copy.destination or "$" in copy.chown or "$" in copy.chmod or any("$" in s for s in copy.sources)):
        env = _UNREAD
    return _copy(copy.keyword, copy.sources, copy.destination, copy.chown, copy.chmod, copy.excludes, heredocs, env, cwd, escape)


@functools.lru_cache(maxsize=4096)
def _copy(keyword: str, sources: tuple[str, ...], destination: str, chown: str, chmod: str, excludes: tuple[str, ...],
          heredocs: tuple[str, ...], env: Env, cwd: str, escape: str) -> PreparedCopy:
    chown, chmod = expand_word(chown, env, escape), expand_word(chmod, env, escape)
    words = [expand_word(s, env, escape) for s in sources]
    destination = expand_word(destination, env, escape)
    return PreparedCopy(CopyWords(_destination(cwd, destination), chown, chmod, excludes),
                        tuple([_source(word, excludes) for word in words]),
                        history.copy(keyword, chown, chmod, words, tuple(dict.fromkeys(heredocs)), destination))


def _source(word: str, excludes: tuple[str, ...]) -> SourceWord:
    path = clean_path(word)
    return SourceWord(word, remote_kind(word), path, Selector(path.lstrip("/"), True, has_wildcards(path), excludes),
                      posixpath.basename(path) or "/")


@functools.lru_cache(maxsize=4096)
def prepared_env(pairs: tuple[tuple[str, str], ...], env: Env,
                 escape: str) -> tuple[tuple[tuple[str, str], ...], Env, HistoryEntry]:
    """Expand an ENV: its pairs, which all see the environment before it, the environment after it, its history entry.

    Raises:
        ExpandError: A word that cannot be resolved.
    """
    expanded = tuple([(expand_word(k, env, escape), expand_word(v, env, escape)) for k, v in pairs])
    for key, value in expanded:
        env = env.with_(key, value)
    return expanded, env, history.env("ENV", expanded)


@functools.lru_cache(maxsize=4096)
def prepared_run(argv: tuple[str, ...], shell: bool, place: RunPlace, args: tuple[tuple[str, str | None], ...],
                 options: RunOptions, network: str, mounts: tuple[tuple[str, str], ...],
                 targets: tuple[tuple[str, int | None, str], ...], lacks: str) -> PreparedRun:
    """Key a RUN.

    Args:
        args: Every ARG declared so far, with its value.
        mounts: Key fields of its mounts (label, value).
        targets: Where they are mounted (see `ExecSpec`).
        lacks: Why it cannot start.
    """
    return PreparedRun(run_facts(argv, shell, place, options, network, mounts),
                       ExecSpec(argv, shell, place.env, place.cwd, targets, lacks), history.run(argv, args, place.env))


def _destination(cwd: str, dest: str) -> str:
    if dest in (".", ""):
        dest = "./"
    tail = "/" if dest.endswith("/") else "/." if dest.endswith("/.") else ""
    clean = clean_path(posixpath.join("/", cwd, dest))
    return clean if clean == "/" and tail == "/" else clean.rstrip("/") + tail if tail else clean


def clean_path(path: str) -> str:
    """The same path, absolute and without detours."""
    return "/" + posixpath.normpath("/" + path).lstrip("/")
