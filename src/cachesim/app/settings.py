"""What does a person want to keep between two runs of the window?"""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtCore import QSettings

__all__ = ["RECENT_LIMIT", "THEME_NAMES", "Settings", "load_settings", "store_settings", "with_recent"]

THEME_NAMES = ("System", "Light", "Dark", "High contrast")
RECENT_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """All preferences with their defaults.

    Attributes:
        font_percent: 80 to 250.
        recent: Projects, newest first (see `recents.Recent`).
        follow_disk: Whether changes on disk are taken over.
        step_numbers: Whether the presentation caption says "step n of m".
    """

    theme: str = "System"
    font_percent: int = 100
    reduce_motion: bool = False
    follow_disk: bool = True
    pointer_halo: bool = False
    step_numbers: bool = True
    recent: tuple[str, ...] = ()


def load_settings(store: QSettings) -> Settings:
    """Read the settings; a value that makes no sense is replaced by its default."""
    default = Settings()
    values: dict[str, object] = {}
    for field in fields(Settings):
        fallback = getattr(default, field.name)
        raw = store.value(f"settings/{field.name}")
        if raw is not None:
            values[field.name] = _read(raw, fallback)
    found = Settings(**values)  # type: ignore[arg-type]
    theme = found.theme if found.theme in THEME_NAMES else default.theme
    return Settings(theme, min(250, max(80, found.font_percent)), found.reduce_motion, found.follow_disk,
                    found.pointer_halo, found.step_numbers, found.recent[:RECENT_LIMIT])


def store_settings(store: QSettings, settings: Settings) -> None:
    """Write the settings."""
    for field in fields(Settings):
        value = getattr(settings, field.name)
        store.setValue(f"settings/{field.name}", list(value) if isinstance(value, tuple) else value)


def with_recent(recent: tuple[str, ...], path: str) -> tuple[str, ...]:
    """The list with `path` first and only once."""
    return (path, *(p for p in recent if p != path))[:RECENT_LIMIT]


def _read(raw: object, fallback: object) -> object:
    """One stored value in the type of its default (an INI file holds text only)."""
    if isinstance(fallback, bool):
        return raw in (True, "true", "1", 1)
    if isinstance(fallback, int):
        return int(raw) if str(raw).lstrip("-").isdigit() else fallback  # type: ignore[call-overload]
    if isinstance(fallback, tuple):
        return tuple(str(p) for p in raw) if isinstance(raw, list | tuple) else (str(raw),) if raw else ()
    return str(raw)
