"""Which Dockerfiles do the property tests try: near misses, made of pieces that mean something to a parser."""

from __future__ import annotations

from hypothesis import strategies as st

from cachesim.dockerfile.nodes import KEYWORDS

PIECES = [
    *KEYWORDS, "from", "as", "CMD", "NONE", "a", "b=c", "x y", "=", "$A", "${A}", "${A:-b}", "${A:+${B}}", "${A#*b}",
    "${A//b/$0}", "${A:?no}", "${A^}", "${", "}", "\\$A", "'", '"', "'q r'", '"q $A"', '"q\\"r"', "\\", "`", "\\ ", "#",
    "# c", "# escape=`", "# escape=\\", "#syntax=x", "# check=a", "<<E", "<<-E", "<<'E'", '<<"F G"', "3<<E", "<<", "E",
    "F G", "--from=a", "--mount=type=cache,target=/c", "--link", "--bad", "--x='a b'", "--", "[", "]", '["a", "b"]', "[1]",
    '["a",]', "80", "/v", "é", "\u00a0", "\u2028", "\U0001f600", "\x1c", "\x0b", "\x0c", "\x00", "\ufeff", "\ud800", ",",
]
GAPS = [" ", " ", "  ", "\t", "\n", "\n", "\\\n", " \\\n", " \\\n ", "`\n", " \\\n# c\n", " \\\n\n", "\r\n", " \\\r\n", ""]

pieces = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS)), max_size=30)
texts = st.one_of(
    pieces.map(lambda pairs: "".join(piece + gap for piece, gap in pairs)),
    pieces.map(lambda pairs: "FROM a\n" + "".join(piece + gap for piece, gap in pairs)),
    st.text(max_size=60),
)

_words = st.sampled_from(["a", "b", "'q r'", '"q $A"', "$A", "/x", "c=d", "${A:-b}", "\\$A", "é", "x--y", "x\\ y"])
_blanks = st.sampled_from([" ", "  ", "\t", " \\\n  ", " \\\n# c\n ", " \\\n\n "])


@st.composite
def instructions(draw: st.DrawFn) -> str:
    """One instruction that the engine takes, in one to many lines."""
    def words(least: int, most: int) -> str:
        return "".join(draw(_words) + draw(_blanks) for _ in range(draw(st.integers(least, most))))

    blank = draw(_blanks)
    match draw(st.integers(0, 9)):
        case 0:
            return f"RUN{blank}{draw(st.sampled_from(['', '--network=none ', '--mount=type=tmpfs,target=/t ']))}{words(1, 4)}"
        case 1:
            return f"COPY{blank}{draw(st.sampled_from(['', '--link ', '--from=a ']))}{words(1, 3)}/z/"
        case 2:
            return f"ENV{blank}k=a{blank}l={draw(_words)}"
        case 3:
            return f"LABEL{blank}k={draw(_words)}"
        case 4:
            return f"run{blank}<<E cat{blank}> /f\n{words(0, 3)}\n# x\n\nE"
        case 5:
            return f"COPY{blank}<<-'E' <<F /d/\n\t$A\n\tE\n\nF"
        case 6:
            return f'CMD{blank}["a", "b c"]'
        case 7:
            return f"ARG{blank}v{blank}w=1"
        case 8:
            return f"ONBUILD{blank}RUN <<E\nx\nE"
        case _:
            return f"WORKDIR{blank}{draw(_words)}"


@st.composite
def files(draw: st.DrawFn) -> str:
    """A whole file that the engine takes: stages, comments, empty lines, either line ending."""
    between = st.sampled_from(["", "", "# note\n", "\n", "# a\n# b\n", "\n# c\n\n"])
    out = draw(st.sampled_from(["", "# syntax=x\n", "# escape=\\\n# c\n", "ARG g=1\n", "\ufeff"]))
    for number in range(draw(st.integers(1, 3))):
        out += f"{draw(between)}FROM i{number} AS s{number}\n"
        for _ in range(draw(st.integers(0, 4))):
            out += draw(between) + draw(instructions()) + "\n"
    out += draw(between)
    if draw(st.booleans()):
        out = out.removesuffix("\n")
    return out.replace("\n", "\r\n") if draw(st.booleans()) else out
