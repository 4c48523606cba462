"""The recorded client of tests/confirm, for the window."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cachesim.app.confirm.controller import ConfirmController, controller_of
from cachesim.app.workbench import Workbench

from ...confirm.conftest import FakeDocker
from ...confirm.conftest import docker as docker
from ...confirm.test_session import stream

DOCKERFILE = "FROM busybox:1.36\nCOPY f /f\nRUN cat /f\n"
RIGHT = stream("[context busybox:1.36] localhost/cachesim/nonce:x-0", "[1/3] COPY f /f", "[2/3] RUN cat /f")
AGAIN = stream("[1/3] COPY f /f", "[2/3] RUN cat /f", cached=("[1/3] COPY f /f", "[2/3] RUN cat /f"))
WRONG = stream("[1/3] COPY f /f", "[2/3] RUN cat /f", cached=("[1/3] COPY f /f",))


@pytest.fixture
def client(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """A client whose builds go as predicted, with one context."""
    monkeypatch.setenv("DOCKER_CONFIG", str(docker.folder / "none"))
    entry = {"Name": "default", "DockerEndpoint": "unix:///var/run/docker.sock", "Current": True}
    docker.answers["context ls"] = (json.dumps(entry) + "\n", "", 0)
    use = {"CreatedAt": "2026-01-01 00:00:01.05 +0000 UTC", "Description": "mount / from exec /bin/sh -c cat /f",
           "Size": "1.5MB"}
    docker.answers["buildx du"] = (json.dumps(use) + "\n", "", 0)
    docker.builds = [{"play": [], "raw": [RIGHT]}, {"play": [], "raw": [AGAIN]}]
    docker.write()
    return docker


@pytest.fixture
def control(workbench: Workbench) -> Iterator[ConfirmController]:
    """The controller, shut down before its workbench."""
    control = controller_of(workbench)
    yield control
    control.shutdown()
