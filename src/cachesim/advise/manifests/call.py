"""What is asked of a manifest reader: one call of a tool, and the files it would find?"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Call", "Found", "ImageFiles"]


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """Files of the build context by the path that they have in the image.

    Attributes:
        paths: Path in the image to path in the context.
        read: The bytes of a file of the context, or None.
    """

    paths: Mapping[str, str]
    read: Callable[[str], bytes | None]

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        return path in self.paths

    def has_folder(self, path: str) -> bool:
        """Whether a folder with something in it is there."""
        return any(True for _ in self.below(path))

    def below(self, folder: str) -> Iterator[str]:
        """All files in a folder and its folders."""
        prefix = folder.rstrip("/") + "/"
        return (path for path in self.paths if path.startswith(prefix))

    def text(self, path: str) -> str | None:
        """A file as text; None if it is not there, cannot be read, or is no UTF-8."""
        origin = self.paths.get(path)
        data = self.read(origin) if origin is not None else None
        if data is None:
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True, slots=True)
class Call:
    """A command line whose words are all known.

    Attributes:
        argv: Program (without its folder) and arguments.
        cwd: Where it runs.
        env: The variables that it sees.
        as_module: Started with `python -m`, which looks for modules in the working folder first.
    """

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    at: ImageFiles
    as_module: bool = False

    def path(self, name: str) -> str:
        """A name as a path of the image."""
        return posixpath.normpath(posixpath.join(self.cwd, name))

    def text(self, name: str) -> str | None:
        """The text of a file, from the working folder."""
        return self.at.text(self.path(name))

    def flag(self, *names: str) -> bool:
        """Whether an option is given (`--x`, `--x=…`)."""
        return any(word.partition("=")[0] in names for word in self.argv[1:])

    def values(self, *names: str) -> list[str]:
        """All values of an option: `--x v`, `--x=v`, `-xv`."""
        found = []
        for at, word in enumerate(self.argv):
            name, equals, value = word.partition("=")
            if word in names and at + 1 < len(self.argv):
                found.append(self.argv[at + 1])
            elif equals and name in names and name.startswith("--"):
                found.append(value)
            elif len(word) > 2 and word[:2] in names and not word.startswith("--"):
                found.append(word[2:])
        return found


@dataclass(slots=True)
class Found:
    """What a reader found out.

    Attributes:
        files, trees: Paths of the image that are read; a tree with all that is in it.
        rewrites: Files of the project that the command may change.
        doubts: What could make it read more, a sentence each: with a doubt nothing is proved.
        refusal: Why it surely needs the sources; "" if it does not.
    """

    files: dict[str, None] = field(default_factory=dict)
    trees: dict[str, None] = field(default_factory=dict)
    rewrites: dict[str, None] = field(default_factory=dict)
    doubts: dict[str, None] = field(default_factory=dict)
    refusal: str = ""

    def file(self, call: Call, *names: str) -> None:
        """Files that are read if they are there."""
        for name in names:
            path = call.path(name)
            if call.at.has(path):
                self.files[path] = None

    def tree(self, call: Call, *names: str) -> None:
        """Folders that are read if they are there."""
        for name in names:
            path = call.path(name)
            if call.at.has_folder(path):
                self.trees[path] = None

    def doubt(self, sentence: str) -> None:
        """Note what cannot be proved."""
        self.doubts[sentence] = None

    def refuse(self, sentence: str) -> None:
        """The sources are needed; the first reason counts."""
        self.refusal = self.refusal or sentence
