"""What do npm, yarn and pnpm read of a project when they install its dependencies?

A package's own scripts may read anything below the project, so installing is only free of the sources where no script runs:
none in the project's package.json files, none of a dependency (the lock file of npm says which have one).
Sources: npm docs "scripts" (Life Cycle Operation Order), "package-lock.json" (hasInstallScript); yarn classic docs; pnpm docs.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from collections.abc import Sequence
from typing import Any

from cachesim.advise.manifests.call import Call, Found

__all__ = ["npm", "pnpm", "yarn"]

_HOOKS = ("preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish", "dependencies")
# Their install scripts choose, fetch or compile their own binary and look at nothing of the project.
_KEEPS_TO_ITSELF = frozenset((
    "esbuild", "fsevents", "sharp", "bcrypt", "argon2", "better-sqlite3", "sqlite3", "canvas", "core-js", "core-js-pure",
    "es5-ext", "protobufjs", "@swc/core", "@parcel/watcher", "bufferutil", "utf-8-validate", "cpu-features", "ssh2",
    "leveldown", "msgpackr-extract", "lmdb", "workerd", "@biomejs/biome", "styled-components", "re2", "farmhash", "node-pty",
    "unrs-resolver", "@tailwindcss/oxide", "zeromq", "kerberos", "dtrace-provider", "microtime", "libpq", "bigint-buffer"))


def npm(call: Call, found: Found) -> None:
    """`npm ci`, `npm install` without names."""
    if _names(call, 2, ("--prefix", "-C", "--omit", "--only", "--include", "--registry", "--loglevel", "--cache",
                        "-w", "--workspace")):
        found.refuse("packages are named on the command line")
        return
    found.file(call, "package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc")
    ignores = (call.flag("--ignore-scripts") or _npmrc(call, "ignore-scripts")
               or call.env.get("npm_config_ignore_scripts") == "true")
    _packages(call, found, ignores)
    lock = _json(call, found, "npm-shrinkwrap.json" if call.at.has(call.path("npm-shrinkwrap.json")) else "package-lock.json")
    if not ignores:
        _npm_dependencies(found, lock)
    if any(name.endswith("/@prisma/client") for name in lock.get("packages", {})):
        found.file(call, "schema.prisma")       # it looks for its schema when it is installed
        found.tree(call, "prisma")
    if call.argv[1] not in ("ci", "clean-install", "install-clean", "ic") and call.at.has(call.path("package-lock.json")):
        found.rewrites[call.path("package-lock.json")] = None


def yarn(call: Call, found: Found) -> None:
    """`yarn`, `yarn install`."""
    found.file(call, "package.json", "yarn.lock", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnp.cjs")
    found.tree(call, ".yarn")
    ignores = call.flag("--ignore-scripts") or "enableScripts: false" in (call.text(".yarnrc.yml") or "")
    _packages(call, found, ignores)
    if call.text("yarn.lock") is None:
        found.doubt("there is no yarn.lock")
    if not ignores:
        found.doubt("an install script of a dependency might read the sources (yarn.lock does not say which have one)")
    if not call.flag("--frozen-lockfile", "--immutable", "--pure-lockfile"):
        found.rewrites[call.path("yarn.lock")] = None
    if call.at.has(call.path(".yarnrc.yml")):
        found.rewrites[call.path(".yarn")] = None


def pnpm(call: Call, found: Found) -> None:
    """`pnpm install`."""
    if _names(call, 2, ("--filter", "-F", "--dir", "-C", "--store-dir", "--registry", "--reporter")):
        found.refuse("packages are named on the command line")
        return
    found.file(call, "package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs")
    lock = call.text("pnpm-lock.yaml")
    ignores = call.flag("--ignore-scripts") or _npmrc(call, "ignore-scripts")
    members: list[str] | None = []
    if call.at.has(call.path("pnpm-workspace.yaml")):
        members = _pnpm_members(call.text("pnpm-workspace.yaml") or "")
        if members is None:
            found.doubt("pnpm-workspace.yaml declares a workspace in other words than a plain list")
    if call.at.has(call.path(".pnpmfile.cjs")):
        found.doubt(".pnpmfile.cjs is a program that may read other files")
    _packages(call, found, ignores, members or [])
    if "patchedDependencies:" in (lock or ""):
        found.doubt("pnpm-lock.yaml names patch files")
    told = re.search(r"^lockfileVersion: '?[56]\.", lock or "", re.MULTILINE) is not None
    if not ignores and not (told and "requiresBuild: true" not in (lock or "")):
        found.doubt("an install script of a dependency might read the sources")
    if not call.flag("--frozen-lockfile") and call.env.get("CI") != "true":
        found.rewrites[call.path("pnpm-lock.yaml")] = None


def _pnpm_members(text: str) -> list[str] | None:
    """The patterns of the packages; None where they are not a plain list."""
    block = re.search(r"^packages:[ \t]*\n((?:[ \t]*-[^\n]*\n?|[ \t]*(?:#[^\n]*)?\n)*)", text, re.MULTILINE)
    if block is None:
        return None if "packages:" in text else []
    found = re.findall(r"^[ \t]*-[ \t]*[\"']?([^\"'\n#]+?)[\"']?[ \t]*(?:#.*)?$", block[1], re.MULTILINE)
    return None if any(p.startswith("!") for p in found) else found


def _packages(call: Call, found: Found, ignores: bool, members: Sequence[str] = ()) -> None:
    """package.json, and those of the workspaces; `members` are patterns that stand elsewhere."""
    root = _json(call, found, "package.json")
    _package(found, root, "package.json", ignores)
    if not ignores and call.at.has(call.path("binding.gyp")):
        found.refuse("binding.gyp makes the install compile the sources")
    workspaces = root.get("workspaces", ())
    patterns = workspaces.get("packages", ()) if isinstance(workspaces, dict) else workspaces
    for pattern in (*(patterns if isinstance(patterns, list) else ()), *members):
        wanted = call.path(str(pattern))
        for path in list(call.at.below(call.cwd)):
            folder, name = posixpath.split(path)
            if name == "package.json" and "/node_modules/" not in path and fnmatch.fnmatchcase(folder, wanted) and (
                    "**" in wanted or folder.count("/") == wanted.count("/")):
                found.file(call, path)
                own = _json(call, found, path)
                short = path[len(call.cwd.rstrip("/")) + 1:]
                _package(found, own, short, ignores)
                if own.get("bin") or own.get("directories", {}).get("bin"):
                    found.doubt(f"{short} has a bin, whose file the install makes executable")


def _package(found: Found, package: dict[str, Any], name: str, ignores: bool) -> None:
    scripts = package.get("scripts")
    hooks = [hook for hook in _HOOKS if isinstance(scripts, dict) and scripts.get(hook)]
    if hooks and not ignores:
        found.refuse(f"the {hooks[0]} script of {name} runs at the install and may read the sources")
    for group in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        named = package.get(group)
        for dependency, version in named.items() if isinstance(named, dict) else ():
            if str(version).startswith(("file:", "link:", "portal:", "./", "../", "/", "~/", "patch:")):
                found.refuse(f"{name} takes {dependency} from a folder")
    if "packageManager" in package and not isinstance(package["packageManager"], str):
        found.doubt(f"{name} names its package manager in an unknown way")


def _npm_dependencies(found: Found, lock: dict[str, Any]) -> None:
    packages = lock.get("packages")
    if not isinstance(packages, dict):
        found.doubt("the lock file does not say which dependencies have an install script")
        return
    for place, entry in packages.items():
        name = place.rpartition("node_modules/")[2]
        if isinstance(entry, dict) and entry.get("hasInstallScript") and place and name not in _KEEPS_TO_ITSELF:
            found.doubt(f"the install script of {name} might read the sources")
            return


def _npmrc(call: Call, name: str) -> bool:
    return re.search(rf"^\s*{name}\s*=\s*true\s*$", call.text(".npmrc") or "", re.MULTILINE) is not None


def _names(call: Call, start: int, takes_value: tuple[str, ...]) -> list[str]:
    words = call.argv[start:]
    return [w for at, w in enumerate(words) if not w.startswith("-") and not (at and words[at - 1] in takes_value)]


def _json(call: Call, found: Found, name: str) -> dict[str, Any]:
    text = call.text(name)
    if text is not None:
        try:
            data = json.loads(text)
            if isinstance(data, dict):
                return data
        except ValueError:
            pass
    found.doubt(f"{name} could not be read" if call.at.has(call.path(name)) else f"there is no {posixpath.basename(name)}")
    return {}
