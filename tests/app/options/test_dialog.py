"""The form says what was put into it."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot

from cachesim.app.options.dialog import OptionsDialog
from cachesim.digest import digest_of
from cachesim.dockerfile.parser import parse
from cachesim.graph.options import BuildOptions, EngineKind, NetworkMode, another_secret
from cachesim.graph.resolve import resolve

TEXT = "ARG V=1\nFROM a AS one\nARG V\nRUN --mount=type=secret,id=npm true\nFROM one AS two\n"
GRAPH = resolve(parse(TEXT), BuildOptions(), {}, EngineKind.BUILDKIT)


def test_unchanged_options_stay_equal(qtbot: QtBot) -> None:
    full = BuildOptions(
        target="one", args=(("V", "2"), ("X", "")), no_cache=True, no_cache_filter=("two",), platform="linux/arm64",
        labels=(("a", "b"),), add_hosts=(("h", "1.2.3.4"),), network=NetworkMode.HOST,
        secrets=(("npm", digest_of("x")),), ssh=("default",), contexts=(("lib", "../lib"),), pull=True,
        cache_from=("r/i:1", "r/j"), ulimits=("nofile=1:2",), cgroup_parent="g")
    for options in (BuildOptions(), full):
        dialog = OptionsDialog(options, GRAPH)
        qtbot.addWidget(dialog)
        assert dialog.options() == options


def test_a_value_makes_an_argument_and_a_secret_keeps_nothing_of_its_content(qtbot: QtBot) -> None:
    dialog = OptionsDialog(BuildOptions(), GRAPH)
    qtbot.addWidget(dialog)
    assert dialog._args.rows() == (("V", "", "1"),)
    dialog._args.table.item(0, 1).setText("7")  # type: ignore[union-attr]
    dialog._secrets.table.item(0, 1).setText("hush")  # type: ignore[union-attr]
    wanted = replace(BuildOptions(), args=(("V", "7"),), secrets=(("npm", another_secret("npm")),))
    assert dialog.options() == wanted
