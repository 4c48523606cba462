"""What the commits of a project re-ran, and how the project is edited."""
