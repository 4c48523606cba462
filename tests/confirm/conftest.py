"""A stand-in for the docker client: a program on PATH that answers as recorded, and writes down what it was asked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).parents[1] / "data" / "rawjson"

_PROGRAM = '''#!{python} -IS
import json, os, sys
args = sys.argv[1:]
plan = json.load(open({plan!r}))
with open({log!r}, "a") as log:
    env = {{k: v for k, v in os.environ.items() if k.startswith(("CACHESIM_", "DOCKER_", "SOURCE_", "BUILDX_"))}}
    log.write(json.dumps({{"argv": args, "env": env}}) + "\\n")
while args[:1] == ["--context"]:
    args = args[2:]
words = " ".join(args)

def end(out="", err="", code=0):
    sys.stdout.write(out); sys.stdout.flush()
    sys.stderr.write(err); sys.stderr.flush()
    sys.exit(code)

asked = [json.loads(line)["argv"] for line in open({log!r})]
for start, answer in plan["answers"].items():
    if words.startswith(start) and not any(call[:1] == [plan["until"].get(start)] for call in asked):
        end(*answer)
if words.startswith("image inspect"):
    known = plan["images"].get(args[-1]) or ({{"Id": "sha256:1", "RootFS": {{"Layers": ["sha256:2"]}}, "Config": {{}}}}
                                            if args[-1].startswith("localhost/cachesim/") else None)
    end(json.dumps(known) + "\\n") if known else end("", "Error: No such image: " + args[-1] + "\\n", 1)
if words.startswith("buildx build") and "--file" in args:
    number = sum('"--file"' in line for line in open({log!r})) - 1
    builds = plan["builds"]
    build = builds[min(number, len(builds) - 1)]
    if build.get("ignore_int"):
        import signal
        signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if build.get("child"):
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open(build["child"], "w").write(str(child.pid))
    for name in build["play"]:
        sys.stderr.buffer.write(open(name, "rb").read()); sys.stderr.flush()
    for text in build.get("raw", []):
        sys.stderr.buffer.write(text.encode("latin-1")); sys.stderr.flush()
    if build.get("echo_secrets"):
        import base64
        for name, value in os.environ.items():
            if name.startswith("CACHESIM_SECRET_"):
                for part in (value[:3], value[3:] + "\\n"):
                    log = {{"vertex": "sha256:v", "stream": 1, "data": base64.b64encode(part.encode()).decode()}}
                    sys.stderr.write(json.dumps({{"logs": [log]}}) + "\\n")
                sys.stderr.write("ERROR: plain " + value + "\\n")
    if build.get("sleep"):
        import time
        time.sleep(build["sleep"])
    end("", "", build.get("code", 0))
end()
'''


@dataclass
class FakeDocker:
    """What the stand-in answers; change it before the run.

    Attributes:
        answers: Start of the command to (stdout, stderr, exit code); `until` names the command that ends an answer.
        images: Reference to what `docker image inspect` prints.
        builds: One entry a build: files to play on stderr, raw latin-1 text, exit code, seconds of sleep, …
    """

    folder: Path
    answers: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    until: dict[str, str] = field(default_factory=dict)
    images: dict[str, Any] = field(default_factory=dict)
    builds: list[dict[str, Any]] = field(default_factory=lambda: [{"play": []}])

    def write(self) -> None:
        """Put the program and its plan in place."""
        plan = {"answers": self.answers, "until": self.until, "images": self.images, "builds": self.builds}
        (self.folder / "plan.json").write_text(json.dumps(plan))
        program = self.folder / "docker"
        program.write_text(_PROGRAM.format(python=sys.executable, plan=str(self.folder / "plan.json"),
                                           log=str(self.folder / "log.jsonl")))
        program.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        """Command lines so far."""
        return [entry["argv"] for entry in self.entries]

    @property
    def entries(self) -> list[dict[str, Any]]:
        log = self.folder / "log.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def calls_of(self, *start: str) -> list[list[str]]:
        """Command lines that start so."""
        return [call for call in self.calls if call[:len(start)] == list(start)]


SERVER = {"Client": {"Version": "28.2.2"}, "Server": {"Version": "28.5.2", "Arch": "amd64"}}
BUSYBOX = {"Id": "sha256:b", "RootFS": {"Layers": ["sha256:l"]}, "Config": {"Env": ["PATH=/bin"]}}


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """A client that works, on an engine with busybox:1.36 and the graph driver."""
    folder = tmp_path / "bin"
    folder.mkdir()
    fake = FakeDocker(folder)
    fake.answers = {
        "version": (json.dumps(SERVER) + "\n", "", 0),
        "buildx version": ("github.com/docker/buildx v0.29.1 abc\n", "", 0),
        "info": ('AB:CD [["Backing Filesystem","extfs"]]\n', "", 0)}
    fake.images = {"docker.io/library/busybox:1.36": BUSYBOX}
    fake.write()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return fake


@pytest.fixture
def recorded() -> Callable[[str], list[str]]:
    """Lines of a recorded stream."""
    def read(name: str) -> list[str]:
        return (RECORDED / name).read_text(encoding="utf-8").splitlines()
    return read
