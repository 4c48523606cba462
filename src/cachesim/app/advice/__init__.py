"""Proposals for a better order: shown, previewed, applied."""
