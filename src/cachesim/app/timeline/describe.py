"""What did the person do between two builds, in a few words?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cachesim.context.snapshot import FileEntry
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

__all__ = ["changed_files", "describe"]


def describe(timeline: Timeline, state: ProjectState, changes: Sequence[str] = (), title: str = "") -> str:
    """Label the build that is about to happen ("First build", "No change", "Edit src/app.py and 2 more changes").

    Args:
        changes: Labels of what-if edits since the last build; they know best.
        title: What the edit that gave the text was called, if it has a name.
    """
    if timeline.current is None:
        return "First build"
    before = timeline.entry(timeline.current).state
    said = [_sentence(label) for label in dict.fromkeys(changes)]
    own = state.options.dockerfile
    if state.text != before.text:
        named = _sentence(title) or f"Edit {own.rpartition('/')[2]}"
        said += [named] if named not in said else []
    if not changes:
        said += [f"Edit {path}" for path in changed_files(before.context.tree, state.context.tree) if path != own]
    if not said:
        return "No change"
    more = len(said) - 1
    return said[0] + (f" and {more} more change{'' if more == 1 else 's'}" if more else "")


def changed_files(old: FileEntry, new: FileEntry, prefix: str = "") -> Iterator[str]:
    """Paths that differ between two trees; equal sub-trees that are shared are not looked into."""
    if old is new:
        return
    for name in sorted({*old.children, *new.children}):
        a, b = old.children.get(name), new.children.get(name)
        if a is b or a == b:
            continue
        if a is not None and b is not None and a.is_dir and b.is_dir:
            yield from changed_files(a, b, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}"


def _sentence(label: str) -> str:
    return label[:1].upper() + label[1:]
