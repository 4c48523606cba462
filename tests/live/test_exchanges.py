"""Whether an order that the analysis calls free makes the same image, tried on an engine with Dockerfiles made at random.

CACHESIM_EXCHANGES is how many Dockerfiles are tried (5 if it is not set), CACHESIM_SEED where the dice start.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cachesim.advise.commands import CommandTable
from cachesim.advise.dependencies import MoveKind
from cachesim.advise.exchange import Exchanges
from cachesim.cli.runner import Runner
from cachesim.confirm.engines import EngineChoice, EngineFacts
from cachesim.confirm.image_diff import ImageContents, compare_images
from cachesim.confirm.image_read import read_image
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.options import ImageStore
from cachesim.project.state import ProjectState
from tests.live.conftest import docker, shown_on

pytestmark = pytest.mark.docker

TABLE = CommandTable.load()
HOW_MANY = int(os.environ.get("CACHESIM_EXCHANGES", "5"))
SEED = int(os.environ.get("CACHESIM_SEED", "1"))
FILES = {"a.txt": b"a\n", "b.txt": b"b\n", "run.sh": b"#!/bin/sh\necho run\n", "src/one.txt": b"1\n", "src/deep/two.txt": b"2\n",
         "conf/a.txt": b"other\n", "passwd": b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/a:/bin/sh\n",
         "group": b"root:x:0:\napp:x:1000:\n", ".dockerignore": b"Dockerfile\n.dockerignore\nconf/b*\n"}
PLACES = ["/a", "/a/b", "/d", "/d/a.txt", "/a/one.txt", "/x", "x", "deep", "/a/deep", "/tmp/t", "/usr/n", "/etc/c"]
NAMES = ["A", "B", "P"]
NUMBERS = itertools.count(1)


def instruction(dice: random.Random) -> str:
    """One instruction; short lists of names let them meet often."""
    place, other = dice.choice(PLACES), dice.choice(PLACES)
    name, value = dice.choice(NAMES), dice.choice(["/a", "/d", "1", "x y", "$A"])
    command = dice.choice([
        f"mkdir -p {place}", f"mkdir -p {place}/{dice.choice('mn')}", f"mkdir -p {place} && touch {place}/t",
        f"echo {dice.randint(1, 3)} > {place}", f"mkdir -p {place} && echo hi >> {place}/log", f"cp -r {place} {other} || true",
        f"mv {place} {other} || true", f"rm -rf {place}", f"rm -rf {place}/*", f"ln -s {place} {other} || true",
        f"chmod -R g+w {place} || true", f"chmod 700 {place} || true", f"chown -R 1000:1000 {place} || true",
        f"chown app {place} || true", f"cat {place} > {other} || true", f"if [ -e {place} ]; then touch {other}; fi",
        f"cd {place} && touch here || true", f"ls {place} > /list 2>&1 || true", f"sed -i s/1/2/ {place} || true",
        f"for f in {place} {other}; do touch $f.bak; done", f'echo "${name}" > {place} || true', f"mkdir -p ${name} || true",
        "adduser -D -H new || true", "id app > /who 2>&1 || true", f"find {place} -name '*.txt' -delete || true",
        f"tar cf /t.tar {place} || true", f"test -d {place} && touch {other} || true", "pwd > /where", "id -u > /user || true",
        f'printf %s "$(cat {place})" > {other} || true', "env | sort > /env", f"export {name}=1 && echo ${name} > /n",
        f"touch {place} && chmod +x {place}", f"cat <<E > {place} || true\n${name}\nE",
    ])
    return dice.choice([
        f"RUN {command}", f"RUN {command}", f"RUN {command}", f"RUN {command}",
        f"COPY {dice.choice(['a.txt', 'b.txt', 'src', 'src/', 'run.sh', '*.txt', '.', 'a.txt b.txt'])} {place}/",
        f"COPY {dice.choice(['--chown=1000', '--chmod=700', '--link', '--chown=app:app', ''])} "
        f"{dice.choice(['a.txt', 'src'])} {place}/",
        f"COPY run.sh {place}x", f"COPY conf/a.txt {place}/", f"ADD src {place}/", f"COPY <<E {place}/doc\n${name}\nE",
        f"ENV {name}={value!r}".replace("'", '"'), f"ARG {name}={value!r}".replace("'", '"'),
        f"WORKDIR {dice.choice(['/a', '/d', 'w', '/a/b', '$A'])}",
        f"USER {dice.choice(['1000', 'root', 'app', '0'])}", f"LABEL {name}={dice.randint(1, 2)}",
        f"EXPOSE {dice.randint(80, 82)}",
        dice.choice(["CMD run", 'CMD ["run"]', "ENTRYPOINT go", 'ENTRYPOINT ["go"]']),
        dice.choice(['SHELL ["/bin/sh", "-c"]', 'SHELL ["/bin/sh", "-ec"]']), f"VOLUME {dice.choice(['/a', '/v'])}",
        "STOPSIGNAL 9",
    ])


def dockerfile(dice: random.Random) -> list[str]:
    """A base, the tables of users, and some instructions."""
    return ["FROM busybox:1.36", "COPY passwd group /etc/", *(instruction(dice) for _ in range(dice.randint(3, 7)))]


def another_order(pairs: Exchanges, count: int, dice: random.Random) -> list[int]:
    """An order of the instructions that keeps each pair that is not free, otherwise by chance."""
    left, order = list(range(count)), []
    while left:
        ready = [i for i in left if not any(j < i and j in left and pairs.between(j, i).kind is not MoveKind.FREE for j in left)]
        later = [i for i in ready if i != left[0]]
        order.append(dice.choice(later or ready))
        left.remove(order[-1])
    return order


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, data in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
        (tmp_path / path).chmod(0o644)
    return tmp_path


def built(folder: Path, text: str, made: list[str]) -> str:
    """Build a text; the name of the image, "" where the engine refuses."""
    (folder / "Dockerfile").write_text(text)
    name = f"cachesim-exchange-{os.getpid()}:{next(NUMBERS)}"
    done = subprocess.run(["docker", "build", "--quiet", "--no-cache", "--network", "none", "--tag", name, str(folder)],
                          capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        return ""
    made.append(name)
    return name


def contents(facts: EngineFacts, name: str) -> ImageContents:
    found: ImageContents = Runner().run(read_image(EngineChoice(), name, f"exchange{os.getpid()}"))
    return found


def orders(how_many: int, seed: int) -> Iterator[tuple[str, str]]:
    """Dockerfiles with another order that is called free."""
    snapshot = ContextSnapshot.of(FILES)
    number, found = 0, 0
    while found < how_many:
        dice = random.Random(f"{seed} {number}")
        number += 1
        lines = dockerfile(dice)
        text = "\n".join(lines) + "\n"
        pairs = Exchanges.of(ProjectState(text, snapshot), TABLE)
        order = another_order(pairs, len(lines), dice)
        if order != list(range(len(lines))):
            found += 1
            yield text, "\n".join(lines[i] for i in order) + "\n"


def test_a_free_order_makes_the_same_image(engine: EngineFacts, folder: Path) -> None:
    shown_on(engine, ImageStore.CONTAINERD)
    tried, made, refused = 0, list[str](), 0
    try:
        for text, other in orders(HOW_MANY, SEED):
            first = built(folder, text, made)
            if not first:
                refused += 1
                continue
            second = built(folder, other, made)
            assert second, f"only the other order fails:\n{text}\n--\n{other}"
            a, b = contents(engine, first), contents(engine, second)
            diff = compare_images(a, b)
            if not diff.same:       # what a second build of the same text differs in (the times in an archive) does not count
                again = built(folder, text, made)
                assert again, f"builds once only:\n{text}"
                diff = compare_images(a, b, contents(engine, again))
            assert diff.same, f"{diff.first}\n{text}\n--\n{other}"
            tried += 1
            docker("rmi", "--force", first, second, check=False)
    finally:
        if made:
            docker("rmi", "--force", *made, check=False)
    print(f"{tried} orders tried, {refused} Dockerfiles that do not build")
    assert tried >= HOW_MANY // 3
