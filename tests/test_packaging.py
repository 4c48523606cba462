"""Does the package say what it needs, and does a wheel bring all that it ships?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cachesim import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = [Requirement(line) for lines in PROJECT["optional-dependencies"].values() for line in lines]
PINNED = {canonicalize_name(name): version for name, version in
          re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)}


def qt_for(python: str) -> Requirement:
    """The PySide6 requirement that counts on that Python; there must be exactly one."""
    (found,) = [r for r in RUNTIME if r.name == "PySide6" and r.marker
                and r.marker.evaluate({"python_version": python, "python_full_version": python + ".0"})]
    return found


@pytest.mark.parametrize(("python", "version", "good"), [
    ("3.11", "6.12.0", False),      # aborts there: PYSIDE-3474
    ("3.11", "6.11.3", True),
    ("3.11", "6.11.1", False),
    ("3.12", "6.12.0", True),
    ("3.13", "6.11.0", False),
    ("3.13", "6.7.3", False),
    ("3.13", "7.0.0", False),
])
def test_no_python_gets_a_pyside_that_breaks_it(python, version, good):
    assert qt_for(python).specifier.contains(version) is good


@pytest.mark.parametrize("requirement", [*RUNTIME, *EXTRAS], ids=str)
def test_each_requirement_has_bounds_and_a_tried_version(requirement):
    if requirement.name == "cachesim":
        return
    operators = {spec.operator for spec in requirement.specifier}
    assert ">=" in operators
    assert "<" in operators or requirement.name == "packaging"     # calendar versions, and a stable interface
    assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("cachesim-*.whl")
    return built


def test_the_wheel_brings_samples_and_icons_as_they_are(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for shipped in ("samples", "resources"):
            files = [p for p in (ROOT / shipped).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
            assert files
            for path in files:
                name = f"cachesim/_shipped/{path.relative_to(ROOT).as_posix()}"
                assert name in names
                assert archive.read(name) == path.read_bytes()
        assert not [n for n in names if n.startswith(("tests/", "scripts/")) or "__pycache__" in n]
        entry_points = next(n for n in names if n.endswith("entry_points.txt"))
        assert "cachesim = cachesim.__main__:main" in archive.read(entry_points).decode()
        assert any(n.endswith("licenses/LICENSE") for n in names)


def test_an_installed_copy_finds_what_it_ships(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = ("import json, cachesim, cachesim.assets as a\n"
            "print(json.dumps([cachesim.__file__, str(a.samples_dir()), str(a.resources_dir()),"
            " [s.name for s in a.samples()]]))")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    module, samples, resources, names = json.loads(done.stdout)
    assert all(Path(path).is_relative_to(tmp_path) for path in (module, samples, resources))
    assert "busybox-offline" in names


def test_an_installed_command_copies_a_sample(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    done = subprocess.run([sys.executable, "-m", "cachesim", "samples", "copy", "busybox-offline"], cwd=tmp_path,
                          capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path / "site")})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "busybox-offline" / "pages" / "index.txt").is_file()


def test_the_changelog_knows_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[({re.escape(__version__)}|Unreleased)\]", text, re.MULTILINE)


def test_the_readme_has_two_one_line_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    setting_up = [block for block in blocks if "apt-get install" in block]
    assert len(setting_up) == 2
    for block in setting_up:
        assert block.count("\n") == 1
        assert {"python3-venv", "libgl1", "libxcb-cursor0", "constraints.txt"} <= set(re.split(r"[\s']+", block))
