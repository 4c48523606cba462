"""Tests of engines/buildkit/plain.py: what a RUN can have written at most."""

from __future__ import annotations

import pytest

from cachesim.engines.buildkit.plain import surely_writes

ENV = {"D": "/data", "SPACE": "a b"}


@pytest.mark.parametrize(("command", "paths"), [
    ("true", ()), (":", ()), ("exit 0", ()), ("set -ex; ls /", ()), ("cat f | sort > /out", ("/out",)),
    ("echo hi >> log", ("/w/log",)),
    ("mkdir -p a /b && touch \"$D/x\" '/y'", ("/w/a", "/b", "/data/x", "/y")), ("cp -r /in/a /in/b /to", ("/to",)),
    ("mv a b", ("/w/a", "/w/b")),
    ("if [ -e /x ]; then rm -rf ${D}; fi", ("/data",)), ("chmod -R 755 /x /y", ("/x", "/y")), ("echo 'a > b' 2>&1", ()),
    ("# words\necho a 2> /dev/null", ()), ("echo \"x; y\" | tee -a /t > /dev/null", ("/t",)), ("chown 1:1 f", ("/w/f",)),
    ("rm -rf \"${D}\"/x/*/cache *.o", ("/data/x", "/w")), ("echo > \"a\"b'c'", ("/w/abc",)),
    ("DUMMY=1; echo \"$D\"x > f", ("/w/f",)),
    ("cat app/*.rb src/[ab]? > all", ("/w/all",)),
])
def test_plain_commands(command: str, paths: tuple[str, ...]) -> None:
    assert surely_writes(("/bin/sh", "-c", command), True, "/w", ENV) == paths


@pytest.mark.parametrize("command", [
    "make", "npm ci", "cd /x && echo > y", "echo $(tool)", "echo `tool`", "echo a > $UNSET",
    "echo a > ~/x", "rm /*", "rm a*/../b", "rm [ab]", "touch a{b,c}",
    "V=/x; echo > $V", "D=/x; rm $D", "PATH=/x; mkdir y",
    "A=b tool", "A=b echo > x", "touch \"a\\\"b\"", "for i in a; do echo > $i; done", "f() { true; }",
    "cat <<EOF\nx\nEOF", "echo a &> f", "sort -o f g", "date -s 0",
    "ln -s a b", "echo a > /bin/x", "cp /z /etc/localtime", "touch /usr/local/f", "rm -rf /",
    "cp -t /to a", "sed -i s/a/b/ f", "xargs rm",
    "eval true", ". ./x", "touch $SPACE",
    "chmod --reference=a b", "mkdir -m 700 a", "echo a > \"b c\"", "echo 'unfinished", "touch a\\ b",
    "export A=b", "env tool", "tee >(tool)",
    "(true)", "find . -delete", "cp a b > c\"", "test -e a && ./b", "rm \"$@\"", "true \\\n&& make",
])
def test_anything_in_doubt_may_write_anywhere(command: str) -> None:
    assert surely_writes(("/bin/sh", "-c", command), True, "/w", ENV) is None


@pytest.mark.parametrize(("argv", "shell"), [
    (("python", "-c", "true"), True), (("/bin/sh", "-l", "-c", "true"), True), (("true",), False),
    (("/bin/sh", "-c", "true", "x"), False)])
def test_only_the_usual_shells_are_taken_at_their_word(argv: tuple[str, ...], shell: bool) -> None:
    assert surely_writes(argv, shell, "/", {}) is None
