"""What do Mix and Deno read of a project when they fetch its dependencies? Both are told so by programs.

Only what is spelled out plainly is believed. Sources: Mix docs "mix deps.get", "mix deps.compile", "Config"; Deno docs "deno
cache", "Modules", "deno.json".
"""

from __future__ import annotations

import json
import posixpath
import re

from cachesim.advise.manifests.call import Call, Found

__all__ = ["deno", "mix_compile", "mix_get"]

_LOOKS = re.compile(r"\b(File|Path|Code|System\.(cmd|shell)|Port|Mix\.shell)\b|\bpath:|\bin_umbrella:|\bapps_path:|\bcompilers:")
_IMPORTS = re.compile(r"""(?:\bfrom\s*|\bimport\s*)(?:type\s*)?["']([^"']+)["']""")


def mix_get(call: Call, found: Found) -> None:
    """`mix deps.get`: mix.exs and mix.lock."""
    found.file(call, "mix.exs", "mix.lock")
    _believe(call, found, "mix.exs")
    if not call.flag("--check-locked"):
        found.rewrites[call.path("mix.lock")] = None


def mix_compile(call: Call, found: Found) -> None:
    """`mix deps.compile`: the configuration as well, with which dependencies are compiled."""
    found.file(call, "mix.exs", "mix.lock")
    _believe(call, found, "mix.exs")
    found.tree(call, "config")
    for path in call.at.below(call.path("config")):
        _believe(call, found, path)


def _believe(call: Call, found: Found, name: str) -> None:
    text = call.text(name)
    short = posixpath.relpath(call.path(name), call.cwd)
    if text is None:
        found.doubt(f"{short} could not be read")
        return
    looks = _LOOKS.search(re.sub(r"(?m)(^|\s)#.*$", "", text))
    if looks:
        found.doubt(f"{short} may look at other files (`{looks[0]}`)")


def deno(call: Call, found: Found) -> None:
    """`deno cache FILE…`: the files, and what they import by a relative name, through all of them."""
    found.file(call, "deno.json", "deno.jsonc", "deno.lock", "package.json", "import_map.json")
    for name in ("deno.json", "deno.jsonc"):
        text = call.text(name)
        try:
            settings = json.loads(text) if text is not None else {}
        except ValueError:
            settings = None
        if not isinstance(settings, dict) or {"workspace", "importMap", "links", "patch"} & settings.keys() or any(
                str(target).startswith((".", "/")) for target in (settings.get("imports") or {}).values()):
            found.doubt(f"{name} leads to other files")
    waiting = [call.path(word) for word in call.argv[2:] if not word.startswith("-") and "://" not in word]
    if not waiting:
        found.refuse("no file is named")
    if call.flag("--import-map", "--config", "-c", "--lock"):
        found.doubt("another configuration is named")
    while waiting:
        path = waiting.pop()
        if path in found.files:
            continue
        text = call.at.text(path)
        if text is None:
            found.doubt(f"{posixpath.relpath(path, call.cwd)} could not be read")
            continue
        found.files[path] = None
        if re.search(r"\bimport\s*\(", text):
            found.doubt(f"{posixpath.relpath(path, call.cwd)} imports what it computes")
        waiting += [posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                    for target in _IMPORTS.findall(text) if target.startswith(".")]
    if not call.flag("--frozen"):
        found.rewrites[call.path("deno.lock")] = None
