"""What is the identity of some bytes?"""

from __future__ import annotations

import hashlib

__all__ = ["Digest", "digest_of", "digest_of_bytes"]


class Digest(str):
    """A SHA-256 as 64 lower-case hexadecimal digits; the empty string means "nothing was hashed"."""

    __slots__ = ()

    @property
    def short(self) -> str:
        """The first twelve digits, for people."""
        return self[:12]


def digest_of_bytes(data: bytes) -> Digest:
    """Hash raw bytes, the way a file's content is identified."""
    return Digest(hashlib.sha256(data).hexdigest())


def digest_of(*parts: str) -> Digest:
    """Hash a list of texts, each prefixed with its length, so that ("ab", "c") and ("a", "bc") differ."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return Digest(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
