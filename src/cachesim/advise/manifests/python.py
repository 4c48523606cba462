"""What do pip, uv, Poetry and Pipenv read of a project when they install its dependencies?

Sources: pip 24 docs "Requirements File Format" and _internal/req/req_file.py (includes are relative to the including file,
find-links to it or the working folder); uv docs "Locking and syncing"; Poetry docs "install".
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import sys
import tomllib
from typing import Any

from cachesim.advise.manifests.call import Call, Found

__all__ = ["pip", "pipenv", "poetry", "uv"]

_TAKES_VALUE = frozenset((
    "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-f", "--find-links", "-i", "--index-url",
    "--extra-index-url", "-t", "--target", "--platform", "--python-version", "--implementation", "--abi", "--root", "--prefix",
    "--src", "--no-binary", "--only-binary", "--upgrade-strategy", "--progress-bar", "--trusted-host", "--timeout", "--retries",
    "--cache-dir", "--cert", "--client-cert", "--log", "--proxy", "--use-feature", "--python", "-p", "--build-constraint",
    "--config-settings", "-C", "--global-option", "--report", "--extra", "--group", "--index-strategy", "--torch-backend",
    "--link-mode", "--root-user-action"))
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2")
_OWN_MODULES = frozenset(("pip", "setuptools", "wheel", "pkg_resources")) | sys.stdlib_module_names


def pip(call: Call, found: Found) -> None:
    """`pip install …` (`uv pip install` too): requirement files with all that they include."""
    words = list(call.argv[2:])
    for name in ("PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PIP_EDITABLE", "PIP_TARGET"):
        if name in call.env:
            found.doubt(f"pip takes ${name} from the environment")
    _shadowed(call, found)
    seen: set[str] = set()
    at = 0
    while at < len(words):
        word = words[at]
        name, equals, value = word.partition("=")
        at += 1
        if not word.startswith("-"):
            _requirement(call, found, word, call.cwd)
            continue
        if not equals and len(word) > 2 and not word.startswith("--") and word[:2] in _TAKES_VALUE:
            name, value = word[:2], word[2:]
        elif not equals and name in _TAKES_VALUE:
            value, at = (words[at] if at < len(words) else ""), at + 1
        _option(call, found, name, value, call.cwd, seen)
    if call.argv[0] == "uv":
        for folder in _upwards(call.cwd):
            found.file(call, f"{folder}/uv.toml", f"{folder}/pyproject.toml")


def _option(call: Call, found: Found, name: str, value: str, folder: str, seen: set[str]) -> None:
    if name in ("-r", "--requirement", "-c", "--constraint", "--build-constraint"):
        if "://" not in value:
            _requirements(call, found, posixpath.normpath(posixpath.join(folder, value)), seen)
    elif name in ("-e", "--editable"):
        if not value.startswith(("git+", "hg+", "svn+", "bzr+")):
            found.refuse(f"`-e {value}` installs the sources in place")
    elif name in ("-f", "--find-links") and "://" not in value:
        near = posixpath.normpath(posixpath.join(folder, value))
        path = near if call.at.has_folder(near) or call.at.has(near) else call.path(value)
        (found.file if call.at.has(path) else found.tree)(call, path)


def _requirements(call: Call, found: Found, path: str, seen: set[str]) -> None:
    if path in seen:
        return
    seen.add(path)
    text = call.at.text(path)
    if text is None:
        if call.at.has(path) or path.startswith(call.cwd.rstrip("/") + "/"):
            found.doubt(f"{path} could not be read")
        return
    found.file(call, path)
    folder = posixpath.dirname(path)
    for line in re.sub(r"\\\r?\n", "", text).splitlines():
        line = re.sub(r"(^|\s+)#.*$", "", line).strip()
        if not line:
            continue
        if re.search(r"\$\{\w+\}", line):
            found.doubt(f"{posixpath.basename(path)} uses a variable")
        if line.startswith("-"):
            match = re.match(r"(--?[\w-]+)(?:\s*=\s*|\s+)?(.*)$", line)
            if match:
                name, value = match[1], match[2].strip()
                if not name.startswith("--") and len(name) > 2:
                    name, value = name[:2], name[2:] + value
                _option(call, found, name, value.strip("'\""), folder, seen)
            continue
        _requirement(call, found, re.split(r"\s--\w", line)[0].strip(), call.cwd)


def _requirement(call: Call, found: Found, text: str, folder: str) -> None:
    """One requirement: a name, a URL, or a path."""
    name, at, url = text.partition("@")
    target = url.strip() if at and re.fullmatch(r"[\w.-]+(\[[\w,.\s-]*\])?\s*", name) else text.partition(";")[0].strip()
    if target.startswith("file:"):
        target = target.removeprefix("file://").removeprefix("file:")
    elif "://" in target or target.startswith(("git+", "hg+", "svn+", "bzr+")):
        return
    path = posixpath.normpath(posixpath.join(folder, re.sub(r"\[[\w,.\s-]*\]$", "", target)))
    if call.at.has(path) and path.endswith(_ARCHIVES):
        found.file(call, path)
    elif target.startswith((".", "/")) or target.endswith("/") or (call.at.has_folder(path) and "/" in target):
        found.refuse(f"`{text}` is a folder of sources, which pip builds in place")


def _shadowed(call: Call, found: Found) -> None:
    """With the working folder (or PYTHONPATH) in front, a module of the project could stand in for one that pip imports."""
    folders = [p for p in call.env.get("PYTHONPATH", "").split(":") if p]
    if call.as_module:
        folders.append(call.cwd)
    for folder in folders:
        for path in call.at.below(call.path(folder)):
            top = path[len(call.path(folder)):].strip("/").split("/")[0].removesuffix(".py")
            if top in _OWN_MODULES:
                found.doubt(f"the project has a module named {top}, which Python would take for its own")
                return


def uv(call: Call, found: Found) -> None:
    """`uv sync`: the project itself is not read only if it is not installed."""
    for folder in _upwards(call.cwd):
        found.file(call, *(f"{folder}/{name}" for name in ("uv.toml", "pyproject.toml", "uv.lock", ".python-version")))
    data = _toml(call, found, "pyproject.toml")
    tool = data.get("tool", {}).get("uv", {})
    packaged = tool.get("package", "build-system" in data)
    if packaged and not call.flag("--no-install-project", "--no-install-workspace", "--only-group"):
        found.refuse("`uv sync` builds the project itself")
    if "workspace" in tool:
        if not call.flag("--no-install-workspace", "--only-group"):
            found.refuse("`uv sync` builds the members of the workspace")
        _uv_members(call, found, tool["workspace"])
    if any("path" in s for source in tool.get("sources", {}).values()
           for s in (source if isinstance(source, list) else [source])):
        found.doubt("pyproject.toml takes a dependency from a folder")
    if not call.flag("--frozen", "--locked") and not {"UV_FROZEN", "UV_LOCKED"} & call.env.keys():
        found.rewrites[call.path("uv.lock")] = None


def _uv_members(call: Call, found: Found, workspace: dict[str, Any]) -> None:
    """The pyproject.toml of every member."""
    patterns = [call.path(str(pattern)) for pattern in workspace.get("members", ())]
    for path in list(call.at.below(call.cwd)):
        folder, name = posixpath.split(path)
        if name == "pyproject.toml" and any(fnmatch.fnmatchcase(folder, p) for p in patterns):
            found.file(call, path)
            if re.search(r"\bpath\s*=", call.at.text(path) or ""):
                found.doubt(f"{path[len(call.cwd.rstrip('/')) + 1:]} takes a dependency from a folder")


def poetry(call: Call, found: Found) -> None:
    """`poetry install`: the project itself is not read with --no-root."""
    found.file(call, "pyproject.toml", "poetry.lock", "poetry.toml")
    data = _toml(call, found, "pyproject.toml")
    tool = data.get("tool", {}).get("poetry", {})
    if not call.flag("--no-root") and tool.get("package-mode", True):
        found.refuse("`poetry install` without --no-root installs the project itself")
    groups = [tool.get("dependencies", {}), tool.get("dev-dependencies", {}),
              *(g.get("dependencies", {}) for g in tool.get("group", {}).values())]
    named = [str(d) for d in data.get("project", {}).get("dependencies", ())]
    if any("path" in d for group in groups for spec in group.values()
           for d in (spec if isinstance(spec, list) else [spec]) if isinstance(d, dict)) or any("file:" in d for d in named):
        found.doubt("pyproject.toml takes a dependency from a folder")


def pipenv(call: Call, found: Found) -> None:
    """`pipenv install`, `pipenv sync`."""
    found.file(call, "Pipfile", "Pipfile.lock")
    data = _toml(call, found, "Pipfile")
    if any(isinstance(d, dict) and ({"path", "editable"} & d.keys()) for group in ("packages", "dev-packages")
           for d in data.get(group, {}).values()):
        found.doubt("Pipfile takes a dependency from a folder")
    if not call.flag("--deploy", "--ignore-pipfile") and call.argv[1] != "sync":
        found.rewrites[call.path("Pipfile.lock")] = None


def _toml(call: Call, found: Found, name: str) -> dict[str, Any]:
    text = call.text(name)
    try:
        if text is not None:
            return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        pass
    found.doubt(f"{name} could not be read")
    return {}


def _upwards(folder: str) -> list[str]:
    found = [folder]
    while folder not in ("/", ""):
        folder = posixpath.dirname(folder)
        found.append(folder)
    return [f.rstrip("/") for f in found]
