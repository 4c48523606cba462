"""Which engines are there, can one be reached, and what does it know of an image?"""

from __future__ import annotations

import enum
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cachesim.confirm.buildx import RAWJSON_SINCE, buildx_version
from cachesim.confirm.script import Command, Finished, Script
from cachesim.confirm.trouble import NO_ANSWER, NO_PERMISSION
from cachesim.graph.options import BaseImage, ImageStore, normalize_ref
from cachesim.project.bases import image_of

__all__ = ["ANSWER_WITHIN", "EngineChoice", "EngineFacts", "EngineProblem", "choices", "inspect_image", "list_engines",
           "parse_builders", "parse_contexts", "probe", "words_of"]

ANSWER_WITHIN = 10.0


class EngineProblem(enum.Enum):
    """What stands between a person and a real build."""

    NO_DOCKER = "not found"
    NO_BUILDX = "no buildx"
    NO_DAEMON = "no answer"
    NO_PERMISSION = "no permission"
    NO_CONTEXTS = "too old"
    NO_IMAGES = "no images of its own"

    @property
    def sentence(self) -> str:
        """What is wrong."""
        return _PROBLEMS[self][0]

    @property
    def fix(self) -> str:
        """The command (or step) that helps."""
        return _PROBLEMS[self][1]


_PROBLEMS = {
    EngineProblem.NO_DOCKER: ("Docker is not installed here: no program 'docker' on PATH. Everything but Confirm works "
                              "without it.", "sudo apt install docker.io docker-buildx"),
    EngineProblem.NO_BUILDX: ("Docker is here, but its plugin buildx is not; a confirmation reads the build's progress "
                              "from it.", "sudo apt install docker-buildx"),
    EngineProblem.NO_DAEMON: ("Docker is installed, but the engine does not answer.", "sudo systemctl start docker"),
    EngineProblem.NO_PERMISSION: ("The engine runs, but its socket refuses this user.",
                                  "sudo usermod -aG docker $USER   (then log in again)"),
    EngineProblem.NO_CONTEXTS: ("This buildx is older than 0.8 and knows no named contexts, so nothing can be isolated "
                                "from earlier builds. Use the mode 'live', or update it.",
                                "sudo apt install --only-upgrade docker-buildx"),
    EngineProblem.NO_IMAGES: ("A rehearsal needs an engine that holds images: the stand-ins for the bases are made there, "
                              "and a builder in a container or elsewhere cannot see them.",
                              "choose an engine with the driver docker (docker context ls)"),
}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """One engine that could be asked.

    Attributes:
        driver: "docker", "docker-container", "kubernetes", "remote" or "cloud".
        context: --context of the client; "" leaves it to the environment.
        builder: --builder of buildx; "" leaves it to the client.
        endpoint: Where it listens, for people.
        remote: Reached over a network: never asked anything before it is chosen.
    """

    name: str = "default"
    driver: str = "docker"
    context: str = ""
    builder: str = "default"
    endpoint: str = ""
    remote: bool = False
    current: bool = False

    @property
    def client(self) -> tuple[str, ...]:
        """How the client is called."""
        return ("docker", "--context", self.context) if self.context else ("docker",)

    @property
    def has_images(self) -> bool:
        """Whether images can be made on it for a build to use (a builder in a container has none)."""
        return self.driver == "docker"


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine said of itself; `problem` is None if it can build.

    Attributes:
        arch: "amd64", "arm64", …
        buildx: Version of the plugin, empty if unknown.
        identity: Which engine it is, however it is reached; a builder's name if it has no identity of its own.
    """

    choice: EngineChoice
    version: str = ""
    client_version: str = ""
    buildx: tuple[int, ...] = ()
    store: ImageStore | None = None
    arch: str = ""
    problem: EngineProblem | None = None
    detail: str = ""
    identity: str = ""

    @property
    def rawjson(self) -> bool:
        return self.buildx >= RAWJSON_SINCE or not self.buildx

    @property
    def title(self) -> str:
        """Name and versions, for people and records."""
        buildx = f", buildx {'.'.join(map(str, self.buildx))}" if self.buildx else ""
        store = f", {self.store.value} store" if self.store else ""
        return f"{self.choice.name} ({self.choice.driver}): Engine {self.version or '?'}{store}{buildx}"


def probe(choice: EngineChoice) -> Script[EngineFacts]:
    """Ask the client and the engine who they are; says what is missing instead of raising."""
    version = yield Command((*choice.client, "version", "--format", "{{json .}}"), "asking the engine for its version",
                            timeout=ANSWER_WITHIN)
    assert isinstance(version, Finished)
    facts = EngineFacts(choice)
    if version.exit_code is None and not version.cancelled and "not found" in version.error:
        return replace(facts, problem=EngineProblem.NO_DOCKER, detail=version.error)
    said = _json(version.out)
    client, server = said.get("Client") or {}, said.get("Server") or {}
    facts = replace(facts, client_version=str(client.get("Version") or ""), version=str(server.get("Version") or ""),
                    arch=str(server.get("Arch") or client.get("Arch") or ""))
    if choice.driver == "docker" and not server:
        return replace(facts, problem=_daemon_problem(version), detail=(version.err or version.error).strip())
    plugin = yield Command((*choice.client, "buildx", "version"), "asking for buildx", timeout=ANSWER_WITHIN)
    assert isinstance(plugin, Finished)
    if not plugin.ok:
        return replace(facts, problem=EngineProblem.NO_BUILDX, detail=(plugin.err or plugin.error).strip())
    facts = replace(facts, buildx=buildx_version(plugin.out))
    if choice.driver == "docker":
        info = yield Command((*choice.client, "info", "--format", "{{.ID}} {{json .DriverStatus}}"),
                             "asking for the image store", timeout=ANSWER_WITHIN)
        assert isinstance(info, Finished)
        containerd = "io.containerd.snapshotter" in info.out
        facts = replace(facts, store=ImageStore.CONTAINERD if containerd else ImageStore.GRAPHDRIVER,
                        identity=info.out.partition(" ")[0] or choice.name)
    else:
        facts = replace(facts, store=ImageStore.CONTAINERD, identity=choice.name)
    return facts


def _daemon_problem(said: Finished) -> EngineProblem:
    text = f"{said.err} {said.error}".lower()
    return EngineProblem.NO_PERMISSION if "permission denied" in text else EngineProblem.NO_DAEMON


def words_of(problem: EngineProblem, environment: Mapping[str, str]) -> tuple[str, str]:
    """What is wrong, and the command that helps; DOCKER_HOST may name an engine that no service starts."""
    host = environment.get("DOCKER_HOST", "")
    if problem is not EngineProblem.NO_DAEMON or not host:
        return problem.sentence, problem.fix
    fix = "unset DOCKER_HOST   (then start cachesim again)"
    if host.startswith("unix:///run/user/"):        # rootless
        fix = "systemctl --user start docker"
    return f"No engine answers at {host}, which DOCKER_HOST names.", fix


def explain(problem: EngineProblem, detail: str = "") -> str:
    """The problem in one sentence with what to do about it."""
    said = {EngineProblem.NO_PERMISSION: NO_PERMISSION, EngineProblem.NO_DAEMON: NO_ANSWER}.get(problem)
    text = f"{said[0].upper()}{said[1:]}" if said else f"{problem.sentence} Try: {problem.fix}"
    return f"{text}. ({detail.splitlines()[0][:200]})" if detail else text


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text.strip().splitlines()[0]) if text.strip() else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# -- the list ---------------------------------------------------------------------------------------------------------


def list_engines() -> Script[tuple[EngineChoice, ...]]:
    """Every engine that the client knows, without contacting any: docker contexts, and builders from buildx's files.

    (`docker buildx ls` would call every builder it lists.)
    """
    contexts = yield Command(("docker", "context", "ls", "--format", "{{json .}}"), "listing engines",
                             timeout=ANSWER_WITHIN)
    assert isinstance(contexts, Finished)
    return choices(parse_contexts(contexts.out), stored_builders(os.environ))


def choices(contexts: Iterable[EngineChoice], builders: Iterable[EngineChoice]) -> tuple[EngineChoice, ...]:
    """One list of both, the current engine first."""
    found: dict[tuple[str, str], EngineChoice] = {}
    for choice in (*contexts, *builders):
        found.setdefault((choice.driver, choice.name), choice)
    return tuple(sorted(found.values(), key=lambda c: (not c.current, c.remote, c.driver, c.name)))


def parse_contexts(text: str) -> tuple[EngineChoice, ...]:
    """Read `docker context ls --format '{{json .}}'`: a JSON object a line."""
    found = []
    for line in text.splitlines():
        entry = _json(line)
        name = entry.get("Name")
        if not name:
            continue
        endpoint = str(entry.get("DockerEndpoint") or "")
        # a context called default means "what the environment says", and is reached best without naming it
        context = "" if name == "default" else str(name)
        found.append(EngineChoice(str(name), "docker", context, str(name), endpoint, is_remote(endpoint),
                                  bool(entry.get("Current"))))
    return tuple(found)


def parse_builders(text: str) -> tuple[EngineChoice, ...]:
    """Read `docker buildx ls`: JSON objects a line, or the table of an old buildx. The docker driver is left out."""
    found = []
    for line in text.splitlines():
        if line.startswith("{"):
            entry = _json(line)
            if entry.get("Name") and entry.get("Driver") != "docker":
                nodes = entry.get("Nodes") or [{}]
                found.append(_builder(str(entry["Name"]), str(entry.get("Driver") or ""),
                                      str(nodes[0].get("Endpoint") or "")))
            continue
        words = line.split()
        if len(words) >= 2 and line[:1].strip() and words[1] != "DRIVER/ENDPOINT":
            name = words[0].rstrip("*")
            driver = words[1] if words[1] != "*" else words[2]
            if driver in ("docker-container", "kubernetes", "remote", "cloud"):
                found.append(_builder(name, driver, ""))
    return tuple(found)


def stored_builders(environ: Mapping[str, str]) -> tuple[EngineChoice, ...]:
    """Builders from the files that buildx keeps; nothing is contacted."""
    config = environ.get("DOCKER_CONFIG") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".docker")
    home = environ.get("BUILDX_CONFIG") or os.path.join(config, "buildx")
    found = []
    try:
        files = sorted(Path(home, "instances").iterdir())
    except OSError:
        return ()
    for file in files:
        try:
            entry = _json(" ".join(file.read_text("utf-8", "replace").split("\n")))
        except OSError:
            continue
        nodes = entry.get("Nodes") or []
        if entry.get("Name") and isinstance(nodes, list):
            endpoint = str(nodes[0].get("Endpoint") or "") if nodes else ""
            found.append(_builder(str(entry["Name"]), str(entry.get("Driver") or ""), endpoint))
    return tuple(found)


def _builder(name: str, driver: str, endpoint: str) -> EngineChoice:
    remote = driver in ("kubernetes", "cloud") or is_remote(endpoint)
    return EngineChoice(name, driver, "", name, endpoint, remote)


_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def is_remote(endpoint: str) -> bool:
    """Whether an endpoint is reached over a network."""
    found = re.match(r"(\w+)://(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)", endpoint)
    return found is not None and found[1] not in ("unix", "npipe", "fd") and found[2] not in _LOCAL_HOSTS


# -- images -----------------------------------------------------------------------------------------------------------


def inspect_image(choice: EngineChoice, ref: str) -> Script[BaseImage | None]:
    """What the engine knows of an image; None if it does not have it. Nothing is pulled."""
    said = yield Command((*choice.client, "image", "inspect", "--format", "{{json .}}", ref), f"looking for {ref}",
                         timeout=ANSWER_WITHIN)
    assert isinstance(said, Finished)
    return image_of(normalize_ref(ref), _json(said.out)) if said.ok else None
