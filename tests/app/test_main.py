"""Where no window can open, the start says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cachesim.app.main import bad_pair, no_display


@pytest.mark.parametrize(("python", "pyside", "bad"), [
    ((3, 11), "6.12.0", True), ((3, 11), "6.11.3", False), ((3, 12), "6.12.0", False), ((3, 12), "6.11.0", True),
    ((3, 11), "6.11.1", True), ((3, 13), "6.7.3", True), ((3, 11), "6.8", False)])
def test_bad_pairs_are_refused(python: tuple[int, int], pyside: str, bad: bool) -> None:
    assert bool(bad_pair(python, pyside)) is bad


@pytest.mark.parametrize(("environment", "platform", "missing"), [
    ({}, "linux", True), ({"DISPLAY": ":0"}, "linux", False), ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False),
    ({"QT_QPA_PLATFORM": "offscreen"}, "linux", False), ({"QT_QPA_PLATFORM": "xcb"}, "linux", True),
    ({}, "darwin", False)])
def test_a_missing_display_is_noticed(environment: dict[str, str], platform: str, missing: bool) -> None:
    assert bool(no_display(environment, platform)) is missing


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are a matter of X and Wayland")
def test_without_a_display_the_headless_commands_are_named() -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    code = "from cachesim.app.main import run; raise SystemExit(run(None, None))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert "no display" in done.stderr and "cachesim plan" in done.stderr and "Traceback" not in done.stderr
