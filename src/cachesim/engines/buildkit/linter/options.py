"""What do `# check=…` and BUILDKIT_DOCKERFILE_CHECK ask of the linter?

Source: BuildKit v0.25 frontend/dockerfile/linter/linter.go (ParseLintOptions, Linter.Run), frontend/dockerui/config.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from cachesim.dockerfile.go_values import read_bool
from cachesim.dockerfile.words import go_quote
from cachesim.engines.base import BuildRequest
from cachesim.errors import CachesimError

__all__ = ["EXPERIMENTAL", "LintOptions", "LintOptionsError", "lint_options"]

EXPERIMENTAL = frozenset({"CopyIgnoredFile", "InvalidDefinitionDescription"})
"""Rules that are asked only by name."""

_ALL = "all"


class LintOptionsError(CachesimError):
    """Options that the engine refuses, in its words."""


@dataclass(frozen=True, slots=True)
class LintOptions:
    """`fails`: whether a broken rule ends the build; `skipped` and `experimental` may hold "all"."""

    fails: bool = False
    skipped: frozenset[str] = frozenset()
    experimental: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> LintOptions:
        """Read "skip=A,B;error=true"; of an option that is given twice the last one counts, but "all" stays.

        Raises:
            LintOptionsError: What the engine refuses.
        """
        fails, named, everything = False, {"skip": frozenset[str](), "experimental": frozenset[str]()}, set()
        text = text.strip()
        for part in text.split(";", 2) if text else ():
            key, equals, value = part.partition("=")
            if not equals:
                raise LintOptionsError(f"invalid check option {go_quote(part)}")
            key, value = key.strip(), value.strip()
            if key == "error":
                try:
                    fails = read_bool(value)
                except ValueError:
                    raise LintOptionsError(f"failed to parse check option {go_quote(part)}: strconv.ParseBool: "
                                           f"parsing {go_quote(value)}: invalid syntax") from None
            elif key not in named:
                raise LintOptionsError(f"invalid check option {go_quote(key)}")
            elif value == _ALL:
                everything.add(key)
            else:
                named[key] = frozenset(rule.strip() for rule in value.split(","))
        skipped, experimental = (names | {_ALL} if key in everything else names - {_ALL} for key, names in named.items())
        return cls(fails, skipped, experimental)

    def asks(self, rule: str) -> bool:
        """Whether a rule counts."""
        if rule in EXPERIMENTAL:
            return not self.experimental.isdisjoint({rule, _ALL})
        return self.skipped.isdisjoint({rule, _ALL})


def lint_options(request: BuildRequest) -> LintOptions:
    """What one build asks; a build argument takes the place of the directive.

    Raises:
        LintOptionsError: What the engine refuses.
    """
    given = dict(request.options.args).get("BUILDKIT_DOCKERFILE_CHECK")
    if given is not None:
        try:
            return LintOptions.parse(given)
        except LintOptionsError as e:
            raise LintOptionsError(f"failed to parse build-arg:BUILDKIT_DOCKERFILE_CHECK: {e}") from None
    try:
        return LintOptions.parse(request.dockerfile.check)
    except LintOptionsError as e:
        raise LintOptionsError(f"failed to parse check options: {e}") from None
