"""Command or window? The only file that knows both."""

from __future__ import annotations

import sys
from pathlib import Path

from cachesim.cli.main import main as run_command

__all__ = ["main"]


def main() -> int:
    """Entry point of `cachesim` and of `python -m cachesim`."""
    return run_command(open_window=_open_window)


def _open_window(path: Path | None, sample: str | None) -> int:
    from cachesim.app.main import run  # a command must never load Qt
    return run(path, sample)


if __name__ == "__main__":
    sys.exit(main())
