"""Which part of two values that differ is worth showing where there is little room?"""

from __future__ import annotations

__all__ = ["apart"]

_LEAST = 6      # letters in common that are worth leaving out
_ENDS = frozenset(" /,=:\"'")      # a word is not cut in two


def apart(old: str, new: str) -> tuple[str, str]:
    """Both values without what they have in common; as they are where that is little, or everything.

    Of lists ("613 B, mode 0644, 93b4…") the equal entries go, of other texts the equal beginning and end.
    """
    if old == new or not old or not new:
        return old, new
    firsts, seconds = old.split(", "), new.split(", ")
    if len(firsts) == len(seconds) > 1:
        pairs = [(a, b) for a, b in zip(firsts, seconds, strict=True) if a != b]
        return ", ".join(a for a, _ in pairs), ", ".join(b for _, b in pairs)
    head = _whole_words(old, _common(old, new))
    tail = _common(old[head:][::-1], new[head:][::-1])
    while tail and old[len(old) - tail] not in _ENDS:
        tail -= 1
    head, tail = (size if size >= _LEAST else 0 for size in (head, tail))
    return tuple(f"{'…' if head else ''}{text[head:len(text) - tail]}{'…' if tail else ''}"  # type: ignore[return-value]
                 for text in (old, new))


def _common(a: str, b: str) -> int:
    """How many letters both begin with."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _whole_words(text: str, size: int) -> int:
    """That many letters of a beginning, less those of a word that goes on."""
    while size and text[size - 1] not in _ENDS:
        size -= 1
    return size
