"""Tests of advise/commands.py and of every row of resources/commands.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachesim.advise.access import Access, AccessKind, Scope
from cachesim.advise.commands import CommandTable, Example, Row
from cachesim.advise.running import run_facts
from cachesim.advise.surroundings import Surroundings
from cachesim.dockerfile.instructions import Run
from cachesim.dockerfile.parser import parse
from cachesim.errors import InputError, StoreFormatError

TABLE = CommandTable.load()
AT = Surroundings(env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/home/app"},
                  complete=True, cwd="/app",
                  known=frozenset({"/", "/app"}))


def described(access: Access) -> str:
    """An access as the examples of the table write it."""
    ending = {Scope.TREE: "/", Scope.SOME: "/*", Scope.ENTRY: ""}[access.scope]
    return access.name.rstrip("/") + ending + ("" if access.certain else "?")


def told(accesses: tuple[Access, ...]) -> set[str]:
    """The paths, without the programs themselves and the folders on the way."""
    return {described(a) for a in accesses if a.kind is AccessKind.PATH and not a.shown.startswith(("the command", "the shell"))
            and not (a.scope is Scope.ENTRY and not a.certain and not a.shown)}


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: f"{row.where.rpartition('/')[2]} {row.name}")
def test_each_row_does_what_its_examples_say(row: Row) -> None:
    assert row.examples, f"{row.where} has no example"
    for example in row.examples:
        _check(row, example)


def _check(row: Row, example: Example) -> None:
    (run,) = parse(f"FROM a\nRUN {example.run}").instructions[1:]
    assert isinstance(run, Run)
    facts = run_facts(run, AT, TABLE)
    assert not facts.effects.barrier, example.run
    if not row.shell and row.wraps < 0:
        assert row in [use.row for use in facts.uses], f"{example.run!r} is read by another row"
        assert not any(use.unknown for use in facts.uses), example.run
    reads, writes = told(facts.effects.reads), told(facts.effects.writes)
    writes_of_programs = {described(a) for a in facts.effects.writes if a.shown.startswith("the command")}
    for found, wanted, what in ((reads, example.reads, "reads"), (writes | writes_of_programs, example.writes, "writes")):
        assert set(wanted) <= found, f"{example.run!r} {what} {sorted(found)}"
        sure = {name for name in found if not name.endswith("?")}
        assert sure == {name for name in wanted if not name.endswith("?")}, f"{example.run!r} surely {what} {sorted(sure)}"


BAD = [
    ("x = 1", "no section 'x'"),
    ("[[tool]]\n[[tool.row]]", "no names"),
    ('[[tool]]\nnames = ["x"]', "no row"),
    ('[[tool]]\nnames = ["x"]\n[[tool.row]]\nread = ["./"]', "no key 'read'"),
    ('[[tool]]\nnames = ["x"]\n[[tool.row]]\nreads = "./"', "reads is no list"),
    ('[[tool]]\nnames = ["x"]\n[[tool.row]]\nreads = ["src"]', "'src' in reads is no path"),
    ('[[tool]]\nnames = ["x"]\n[[tool.row]]\nseconds = "long"', "wrong kind"),
    ('[[tool]]\nnames = ["x"]\n[[tool.row]]\nbasic = 1', "wrong kind"),
    ('[[tool]]\nnames = ["x"]\n[[tool.row]]\ncaches = [{ id = "a" }]', "target is missing"),
    ('[[tool]]\nnames = ["x"]\n[[tool.row]]\ncaches = [{ target = "/a", sharing = "no" }]', "sharing 'no'"),
    ("tool = 1", "tool is no list of tables"),
    ("[[tool", "no TOML"),
]


@pytest.mark.parametrize(("text", "complaint"), BAD, ids=[c for _, c in BAD])
def test_a_bad_row_says_what_and_where(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as raised:
        CommandTable.of(text, "mine.toml")
    assert complaint in str(raised.value)
    assert "mine.toml" in str(raised.value)


def test_a_table_of_another_version_is_refused() -> None:
    with pytest.raises(StoreFormatError):
        CommandTable.of("format = 2", "mine.toml")


def test_rows_of_the_user_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHESIM_CONFIG_DIR", str(tmp_path))
    (tmp_path / "commands.toml").write_text(
        '[[tool]]\nnames = ["frobnicate"]\n[[tool.row]]\nreads = ["./in"]\nwrites = ["/out/"]\n')
    extra = tmp_path / "extra.toml"
    extra.write_text('[[tool]]\nnames = ["frobnicate"]\n[[tool.row]]\nsub = ["now"]\nwrites = ["/now"]\n')
    table = CommandTable.load(extra)
    runs = [r for r in parse("FROM a\nRUN frobnicate x\nRUN frobnicate now").instructions if isinstance(r, Run)]
    found = [told(run_facts(run, AT, table).effects.writes) for run in runs]
    assert found == [{"/out/"}, {"/now"}]
    assert run_facts(runs[0], AT, TABLE).effects.barrier


def test_a_user_file_that_is_missing_is_said() -> None:
    with pytest.raises(InputError, match=r"no/such\.toml"):
        CommandTable.load(Path("no/such.toml"))


def test_an_unknown_option_makes_everything_uncertain() -> None:
    (run,) = (r for r in parse("FROM a\nRUN npm ci --frob").instructions if isinstance(r, Run))
    effects = run_facts(run, AT, TABLE).effects
    written = {described(a).replace("//", "/") or "/" for a in effects.writes}
    assert "/?" in written | {a.name + "?" for a in effects.writes if not a.certain}
    assert any(a.kind is AccessKind.VARIABLE and a.name == "*" for a in effects.reads)
