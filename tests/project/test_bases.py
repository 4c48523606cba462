"""What is known of base images: what an engine says, what is remembered, where the engine is."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from pathlib import Path

import pytest

from cachesim.dockerfile.parser import parse
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageConfig, ImageStore
from cachesim.project.bases import (
    BaseBook,
    Endpoint,
    EngineFacts,
    EngineImages,
    chain_id,
    current_endpoint,
    image_of,
    known_bases,
)

INSPECTED = {
    "Id": "sha256:aa", "RootFS": {"Type": "layers", "Layers": ["sha256:01", "sha256:02"]},
    "Config": {"Env": ["PATH=/bin", "A=b=c", "EMPTY="], "WorkingDir": "/app", "User": "me", "OnBuild": ["COPY . ."],
               "Cmd": ["sh"], "Entrypoint": None, "Labels": {"l": "v"}, "ExposedPorts": {"80/tcp": {}},
               "Healthcheck": {"Test": ["CMD-SHELL", "true"]}}}
REF = "docker.io/library/base:1"


class FakeImages(EngineImages):
    def __init__(self, store: ImageStore, *images: BaseImage) -> None:
        super().__init__(None, EngineFacts("unix:///x", "28", store))
        self._images = {image.ref: image for image in images}

    def image(self, ref: str) -> BaseImage | None:
        return self._images.get(ref)


def bases(text: str, book: BaseBook, images: EngineImages | None = None,
          store: ImageStore = ImageStore.CONTAINERD) -> dict[str, BaseImage]:
    return known_bases(parse(text), BuildOptions(), EngineKind.BUILDKIT, store, book, images)


def image(ref: str, chain: str = "c", *onbuild: str) -> BaseImage:
    return BaseImage(ref, chain, "m", ImageConfig(onbuild=onbuild), source="engine")


def test_inspect_is_read_into_identity_and_configuration() -> None:
    found = image_of(REF, INSPECTED)
    assert found.chain == f"sha256:{hashlib.sha256(b'sha256:01 sha256:02').hexdigest()}"
    assert (found.manifest, found.has_layers, found.source) == ("sha256:aa", True, "engine")
    assert found.config is not None
    assert found.config.env == (("PATH", "/bin"), ("A", "b=c"), ("EMPTY", ""))
    assert (found.config.workdir, found.config.user, found.config.onbuild) == ("/app", "me", ("COPY . .",))
    assert (found.config.entrypoint, found.config.exposed) == (None, ("80/tcp",))


def test_the_manifest_is_the_descriptors_where_there_is_one() -> None:
    assert image_of(REF, {**INSPECTED, "Descriptor": {"digest": "sha256:mm"}}).manifest == "sha256:mm"


def test_an_image_without_layers() -> None:
    found = image_of(REF, {"Id": "sha256:bb", "RootFS": {}, "Config": None})
    assert not found.has_layers and found.chain and chain_id([]) == ""


def test_an_engine_is_believed_and_remembered(tmp_path: Path) -> None:
    images = FakeImages(ImageStore.CONTAINERD, image(REF))
    assert bases("FROM base:1\n", BaseBook(tmp_path), images)[REF].source == "engine"
    later = BaseBook(tmp_path)
    assert later.store is ImageStore.CONTAINERD
    found = bases("FROM base:1\nFROM other\n", later)
    assert {ref: (b.chain, b.source) for ref, b in found.items()} == {REF: ("c", "remembered")}
    assert bases("FROM base:1\n", later, store=ImageStore.GRAPHDRIVER) == {}     # identities differ between stores


def test_an_engine_with_another_store_is_not_asked(tmp_path: Path) -> None:
    images = FakeImages(ImageStore.GRAPHDRIVER, image(REF))
    assert bases("FROM base:1\n", BaseBook(tmp_path), images) == {}


def test_a_trigger_of_a_base_may_name_another_image(tmp_path: Path) -> None:
    other = "docker.io/library/tools:2"
    images = FakeImages(ImageStore.CONTAINERD, image(REF, "c", "COPY --from=tools:2 /x /x"), image(other))
    assert set(bases("FROM base:1\n", BaseBook(tmp_path), images)) == {REF, other}


def test_a_damaged_book_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "images.json").write_text("{")
    book = BaseBook(tmp_path)
    assert book.image(REF, ImageStore.CONTAINERD) is None and "set aside" in book.message
    book.remember([image(REF)], ImageStore.CONTAINERD)
    assert BaseBook(tmp_path).image(REF, ImageStore.CONTAINERD) is not None


def test_the_engine_is_looked_for_where_docker_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert current_endpoint() == Endpoint("unix:///var/run/docker.sock", "default")
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": "far", "Endpoints": {"docker": {"Host": "tcp://far:2376"}}}))
    (tmp_path / "config.json").write_text('{"currentContext": "far"}')
    assert current_endpoint() == Endpoint("tcp://far:2376", "docker context far")
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert current_endpoint().host == "unix:///var/run/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "unix:///other.sock")
    assert current_endpoint() == Endpoint("unix:///other.sock", "DOCKER_HOST")


@pytest.mark.parametrize("host", ["unix:///no/such/socket", "tcp://127.0.0.1:1", "ssh://somewhere", "nonsense"])
def test_no_engine_costs_no_time_and_no_error(host: str) -> None:
    assert EngineImages.connect(Endpoint(host, "test")) is None


def test_an_engine_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cachesim.project.bases._ANSWER", 1)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind("s")
        silent.listen()
        found: list[object] = []
        endpoint = Endpoint(f"unix://{tmp_path}/s", "test")
        asking = threading.Thread(target=lambda: found.append(EngineImages.connect(endpoint)))
        asking.start()
        asking.join(20)
        assert found == [None]
