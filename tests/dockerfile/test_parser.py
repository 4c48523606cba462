"""What does parse give: instructions with their fields, places, findings in the engine's order?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cachesim.diagnostics import Severity, SourceSpan
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.build import FLAGS
from cachesim.dockerfile.nodes import KEYWORDS
from cachesim.dockerfile.parser import parse, parse_instruction

RECORDINGS = Path(__file__).parents[1] / "conformance/recordings"


def only(line: str) -> ins.Instruction:
    parsed = parse(f"FROM a\n{line}\n")
    assert parsed.error is None, parsed.error
    return parsed.instructions[1]


def fields(instruction: ins.Instruction, *names: str) -> tuple[object, ...]:
    return tuple(getattr(instruction, name) for name in names)


@pytest.mark.parametrize(("line", "kind", "values"), [
    ("RUN  echo  hi ", ins.Run, {"argv": None, "command": "echo  hi", "network": "", "mounts": ()}),
    ("run", ins.Run, {"argv": None, "command": ""}),
    ('RUN ["a", "b"]', ins.Run, {"argv": ("a", "b"), "command": None}),
    ("RUN []", ins.Run, {"argv": (), "command": None}),
    ('RUN ["a"', ins.Run, {"argv": None, "command": '["a"'}),
    ("RUN --network=host --mount=type=Cache,target=/c,RO a", ins.Run,
     {"command": "a", "network": "host",
      "mounts": (ins.Mount("cache", (("type", "Cache"), ("target", "/c"), ("ro", ""))),)}),
    ("RUN --mount=source=x,target=/y a", ins.Run,
     {"mounts": (ins.Mount("bind", (("source", "x"), ("target", "/y"))),)}),
    ("COPY a b /c/", ins.Copy, {"sources": ("a", "b"), "destination": "/c/", "from_": "", "link": False, "excludes": (),
                                "source_order": (("file", "a"), ("file", "b"))}),
    ('COPY ["a b", "c"]', ins.Copy, {"sources": ("a b",), "destination": "c"}),
    ('COPY "a b" c', ins.Copy, {"sources": ('"a', 'b"'), "destination": "c"}),
    ("COPY --from=x --chown=1:2 --chmod=755 --link --exclude=a --exclude=b f /", ins.Copy,
     {"from_": "x", "chown": "1:2", "chmod": "755", "link": True, "excludes": ("a", "b")}),
    ("COPY --link=FALSE f /", ins.Copy, {"link": False}),
    ("ADD --unpack=false --keep-git-dir --checksum=sha256:a f /", ins.Add,
     {"unpack": False, "keep_git_dir": True, "checksum": "sha256:a"}),
    ("ADD f /", ins.Add, {"unpack": None, "keep_git_dir": False, "checksum": ""}),
    ("ENV a=1 b=\"x y\"", ins.Env, {"pairs": (("a", "1"), ("b", '"x y"')), "legacy": False}),
    ("ENV a  b  c ", ins.Env, {"pairs": (("a", "b  c"),), "legacy": True}),
    ("LABEL \"a b\"=c", ins.Label, {"pairs": (('"a b"', "c"),), "legacy": False}),
    ("ARG a b= c=d", ins.Arg, {"pairs": (("a", None), ("b", ""), ("c", "d"))}),
    ("ARG --x a", ins.Arg, {"pairs": (("a", None),), "flags": (ins.Flag("x", None),)}),
    ("WORKDIR /a  b", ins.Workdir, {"path": "/a  b"}),
    ("USER a:b", ins.User, {"user": "a:b"}),
    ("STOPSIGNAL 9", ins.Stopsignal, {"signal": "9"}),
    ("MAINTAINER A B", ins.Maintainer, {"name": "A B"}),
    ("EXPOSE 80 443 8/udp 80", ins.Expose, {"ports": ("443", "8/udp", "80", "80")}),
    ("VOLUME /a /b", ins.Volume, {"paths": ("/a", "/b")}),
    ('VOLUME [" /a "]', ins.Volume, {"paths": ("/a",)}),
    ("CMD a b", ins.Cmd, {"argv": None, "command": "a b"}),
    ("CMD", ins.Cmd, {"argv": None, "command": ""}),
    ('ENTRYPOINT ["a"]', ins.Entrypoint, {"argv": ("a",), "command": None}),
    ('SHELL ["a", "-c"]', ins.Shell, {"argv": ("a", "-c")}),
    ("HEALTHCHECK --interval=1m --timeout=1.5s --start-period=1s --start-interval=2s --retries=3 CMD  a  b",
     ins.Healthcheck,
     {"type": "CMD", "command": "a  b", "interval": 60 * 10**9, "timeout": 1_500_000_000, "start_period": 10**9,
      "start_interval": 2 * 10**9, "retries": 3}),
    ('healthcheck cmd ["a"]', ins.Healthcheck, {"type": "CMD", "argv": ("a",), "command": None, "interval": 0}),
    ("HEALTHCHECK --interval=0s CMD a", ins.Healthcheck, {"interval": 0}),
    ("HEALTHCHECK --foo none", ins.Healthcheck, {"type": "NONE", "argv": None, "command": None}),
])
def test_fields(line, kind, values):
    instruction = only(line)
    assert type(instruction) is kind
    assert {name: getattr(instruction, name) for name in values} == values
    assert instruction.text == line.strip()
    assert instruction.keyword == line.split()[0].upper()


@pytest.mark.parametrize(("line", "values"), [
    ("FROM a", ("a", "", "")),
    ("from --platform=$P a:1 as Bu-i.ld_2", ("a:1", "bu-i.ld_2", "$P")),
    ("FROM a\tAS\tb", ("a", "b", "")),
    ("FROM \"a\"", ('"a"', "", "")),
])
def test_from(line, values):
    assert fields(parse(line).instructions[0], "image", "name", "platform") == values


def test_copy_with_heredocs():
    copy = only('COPY f <<A <<-"B" 3<<A g /d/\nx $y\nA\n\tz\n\tB\nlast\nA')
    assert fields(copy, "sources", "destination") == (("f", "g"), "/d/")
    assert copy.source_order == (("file", "f"), ("heredoc", "A"), ("heredoc", "B"), ("heredoc", "A"), ("file", "g"))
    assert copy.heredocs == (       # two of one name: the last body counts for both
        ins.Heredoc("A", "last\n", "last\n", True, False),
        ins.Heredoc("B", "\tz\n", "z\n", False, True),
        ins.Heredoc("A", "last\n", "last\n", True, False, 3))
    assert copy.span == SourceSpan(2, 0, 8, 1)
    assert copy.text == 'COPY f <<A <<-"B" 3<<A g /d/'


def test_heredoc_word_in_json_is_an_empty_source():
    copy = only('COPY ["<<A", "/x"]')
    assert copy.heredocs == (ins.Heredoc("A", "", "", True, False),)
    assert fields(copy, "sources", "source_order") == ((), (("heredoc", "A"),))


def test_run_with_heredoc():
    run = only("RUN <<-A cat\n\tx\n\tA")
    assert fields(run, "command", "heredocs") == ("<<-A cat", (ins.Heredoc("A", "\tx\n", "x\n", True, True),))


def test_onbuild():
    onbuild = only("ONBUILD  RUN <<A \\\n x\nb\nA")
    assert onbuild.expression == "RUN <<A  x\nb\nA"
    assert isinstance(onbuild.trigger, ins.Run)
    assert onbuild.trigger.heredocs == onbuild.heredocs == (ins.Heredoc("A", "b\n", "b\n", True, False),)
    assert onbuild.trigger.span == onbuild.span == SourceSpan(2, 0, 5, 1)
    assert only("ONBUILD FOO x").trigger is None
    assert only("ONBUILD COPY x").trigger is None


def test_trailing_blanks_of_a_trigger_stay():
    assert only("ONBUILD \t RUN a  ").expression == "RUN a  "
    assert only("ONBUILD RUN a \\\n  ").expression == "RUN a "


def test_triggers_know_no_other_escape():
    parsed = parse("# escape=`\nFROM a\nONBUILD ENV a=b` c=d")
    assert parsed.error is None
    trigger = parsed.instructions[1].trigger
    assert trigger.pairs == (("a", "b`"), ("c", "d"))


@pytest.mark.parametrize(("text", "keyword"), [
    ("RUN x", "RUN"), ("COPY <<A /x\ny\nA", "COPY"), ("RUN x\nRUN y", None), ("", None), ("# c", None),
    ("RUN <<A\n", None), ("FOO", None), ("ENV a", None), ("COPY a", None),
])
def test_parse_instruction(text, keyword):
    instruction = parse_instruction(text)
    assert (instruction and instruction.keyword) == keyword


@pytest.mark.parametrize(("text", "message"), [
    ("FOO\nFROM a\nENV a", "ENV must have two arguments"),                          # first pass before second
    ("QQQQQ\nBAR", "dockerfile parse error on line 1: unknown instruction: QQQQQ"),
    ("FROM a\nCOPY [1]\n# x\nRUN <<E\n", "when using JSON array syntax, arrays must be comprised of strings only"),
    ("FROM a\nRUN <<E\nENV a", "unterminated heredoc"),
    ("# check=a\n# check=b\nFROM a\nENV a", "only one check parser directive can be used"),
    ("FROM a\nENV x\n" + "y" * 70000, "ENV must have two arguments"),
    ("FROM a\nFOO\n" + "y" * 70000, "dockerfile line greater than max allowed size of 65535"),
    ("RUN x\nFROM a b", "no build stage in current context"),
    ("ARG a\nARG b", "dockerfile contains no stages to build"),
    ("FROM a b\nRUN x", "dockerfile parse error on line 1: FROM requires either one or three arguments"),
    ("FROM a\n\n RUN --mount=from=$x y", "dockerfile parse error on line 3: 'from' doesn't support variable expansion, "
                                         "define alias stage instead"),
])
def test_which_error_is_the_first(text, message):
    parsed = parse(text)
    assert parsed.error in parsed.diagnostics
    assert parsed.error.message == message


@pytest.mark.parametrize(("text", "code", "span"), [
    ("FROM a\n  FOO x", "unknown-instruction", (2, 2, 2, 5)),
    ("FROM a\nRUN \\\n  --moun=x y", "unknown-flag", (3, 2, 3, 8)),
    ("FROM a\nCOPY --link --link a b", "duplicate-flag", (2, 5, 2, 11)),
    ("FROM a AS 1x", "bad-stage-name", (1, 10, 1, 12)),
    ("FROM a\nENV a \\\n", None, None),
    ("FROM a\nENV \\\n  a", "bad-key-value", (2, 0, 3, 3)),
    ("FROM a\nRUN <<E\nx\r\ny", "unterminated-heredoc", (2, 0, 2, 7)),
    ("FROM a\nCOPY <<E\nx\nE\n", "argument-count", (2, 0, 2, 8)),
    ("", "no-instructions", (1, 0, 1, 0)),
    ("# a\n# b", "no-instructions", (2, 0, 2, 3)),
])
def test_place_of_error(text, code, span):
    error = parse(text).error
    if code is None:
        assert error is None or error.code == "bad-key-value"
    else:
        assert (error.code, error.span) == (code, SourceSpan(*span))


def test_parsing_goes_on_after_an_error():
    parsed = parse("FROM a\nFOO x\nRUN --bad y\nENV a\nRUN z\n")
    assert [i.keyword for i in parsed.instructions] == ["FROM", "RUN"]
    assert [d.code for d in parsed.diagnostics] == ["unknown-instruction", "unknown-flag", "bad-key-value"]
    assert parsed.error.code == "bad-key-value"


@pytest.mark.parametrize(("text", "codes"), [
    ("FROM a\nMAINTAINER x", ["maintainer-deprecated"]),
    ("FROM a\nENV a b\nLABEL a b", ["legacy-key-value"] * 2),
    ("FROM a\nCMD [\"a\",]", ["not-json"]),
    ("FROM a\nRUN [ -f x ]", ["not-json"]),
    ("FROM a\nENV a=[x", []),
    ("FROM a\nRUN a \\\n\n b", ["empty-continuation"]),
    ("FROM a\nRUN a \\\n# c\n b", []),
    ("FROM a\nRUN echo it's <<EOF", ["heredoc-not-seen"]),
    ("FROM a\nRUN echo $((1<<2)) ", []),
    ("# c\n# escape=`\nFROM a", ["late-directive"]),
    ("# escape=`\n# c=d\nFROM a", []),
])
def test_warnings(text, codes):
    parsed = parse(text)
    assert parsed.error is None
    assert [d.code for d in parsed.diagnostics] == codes
    assert all(d.severity is Severity.WARNING for d in parsed.diagnostics)


def test_directives_and_escape():
    parsed = parse("# syntax=x\n# escape=`\nFROM a\nRUN a `\n b")
    assert [(d.name, d.value) for d in parsed.directives] == [("syntax", "x"), ("escape", "`")]
    assert parsed.escape == "`"
    assert parsed.instructions[1].text == "RUN a  b"


def test_line_endings_make_no_difference():
    text = "FROM a\nRUN a \\\n  b\nENV a=b\nCOPY x y\nWORKDIR /z\n"
    crlf = parse(text.replace("\n", "\r\n"))
    assert [i.text for i in crlf.instructions] == [i.text for i in parse(text).instructions]
    assert crlf == parse(text)


def test_long_chain_of_onbuild_is_refused():
    parsed = parse("FROM a\n" + "ONBUILD " * 8000 + "RUN x")
    assert parsed.error.message.endswith("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")


def test_tables_name_known_things():
    assert len(KEYWORDS) == 18 and list(KEYWORDS) == sorted(KEYWORDS)
    assert set(FLAGS) <= set(KEYWORDS)


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_recorded_files_are_refused_exactly_where_the_engine_refused_them(path):
    for line in path.read_text("utf-8").splitlines():
        scenario, files = json.loads(line), {}
        for build in scenario["builds"]:
            files |= build["files"]
            name = (build.get("options") or {}).get("dockerfile") or "Dockerfile"
            parsed, said = parse(files[name]["text"]), build["observed"]["error"] or ""
            if "parse error" in said:
                assert parsed.error is not None and parsed.error.message in said
            else:
                assert parsed.error is None, scenario["name"]
