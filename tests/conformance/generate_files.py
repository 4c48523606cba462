"""Which contexts has nobody thought of yet? The files of random scenarios, and the words that COPY takes them by."""

from __future__ import annotations

import base64
import gzip
import io
import random
import tarfile
from typing import Any

__all__ = ["FOLDERS", "IGNORES", "LINKS", "SUFFIXES", "Files", "archive"]

Json = dict[str, Any]

WORDS = ("alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta", "iota", "kappa")
FOLDERS = ("src", "lib", "conf", "docs", "tests", "src/deep", "src/deep/er", "with space", "[odd]")
SUFFIXES = (".py", ".txt", ".md", ".cfg", "")
IGNORES = ("*.md\n", "docs\n", "**/*.txt\n!conf/**\n", "# c\nlib/*\n!lib/a0*\n", ".dockerignore\nDockerfile*\n", "src/deep\n",
           "**/er\n!src/deep/er/a0.py\n", "*\n!src\n!conf\n", "[a-l]*\n!conf\n", "/src/\n!/src/deep\n", "  *.py  \r\n\n!app/*.py\n",
           "\ufeffdocs\n", "./lib/../docs/*\n", "**\n!app\n!req.txt\n", "src/**\n!src/deep/er\n", "*/*.md\n*/*/*.md\n", "!req.txt\n",
           "?eq.txt\n", "app/in\nlink*\n", "**/deep/**\n", "../up\n/../req.txt\n", "with space\n", "\\[odd\\]\n", "build\n*.dockerignore\n")
LINKS = ("req.txt", "src", "app/main.py", "nowhere", "./app/../req.txt", "/req.txt", "../req.txt", "link2", "app", ".", "link")


def archive(*members: tuple[str, str], packed: bool = False) -> str:
    """A tar file in base64, the same for the same members (name, text); `packed` with gzip."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in members:
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    data = gzip.compress(made.getvalue(), mtime=0) if packed else made.getvalue()
    return base64.b64encode(data).decode("ascii")


class Files:
    """A context that grows, and words that select from it."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)
        self.count = 0
        self.files: dict[str, Json] = {}

    def word(self) -> str:
        """A word that no other place of the scenario has."""
        self.count += 1
        return f"{self.rng.choice(WORDS)}{self.count}"

    def chance(self, p: float) -> bool:
        """True in one of 1/p cases."""
        return self.rng.random() < p

    def start_files(self, dockerfile: str) -> Json:
        """The files of the first build, without the Dockerfile."""
        files: Json = {"app/main.py": {"text": "print(1)\n"}, "req.txt": {"text": "flask\n"}}
        for i in range(self.rng.randint(2, 7)):
            name = f"{self.rng.choice(FOLDERS[:7] if self.chance(.9) else FOLDERS)}/{self.rng.choice('abc')}{i}{self.rng.choice(SUFFIXES)}"
            files[name] = {"text": self.word() + "\n"}
        if self.chance(.3):
            files["link"] = {"symlink": self.rng.choice(LINKS)}
            if self.chance(.3):
                files["link2"] = {"symlink": self.rng.choice(LINKS)}
        if self.chance(.2):
            files["app/in"] = {"symlink": self.rng.choice(("main.py", "../req.txt", "../src", "/app/main.py"))}
        if self.chance(.2):
            files["app/empty"] = {"dir": True}
        if self.chance(.1):
            files["src"] = {"dir": True, "mode": self.rng.choice(("700", "775", "1777"))}
        if self.chance(.4):
            files["run.sh"] = {"text": "#!/bin/sh\necho hi\n", "mode": "755"}
        if self.chance(.15):
            files["pack.tar"] = {"base64": archive(("t/a", self.word()), ("t/b", "b"))}
        if self.chance(.08):
            files["pack.tgz"] = {"base64": archive(("t/a", self.word()), ("t/deep/c", "c"), packed=True)}
        if self.chance(.05):
            files["fake.tar"] = {"text": "no archive\n"}
        if self.chance(.05):
            files["bundle"] = {"base64": archive(("t/a", self.word()), packed=self.chance(.5))}
        if self.chance(.08):
            files["app/.dockerignore"] = {"text": self.rng.choice(("main.py\n", "*\n!main.py\n", "in\n", "*.txt\n"))}
        if self.chance(.1):
            files["bytes.bin"] = {"base64": base64.b64encode(bytes((0, 255, 128, self.rng.randrange(256)))).decode("ascii")}
        if self.chance(.1):
            files["café.txt"] = {"text": "é\n"}
        if self.chance(.4):
            files[".dockerignore"] = {"text": self.rng.choice(IGNORES)}
        if self.chance(.12):
            files[f"{dockerfile}.dockerignore"] = {"text": self.rng.choice(IGNORES)}
        return files

    def some_file(self) -> str:
        """The path of a file that is no Dockerfile and no ignore file."""
        names = [n for n, e in self.files.items() if ("text" in e or "base64" in e) and not n.endswith(("ignore", "Dockerfile"))]
        return self.rng.choice(names) if names else "req.txt"

    def source(self) -> str:
        """A source of COPY or ADD, unquoted."""
        r = self.rng
        kind = r.random()
        path = self.some_file()
        folder = path.rsplit("/", 1)[0] if "/" in path else path
        if kind < .33:
            return path
        if kind < .57:
            return folder
        if kind < .64:
            return r.choice((".", ".", "./", "/", "./."))
        if kind < .78 and "/" in path:
            return folder + r.choice(("/*", "/?0*", "/*.py", "/a*", "/[ab]*", "/[^a]*", "/[a-b]?*", "/*/*", "/**"))
        if kind < .84:
            return r.choice(("*.txt", "r*", "s*/*0*", "*/*.py", "nope*", "*", "*/", "?pp", "l*", "l*/main.py", "*/in", "[!x]*", "a\\pp"))
        if kind < .88:
            return r.choice(("./", "/", "../", "x/../", ".//")) + path
        if kind < .93 and "link" in self.files:
            return r.choice(("link", "link/", "link/main.py", "link/deep", "link*", "link/*"))
        if kind < .95 and "app/in" in self.files:
            return r.choice(("app/in", "app/i*", "app/in/"))
        if kind < .96:
            return r.choice(("$S", "${S:-req.txt}", "req.t$T", "\\$x", "app/./main.py", "app/missing", "$nope"))
        return folder + "/"
