"""The report of a build as panels: why, key parts, problems."""
