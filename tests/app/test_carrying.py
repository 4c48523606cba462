"""Are the words on a hanging instruction right?"""

from __future__ import annotations

import pytest

from cachesim.app.carrying import may_change_image, verdict_words
from cachesim.dockerfile.parser import parse


@pytest.mark.parametrize(("lines", "expected"), [
    (("LABEL a=b", "RUN x"), False), (("EXPOSE 80", "COPY . ."), False), (("RUN x", "STOPSIGNAL SIGINT"), False),
    (("RUN x", "RUN y"), True), (("COPY a .", "COPY b ."), True), (("LABEL a=1", "LABEL a=2"), True),
    (("ARG V=1", "LABEL v=$V"), True), (("ARG V=1", "LABEL v=${V}"), True), (("ARG V=1", "LABEL v=$VX"), False),
    (("ENV A=1", "RUN x"), True), (("USER app", "COPY . ."), True),
])
def test_what_may_change_the_image(lines: tuple[str, str], expected: bool) -> None:
    parsed = parse("FROM a\n" + "\n".join(lines))
    assert may_change_image(parsed, 1, 2) is expected
    assert may_change_image(parsed, 2, 1) is expected


def test_no_preview_says_nothing() -> None:
    assert verdict_words(None, None) == ""
