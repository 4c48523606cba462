"""What every test starts with: no screen, settings and data folders of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

collect_ignore = ["data/projects"]      # projects to try Dockerfiles on; their tests are not ours


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fresh settings and stored projects per test, whoever asks for them."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "CACHESIM_DATA_DIR"):
        monkeypatch.setenv(name, str(home / name.lower()))
    return home
