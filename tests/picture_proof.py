"""How does a proof look before it runs, while it runs, and when it is done?"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.confirm.conftest import FakeDocker
    from tests.picture_states import States

__all__ = ["card", "differs", "done", "runs"]

LONG = 60       # seconds that the build lasts in which the picture is taken


def card(walk: States, *, sleep: float = 0) -> FakeDocker:
    """A plan to prove one of two files beside each other; the client answers as recorded."""
    from cachesim.app.history.habits import habits_keeper
    from cachesim.app.proof.prover import ProofStage, prover_of
    from cachesim.app.versus.panel import VersusPanel
    from tests.confirm.conftest import BUSYBOX, SERVER, FakeDocker
    from tests.confirm.test_proof import FILES, B, archive, built
    folder = walk.work / f"bin{len(list(walk.work.iterdir()))}"
    folder.mkdir()
    fake = FakeDocker(folder)
    entry = {"Name": "default", "DockerEndpoint": "unix:///var/run/docker.sock", "Current": True}
    fake.answers = {
        "context ls": (json.dumps(entry) + "\n", "", 0), "version": (json.dumps(SERVER) + "\n", "", 0),
        "buildx version": ("github.com/docker/buildx v0.29.1 abc\n", "", 0),
        "info": ('AB:CD [["Backing Filesystem","extfs"]]\n', "", 0), "export": (archive(app="1"), "", 0)}
    fake.images = {"docker.io/library/busybox:1.36": BUSYBOX}
    fake.builds = [built(side, *cached) for side, cached in (
        ("a", ()), ("a", ()), ("a", ()), ("a", ()), ("a", (0, 1)), ("a", ()),
        ("b", ()), ("b", (0, 1)), ("b", ()), ("b", (0, 1, 2)), ("b", ()))]
    if sleep:
        fake.builds[4]["sleep"] = sleep
    fake.write()
    os.environ["PATH"] = f"{folder}{os.pathsep}{walk.path}"
    shop = walk.work / f"shop{len(list(walk.work.iterdir()))}"
    for path, data in FILES.items():
        (shop / path).parent.mkdir(parents=True, exist_ok=True)
        (shop / path).write_bytes(data)
    other = shop.parent / f"{shop.name}.better"
    other.write_text(B)
    walk.open(shop)
    habits_keeper(walk.bench).state("src/a.py 70, requirements.txt 30")
    versus = walk.window.panes.show("versus", True)
    assert isinstance(versus, VersusPanel)
    versus.set_other(other)
    walk.until(versus.prove.isEnabled)
    versus.prove.click()
    prover = prover_of(walk.bench)
    walk.until(lambda: prover.state.stage is ProofStage.PLANNED)
    walk.turn(0.3)
    return fake


def runs(walk: States) -> None:
    """The fifth of eleven builds."""
    from cachesim.app.proof.prover import prover_of
    fake = card(walk, sleep=LONG)
    prover_of(walk.bench).start()
    walk.until(lambda: sum("--file" in call for call in fake.calls_of("buildx", "build")) >= 5)
    walk.turn(0.5)


def done(walk: States) -> None:
    """Both orders make the same image."""
    from cachesim.app.proof.prover import ProofStage, prover_of
    card(walk)
    prover = prover_of(walk.bench)
    prover.start()
    walk.until(lambda: prover.state.stage is ProofStage.DONE)
    walk.turn(0.5)


def differs(walk: States) -> None:
    """The third image holds another file than the first two."""
    from cachesim.app.proof.prover import ProofStage, prover_of
    from tests.confirm.test_proof import archive
    fake, prover = card(walk), prover_of(walk.bench)
    prover.start()
    proof = prover.proof
    assert proof is not None
    fake.answers = {f"export cachesim-{proof.token}-3": (archive(app="2"), "", 0), **fake.answers}
    fake.write()
    walk.until(lambda: prover.state.stage is ProofStage.DONE)
    walk.turn(0.5)
