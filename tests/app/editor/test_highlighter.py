"""Are the colours where the scanner says, and does the highlighter know where the cursor is?"""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextBlock, QTextDocument
from PySide6.QtWidgets import QPlainTextDocumentLayout

from cachesim.app.editor.highlighter import DockerfileHighlighter
from cachesim.app.editor.positions import TextStyle, cursor_at
from cachesim.app.theme import DARK, LIGHT
from cachesim.dockerfile.highlight import LineState

TEXT = """\
# syntax=docker/dockerfile:1
FROM a AS 😀 base
RUN --mount=type=cache,target=/c \\
    # why
    echo "😀" $HOME \\

    done
COPY <<EOF /x
FROM inside
EOF
CMD x
"""


@pytest.fixture
def document(qapp: object) -> QTextDocument:
    found = QTextDocument()
    found.setDocumentLayout(QPlainTextDocumentLayout(found))
    return found


@pytest.fixture
def highlighter(document: QTextDocument) -> DockerfileHighlighter:
    found = DockerfileHighlighter(document, LIGHT)
    document.setPlainText(TEXT)
    found.rehighlight()
    return found


def colours(document: QTextDocument, line: int) -> dict[str, str]:
    """Coloured pieces of a line."""
    block = document.findBlockByNumber(line - 1)
    raw = block.text().encode("utf-16-le")
    return {raw[2 * f.start:2 * (f.start + f.length)].decode("utf-16-le"):
            f.format.foreground().color().name().upper() for f in block.layout().formats()}


def test_colours_by_kind(highlighter: DockerfileHighlighter, document: QTextDocument) -> None:
    assert colours(document, 1) == {"# syntax=docker/dockerfile:1": LIGHT.directive}
    assert colours(document, 3) == {"RUN": LIGHT.keyword, "--mount": LIGHT.flag, "\\": LIGHT.muted}
    assert colours(document, 4) == {"# why": LIGHT.comment}
    assert colours(document, 9) == {"FROM inside": LIGHT.heredoc}
    assert colours(document, 11) == {"CMD": LIGHT.keyword}


def test_emoji_does_not_shift_colours(highlighter: DockerfileHighlighter, document: QTextDocument) -> None:
    assert colours(document, 5) == {'"😀"': LIGHT.string, "$HOME": LIGHT.variable, "\\": LIGHT.muted}


def test_other_theme_other_colours(highlighter: DockerfileHighlighter, document: QTextDocument) -> None:
    highlighter.set_theme(DARK)
    assert colours(document, 11) == {"CMD": DARK.keyword}


def test_only_lines_whose_start_changed_are_done_again(highlighter: DockerfileHighlighter, document: QTextDocument,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    state_before = DockerfileHighlighter.state_before

    def noted(self: DockerfileHighlighter, block: QTextBlock) -> LineState:
        done.append(block.blockNumber() + 1)
        return state_before(self, block)
    monkeypatch.setattr(DockerfileHighlighter, "state_before", noted)
    cursor_at(document, 2, 99).insertText("x")
    assert done == [2]
    done.clear()
    cursor_at(document, 10, 3).insertText("X")      # the heredoc no longer ends here
    assert done == [10, 11, 12]
    assert colours(document, 11) == {"CMD x": LIGHT.heredoc}


@pytest.mark.parametrize(("line", "column", "head", "keyword", "first"), [
    (2, 6, "FROM a", "FROM", 2), (2, 11, "FROM a AS 😀", "FROM", 2),
    (5, 8, "RUN --mount=type=cache,target=/c     echo", "RUN", 3),
    (7, 8, 'RUN --mount=type=cache,target=/c     echo "😀" $HOME     done', "RUN", 3),
    (4, 9, None, "#", 3), (9, 4, None, "COPY", 8), (1, 4, "# sy", "#", 1), (12, 0, "", "", 12),
])
def test_where_the_cursor_is(highlighter: DockerfileHighlighter, document: QTextDocument, line: int, column: int,
                             head: str | None, keyword: str, first: int) -> None:
    cursor = cursor_at(document, line, column)
    assert highlighter.head_before(cursor) == head
    assert highlighter.keyword_at(cursor) == keyword
    assert highlighter.first_line(cursor) == first


def test_states_do_not_pile_up(highlighter: DockerfileHighlighter, document: QTextDocument,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cachesim.app.editor.highlighter._KEPT", 20)
    for _ in range(200):
        cursor_at(document, 3, 31).insertText("x")
    assert len(highlighter._states) <= 20 + 2 * document.blockCount()
    assert colours(document, 9) == {"FROM inside": LIGHT.heredoc}


def test_parser_sees_the_characters_of_the_file(document: QTextDocument) -> None:
    highlighter = DockerfileHighlighter(document, LIGHT)
    text = "RUN a \\\rx\nRUN b\n"
    style = TextStyle.of(text)
    highlighter.set_style(style)
    document.setPlainText(style.show(text))
    highlighter.rehighlight()
    assert highlighter.head_before(cursor_at(document, 1, 99)) == "RUN a \\\rx"
