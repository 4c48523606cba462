"""Unsaved text survives a crash; a damaged file is no text."""

from __future__ import annotations

from pathlib import Path

from cachesim.app import recovery


def test_kept_found_and_dropped(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    assert recovery.rescued(file) is None
    recovery.keep(file, "FROM grün\n\udcff")
    found = recovery.rescued(file)
    assert found is not None and found.text == "FROM grün\n\udcff"
    assert recovery.rescued(tmp_path / "Other") is None
    recovery.drop(file)
    recovery.drop(file)
    assert recovery.rescued(file) == found, "what is saved or let go now is another text"
    recovery.answer(file)
    recovery.answer(file)
    assert recovery.rescued(file) is None
    recovery.keep(file, "FROM b\n")
    recovery.drop(file)
    assert recovery.rescued(file) is None


def test_damaged_files_count_as_none(tmp_path: Path, own_folders: Path) -> None:
    file = tmp_path / "Dockerfile"
    recovery.keep(file, "FROM a\n")
    (kept,) = own_folders.rglob("recovery/*.json")
    for text in ("{", "[]", '{"format": 2, "text": "x"}', '{"format": 1, "text": 3}'):
        kept.write_text(text)
        assert recovery.rescued(file) is None
