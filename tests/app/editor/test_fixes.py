"""Does a quick fix mend what the finding complains about?"""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument

from cachesim.app.editor.fixes import Fix, FixSource, fixes_for, fixes_on_line, nearest
from cachesim.app.editor.positions import cursor_of, document_text
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, regular_file
from cachesim.diagnostics import Diagnostic, Severity, SourceSpan
from cachesim.digest import digest_of_bytes
from cachesim.dockerfile.parser import parse


def files() -> ContextSnapshot:
    found = ContextSnapshot(EMPTY_DIR)
    for path in ("src/app.py", "requirements.txt", "docs/guide.md"):
        found = found.with_entry(path, regular_file(digest_of_bytes(b""), 0))
    return found


def source(text: str) -> FixSource:
    return FixSource(text.split("\n"), parse(text), files(), IgnoreMatcher.parse("docs\n"))


def applied(text: str, fix: Fix) -> str:
    document = QTextDocument()
    document.setPlainText(text)
    cursor_of(document, fix.span).insertText(fix.text)
    return document_text(document)


def mended(text: str, code: str) -> list[str]:
    """The text after each fix of the first finding of that code."""
    found = next(d for d in parse(text).diagnostics if d.code == code)
    return [applied(text, fix) for fix in fixes_for(found, source(text))]


@pytest.mark.parametrize(("text", "code", "expected"), [
    ("FROM a\nCOYP . .\n", "unknown-instruction", "FROM a\nCOPY . .\n"),
    ("FROM a\nRUN x\n  --flag\n", "unknown-instruction", "FROM a\nRUN x \\\n  --flag\n"),
    ("FROM a\napt-get update\n", "unknown-instruction", "FROM a\nRUN apt-get update\n"),
    ("FROM a\nCOPY --form=b x y\n", "unknown-flag", "FROM a\nCOPY --from=b x y\n"),
    ("FROM a\nCOPY --zzz=b x y\n", "unknown-flag", "FROM a\nCOPY x y\n"),
    ("FROM a\nCOPY --link --link x y\n", "duplicate-flag", "FROM a\nCOPY --link x y\n"),
    ("# top\nARG V=1\nRUN x\n", "before-from", "# top\nARG V=1\nFROM alpine:3.20\nRUN x\n"),
    ("ARG V=1\n", "no-stages", "ARG V=1\nFROM alpine:3.20\n"),
    ("", "no-instructions", "FROM alpine:3.20"),
    ("# only words\n", "no-instructions", "# only words\nFROM alpine:3.20\n"),
    ("FROM a\nRUN --network=nne x\n", "bad-network", "FROM a\nRUN --network=none x\n"),
    ("FROM a\nCMD ['x', 'y z']\n", "not-json", 'FROM a\nCMD ["x", "y z"]\n'),
    ("FROM a\nRUN x \\\n\n  y\n", "empty-continuation", "FROM a\nRUN x \\\n  y\n"),
    ("# words\n# escape=`\nFROM a\n", "late-directive", "# escape=`\n# words\nFROM a\n"),
    ("FROM a\nMAINTAINER me\n", "maintainer-deprecated",
     'FROM a\nLABEL org.opencontainers.image.authors="me"\n'),
    ("FROM a\nENV A b c\n", "legacy-key-value", 'FROM a\nENV A="b c"\n'),
    ("FROM a\nRUN <<EOF\necho x\n", "unterminated-heredoc", "FROM a\nRUN <<EOF\necho x\nEOF\n"),
])
def test_fix_by_code(text: str, code: str, expected: str, qapp: object) -> None:
    assert expected in mended(text, code)


def test_fixed_text_has_no_such_finding(qapp: object) -> None:
    for text, code in (("FROM a\nCOYP . .\n", "unknown-instruction"), ("RUN x\n", "before-from"),
                       ("", "no-instructions"), ("FROM a\nRUN <<A\nx\n", "unterminated-heredoc")):
        after = mended(text, code)[0]
        assert code not in {d.code for d in parse(after).diagnostics}


@pytest.mark.parametrize(("line", "expected"), [
    ("COPY scr/app.py /x", "COPY src/app.py /x"), ("COPY app.py /x", "COPY src/app.py /x"),
    ("COPY Requirements.txt /x", "COPY requirements.txt /x"),
    ("COPY --from=biuld /a /b", "COPY --from=build /a /b"),
    ("RUN --mount=from=biuld,target=/x ls", "RUN --mount=from=build,target=/x ls"),
    ("ENV GREETING hello you", 'ENV GREETING="hello you"'),
])
def test_near_misses_on_a_line(line: str, expected: str, qapp: object) -> None:
    text = f"FROM a AS build\nFROM a\n{line}\n"
    assert f"FROM a AS build\nFROM a\n{expected}\n" in [applied(text, f) for f in fixes_on_line(3, source(text))]


@pytest.mark.parametrize("line", ["COPY src/app.py /x", "COPY src/*.py /x", "COPY --from=build /a /b", "RUN ls",
                                  "COPY --from=nginx:1.27 /a /b", "ENV A=b"])
def test_nothing_to_mend(line: str) -> None:
    assert fixes_on_line(3, source(f"FROM a AS build\nFROM a\n{line}\n")) == []


def test_ignored_files_are_no_answer() -> None:
    assert fixes_on_line(2, source("FROM a\nCOPY guide.md /x\n")) == []


def test_unknown_code_has_no_fix() -> None:
    assert fixes_for(Diagnostic(SourceSpan(1, 0, 1, 1), Severity.ERROR, "?", "what-is-that"), source("FROM a\n")) == []


def test_nearest_keeps_the_spelling_of_the_option() -> None:
    assert nearest("readme.MD", ["README.md", "x"]) == ["README.md"]
    assert nearest("README.md", ["README.md"]) == []
