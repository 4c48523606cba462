"""The Dockerfile editor: text, status gutter, squiggles, completion, moves."""
