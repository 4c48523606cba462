"""Two Dockerfiles for one project, side by side."""
