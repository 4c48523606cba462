"""Another Dockerfile in the place of the project's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachesim.context.snapshot import ContextSnapshot
from cachesim.errors import InputError
from cachesim.project.other_file import with_other_dockerfile
from cachesim.project.state import ProjectState

FILES = {"Dockerfile": b"FROM a\n", "Dockerfile.dockerignore": b"docs\n", "app.py": b"1\n"}
STATE = ProjectState("FROM a\n", ContextSnapshot.of(FILES))


def test_its_text_takes_the_place_in_the_context_too(tmp_path: Path) -> None:
    (tmp_path / "Other").write_text("FROM b\n")
    state = with_other_dockerfile(STATE, tmp_path / "Other")
    assert state.text == "FROM b\n" and state.options == STATE.options
    assert state.context.get("Dockerfile") != STATE.context.get("Dockerfile")
    assert state.context.get("app.py") == STATE.context.get("app.py")


def test_its_own_ignore_file_counts_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "Other").write_text("FROM b\n")
    assert with_other_dockerfile(STATE, tmp_path / "Other").context.ignore_text("Dockerfile.dockerignore") is None
    (tmp_path / "Other.dockerignore").write_text("*.log\n")
    assert with_other_dockerfile(STATE, tmp_path / "Other").context.ignore_text("Dockerfile.dockerignore") == "*.log\n"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        with_other_dockerfile(STATE, tmp_path / "Other")
