"""Which simple commands does a script of POSIX sh or bash run, with which words, where, and what does it take from outside?

Both branches of every condition count, and what cannot be told is said so: a word may be known in full, up to a prefix, or
not at all. What goes further (functions, eval, an unknown script that is read in) makes the whole script a barrier.
"""

from __future__ import annotations

import functools
import itertools
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["SHELLS", "Command", "Redirect", "Script", "Word", "is_posix_shell", "read_script", "words_as_command"]

SHELLS = frozenset({"sh", "bash", "dash", "ash"})
_FILE_TESTS = frozenset({"-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "-k", "-p", "-r", "-s", "-u", "-w", "-x", "-G",
                         "-L", "-N", "-O", "-S", "-nt", "-ot", "-ef"})
_GLOBS = frozenset("*?[{")
_SHOWN = 70
_MAX_DEPTH = 8      # of sh -c 'sh -c …'


@dataclass(frozen=True, slots=True)
class Word:
    """One word after quotes and variables; where it is not `exact`, `text` is how it begins.

    `loose` is a word that may fall apart into several, options among them (an unquoted variable without known value);
    `wild` one that only lacks what a wildcard stands for, so that its paths lie in the folder that `text` names; `rest` is
    the pattern from there on, where it was written as such.
    """

    text: str
    exact: bool = True
    loose: bool = False
    wild: bool = False
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """`< file` reads it, `> file` and `>> file` write it."""

    target: Word
    writes: bool
    appends: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command.

    Attributes:
        argv: Program and arguments; empty for a bare redirection.
        cwd: Where it runs; "" where nobody can tell.
        variables: What the script itself sets for it; None: to something unknown.
        text: As written, shortened.
        fed: Whether its input is a pipe or a document in the script.
        document: That document, where it is known.
        surely: Whether it runs whenever the script succeeds.
    """

    argv: tuple[Word, ...]
    cwd: str
    redirects: tuple[Redirect, ...] = ()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    text: str = ""
    fed: bool = False
    document: str | None = None
    surely: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """What a script runs.

    Attributes:
        variables: Names it expands that come from outside.
        barrier: Why nothing is known of it; "" if it could be read.
    """

    commands: tuple[Command, ...] = ()
    variables: frozenset[str] = frozenset()
    barrier: str = ""


def is_posix_shell(argv: tuple[str, ...]) -> bool:
    """Whether a SHELL is one whose language this is (["/bin/bash", "-o", "pipefail", "-c"])."""
    return (len(argv) >= 2 and posixpath.basename(argv[0]) in SHELLS
            and re.fullmatch(r"-[a-z]*c", argv[-1]) is not None and "-s" not in argv)


def words_as_command(argv: tuple[str, ...], cwd: str) -> Command:
    """An exec form: its words are what they are."""
    return Command(tuple(Word(w) for w in argv), cwd, text=_shortened(" ".join(argv)))


def read_script(text: str, env: Mapping[str, str], cwd: str = "/", home: str = "", *, complete: bool = False,
                depth: int = 0) -> Script:
    """Read a script.

    Args:
        env: The variables that are known.
        home: What ~ is; "" if unknown.
        complete: Whether a variable that is not in `env` is unset for sure.
    """
    if depth > _MAX_DEPTH:
        return Script(barrier="starts shells inside of shells too deep to follow")
    root = _parser().parse(text.encode("utf-8", "surrogateescape")).root_node
    if root.has_error:
        return Script(barrier="is no shell script that can be read for sure")
    reader = _Reader(env, cwd, home, complete)
    try:
        reader.statements(root)
    except _Barrier as barrier:
        return Script(tuple(reader.commands), frozenset(reader.outside), str(barrier))
    except RecursionError:
        return Script(barrier="is nested too deep to follow")
    return Script(tuple(reader.commands), frozenset(reader.outside))


class _Barrier(Exception):
    """From here on nothing is known."""


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a word: text (None: unknown), and whether quotes keep it together."""

    text: str | None
    quoted: bool
    literal: bool = False       # written in the script, so that wildcards in it count as such


class _Reader:
    """Walks the syntax tree once, in the order of the text."""

    def __init__(self, env: Mapping[str, str], cwd: str, home: str, complete: bool) -> None:
        self.env, self.home, self.complete = env, home, complete
        self.cwd = cwd
        self.own: dict[str, str | None] = {}        # what the script sets; None: something unknown
        self.commands: list[Command] = []
        self.outside: set[str] = set()
        self.may_have_ended = False                 # an `exit` stands above, perhaps in a branch

    # -- statements -------------------------------------------------------------------------------------------------

    def statements(self, node: Node) -> None:
        for child in node.named_children:
            self.statement(child)

    def statement(self, node: Node) -> None:
        match node.type:
            case "command":
                self._command(node)
            case "comment" | "heredoc_body":
                pass
            case "redirected_statement":
                self._redirected(node)
            case "list":
                self._list(node)
            case "pipeline":
                self._pipeline(node)
            case "subshell":
                self._aside(node)
            case "compound_statement" | "negated_command" | "do_group" | "program":
                self.statements(node)
            case "if_statement" | "elif_clause" | "else_clause" | "while_statement" | "case_statement" | "case_item":
                self._branches(node)
            case "for_statement" | "select_statement":
                self._for(node)
            case "test_command":
                self._test(node)
            case "variable_assignment":
                self._assign(node, self.own)
            case "variable_assignments":
                self.statements(node)
            case "declaration_command":
                self._declare(node)
            case "unset_command":
                for name in node.named_children:
                    self.own[_text(name)] = ""
            case "function_definition":
                raise _Barrier("defines a function")
            case _:
                raise _Barrier(f"holds `{_shortened(_text(node))}`, which is not followed")

    def _list(self, node: Node) -> None:
        """`a && b`, `a || b`: within the chain each command sees what the ones before it did."""
        before, own = self.cwd, dict(self.own)
        certain = node.parent is not None and node.parent.type == "program" and node.parent.named_child_count == 1
        self._chain(node, surely=certain and not _has_or(node))
        if node.parent is None or node.parent.type != "list":
            self._join(before, own, certain=certain)

    def _chain(self, node: Node, *, surely: bool) -> None:
        left, right = node.named_children[0], node.named_children[-1]
        either = any(c.type == "||" for c in node.children)
        self._chain(left, surely=surely) if left.type == "list" else self.statement(left)
        before, own, first = self.cwd, dict(self.own), len(self.commands)
        self.statement(right)
        if not surely:
            self._doubt(first)
        if either:
            self._join(before, own)

    def _doubt(self, first: int) -> None:
        """The commands from there on may not run although the script succeeds."""
        self.commands[first:] = [replace(c, surely=False) for c in self.commands[first:]]

    def _join(self, cwd: str, own: Mapping[str, str | None], *, certain: bool = False) -> None:
        """What holds both after what was read last and without it."""
        if certain:
            return
        if self.cwd != cwd:
            self.cwd = ""
        for name in {*self.own, *own}:
            if self.own.get(name, "") != own.get(name, "") or (name in self.own) != (name in own):
                self.own[name] = None

    def _branches(self, node: Node) -> None:
        start = len(self.commands)
        for child in node.named_children:
            before, own = self.cwd, dict(self.own)
            if child.type in _WORDS:
                self._words(child)
            else:
                self.statement(child)
            self._join(before, own)
        self._doubt(start)

    def _for(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "variable_name":
                self.own[_text(child)] = None
            elif child.type == "do_group":
                before, own, first = self.cwd, dict(self.own), len(self.commands)
                self.statements(child)
                self._join(before, own)
                if self.cwd != before:      # the second round begins elsewhere
                    self.statements(child)
                self._doubt(first)
            else:
                self._words(child)

    def _pipeline(self, node: Node) -> None:
        for number, part in enumerate(node.named_children):
            first = len(self.commands)
            self._aside(part, whole=True)
            if number:
                self.commands[first:first + 1] = [replace(c, fed=True) for c in self.commands[first:first + 1]]

    def _aside(self, node: Node, *, whole: bool = False) -> None:
        """A subshell: what it changes is forgotten."""
        before, own = self.cwd, dict(self.own)
        self.statement(node) if whole else self.statements(node)
        self.cwd, self.own = before, own

    def _redirected(self, node: Node) -> None:
        before, first = self.cwd, len(self.commands)
        body = node.child_by_field_name("body")
        if body is not None:
            self.statement(body)
        for child in node.named_children:
            if child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
                self._redirect(child, before, first)

    def _redirect(self, node: Node, cwd_before: str, first: int) -> None:
        if node.type == "heredoc_redirect":
            self._heredoc(node, cwd_before, first)
            return
        words = [w for child in node.named_children if child.type in _WORDS for w in self._words(child)]
        if node.type == "herestring_redirect":
            self._feed(first, words[0].text if words and words[0].exact else None)
            return
        signs = {c.type for c in node.children}
        if not words or ({">&", "<&"} & signs and re.fullmatch(r"\d+-?|-", words[0].text)):
            return
        redirect = Redirect(words[0], writes="<" not in signs, appends=">>" in signs or "&>>" in signs)
        for cwd in dict.fromkeys((self.cwd, cwd_before)):
            self.commands.append(Command((), cwd, (redirect,), dict(self.own), _shortened(_text(node))))
        if not redirect.writes:
            self._feed(first, None)

    def _heredoc(self, node: Node, cwd_before: str, first: int) -> None:
        body = next((c for c in node.named_children if c.type == "heredoc_body"), None)
        start = next((_text(c) for c in node.named_children if c.type == "heredoc_start"), "")
        quoted = any(sign in start for sign in "'\"\\")
        self._feed(first, None if body is None else _text(body))
        if body is not None and not quoted:
            for child in body.named_children:
                if child.type in _WORDS:
                    self._pieces(child)
        for child in node.named_children:
            if child.type == "file_redirect":
                self._redirect(child, cwd_before, first)
            elif child.type not in ("heredoc_start", "heredoc_body", "heredoc_end"):    # `cat <<EOF | sh`, `<<EOF && b`
                at = len(self.commands)
                if child.type in _WORDS:
                    raise _Barrier("has words behind a here-document")
                self.statement(child)
                self._doubt(at)
                if any(c.type == "|" for c in node.children) or child.type == "pipeline":
                    self.commands[at:] = [replace(c, fed=True) for c in self.commands[at:]]

    def _feed(self, first: int, document: str | None) -> None:
        self.commands[first:] = [replace(c, fed=True, document=document) for c in self.commands[first:]]

    # -- commands ---------------------------------------------------------------------------------------------------

    def _command(self, node: Node) -> None:
        argv: list[Word] = []
        variables: dict[str, str | None] = dict(self.own)
        late: list[Node] = []
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child, variables)
            elif child.type == "command_name":
                argv += self._words(child.named_children[0]) if child.named_child_count else [Word(_text(child))]
            elif child.type in _WORDS:
                argv += self._words(child)
            elif child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
                late.append(child)
            elif child.type != "comment":
                raise _Barrier(f"holds `{_shortened(_text(child))}`, which is not followed")
        if not argv:
            return
        name = argv[0].text if argv[0].exact else ""
        text = _shortened(_text(node))
        first, cwd = len(self.commands), self.cwd
        if name in ("cd", "pushd", "popd", "chdir"):
            self._cd(argv)
        elif name in ("test", "["):
            self._plain_test(argv, text)
        elif name == "eval":
            raise _Barrier("runs `eval`")
        elif name in (".", "source"):
            self._source(argv, text)
        elif name in ("trap", "alias", "exec") and len(argv) > 1 and name != "exec":
            raise _Barrier(f"runs `{name}`")
        elif name == "read":
            for word in argv[1:]:
                self.own[word.text] = None
        else:
            self.commands.append(Command(tuple(argv), self.cwd, (), variables, text))
        for redirect in late:
            self._redirect(redirect, cwd, first)
        if self.may_have_ended:
            self._doubt(first)
        self.may_have_ended = self.may_have_ended or name in ("exit", "return", "exec")

    def _cd(self, argv: list[Word]) -> None:
        targets = [w for w in argv[1:] if w.text not in ("-P", "-L", "--")]
        if argv[0].text == "popd" or len(targets) > 1 or (targets and not targets[0].exact):
            self.cwd = ""
            return
        target = targets[0].text if targets else self.home
        if target == "-" or not target or (not target.startswith("/") and not self.cwd):
            self.cwd = ""
            return
        self.cwd = posixpath.normpath(posixpath.join(self.cwd or "/", target))
        self.commands.append(Command((Word("cd"), Word(self.cwd)), self.cwd, (), {}, _shortened(f"cd {target}")))

    def _source(self, argv: list[Word], text: str) -> None:
        """Read a script in; of a Python environment it is known that it only sets variables."""
        path = argv[1] if len(argv) > 1 else Word("", exact=False)
        if not path.exact or not path.text.endswith("/bin/activate"):
            raise _Barrier(f"reads a script in (`{text}`)")
        self.commands.append(Command((Word("cat"), path), self.cwd, (), dict(self.own), text))
        folder = posixpath.dirname(posixpath.normpath(posixpath.join(self.cwd or "/", path.text)))
        rest = self._value("PATH")
        self.own["PATH"] = f"{folder}:{rest}" if rest is not None and self.cwd else None
        self.own["VIRTUAL_ENV"] = posixpath.dirname(folder) if self.cwd else None

    def _plain_test(self, argv: list[Word], text: str) -> None:
        operands = [b for a, b in itertools.pairwise(argv) if a.text in _FILE_TESTS]
        operands += [a for a, b in itertools.pairwise(argv) if b.text in ("-nt", "-ot", "-ef")]
        self.commands.append(Command((Word("test"), *operands), self.cwd, (), dict(self.own), text))

    def _test(self, node: Node) -> None:
        operands: list[Word] = []

        def look(at: Node) -> None:
            operator = next((_text(c) for c in at.children if c.type == "test_operator"), "")
            for child in at.named_children:
                if child.type in _WORDS:
                    words = self._words(child)
                    operands.extend(words if operator in _FILE_TESTS else ())
                elif child.type not in ("test_operator", "regex", "extglob_pattern"):
                    look(child)

        look(node)
        self.commands.append(Command((Word("test"), *operands), self.cwd, (), dict(self.own), _shortened(_text(node))))

    def _declare(self, node: Node) -> None:
        bare = True
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child, self.own)
                bare = False
            elif child.type == "variable_name":
                bare = False
            elif child.type in _WORDS:
                self._words(child)
        if bare:
            self.commands.append(Command((Word("printenv"),), self.cwd, (), dict(self.own), _shortened(_text(node))))

    def _assign(self, node: Node, into: dict[str, str | None]) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or name.type != "variable_name":
            if name is not None:
                into[_text(name).partition("[")[0]] = None
            return
        if any(c.type == "+=" for c in node.children):
            into[_text(name)] = None
        elif value is None:
            into[_text(name)] = ""
        elif value.type == "array":
            for child in value.named_children:
                self._words(child)
            into[_text(name)] = None
        else:
            text: str | None = ""
            for piece in self._pieces(value):
                text = None if text is None or piece.text is None else text + piece.text
            into[_text(name)] = text

    # -- words ------------------------------------------------------------------------------------------------------

    def _words(self, node: Node) -> list[Word]:
        """The words that one written word becomes."""
        done: list[Word] = []
        text, exact, loose, wild, begun = "", True, False, False, False
        pieces = list(self._pieces(node))
        if len(pieces) == 1 and pieces[0].text is not None and pieces[0].literal and not pieces[0].quoted:
            cut = _wildcard_at(pieces[0].text)
            if cut is not None and "{" not in pieces[0].text:
                return [Word(_unescaped(pieces[0].text[:cut]), False, False, True, pieces[0].text[cut:])]
        for piece in pieces:
            if piece.text is None:
                loose = loose or (not piece.quoted and exact and not text)
                wild = wild and not exact
                exact, begun = False, True
                continue
            if piece.quoted or piece.literal:
                cut = _wildcard_at(piece.text) if piece.literal and not piece.quoted else None
                kept = piece.text if cut is None else piece.text[:cut]
                if exact:
                    text += _unescaped(kept) if piece.literal and not piece.quoted else kept
                    wild = cut is not None and piece.text[cut] != "{"
                exact, begun = exact and cut is None, True
                continue
            parts = re.split(r"[ \t\n]+", piece.text)
            for number, part in enumerate(parts):
                if number and begun:
                    done.append(Word(text, exact, loose, wild))
                    text, exact, loose, wild, begun = "", True, False, False, False
                if part:
                    cut = _wildcard_at(part)
                    if exact:
                        text += part if cut is None else part[:cut]
                        wild = cut is not None and part[cut] != "{"
                    exact, begun = exact and cut is None, True
        if begun or node.type in ("string", "raw_string", "concatenation"):
            done.append(Word(text, exact, loose, wild))
        return done

    def _pieces(self, node: Node) -> list[_Piece]:
        match node.type:
            case "word" | "number" | "extglob_pattern" | "regex":
                if node.named_child_count:
                    return [p for child in node.named_children for p in self._pieces(child)]
                return self._tilde(_text(node))
            case "raw_string":
                return [_Piece(_text(node)[1:-1], quoted=True)]
            case "string" | "translated_string":
                return self._string(node)
            case "concatenation":
                if _text(node) == "{}":         # what find and xargs put a name for
                    return [_Piece("{}", quoted=True)]
                return [p for child in node.children for p in self._pieces(child)]
            case "simple_expansion":
                return [_Piece(self._value(_text(node)[1:]), quoted=False)]
            case "expansion":
                return [_Piece(self._expansion(node), quoted=False)]
            case "command_substitution" | "process_substitution":
                self._aside(node)
                return [_Piece(None, quoted=False)]
            case "arithmetic_expansion":
                self._inner_names(node)
                return [_Piece(None, quoted=True)]
            case "ansi_c_string" | "brace_expression":
                return [_Piece(None, quoted=True)]
        if not node.is_named:
            return [_Piece(_text(node), quoted=False, literal=True)]
        raise _Barrier(f"holds `{_shortened(_text(node))}`, which is not followed")

    def _string(self, node: Node) -> list[_Piece]:
        """The inside of double quotes; text between the named parts counts too."""
        source, start = node.text or b"", node.start_byte
        pieces: list[_Piece] = []
        at = 1 + (node.type == "translated_string")

        def plain(to: int) -> None:
            text = source[at:to].decode("utf-8", "surrogateescape")
            if text:
                pieces.append(_Piece(re.sub(r'\\([$`"\\\n])', lambda m: "" if m[1] == "\n" else m[1], text), quoted=True))

        for child in node.named_children:
            if child.type == "string_content":
                continue
            plain(child.start_byte - start)
            pieces += [replace(p, quoted=True) for p in self._pieces(child)]
            at = child.end_byte - start
        plain(len(source) - 1)
        return pieces or [_Piece("", quoted=True)]

    def _tilde(self, text: str) -> list[_Piece]:
        if text == "~" or text.startswith("~/"):
            rest = [_Piece(text[1:], quoted=False, literal=True)] if text[1:] else []
            return [_Piece(self.home or None, quoted=True), *rest]
        if text.startswith("~"):
            return [_Piece(None, quoted=True)]
        return [_Piece(text, quoted=False, literal=True)]

    def _expansion(self, node: Node) -> str | None:
        """`${…}`: plain, or with a default; of anything else only the names are noted."""
        self._inner_names(node)
        inner = _text(node)[2:-1]
        plain = re.fullmatch(r"[A-Za-z_]\w*", inner)
        if plain:
            return self._value(inner)
        match = re.fullmatch(r"([A-Za-z_]\w*)(:?)([-+])([\w./:@,=-]*)", inner)
        if match is None:
            return None
        value = self._value(match[1])
        unset = value == "" and not self._is_set(match[1])
        if value is None:
            return None
        lacking = unset or (not value and bool(match[2]))
        if match[3] == "-":
            return match[4] if lacking else value
        return "" if lacking else match[4]

    def _inner_names(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "variable_name":
                self._value(_text(child))
            elif child.type in ("command_substitution", "process_substitution"):
                self._aside(child)
            else:
                self._inner_names(child)

    def _is_set(self, name: str) -> bool:
        return name in self.own or name in self.env

    def _value(self, name: str) -> str | None:
        """A variable; "" if it is surely unset, None if nobody knows."""
        name = name.strip("{}")
        if name in self.own:
            return self.own[name]
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            return None
        if name == "PWD":
            return self.cwd or None
        self.outside.add(name)
        if name in self.env:
            return self.env[name]
        if name == "HOME":
            return self.home or None
        return "" if self.complete and name not in _SET_BY_SHELLS else None


_SET_BY_SHELLS = frozenset({"UID", "EUID", "HOSTNAME", "HOSTTYPE", "OSTYPE", "MACHTYPE", "RANDOM", "PPID", "SECONDS", "IFS",
                            "SHLVL", "OLDPWD", "LINENO", "BASH", "BASHPID", "BASH_VERSION", "SHELL", "TERM", "USER"})
_WORDS = frozenset({"word", "number", "string", "raw_string", "concatenation", "simple_expansion", "expansion",
                    "command_substitution", "process_substitution", "arithmetic_expansion", "ansi_c_string",
                    "translated_string", "brace_expression", "regex", "extglob_pattern"})


def _has_or(node: Node) -> bool:
    """Whether a chain has an `||`."""
    return any(c.type == "||" or (c.type == "list" and _has_or(c)) for c in node.children)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "surrogateescape")


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN - 1] + "…"


def _wildcard_at(text: str) -> int | None:
    """Where a wildcard or brace begins that is not escaped."""
    at = 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] in _GLOBS and text[at:at + 2] != "{}":
            return at
        else:
            at += 1
    return None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text.replace("\\\n", ""), flags=re.DOTALL)
