"""Tests of engines/buildkit/guess.py: what plain shell commands read and write, word by word."""

from __future__ import annotations

import pytest

from cachesim.engines.buildkit.guess import effect_of, made_links, statements, written_paths


@pytest.mark.parametrize(("command", "path", "reads"), [
    ("cat src/*.py > out", "/w/out", ("/w/src/*.py",)),
    ("grep -c . app/*.py > /ok", "/ok", ("/w/app/*.py",)),
    ("sed s/a/b/ in > /ok", "/ok", ("/w/in",)),
    ("ln -s /app/main /start", "/start", ("/app/main",)),
    ("cp a b/c", "/w/b/c", ("/w/a",)), ("echo $(cat f) > out", "/w/out", ("",)),
])
def test_what_a_command_reads(command: str, path: str, reads: tuple[str, ...]) -> None:
    effect = effect_of(statements(command)[0], path, "/w", {})
    assert effect is not None and effect.reads == reads


@pytest.mark.parametrize(("command", "path", "cwd"), [
    ("tar -xf /a/pack.tar -C /mnt", "/opt/t", "/"),     # "t" is no word of the text
    ("make -C /src", "/etc/passwd", "/"), ("echo a > /b", "/c", "/w"), ("fi", "/x", "/w"),
    ("DUMMY=1 ; A=b echo c > d", "/x", "/w"),
])
def test_what_a_command_leaves_alone(command: str, path: str, cwd: str) -> None:
    assert not [s for s in statements(command) if effect_of(s, path, cwd, {}) is not None]


def test_writing_into_a_folder_leaves_the_rest_of_it() -> None:
    into, whole = (effect_of(statements("cp /in /data/two")[0], path, "/", {}) for path in ("/data", "/data/two"))
    assert into is not None and into.appends
    merged = effect_of(statements("cp -r static/. public")[0], "/public", "/", {})
    assert merged is not None and merged.appends
    assert whole is not None and not whole.appends


def test_closing_words_and_comments_are_no_commands() -> None:
    found = statements("if [ -e a ]; then cp a b; fi\n# a comment\nfor x in 1; do echo $x > y; done")
    assert [s.words[0] for s in found] == ["[", "cp", "for", "echo"]
    assert written_paths(found[1], "/w", {}) == ["/w/b"]


@pytest.mark.parametrize(("command", "links"), [
    ("ln -s /app/main /start && ln -sf ../data $D/data", (("/start", "/app/main"), ("/app/data", "../data"))),
    ("ln -s a /b/", (("/b/", "a"),)), ("ln --symbolic a b", (("/w/b", "a"),)),
    ("ln a b", ()), ("ln -s a", ()), ("ln -s a b c", ()), ("echo ln -s a b", ()),
])
def test_links_that_a_command_makes(command: str, links: tuple[tuple[str, str], ...]) -> None:
    assert made_links(command, "/w", {"D": "/app"}) == links
