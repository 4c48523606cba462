"""How long do the commands take: `replay` on one scenario, `plan` on 5,000 files, `history` of 1,000 commits?

    python tests/bench/bench_commands.py [FILES] [COMMITS]
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DOCKERFILE = """\
FROM python:3.12
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY src /app/src
{steps}COPY . .
CMD ["run"]
""".format(steps="".join(f"RUN echo {n}\n" for n in range(10)))


def git(folder: Path, *args: str, feed: str | None = None) -> str:
    """Run git as somebody."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
           "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    done = subprocess.run(["git", *args], cwd=folder, env=env, input=feed, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_repository(folder: Path, files: int, commits: int) -> None:
    """A project of `files` files, and `commits` small edits."""
    for n in range(files):
        path = folder / "src" / f"m{n // 100}" / f"f{n}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {n}\n" * 20)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text("flask\n")
    (folder / ".dockerignore").write_text(".git\n")
    git(folder, "init", "-q", "-b", "main", ".")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Start")
    chance, feed = random.Random(1), []
    for n in range(commits):
        feed.append(f"commit refs/heads/main\ncommitter A <a@example.org> {1_800_000_000 + n} +0000\ndata 4\nEdit\n")
        feed.append(f"from {git(folder, 'rev-parse', 'HEAD')}\n" if n == 0 else "")
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(files)
            path = "requirements.txt" if chance.random() < 0.05 else f"src/m{at // 100}/f{at}.py"
            data = f"v {n} {at}\n"
            feed.append(f"M 100644 inline {path}\ndata {len(data)}\n{data}\n")
    git(folder, "fast-import", "--quiet", "--force", feed="".join(feed))
    git(folder, "reset", "-q", "--hard")


def timed(folder: Path, *words: str) -> tuple[float, float]:
    """Wall and processor seconds of one command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "cachesim", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    files, commits = (*given, *(5000, 1000)[len(given):])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        folder.mkdir()
        os.environ["CACHESIM_DATA_DIR"] = f"{name}/data"
        make_repository(folder, files, commits)
        scenario = {"name": "one", "bases": [], "builds": [{"files": {"Dockerfile": {"text": "FROM a\nRUN b\n"}}}]}
        (Path(name) / "one.json").write_text(json.dumps(scenario))
        (folder / "src" / "m0" / "f0.py").write_text("edited\n")
        runs = [("replay of one scenario", ("replay", "--json", f"{name}/one.json"))] * 3
        runs += [(f"plan of {files} files", ("plan", "--offline", "--json"))] * 3
        runs += [(f"plan --against HEAD~1 of {files} files", ("plan", "--offline", "--against", "HEAD~1"))]
        runs += [(f"history of {n} commits", ("history", "--offline", "--last", str(n)))
                 for n in (commits // 2, commits)]
        for what, words in runs:
            wall, cpu = timed(folder, *words)
            print(f"{what}: {wall:.2f} s ({cpu:.2f} s of processor time)", flush=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"largest of these processes: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
