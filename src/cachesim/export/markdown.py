"""How does any text stand in a Markdown table, shown as it is?"""

from __future__ import annotations

__all__ = ["md_code", "md_text"]


def md_text(text: str) -> str:
    """Text inside of a table cell; control characters are written out."""
    out = _plain(text)
    for char in "\\*_[]|#":
        out = out.replace(char, "\\" + char)
    return out.replace("<", "&lt;").replace(">", "&gt;").replace("`", "\\`")


def md_code(text: str) -> str:
    """Text as code inside of a table cell, whatever it holds."""
    line = _plain(text.replace("\n", " ").replace("\r", " ")).replace("|", "\\|")
    fence = "`"
    while fence in line:
        fence += "`"
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _plain(text: str) -> str:
    return text if text.isprintable() else "".join(
        char if char.isprintable() or "\ud800" <= char <= "\udfff" else repr(char)[1:-1] for char in text)
