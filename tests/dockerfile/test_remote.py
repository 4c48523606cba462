"""What ADD fetches, and how a repository is read (each address was shown to an engine that has no git: it then asks for git)."""

from __future__ import annotations

import pytest

from cachesim.dockerfile.remote import git_ref, remote_kind


@pytest.mark.parametrize("word", [
    "git://h/x.git", "git://h/x", "git://", "ssh://git@h/x.git", "git@h:x.git", "git@h:x", "x@y:z", "https://h/x.git", "http://h/x.git",
    "https://h/x.git#main:sub", "https://h/x.git?ref=a", "https://h/.git", "HTTPS://h/x.git"])
def test_repositories(word: str) -> None:
    assert remote_kind(word) == "git"


@pytest.mark.parametrize(("word", "kind"), [
    ("https://h/x.git/y", "http"), ("https://h/x.GIT", "http"), ("http://h/x", "http"), ("https://h.git", "http"),
    ("github.com/a/b.git", ""), ("file:///x.git", ""), ("x.git", ""), ("a b@h:x", ""), ("./git@h:x", ""),
    ("HTTP://h/x", ""), ("c:/x", "")])
def test_what_is_none(word: str, kind: str) -> None:
    assert remote_kind(word) == kind


@pytest.mark.parametrize(("word", "ref", "commit"), [
    ("https://h/x.git", "", False), ("https://h/x.git#v1:sub", "v1", False), ("https://h/x.git?tag=v1", "refs/tags/v1", False),
    ("https://h/x.git?branch=refs/heads/b", "refs/heads/b", False), ("git@h:x#" + "a" * 40, "a" * 40, True),
    ("https://h/x.git?commit=" + "0" * 40, "", True)])
def test_which_commit(word: str, ref: str, commit: bool) -> None:
    found = git_ref(word)
    assert found is not None and not found.problem
    assert (found.ref, found.is_commit("")) == (ref, commit)
    assert found.is_commit("b" * 40)


@pytest.mark.parametrize(("query", "problem"), [
    ("x=1", 'unexpected query "x"'), ("ref=", 'query "ref" has no value'), ("ref=a&ref=b", 'query "ref" has multiple values'),
    ("keep-git-dir=maybe", 'invalid keep-git-dir value: "maybe"'), ("keep-git-dir&submodules=0", ""),
    ("subdir=b#:a", 'subdir conflicts: "a" vs "b"'),
    ("ref=a#b", 'ref conflicts: "b" vs "a"')])
def test_addresses_that_are_refused(query: str, problem: str) -> None:
    found = git_ref(f"https://h/x.git?{query}")
    assert found is not None and found.problem == problem
