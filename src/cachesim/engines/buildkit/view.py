"""What do the layers of a stage show at one path, from the top down until it is determined?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cachesim.context.checksum import entry_digest, header_digest
from cachesim.context.snapshot import EMPTY_DIR, FileEntry, with_children
from cachesim.digest import digest_of
from cachesim.engines.buildkit.content import SAME_UNKNOWN, World
from cachesim.engines.buildkit.filesystem import USUAL_DIRS, Execution
from cachesim.engines.buildkit.opaque import MORE, is_opaque, is_undecided, laid, lies_over

__all__ = ["Looking", "View", "unknown_grounds"]

_RARELY_CHANGED = frozenset({"etc/passwd", "etc/group", "etc/nsswitch.conf"})      # from one base image to the next


@dataclass(slots=True)
class View:
    """What is seen at one path.

    Attributes:
        tokens: What the unknown part is made of; equal tokens, equal bytes.
        copied: The opaque entry that is all there is to see.
        of_base: Files of a base image had a say.
        undecided: Unequal tokens may be equal bytes too.
        places: Of tokens that also stand for a file that is known: what they are without its bytes.
        sure: Known entries that no execution can have changed since.
    """

    entry: FileEntry | None
    tokens: list[str]
    runs: list[Execution]
    copied: FileEntry | None = None
    of_base: bool = False
    undecided: bool = False
    places: Mapping[str, str] = field(default_factory=dict)
    sure: FileEntry | None = None


class Looking:
    """A look at one path on its way down; a path is resolved first."""

    __slots__ = ("_equal", "_overlays", "_parts", "_places", "_sure", "copied", "masks", "of_base", "path", "runs", "tokens",
                 "undecided", "world")

    def __init__(self, path: str, world: World) -> None:
        self.path, self.world = path, world
        self.tokens: list[str] = []
        self.runs: list[Execution] = []
        self.copied: FileEntry | None = None
        self.masks: list[str] = []       # what executions may have written below the path, so far
        self.of_base = self.undecided = False
        self._parts = path.split("/") if path else []
        self._equal = world is World.EQUAL
        self._overlays: list[FileEntry] = []
        self._places: dict[str, str] = {}
        self._sure: list[FileEntry] = []

    def layer(self, tree: FileEntry) -> bool:
        """Look at the files that one layer brings; True if nothing below it counts."""
        overlays, tokens = self._overlays, self.tokens
        found, above, ends = _lookup(tree, self._parts)
        undecided = bool(above)
        if found is not None and not found.is_dir:
            if is_opaque(found):
                self.copied = found if ends and not overlays and not tokens and not above else None
                undecided = undecided or is_undecided(found)
                tokens += [*above, f"marker {entry_digest(found)}"]
                if found.children:
                    self._places[tokens[-1]] = _shape(found)
            elif not overlays:
                overlays.append(found)
                self._sure.append(found)
                undecided = undecided or is_undecided(found)
        else:
            tokens += above
            if found is not None:
                overlays.append(found)
                if self._equal:
                    self._sure.append(_without(found, self.masks))
                undecided = undecided or is_undecided(found)
                ends = False
        self.undecided = self.undecided or undecided
        return ends

    def bottom(self, base: str, last: Execution | None) -> None:
        """Look at the image below all layers, or at nothing; `last` is the latest execution of all."""
        path, seen = self.path, bool(self._overlays or self.tokens)
        if base and (self.world is World.DIFFERENT or path in USUAL_DIRS or not seen):
            alike = self._equal or (self.world is World.LIKELY and path in _RARELY_CHANGED)
            self.tokens.append(f"base {path}" if alike else f"base {base} {path}")
            self.of_base = True
        elif not base and not seen and last is not None:
            self.tokens.append(f"run {last.id} {path}")
            self.runs.append(last)

    def seen(self) -> View:
        """What it came to."""
        entry: FileEntry | None = None
        for overlay in reversed(self._overlays):
            entry = overlay if entry is None or not overlay.is_dir else laid(entry, overlay, keep=True, replace_headers=False)
        certain: FileEntry | None = None
        for overlay in reversed(self._sure):
            certain = overlay if certain is None or not overlay.is_dir else laid(certain, overlay, keep=True)
        return View(entry, self.tokens, self.runs, self.copied, self.of_base, self.undecided, self._places, certain)


def unknown_grounds(views: Sequence[tuple[str, View]]) -> str:
    """What stands for the unknown part of some views, and where what is known lies; it does not say what that is."""
    fields: list[str] = []
    for path, view in views:
        fields += [path, *[view.places.get(t, t) for t in view.tokens], _shape(view.entry) if view.entry is not None else ""]
    return f"{SAME_UNKNOWN} {digest_of(*fields)}"


def _shape(entry: FileEntry) -> str:
    """What an entry is without the bytes, mode and owner of the files that are known in it; remembered per directory."""
    if is_opaque(entry):
        inside = [f"{name} {_shape(child)}" for name, child in entry.children.items()]
        return f"here or inside {inside}" if inside else f"{entry.digest} {entry.mode}"
    if not entry.is_dir:
        return f"{entry.uid}:{entry.gid}" if is_undecided(entry) else ""
    known = entry.memo.get("shape")
    if known is None:
        below = [f"{name} {_shape(child)}" for name, child in sorted(entry.children.items())]
        known = entry.memo["shape"] = digest_of(header_digest(entry), *below)
    return str(known)


def _lookup(tree: FileEntry, parts: Sequence[str]) -> tuple[FileEntry | None, list[str], bool]:
    """What one layer has at a path: the entry, tokens of what may be there too, and whether it hides everything below."""
    node, more = tree, list[str]()
    for i, part in enumerate(parts):
        if is_opaque(node):
            inside = node.children.get(part)
            if inside is not None and i + 1 == len(parts):
                return inside, [], True
            if node.children:
                return None, more, False
            return None, [*more, f"marker {node.digest} {'/'.join(parts[i:])}"], not lies_over(node)
        if MORE in node.children:
            more.append(f"more {entry_digest(node.children[MORE])} {'/'.join(parts[i:])}")
        child = node.children.get(part)
        if child is None:
            return None, more, False
        node = child
    if node is EMPTY_DIR and not parts:
        return None, [], False
    if node.is_dir:
        return node, more, False
    if is_opaque(node) and lies_over(node):
        return node, more, False
    return node, [], True


def _without(folder: FileEntry, paths: Sequence[str]) -> FileEntry:
    """A folder without some of the paths below it."""
    for path in paths:
        name, _, rest = path.partition("/")
        child = folder.children.get(name)
        if child is None:
            continue
        children = {n: c for n, c in folder.children.items() if n != name}
        if rest and child.is_dir:
            children[name] = _without(child, [rest])
        folder = with_children(folder, children)
    return folder
