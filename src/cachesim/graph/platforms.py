"""What does "linux/arm64/v8" mean, and which arguments does a build get from it?

Source: containerd/platforms v1 (platforms.go, database.go); BuildKit v0.25 dockerfile2llb/platform.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from cachesim.errors import CachesimError

__all__ = ["HOST", "Platform", "PlatformError", "platform_args"]

_ARCHES = {"x86_64": "amd64", "x86-64": "amd64", "i386": "386", "aarch64": "arm64", "armhf": "arm", "armel": "arm"}
_OSES = {"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "plan9", "js", "wasip1", "android", "aix",
         "dragonfly", "hurd", "illumos", "ios", "nacl", "zos"}
_KNOWN = {"386", "amd64", "arm", "arm64", "ppc64", "ppc64le", "mips", "mipsle", "mips64", "mips64le", "riscv64", "s390x",
          "loong64", "wasm", "amd64p32", "armbe", "arm64be", "ppc", "riscv", "s390", "sparc", "sparc64"}


class PlatformError(CachesimError):
    """A platform text that the engine refuses."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Operating system, architecture and variant, normalised."""

    os: str = "linux"
    arch: str = "amd64"
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read "os/arch[/variant]", or one of the two alone.

        Raises:
            PlatformError: With the engine's words.
        """
        parts = text.split("/")
        if len(parts) > 3 or any(not p for p in parts):
            raise PlatformError(f'"{text}" is an invalid component of "{text}": platform specifier component must match '
                                '"^[A-Za-z0-9_.-]+$": invalid argument')
        if len(parts) == 1:
            word = parts[0].lower()
            if word in _OSES or word == "macos":
                return cls("darwin" if word == "macos" else word, HOST.arch)
            arch, variant = _normal(word, "")
            if arch in _KNOWN:
                return cls("linux", arch, variant)
            raise PlatformError(f'"{text}": unknown operating system or architecture: invalid argument')
        arch, variant = _normal(parts[1], parts[2] if len(parts) > 2 else "")
        return cls(parts[0].lower(), arch, variant)

    def normalized(self) -> Platform:
        """The same under its usual names ("x86_64" is amd64)."""
        return Platform(self.os.lower(), *_normal(self.arch, self.variant))

    def __str__(self) -> str:
        return "/".join(p for p in (self.os, self.arch, self.variant) if p)


HOST = Platform()


def _normal(arch: str, variant: str) -> tuple[str, str]:
    arch, variant = arch.lower(), variant.lower()
    arch, variant = _ARCHES.get(arch, arch), variant
    if arch == "amd64" and variant == "v1":
        variant = ""
    if arch == "arm64" and variant in ("8", "v8", "v8.0"):
        variant = ""
    if arch == "arm":
        variant = {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"}.get(variant, variant)
    return arch, variant


def platform_args(target: str, stage: str) -> dict[str, str]:
    """The predefined global arguments, in the engine's order; empty ones are there too.

    Args:
        target: --platform, "" for the engine's own.
        stage: --target, or the name of the last stage.
    """
    wanted = Platform.parse(target) if target else HOST
    values: dict[str, str] = {}
    for prefix, platform in (("BUILD", HOST), ("TARGET", wanted)):
        values[f"{prefix}PLATFORM"] = str(platform)
        values[f"{prefix}OS"] = platform.os
        values[f"{prefix}OSVERSION"] = ""
        values[f"{prefix}ARCH"] = platform.arch
        values[f"{prefix}VARIANT"] = platform.variant
    values["TARGETSTAGE"] = stage or "default"
    return values
