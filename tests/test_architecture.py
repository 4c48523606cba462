"""Do imports point down only, and does nothing but the window know Qt?"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import cachesim

ROOT = Path(__file__).parent.parent
PACKAGE = Path(cachesim.__file__).parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
# Small modules only: they let a bundle be 170 MB, not 700.
QT_MODULES = {"QtCore", "QtGui", "QtWidgets", "QtSvg", "QtNetwork", "QtTest"}


def parts_of_the_package() -> set[str]:
    """Every package and module directly below cachesim."""
    return {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}


def test_the_contracts_hold(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0, capsys.readouterr().out


def test_a_broken_contract_would_be_noticed(tmp_path, monkeypatch, capsys):
    package = tmp_path / "shaky"
    for name in ("app", "core"):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "core" / "__init__.py").write_text("import PySide6.QtCore\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_package = "shaky"\ninclude_external_packages = true\n'
        '[[tool.importlinter.contracts]]\nname = "no Qt"\ntype = "forbidden"\n'
        'source_modules = ["shaky.core"]\nforbidden_modules = ["PySide6"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) != 0
    assert "shaky.core is not allowed to import PySide6" in capsys.readouterr().out


def test_no_part_of_the_package_is_left_out_of_the_contracts():
    layers, forbidden = CONTRACTS
    named = {name.strip() for layer in layers["layers"] for name in layer.replace("|", ":").split(":")}
    assert named == parts_of_the_package() - {"__init__", "__main__"}
    without_qt = {name.removeprefix("cachesim.") for name in forbidden["source_modules"]}
    assert without_qt == named - {"app"}
    assert "PySide6" in forbidden["forbidden_modules"]


def imported_names(path: Path) -> list[str]:
    """Everything that a file imports, in full: "PySide6.QtCore", "PySide6.QtCore.*"."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_the_window_takes_small_parts_of_qt_by_name():
    seen = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in imported_names(path):
            if name.startswith("PySide6"):
                assert not name.endswith(".*"), path
                seen.add(name.split(".")[1] if "." in name else name)
    assert "QtWidgets" in seen
    assert seen - {"__version__", "__version_info__"} <= QT_MODULES


@pytest.mark.parametrize("argv", [
    ["--version"], ["--help"], ["samples"], ["replay", "--json", "samples/busybox-offline/scenario.json"],
    ["plan", "samples/busybox-offline"],
], ids=lambda argv: argv[0])
def test_commands_never_load_qt(argv, tmp_path):
    code = ("import sys; from cachesim.__main__ import main\n"
            f"sys.argv = ['cachesim', *{argv!r}]\n"
            "status = main()\n"
            "assert status == 0, status\n"
            "loaded = sorted({name.split('.')[0] for name in sys.modules} & {'PySide6', 'shiboken6'})\n"
            "assert not loaded, loaded\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_starting_a_command_loads_no_heavy_package():
    code = "import sys, cachesim.cli.main; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"docker", "networkx", "jinja2", "watchfiles", "PySide6"} & set(done.stdout.split())
