"""Are two images the same, and if not, which file tells them apart?

Compared are the configuration and the merged file trees: content, kind, mode, owner, link, device and extended
attributes. Not compared are times, history and layers, for two builds of one Dockerfile differ in these; what else they
differ in is learned from building one of them twice.
"""

from __future__ import annotations

import enum
import json
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cachesim.confirm.isolate import LABEL

__all__ = ["Difference", "EntryKind", "ImageContents", "ImageDiff", "ImageEntry", "What", "compare_images",
           "normalised_config"]

_KEPT = 200
_Place = tuple[str, "EntryKind"]


class EntryKind(enum.Enum):
    """What lies at a path of an image; the value is the word for people."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    DEVICE = "device"
    PIPE = "pipe"


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One path of an image. A hard link is the file that it names: copying breaks and makes such links freely.

    Attributes:
        digest: SHA-256 of a file's bytes, in hexadecimal digits.
        link: Target of a symbolic link.
        device: Type and numbers of a device ("c 1:3").
    """

    kind: EntryKind
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    digest: str = ""
    link: str = ""
    device: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ImageContents:
    """What an image holds: its configuration (see `normalised_config`) and every path below its root."""

    config: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, ImageEntry] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """How many regular files there are."""
        return sum(entry.kind is EntryKind.FILE for entry in self.entries.values())

    @property
    def bytes(self) -> int:
        """Bytes of all regular files."""
        return sum(entry.size for entry in self.entries.values())


class What(enum.Enum):
    """In what two images differ; the value is the word in files."""

    ONLY_A = "only in A"
    ONLY_B = "only in B"
    KIND = "kind"
    CONTENT = "content"
    MODE = "mode"
    OWNER = "owner"
    LINK = "link"
    DEVICE = "device"
    XATTRS = "attributes"
    CONFIG = "configuration"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two images differ in.

    Attributes:
        name: A path with a leading slash, or the key of the configuration ("Env PATH").
        a, b: What each image has, in words; "" where it has nothing.
        reason: Why it does not count, "" if it does.
    """

    what: What
    name: str
    a: str = ""
    b: str = ""
    reason: str = ""

    @property
    def sentence(self) -> str:
        """ "/app/main.py: content differs: 12 bytes (sha256 …) in A, 13 bytes (sha256 …) in B" """
        if self.what in (What.ONLY_A, What.ONLY_B):
            here, missing = ("A", "B") if self.what is What.ONLY_A else ("B", "A")
            return f"{self.name}: {self.a or self.b} in {here}, missing in {missing}"
        subject = f"the configuration: {self.name}" if self.what is What.CONFIG else f"{self.name}: {self.what.value}"
        verb = "differ" if self.what is What.XATTRS else "differs"
        return f"{subject} {verb}: {self.a or 'not set'} in A, {self.b or 'not set'} in B"


@dataclass(frozen=True, slots=True)
class ImageDiff:
    """How two images compare.

    Attributes:
        files, bytes: Regular files of A that were compared, and their size.
        differences: Those that count, files first, in order of their paths; the first of them when there are many.
        total: How many count.
        ignored: Those that do not count, each with its reason; `ignored_total` how many.
    """

    files: int = 0
    bytes: int = 0
    differences: tuple[Difference, ...] = ()
    total: int = 0
    ignored: tuple[Difference, ...] = ()
    ignored_total: int = 0

    @property
    def same(self) -> bool:
        """Whether no difference counts."""
        return self.total == 0

    @property
    def excuses(self) -> dict[str, int]:
        """How often each reason not to count was given (among those that are kept)."""
        return dict(Counter(one.reason for one in self.ignored))

    @property
    def first(self) -> str:
        """The first difference in a sentence, "" if there is none."""
        return self.differences[0].sentence if self.differences else ""


TWO_BUILDS = "two builds of A differ in it too"


def compare_images(a: ImageContents, b: ImageContents, again: ImageContents | None = None,
                   excuse: Callable[[Difference, ImageContents, ImageContents], str] = lambda one, a, b: "") -> ImageDiff:
    """Compare the images of A and B.

    Args:
        again: A second build of A; what it differs in from the first does not count.
        excuse: Why another difference does not count either, "" if it does.
    """
    noise = _Noise(a, again) if again is not None else None
    counted: list[Difference] = []
    ignored: list[Difference] = []
    found = list(_differences(a, b))
    new = _by_folder(found, b)
    for one in found:
        reason = (noise.reason(one, new, b) if noise is not None else "") or excuse(one, a, b)
        if reason:
            ignored.append(Difference(one.what, one.name, one.a, one.b, reason))
        else:
            counted.append(one)
    return ImageDiff(a.files, a.bytes, tuple(counted[:_KEPT]), len(counted), tuple(ignored[:_KEPT]), len(ignored))


class _Noise:
    """What two builds of one Dockerfile differ in."""

    def __init__(self, first: ImageContents, again: ImageContents) -> None:
        found = list(_differences(first, again))
        self._known = {(d.what, d.name) for d in found}
        self._new = _by_folder(found, again)

    def reason(self, one: Difference, new: Counter[_Place], b: ImageContents) -> str:
        """Why a difference does not count, "" if it does.

        Names that are made up anew by every build (tmp7f3a) cannot be the same in B: as many of one kind in the same
        folder as the second build of A had are taken for these.
        """
        if (one.what, one.name) in self._known:
            return TWO_BUILDS
        if one.what is What.ONLY_B:
            place = _place(one.name, b)
            if new[place] <= self._new[place]:
                return "its folder gets files with new names in two builds of A too"
        return ""


def _place(path: str, contents: ImageContents) -> _Place:
    return posixpath.dirname(path), contents.entries[path].kind


def _by_folder(found: Iterable[Difference], b: ImageContents) -> Counter[_Place]:
    """How many paths only B has, by folder and kind."""
    return Counter(_place(d.name, b) for d in found if d.what is What.ONLY_B)


def _differences(a: ImageContents, b: ImageContents) -> Iterator[Difference]:
    """Every difference: files in order of their paths, then the configuration. What lies below a path that only one
    image has is not listed on its own."""
    for path in sorted(a.entries.keys() | b.entries.keys()):
        left, right = a.entries.get(path), b.entries.get(path)
        if left is not None and right is not None:
            if left != right:
                yield from _entries_differ(path, left, right)
            continue
        parent = posixpath.dirname(path)
        if left is not None and (parent == "/" or parent in b.entries or parent not in a.entries):
            yield Difference(What.ONLY_A, path, a=_words(left))
        elif right is not None and (parent == "/" or parent in a.entries or parent not in b.entries):
            yield Difference(What.ONLY_B, path, b=_words(right))
    for key in sorted(a.config.keys() | b.config.keys()):
        if a.config.get(key) != b.config.get(key):
            yield Difference(What.CONFIG, key, a.config.get(key, ""), b.config.get(key, ""))


def _entries_differ(path: str, a: ImageEntry, b: ImageEntry) -> Iterator[Difference]:
    if a.kind is not b.kind:
        yield Difference(What.KIND, path, _words(a), _words(b))
        return
    if (a.digest, a.size) != (b.digest, b.size):
        yield Difference(What.CONTENT, path, f"{_words(a)} (sha256 {a.digest[:12]})",
                         f"{_words(b)} (sha256 {b.digest[:12]})")
    for what, left, right in (
            (What.LINK, a.link, b.link), (What.DEVICE, a.device, b.device),
            (What.MODE, f"{a.mode:04o}", f"{b.mode:04o}"), (What.OWNER, f"{a.uid}:{a.gid}", f"{b.uid}:{b.gid}"),
            (What.XATTRS, _attributes(a), _attributes(b))):
        if left != right:
            yield Difference(what, path, left, right)


def _words(entry: ImageEntry) -> str:
    if entry.kind is EntryKind.FILE:
        return f"a file of {entry.size:,} byte{'' if entry.size == 1 else 's'}"
    return f"a {entry.kind.value}"


def _attributes(entry: ImageEntry) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in entry.xattrs)


_FLAGS = ("User", "WorkingDir", "StopSignal", "StopTimeout", "ArgsEscaped")
_LISTS = ("Entrypoint", "Cmd", "OnBuild", "Shell", "Healthcheck")
_SETS = ("ExposedPorts", "Volumes")
_TOP = ("Os", "Architecture", "Variant", "OsVersion", "Author")


def normalised_config(inspected: Mapping[str, Any]) -> dict[str, str]:
    """What `docker image inspect` says of an image's configuration, a text per setting, without what is not set.

    The order of variables, labels, ports and volumes is no difference; times and the label of this app are left out.
    """
    config = inspected.get("Config") or {}
    found = {key: inspected.get(key) for key in _TOP} | {key: config.get(key) for key in _FLAGS}
    found |= {key: json.dumps(config[key], sort_keys=True) for key in _LISTS if config.get(key)}
    found |= {key: ", ".join(sorted(config[key])) for key in _SETS if config.get(key)}
    for pair in config.get("Env") or ():
        name, _, value = str(pair).partition("=")
        found[f"Env {name}"] = value or '""'
    for name, value in (config.get("Labels") or {}).items():
        if name != LABEL:
            found[f"Label {name}"] = value or '""'
    if found.get("WorkingDir") == "/":      # what a container starts in if nothing is set
        del found["WorkingDir"]
    return {key: str(value) for key, value in found.items() if value}
