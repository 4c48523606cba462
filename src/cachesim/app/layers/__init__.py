"""The image as a pile of immutable diffs."""
