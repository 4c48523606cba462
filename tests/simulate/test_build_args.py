"""Which steps another value of a build argument reaches, and when an ARG stands too high."""

from __future__ import annotations

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.pipeline import simulate
from cachesim.simulate.build_args import EARLY_ARG, arg_uses, changes_often
from cachesim.simulate.report import SimulationReport

FILES = ContextSnapshot.of({"a": b"1"})


def report_of(text: str, engine: EngineKind = EngineKind.BUILDKIT, **args: str) -> SimulationReport:
    request = BuildRequest(dockerfile=parse(text), context=FILES, options=BuildOptions(args=tuple(args.items())), engine=engine)
    return simulate(request, EMPTY_STORE)[0]


def hints(text: str) -> list[tuple[int, str]]:
    return [(d.span.line, d.message.split(", ")[0]) for d in report_of(text).diagnostics if d.code == EARLY_ARG]


@pytest.mark.parametrize(("text", "found"), [
    ("FROM a\nARG V=1\nRUN one\nRUN two $V\n", [(2, "Another V runs line 3 again")]),
    ("FROM a\nARG V=1\nRUN one\nCOPY a b\nRUN two\nLABEL v=${V:-x}\n", [(2, "Another V runs lines 3 and 5 again")]),
    ("FROM a\nARG V=1\nRUN 1\nRUN 2\nRUN 3\nRUN 4\nENV W=$V\n", [(2, "Another V runs 4 RUNs from line 3 on again")]),
    ("FROM a\nARG V=1\nRUN one $V\nRUN two $V\n", []),                  # its first RUN names it
    ("FROM a\nARG V=1\nRUN one\nRUN two\n", []),                        # nobody names it: a RUN may read it unnamed
    ("FROM a\nARG V=1\nCOPY a b\nRUN two $V\n", []),                    # COPY holds no argument
    ("FROM a\nRUN one\nARG V=1\nRUN two $V\n", []),
    ("FROM a\nARG V=1\nRUN one\nRUN two $VERSION\n", []),               # another name
    ("FROM a\nARG V=1\nRUN one\nENV V=2\nRUN two $V\n", []),            # the ENV is what it names
    ("FROM a\nARG V=1\nRUN one\nRUN <<E\necho $V\nE\n", [(2, "Another V runs line 3 again")]),
    ("FROM a\nARG HTTP_PROXY\nRUN one\nRUN two $HTTP_PROXY\n", []),     # a proxy is for all of them
    ("FROM a AS x\nARG V=1\nRUN one\nRUN two $V\nFROM a\nRUN three\n", []),     # its stage is not built
])
def test_an_argument_above_runs_that_do_not_name_it_gets_a_hint(text: str, found: list[tuple[int, str]]) -> None:
    assert hints(text) == found


TEXT = "ARG T=1\nFROM a:$T AS x\nARG V=1\nCOPY a b\nRUN one\nLABEL v=$V\nFROM x\nRUN two\nARG W\nRUN three $W\n"


@pytest.mark.parametrize("engine", EngineKind)
@pytest.mark.parametrize("name", ["V", "W"])
def test_the_steps_that_hold_an_argument_are_those_whose_keys_change(engine: EngineKind, name: str) -> None:
    """What the rule says is what the engine's own keys say."""
    use = next(use for use in arg_uses(report_of(TEXT, engine).graph, engine) if use.name == name)
    a, b = (report_of(TEXT, engine, **{name: value}) for value in ("old", "new"))
    for x, y in zip(a.steps, b.steps, strict=True):
        if x.step.instruction.keyword == "RUN" and x.key is not None and y.key is not None:
            own = [{p for p in step.key.parts if p.kind.name == "ARG"} for step in (x, y) if step.key is not None]
            assert (own[0] != own[1]) == (x.step in use.holds), x.step.instruction.text


def test_who_names_an_argument_is_told_with_it() -> None:
    uses = arg_uses(report_of(TEXT).graph, EngineKind.BUILDKIT)
    assert [(u.name, u.value, [s.line for s in u.holds], [s.line for s in u.names]) for u in uses] == [
        ("T", "1", [], [2]), ("V", "1", [5, 8, 10], [6]), ("W", None, [10], [10])]
    classic = arg_uses(report_of(TEXT, EngineKind.CLASSIC).graph, EngineKind.CLASSIC)
    assert [s.line for s in classic[1].holds] == [5]        # it forgets the arguments at each FROM


@pytest.mark.parametrize(("name", "often"), [
    ("VERSION", True), ("APP_VERSION", True), ("GIT_SHA", True), ("CI_COMMIT_SHA", True), ("BUILD_DATE", True), ("vcs_ref", True),
    ("PYTHON_VERSION", False), ("DATE", False), ("USER_ID", False), ("CACHEBUST", False), ("TAG", False)])
def test_which_names_change_with_a_release(name: str, often: bool) -> None:
    assert changes_often(name) is often
