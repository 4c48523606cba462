"""Who reads the manifests of which command?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

from cachesim.advise.manifests import javascript, others, python, scripted
from cachesim.advise.manifests.call import Call, Found, ImageFiles

__all__ = ["needs_of"]

_Reader = Callable[[Call, Found], None]
_READERS: tuple[tuple[str, tuple[str, ...], _Reader], ...] = (
    ("pip", ("install",), python.pip), ("uv", ("pip install",), python.pip), ("uv", ("sync",), python.uv),
    ("poetry", ("install",), python.poetry), ("pipenv", ("install", "sync"), python.pipenv),
    ("npm", ("ci", "install", "i", "clean-install", "install-clean", "ic"), javascript.npm),
    ("yarn", ("install", ""), javascript.yarn), ("pnpm", ("install", "i"), javascript.pnpm),
    ("go", ("mod download", "mod verify"), others.go_mod), ("mvn", ("",), others.maven),
    ("gradle", ("",), others.gradle), ("bundle", ("install",), others.bundler),
    ("composer", ("install",), others.composer), ("dotnet", ("restore",), others.dotnet),
    ("cargo", ("install",), others.cargo_install), ("mix", ("deps.get",), scripted.mix_get),
    ("mix", ("deps.compile",), scripted.mix_compile), ("deno", ("cache",), scripted.deno),
)
_NAMES = {"pip3": "pip", "mvnw": "mvn", "gradlew": "gradle", "yarnpkg": "yarn", "bundler": "bundle"}


def needs_of(argv: tuple[str, ...], cwd: str, env: Mapping[str, str], files: ImageFiles) -> Found | None:
    """What a command needs of the project's files, by its manifests; None if nobody here reads its manifests.

    Args:
        argv: Its words, all of them known.
        files: What the image holds of the project when it runs.
    """
    if not argv:
        return None
    words = (posixpath.basename(argv[0]), *argv[1:])
    as_module = re.fullmatch(r"python[\d.]*", words[0]) is not None and words[1:2] == ("-m",)
    if as_module:
        words = words[2:]
    if not words:
        return None
    tool = _NAMES.get(words[0], re.sub(r"^pip[\d.]+$", "pip", words[0]))
    if tool in ("npm", "pnpm") and {"-g", "--global"} & set(words):
        return None             # looks at no project
    options = [w for w in words[1:] if w.startswith("-")] if tool in ("pip", "npm", "composer", "yarn", "bundle") else []
    for name, subs, reader in _READERS:
        for sub in subs:
            if name == tool and _is_sub(tool, words[1:], sub):
                rest = words[1 + len(sub.split()):] if not options or words[1:2] == tuple(sub.split()[:1]) else tuple(
                    w for w in words[1:] if w not in sub.split()[:1])
                head = (tool, *sub.split()) if sub else (tool,)
                if tool == "uv" and sub == "pip install":
                    head = ("uv", "install")
                call = Call((*head, *rest), cwd, env, files, as_module)
                found = Found()
                if posixpath.dirname(argv[0]) not in ("", "/usr/bin", "/usr/local/bin", "/bin") and not argv[0].endswith(
                        f"bin/{words[0]}"):
                    found.file(call, argv[0])           # ./mvnw, ./gradlew
                reader(call, found)
                return found
    return None


def _is_sub(tool: str, words: tuple[str, ...], sub: str) -> bool:
    """Whether the first words that are no options are this sub-command ("" where there is none)."""
    plain = [w for w in words if not w.startswith("-")]
    if not sub:
        return tool in ("mvn", "gradle") or not plain
    return plain[:len(sub.split())] == sub.split()
