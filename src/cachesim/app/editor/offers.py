"""What could stand at the cursor? Pure rules of completion; the popup is in `completer.py`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cachesim.app.editor.explain import DIRECTIVES, FLAGS, INSTRUCTIONS, MOUNT_OPTIONS, PLATFORM_ARGS
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, size_text
from cachesim.dockerfile.instructions import Arg, Env, From, ParsedDockerfile

__all__ = ["Known", "Offer", "Offers", "known_of", "offers"]

_VARIABLE = re.compile(r"(?<!\\)\$(\{?)(\w*)$")
_DIRECTIVE = re.compile(r"#\s*(\w*)$")
_PLATFORMS = ("$BUILDPLATFORM", "$TARGETPLATFORM", "linux/amd64", "linux/arm64", "linux/arm/v7")
_VALUES = {"network": ("default", "none", "host"), "platform": _PLATFORMS, "link": ("true", "false"),
           "keep-git-dir": ("true", "false"), "unpack": ("true", "false")}
_BARE_FLAGS = frozenset({"link", "keep-git-dir"})
_SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGWINCH")


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that could stand here: what is inserted, and a word on it. `more`: offer again after it ("src/")."""

    text: str
    detail: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """All that fit; `prefix` is the written text that an offer replaces."""

    prefix: str
    items: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the file above the cursor defines: stages (name, base), variables (name, value) and meta variables."""

    stages: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    meta: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    files: ContextSnapshot | None = None
    ignore: IgnoreMatcher | None = None


def known_of(parsed: ParsedDockerfile, files: ContextSnapshot | None, contexts: Iterable[str] = (),
             ignore: IgnoreMatcher | None = None) -> Known:
    """Collect what a text defines (parse only the part above the cursor)."""
    stages: list[tuple[str, str]] = []
    images: dict[str, None] = {}
    meta: dict[str, str] = {}
    variables: dict[str, str] = {}
    for instruction in parsed.instructions:
        if isinstance(instruction, From):
            if instruction.image and instruction.image not in {name for name, _ in stages}:
                images[instruction.image] = None
            stages.append((instruction.name or str(len(stages)), instruction.image))
            variables = {}
        elif isinstance(instruction, Arg | Env):
            scope = variables if stages else meta
            for name, value in instruction.pairs:
                scope[name] = value or scope.get(name, "") or meta.get(name, "")
    return Known(tuple(stages), tuple(variables.items()), tuple(meta.items()), tuple(images), tuple(contexts), files,
                 ignore)


def offers(head: str, known: Callable[[], Known]) -> Offers:
    """What fits at the end of `head`.

    Args:
        head: The instruction's text up to the cursor, continuation lines joined by spaces, without escapes and
            comments.
        known: Called only where names or files are needed: finding them costs a parse.
    """
    head = head.lstrip()
    directive = _DIRECTIVE.fullmatch(head)
    if directive is not None:
        return _fitting(directive[1], [Offer(f"{n}=", text, True) for n, text in DIRECTIVES.items()])
    if head.startswith("#"):
        return Offers("", ())
    while (trigger := re.match(r"ONBUILD\s+(?=\S|$)", head, re.IGNORECASE)) is not None:
        head = head[trigger.end():]
    if not re.search(r"\s", head):
        found = _fitting(head.upper(), [Offer(k, t.partition(". ")[0]) for k, t in INSTRUCTIONS.items()])
        return Offers(head, found.items)
    keyword, rest = re.split(r"\s+", head, maxsplit=1)
    return _arguments(keyword.upper(), rest, known)


def _arguments(keyword: str, rest: str, known: Callable[[], Known]) -> Offers:
    *before, word = re.split(r"\s+", rest)
    flags_only = all(w.startswith("--") for w in before)
    variable = _VARIABLE.search(word)
    if variable is not None and keyword != "ARG":
        return _variables(keyword, variable, known())
    if flags_only and word.startswith("--") and keyword in FLAGS:
        return _flag(keyword, word, known)
    words = [w for w in before if not w.startswith("--")]
    if keyword == "FROM":
        return _base(word, words, known())
    if keyword in ("COPY", "ADD") and not any(w.startswith("--from=") for w in before):
        return _paths(word.lstrip('["'), known())
    if keyword == "ARG":
        return _fitting(word, [Offer(name, what) for name, what in PLATFORM_ARGS.items()]
                        + [Offer(name, value and f"= {value}") for name, value in known().meta])
    if keyword == "HEALTHCHECK" and not words:
        return _fitting(word, [Offer("CMD", "the command that checks"), Offer("NONE", "drop the base's check")])
    if keyword == "STOPSIGNAL" and not words:
        return _fitting(word, [Offer(name) for name in _SIGNALS])
    return Offers(word, ())


def _flag(keyword: str, word: str, known: Callable[[], Known]) -> Offers:
    name, equals, value = word[2:].partition("=")
    if not equals:
        return _fitting(word, [Offer(f"--{n}" + ("" if n in _BARE_FLAGS else "="), text, n not in _BARE_FLAGS)
                               for n, text in FLAGS[keyword].items()])
    if name == "mount":
        return _mount(value, known)
    if name == "from":
        return _fitting(value, _sources(known()))
    return _fitting(value, [Offer(v) for v in _VALUES.get(name, ())])


def _mount(value: str, known: Callable[[], Known]) -> Offers:
    *before, piece = value.split(",")
    given = dict(p.partition("=")[::2] for p in before)
    kind = given.get("type", "bind")
    name, equals, text = piece.partition("=")
    if not equals:
        return _fitting(piece, [Offer(o if o in ("rw", "ro") else f"{o}=", more=True)
                                for o in MOUNT_OPTIONS.get(kind, MOUNT_OPTIONS["bind"]) if o not in given])
    if name == "type":
        return _fitting(text, [Offer(kind) for kind in MOUNT_OPTIONS])
    if name == "from":
        return _fitting(text, _sources(known()))
    if name in ("source", "src") and kind == "bind" and "from" not in given:
        return _paths(text, known())
    if name == "sharing":
        return _fitting(text, [Offer(v) for v in ("shared", "private", "locked")])
    return Offers(text, ())


def _sources(known: Known) -> list[Offer]:
    return [*(Offer(name, f"stage {i}, from {base}") for i, (name, base) in enumerate(known.stages)),
            *(Offer(name, "named context") for name in known.contexts)]


def _base(word: str, words: list[str], known: Known) -> Offers:
    if words:
        return _fitting(word.upper(), [Offer("AS", "name the stage")]) if len(words) == 1 else Offers(word, ())
    stages = [Offer(name, f"stage, from {base}") for name, base in known.stages if not name.isdigit()]
    images = [Offer(image, "image") for image in known.images if image != "scratch"]
    contexts = [Offer(name, "named context") for name in known.contexts]
    return _fitting(word, [*stages, *contexts, *images, Offer("scratch", "nothing at all")])


def _variables(keyword: str, match: re.Match[str], known: Known) -> Offers:
    brace, prefix = match[1], match[2]
    own = dict(known.meta if keyword == "FROM" else known.variables)
    items = [Offer(name + ("}" if brace else ""), value and f"= {value}") for name, value in own.items()]
    if keyword == "FROM":
        items += [Offer(name + ("}" if brace else ""), what) for name, what in PLATFORM_ARGS.items()]
    return _fitting(prefix, items)


def _paths(word: str, known: Known) -> Offers:
    folder, name = posixpath.split(word)
    clean = posixpath.normpath("/" + folder).lstrip("/")
    entry = known.files.get(clean) if known.files is not None else None
    if entry is None or not entry.is_dir:
        return Offers(word, ())
    items = []
    for child, node in sorted(entry.children.items(), key=lambda pair: (not pair[1].is_dir, pair[0])):
        path = posixpath.join(clean, child)
        if known.ignore is not None and known.ignore.excluded(path):
            detail = f"ignored by line {known.ignore.line_for(path)}"
        else:
            detail = f"{len(node.children)} entries" if node.is_dir else _size(node)
        items.append(Offer(child + "/", detail, True) if node.is_dir else Offer(child, detail))
    if not name:
        items = [item for item in items if not item.text.startswith(".")]
    return _fitting(name, items)


def _size(node: FileEntry) -> str:
    return size_text(node.size) if node.kind is FileKind.FILE else str(node.kind.value)


def _fitting(prefix: str, items: Iterable[Offer]) -> Offers:
    """Those that start with what is written (else those that contain it), each once; nothing if it is all there."""
    unique = list({item.text: item for item in items}.values())
    low = prefix.lower()
    found = [i for i in unique if i.text.lower().startswith(low)]
    if not found and len(prefix) > 1:
        found = [i for i in unique if low in i.text.lower()]
    if [i.text for i in found] == [prefix]:
        found = []
    return Offers(prefix, tuple(found))
