"""Which rules of the built-in frontend's linter does a Dockerfile break, and does that end the build?

`# check=error=true` turns what is a warning otherwise into a failed build: after everything is converted, before a step runs.
Source: BuildKit v0.25 frontend/dockerfile/linter, dockerfile2llb/convert.go; tests/conformance/vectors/lint.jsonl holds the
answers of a real engine.
"""
