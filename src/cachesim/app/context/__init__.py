"""The build context as a tree, with what-if edits."""
