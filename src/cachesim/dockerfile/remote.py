"""What does a source of ADD name: a path, a download or a git repository, and for what is a repository refused?

Source: BuildKit v0.25 frontend/dockerfile/dfgitutil/git_ref.go, util/gitutil/git_url.go, util/sshutil/scpurl.go.
"""

from __future__ import annotations

import functools
import re
import urllib.parse
from typing import NamedTuple

from cachesim.dockerfile.go_values import read_bool
from cachesim.dockerfile.words import go_quote

__all__ = ["GitRef", "git_ref", "remote_kind"]

_PROTOCOL = re.compile(r"([a-zA-Z0-9]+)://")
_SCP = re.compile(r"[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:(.*?)(?:\?(.*?))?(?:#(.*))?", re.DOTALL)
_COMMIT = re.compile("[a-f0-9]{40}|[a-f0-9]{64}")


class GitRef(NamedTuple):
    """A repository as ADD reads it.

    `ref` and `checksum` are as the address gives them, `ssh` says that it is fetched through an SSH agent, `keep` is what the
    address says of the .git folder (None: nothing), `problem` why the engine refuses the address, or "".
    """

    ref: str = ""
    checksum: str = ""
    ssh: bool = False
    keep: bool | None = None
    problem: str = ""

    def is_commit(self, checksum: str) -> bool:
        """Whether nobody has to be asked which commit is meant. `checksum` is the one of --checksum."""
        return any(_COMMIT.fullmatch(text) for text in (checksum, self.checksum, self.ref))


def remote_kind(word: str) -> str:
    """Whether ADD fetches a source: "http", "git", or "" for a path."""
    if ":" not in word:
        return ""
    if git_ref(word) is not None:
        return "git"
    return "http" if word.startswith(("http://", "https://")) else ""


@functools.lru_cache(maxsize=256)
def git_ref(word: str) -> GitRef | None:
    """Read an expanded source as a repository; None if it is none."""
    if word.startswith(("./", "../", "github.com/")):
        return None
    if protocol := _PROTOCOL.match(word):
        scheme = protocol[1].lower()
        rest, _, fragment = word.partition("#")
        rest, _, query = rest.partition("?")
        if scheme not in ("http", "https", "ssh", "git"):
            return None
        if scheme.startswith("http") and not ("/" + rest[protocol.end():].partition("/")[2]).endswith(".git"):
            return None
    elif found := _SCP.fullmatch(word):
        scheme, query, fragment = "ssh", found[2] or "", found[3] or ""
    else:
        return None
    return _with_query(GitRef(fragment.partition(":")[0], ssh=scheme == "ssh"), query, fragment.partition(":")[2])


def _with_query(found: GitRef, query: str, folder: str) -> GitRef:
    try:
        for name, values in urllib.parse.parse_qs(query, keep_blank_values=True).items():
            found = _with(found, name, values, folder)
    except ValueError as e:
        return found._replace(problem=str(e))
    return found


def _with(found: GitRef, name: str, values: list[str], folder: str) -> GitRef:
    value, shown = values[0], go_quote(name)
    if len(values) > 1:
        raise ValueError(f"query {shown} has multiple values")
    if not value and name not in ("submodules", "keep-git-dir"):
        raise ValueError(f"query {shown} has no value")
    match name:
        case "ref" | "tag" | "branch":
            prefix = {"ref": "", "tag": "refs/tags/", "branch": "refs/heads/"}[name]
            ref = value if value.startswith(prefix) else prefix + value
            if found.ref and found.ref != ref:
                raise ValueError(f"ref conflicts: {go_quote(found.ref)} vs {go_quote(ref)}")
            return found._replace(ref=ref)
        case "subdir":
            if folder and folder != value:
                raise ValueError(f"subdir conflicts: {go_quote(folder)} vs {go_quote(value)}")
        case "checksum" | "commit":
            return found._replace(checksum=value)
        case "keep-git-dir" | "submodules":
            try:
                chosen = not value or read_bool(value)
            except ValueError:
                raise ValueError(f"invalid {name} value: {go_quote(value)}") from None
            return found._replace(keep=chosen) if name == "keep-git-dir" else found
        case _:
            raise ValueError(f"unexpected query {shown}")
    return found
