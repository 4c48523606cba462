"""Preferences survive; nonsense does not."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings

from cachesim.app.settings import Settings, load_settings, store_settings, with_recent


def store(path: Path) -> QSettings:
    return QSettings(str(path / "window.ini"), QSettings.Format.IniFormat)


def test_what_was_stored_comes_back(tmp_path: Path) -> None:
    wanted = Settings("Dark", 150, True, False, True, False, ("/a b/c", "/d"))
    first = store(tmp_path)
    store_settings(first, wanted)
    first.sync()
    assert load_settings(store(tmp_path)) == wanted


def test_one_recent_path_and_none_come_back(tmp_path: Path) -> None:
    for recent in ((), ("/one",)):
        first = store(tmp_path)
        store_settings(first, Settings(recent=recent))
        first.sync()
        assert load_settings(store(tmp_path)).recent == recent


def test_nonsense_becomes_the_default(tmp_path: Path) -> None:
    (tmp_path / "window.ini").write_text("[settings]\ntheme=Pink\nfont_percent=many\nreduce_motion=perhaps\n")
    assert load_settings(store(tmp_path)) == Settings()
    (tmp_path / "window.ini").write_text("[settings]\nfont_percent=9000\n")
    assert load_settings(store(tmp_path)).font_percent == 250


def test_recent_has_each_path_once_newest_first() -> None:
    paths: tuple[str, ...] = ()
    for path in ["a", "b", "a", *"cdefghijklmno"]:
        paths = with_recent(paths, path)
    assert paths[0] == "o" and len(paths) == 12 and len(set(paths)) == 12
