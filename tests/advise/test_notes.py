"""Tests of advise/notes.py."""

from __future__ import annotations

import pytest

from cachesim.advise.notes import (
    Note,
    NoteKind,
    layers,
    looks_like_secret_file,
    looks_like_secret_name,
    notes,
)
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.diagnostics import Severity
from cachesim.graph.model import StepId
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

FILES = {"app/main.py": b"print()", "app/data.csv": b"1," * 1000, "conf/id_rsa": b"key", ".env": b"A=1",
         ".env.example": b""}


def _report(text: str, files: dict[str, bytes] = FILES) -> tuple[SimulationReport, ContextSnapshot]:
    state = ProjectState(text, ContextSnapshot.of(files))
    return simulate(state.request(), EMPTY_STORE)[0], state.context


def _notes(text: str, kind: NoteKind, files: dict[str, bytes] = FILES) -> list[Note]:
    report, context = _report(text, files)
    assert not report.error
    return [note for note in notes(report, context) if note.kind is kind]


@pytest.mark.parametrize(("path", "secret"), [
    (".env", True), ("a/.env", True), (".env.production", True), (".env.example", False), (".envrc", True),
    ("id_rsa", True), ("ssh/id_ed25519", True), ("id_rsa.pub", False), ("tls/server.pem", True), ("a.key", True),
    (".npmrc", True), ("home/.aws/credentials", True), ("config.json", False), (".docker/config.json", True),
    ("environment.yml", False), ("keys.py", False)])
def test_secret_files_are_told_by_their_name(path: str, secret: bool) -> None:
    assert looks_like_secret_file(path) is secret


@pytest.mark.parametrize(("name", "secret"), [
    ("NPM_TOKEN", True), ("PASSWORD", True), ("DB_PASSWORD", True), ("api_key", True), ("AWS_SECRET_ACCESS_KEY", True),
    ("TOKENIZER", False), ("PASSWORD_FILE", False), ("PUBLIC_KEY", False), ("KEY", False), ("VERSION", False)])
def test_secret_variables_are_told_by_their_name(name: str, secret: bool) -> None:
    assert looks_like_secret_name(name) is secret


@pytest.mark.parametrize("command", [
    "rm /srv/data.csv", "rm -rf /srv", "cd /srv && rm data.csv", "rm -f ./data.csv", "true; rm *.csv",
    "rm -rf /srv/*"])
def test_a_deleted_copy_stays_in_its_layer(command: str) -> None:
    found = _notes(f"FROM local/b:1\nWORKDIR /srv\nCOPY app/ ./\nRUN {command}\n", NoteKind.DELETED)
    assert len(found) == 1
    assert found[0].severity is Severity.WARNING
    assert "/srv/data.csv" in found[0].title or "/srv/main.py" in found[0].text + found[0].title
    assert "line 3" in found[0].text


@pytest.mark.parametrize("command", ["rm /srv/other", "rm -rf /tmp/x", "echo rm /srv/data.csv", "rm $FILE", "ls 'rm"])
def test_deleting_something_else_is_no_news(command: str) -> None:
    assert not _notes(f"FROM local/b:1\nWORKDIR /srv\nCOPY app/ ./\nRUN {command}\n", NoteKind.DELETED)


def test_a_single_file_is_found_under_its_new_name() -> None:
    found = _notes("FROM local/b:1\nCOPY app/data.csv /d\nRUN rm /d\n", NoteKind.DELETED)
    assert [note.title for note in found] == ["/d stays in the image (2 kB)"]


def test_package_lists_deleted_in_another_run_stay() -> None:
    two = "FROM local/b:1\nRUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*\n"
    one = "FROM local/b:1\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\nRUN rm -rf /var/lib/apt/lists/*\n"
    assert [note.severity for note in _notes(two, NoteKind.DELETED)] == [Severity.HINT]
    assert not _notes(one, NoteKind.DELETED)


def test_only_the_image_counts_for_deleted_data() -> None:
    text = "FROM local/b:1 AS build\nCOPY app /a\nRUN rm /a/data.csv\nFROM local/b:1\nCOPY --from=build /a /a\n"
    assert not _notes(text, NoteKind.DELETED)


def test_copied_secrets_are_named_and_ignored_ones_are_not() -> None:
    found = _notes("FROM local/b:1\nCOPY . /a\n", NoteKind.SECRET_FILE)
    assert len(found) == 1
    assert ".env, conf/id_rsa" in found[0].title
    assert "example" not in found[0].title
    ignoring = {**FILES, ".dockerignore": b".env\nconf\n"}
    assert not _notes("FROM local/b:1\nCOPY . /a\n", NoteKind.SECRET_FILE, ignoring)


def test_a_secret_in_a_builder_stage_is_only_a_hint() -> None:
    text = ("FROM local/b:1 AS b\nARG NPM_TOKEN\nRUN x\n"
            "FROM local/b:1\nENV API_KEY=abc\nARG GH_TOKEN\nCOPY --from=b /x /x\n")
    found = _notes(text, NoteKind.SECRET_NAME)
    assert [(n.step.stage, n.severity) for n in found] == [
        (0, Severity.HINT), (1, Severity.WARNING), (1, Severity.WARNING)]
    assert "--mount=type=secret,id=npm_token" in found[0].text


@pytest.mark.parametrize(("image", "titles"), [
    ("python:3.12-slim", ["Slim: no compilers, no git, no curl", "python:3.12-slim is a tag, and tags move"]),
    ("node:22-alpine", ["Alpine: small, but with musl instead of glibc", "node:22-alpine is a tag, and tags move"]),
    ("python", ["python: the full image", "python without a version"]),
    ("busybox:1.36@sha256:" + "0" * 64, []),
    ("scratch", [])])
def test_tags_move_and_flavours_differ(image: str, titles: list[str]) -> None:
    report, context = _report(f"FROM {image}\nCOPY .env.example /a\n")
    assert [note.title for note in notes(report, context)] == titles


def test_layers_follow_the_history() -> None:
    report, context = _report("FROM local/b:1 AS b\nCOPY app /a\nFROM b\nENV A=1\nWORKDIR /w\nRUN true\nCMD x\n")
    rows = layers(report, context)
    assert [(row.number, row.step) for row in rows] == [
        (1, StepId(0, 1)), (0, StepId(1, 1)), (2, StepId(1, 2)), (3, StepId(1, 3)), (0, StepId(1, 4))]
    assert rows[0].brings == "2 files, 2.01 kB"
    assert rows[0].created_by.startswith("COPY app /a")


def test_a_failing_build_shows_what_it_asks_for() -> None:
    report, context = _report("FROM local/b:1\nCOPY missing /a\nLABEL a=b\n")
    assert report.error
    rows = layers(report, context)
    assert [(row.number, row.created_by) for row in rows] == [(1, "COPY missing /a"), (0, "LABEL a=b")]
