"""Which builds has nobody thought of yet? Random scenarios in the recordings' format, the same for the same seed."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["scenario"]

Json = dict[str, Any]

WORDS = ("alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta", "iota", "kappa")
FOLDERS = ("src", "lib", "conf", "docs", "tests", "src/deep", "src/deep/er")
SUFFIXES = (".py", ".txt", ".md", ".cfg", "")
IGNORES = ("*.md\n", "docs\n", "**/*.txt\n!conf/**\n", "# c\nlib/*\n!lib/a0*\n", ".dockerignore\nDockerfile*\n", "src/deep\n",
           "**/er\n!src/deep/er/a0.py\n", "*\n!src\n!conf\n", "[a-l]*\n!conf\n")
CONFIGS = (
    ["ENV PATH=/bin", 'CMD ["sh"]'],
    ["ENV PATH=/bin", "ENV FOO=bar BAR=/from/base", "WORKDIR /home", "LABEL from=base"],
    ["ENV PATH=/bin", "ENV FOO=base", "USER root"],
    ["ENV PATH=/bin", "ONBUILD RUN echo onb > /onb.txt", "ONBUILD ENV ONB=1"],
    ["ENV PATH=/bin", "ONBUILD COPY . /onb/", "WORKDIR /w/"],
)


class _Maker:
    def __init__(self, seed: int, engine: str, store: str) -> None:
        self.rng = random.Random(f"{seed} {engine} {store}")
        self.engine, self.store, self.seed = engine, store, seed
        self.count = 0
        self.files: dict[str, Json] = {}
        self.stages: list[list[str]] = []
        self.head: list[str] = []
        self.names: list[str] = []
        self.contexts = False

    def word(self) -> str:
        self.count += 1
        return f"{self.rng.choice(WORDS)}{self.count}"

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    # -- files ------------------------------------------------------------------------------------------------------

    def start_files(self) -> Json:
        files: Json = {"app/main.py": {"text": "print(1)\n"}, "req.txt": {"text": "flask\n"}}
        for i in range(self.rng.randint(2, 7)):
            name = f"{self.rng.choice(FOLDERS)}/{self.rng.choice('abc')}{i}{self.rng.choice(SUFFIXES)}"
            files[name] = {"text": self.word() + "\n"}
        if self.chance(.3):
            files["link"] = {"symlink": self.rng.choice(("req.txt", "src", "app/main.py", "nowhere"))}
        if self.chance(.2):
            files["app/in"] = {"symlink": "main.py"}
        if self.chance(.2):
            files["app/empty"] = {"dir": True}
        if self.chance(.4):
            files["run.sh"] = {"text": "#!/bin/sh\necho hi\n", "mode": "755"}
        if self.chance(.4):
            files[".dockerignore"] = {"text": self.rng.choice(IGNORES)}
        if self.chance(.1):
            files["Dockerfile.dockerignore"] = {"text": self.rng.choice(IGNORES)}
        return files

    def some_file(self) -> str:
        names = [n for n, e in self.files.items() if "text" in e and not n.endswith("ignore") and n != "Dockerfile"]
        return self.rng.choice(names) if names else "req.txt"

    def source(self) -> str:
        r = self.rng
        kind = r.random()
        path = self.some_file()
        folder = path.rsplit("/", 1)[0] if "/" in path else path
        if kind < .35:
            return path
        if kind < .6:
            return folder
        if kind < .68:
            return "."
        if kind < .80 and "/" in path:
            return folder + r.choice(("/*", "/?0*", "/*.py", "/a*", "/[ab]*"))
        if kind < .84:
            return r.choice(("*.txt", "r*", "s*/*0*", "*/*.py", "nope*"))
        if kind < .88:
            return r.choice(("./", "/", "../")) + path
        if kind < .92 and "link" in self.files:
            return "link"
        return folder + "/"

    # -- instructions -----------------------------------------------------------------------------------------------

    def dest(self) -> str:
        r = self.rng
        return r.choice((f"/{self.word()}", f"/{self.word()}/", ".", "./", "/opt/", "/opt", "sub/", "/a/b/c", "/w/.", "$D/", "/x/../y"))

    def run(self) -> str:
        r, w = self.rng, self.word()
        text = r.choice((
            f"echo {w} > /{w}.txt", "true", f"mkdir -p /data/{w} && \\\n    # a comment\n    echo {w} > /data/{w}/f",
            f"ls -R / > /dev/null; echo {w} >> /log.txt", f"date +%s > /{w}.stamp", f"echo \"$V0\" ${{V1:-x}} > /{w}.v",
            f"echo {w}   {w}", f"cat /etc/marker > /{w}.m", f"if [ -e /log.txt ]; then cp /log.txt /{w}.log; fi",
            f"echo '{w}' > /out.txt", f"echo {w} \\\n  && true", f"touch /{w}.touch"))
        if self.chance(.12):
            return f'RUN ["sh", "-c", "echo {w} > /{w}.json"]'
        if self.engine == "buildkit" and self.chance(.15):
            return r.choice((
                f"RUN <<EOF\necho {w} > /{w}.h\nEOF", f"RUN <<-'EOT'\n\techo {w}\n\techo two\nEOT", f"RUN sh <<END > /{w}.h2\necho {w}\nEND",
                f"RUN <<EOF\n#!/bin/sh\necho {w} > /{w}.s\nEOF"))
        return f"RUN {self.mounts()}{text}"

    def mounts(self) -> str:
        if self.engine != "buildkit" or not self.chance(.2):
            return ""
        r, w = self.rng, self.word()
        flags = [r.choice((
            "--mount=type=cache,target=/c", "--mount=type=cache,target=/c,sharing=locked", f"--mount=type=cache,id={w},target=/c",
            "--mount=type=cache,target=/c,uid=1000", "--mount=type=tmpfs,target=/scratch", "--mount=type=tmpfs,target=/scratch,size=1m",
            f"--mount=type=bind,source={self.some_file()},target=/mnt/f", "--mount=target=/ctx", "--mount=type=bind,target=/ctx,rw",
            "--mount=type=secret,id=tok", "--mount=type=secret,id=tok,target=/tok,mode=0444", "--mount=type=secret,id=tok,env=TOK",
            "--mount=type=ssh", "--network=none", f"--mount=type=bind,source=app,target=mnt/{w}"))]
        if self.names and self.chance(.4):
            flags.append(f"--mount=from={r.choice(self.names)},source=/,target=/from")
        return " ".join(dict.fromkeys(flags)) + " "

    def copy(self) -> str:
        r = self.rng
        flags: list[str] = []
        if self.chance(.15):
            flags.append(r.choice(("--chown=1000:1000", "--chown=root", "--chown=5", "--chown=0:0", "--chown=$U")))
        if self.engine == "buildkit" and self.chance(.12):
            flags.append(r.choice(("--chmod=644", "--chmod=0755", "--chmod=u=rw,go=r")))
        if self.engine == "buildkit" and self.chance(.15):
            flags.append("--link")
        if self.engine == "buildkit" and self.chance(.1):
            flags.append(r.choice(("--exclude=*.md", "--exclude=**/*.txt --exclude=b*", "--exclude=deep")))
        keyword = "ADD" if self.chance(.15) else "COPY"
        if self.names and self.chance(.3):
            name = r.choice((*self.names, "0"))
            what = r.choice(("/out.txt", "/log.txt*", "/data*", "/etc/marker", "/opt*", "/*.h", "/w*", "/nope*"))
            return f"COPY {' '.join(f for f in (*flags, f'--from={name}') if not f.startswith('--exclude'))} {what} /from{self.count}/"
        if self.contexts and self.chance(.3):
            return f"COPY --from=extra {r.choice(('.', '*.py', 'main.py'))} /extra{self.count}/"
        if self.engine == "buildkit" and self.chance(.1):
            w = self.word()
            quoted = r.choice(("EOF", "'EOF'"))
            return f"COPY <<{quoted} /{w}\n{w} $V0\nEOF"
        sources = [self.source() for _ in range(1 if self.chance(.8) else 2)]
        dest = self.dest()
        if len(sources) > 1 and not dest.endswith("/"):
            dest += "/"
        words = [*sources, dest]
        if self.chance(.1):
            return f"{keyword} {' '.join(flags)} [{', '.join(chr(34) + w + chr(34) for w in words)}]"
        return " ".join([keyword, *flags, *words])

    def other(self) -> str:
        r, w = self.rng, self.word()
        return r.choice((
            f"ENV V0={w}", f'ENV V0="a {w}" W{self.count}=${{V0:-dflt}}', f"ENV V1 {w}", "ENV D=/d", f"ENV V{r.randint(0, 3)}=$V1-${{A0%1*}}",
            f"ARG A0={w}", "ARG A0", f"ARG A1=${{A0:-{w}}} A2", "ARG TARGETARCH", "ARG G", f"LABEL l={w}", f"LABEL x=$V0 y='{w}'",
            f"WORKDIR /w/{w}", "WORKDIR rel", "WORKDIR /srv/x/", "WORKDIR /w/${A0:-none}", "WORKDIR /", "USER 0", "USER root", "USER 0:0",
            f"EXPOSE {r.randint(80, 9000)}", "EXPOSE 443/udp 80-82", "VOLUME /data", 'VOLUME ["/v", "/w"]', "STOPSIGNAL SIGINT",
            f'CMD ["echo", "{w}"]', f"CMD echo {w}", f'ENTRYPOINT ["{w}"]', "HEALTHCHECK NONE", f"HEALTHCHECK --interval=5s CMD {w}",
            'SHELL ["/bin/sh", "-ec"]', 'SHELL ["/bin/sh", "-c"]', f"MAINTAINER {w}", f"ONBUILD RUN echo {w}", f"# {w}", "ARG U=5"))

    def instruction(self) -> str:
        r = self.rng.random()
        return self.run() if r < .4 else self.copy() if r < .7 else self.other()

    def build_stages(self) -> None:
        if self.chance(.25):
            self.head.append(self.rng.choice(("ARG BASE=base:1", "ARG G=gg", "ARG G=gg H=${G}x")))
        count = self.rng.choice((1, 1, 1, 2, 2, 3, 4))
        for i in range(count):
            base = self.rng.choice(("base:1", "base:1", "other:1", "scratch" if i < count - 1 else "base:1"))
            if any("BASE=" in h for h in self.head) and self.chance(.5):
                base = "${BASE}"
            if self.names and self.chance(.3):
                base = self.rng.choice(self.names)
            name = self.rng.choice((f"dep{i}", f"s-{i}", "", "Final")) if i < count - 1 else self.rng.choice(("", "final"))
            lines = [f"FROM {base}" + (f" AS {name}" if name else "")]
            for _ in range(self.rng.randint(2, 7)):
                line = self.instruction()
                if base == "scratch" and line.startswith(("RUN", "ONBUILD")):
                    line = "ENV E=1"
                lines.append(line)
            if i < count - 1 and base != "scratch":
                lines.append("RUN echo out > /out.txt")
            self.stages.append(lines)
            if name:
                self.names.append(name)

    def text(self) -> str:
        blocks = ["\n".join(lines) for lines in self.stages]
        head = "\n".join(self.head) + "\n" if self.head else ""
        return head + "\n\n".join(blocks) + "\n"

    # -- edits ------------------------------------------------------------------------------------------------------

    def edit(self) -> tuple[str, Json, Json]:
        """What the person does: words, files, options."""
        r = self.rng
        kind = r.choice(("file", "file", "file", "touch", "chmod", "add", "delete", "rename", "insert", "drop", "swap", "change", "change",
                         "run text", "space", "option", "option", "option", "nothing", "ignore", "case", "same"))
        path = self.some_file()
        match kind:
            case "file":
                return f"edit {path}", {path: {**self.files[path], "text": self.files[path]["text"] + self.word() + "\n"}}, {}
            case "touch":
                return f"touch {path}", {path: self.files[path]}, {}
            case "chmod":
                return f"chmod {path}", {path: {**self.files[path], "mode": r.choice(("600", "755", "664", "644"))}}, {}
            case "add":
                name = f"{r.choice(FOLDERS)}/{self.word()}{r.choice(SUFFIXES)}"
                return f"add {name}", {name: {"text": self.word()}}, {}
            case "delete":
                return f"delete {path}", {path: None}, {}
            case "rename":
                new = path + "2"
                return f"rename {path}", {path: None, new: self.files[path]}, {}
            case "ignore":
                return "ignore file", {".dockerignore": {"text": r.choice(IGNORES)}}, {}
            case "option":
                return self.option()
            case "nothing":
                return "no change", {}, {}
        return self.edit_text(kind)

    def edit_text(self, kind: str) -> tuple[str, Json, Json]:
        r = self.rng
        stage = r.choice(self.stages)
        at = r.randrange(1, len(stage))
        match kind:
            case "insert":
                stage.insert(at, self.instruction())
            case "drop" if len(stage) > 2:
                del stage[at]
            case "swap" if len(stage) > 2:
                other = at - 1 if at > 1 else at + 1
                stage[at], stage[other] = stage[other], stage[at]
            case "run text":
                stage[at] = stage[at].replace("> /", "> //", 1) if "RUN" in stage[at] else stage[at] + " "
            case "space":
                stage[at] = stage[at].replace(" ", "  ", 1)
            case "case":
                word, _, rest = stage[at].partition(" ")
                stage[at] = f"{word.lower()} {rest}" if word != "#" else stage[at]
            case "same":
                stage.insert(at, "# a comment")
            case _:
                stage[at] = self.instruction()
        return f"{kind} in stage", {"Dockerfile": {"text": self.text()}}, {}

    def option(self) -> tuple[str, Json, Json]:
        r, w = self.rng, self.word()
        choices: list[Json] = [
            {"args": {"A0": w}}, {"args": {"A0": None}}, {"args": {"UNUSED": w}}, {"args": {"HTTP_PROXY": "http://p"}},
            {"no_cache": True}, {"labels": {"l": w}}, {"args": {"G": w}}, {"args": {"A0": ""}}]
        if self.names:
            choices.append({"target": r.choice(self.names)})
        if self.engine == "buildkit":
            choices += [{"add_hosts": ["h:1.2.3.4"]}, {"platform": "linux/amd64"}, {"secrets": {"tok": w}},
                        {"args": {"SOURCE_DATE_EPOCH": "0"}}, {"args": {"BUILDKIT_CACHE_MOUNT_NS": w}},
                        {"args": {"BUILDKIT_SANDBOX_HOSTNAME": w}}, {"args": {"TARGETARCH": w}}, {"args": {"BUILDKIT_INLINE_CACHE": "1"}},
                        {"contexts": {"base:1": "docker-image://other:1"}}]
            if self.names:
                choices += [{"no_cache_filter": [r.choice(self.names)]}, {"contexts": {r.choice(self.names).lower(): "src"}}]
        options = r.choice(choices)
        return f"option {options}", {}, options


def scenario(seed: int, engine: str = "buildkit", store: str = "graphdriver") -> Json:
    """One scenario; `observed` is left out."""
    maker = _Maker(seed, engine, store)
    maker.contexts = engine == "buildkit" and maker.chance(.15)
    maker.files = maker.start_files()
    maker.build_stages()
    first = {**maker.files, "Dockerfile": {"text": maker.text()}}
    maker.files["Dockerfile"] = first["Dockerfile"]
    extra: Json = {"contexts": {"extra": "app"}} if maker.contexts else {}
    builds: list[Json] = [{"edit": "first build", "files": first, "options": extra}]
    for _ in range(maker.rng.randint(3, 6)):
        if maker.chance(.12):
            back = {n: first.get(n) for n in maker.files.keys() | first.keys() if maker.files.get(n) != first.get(n)}
            edit, files, options = "back to the first state", back, {}
        else:
            edit, files, options = maker.edit()
        for name, entry in files.items():
            if entry is None:
                maker.files.pop(name, None)
            else:
                maker.files[name] = entry
        contexts = {**extra.get("contexts", {}), **options.get("contexts", {})}
        build: Json = {"edit": edit, "files": files, "options": {**options, **({"contexts": contexts} if contexts else {})}}
        if maker.chance(.05):
            build["move_tags"] = ["base:1"]
        builds.append(build)
    return {"name": f"differential-{engine}-{store}-{seed}", "engine": engine, "store": store,
            "bases": [{"ref": "base:1", "config": CONFIGS[0]}, {"ref": "other:1", "config": maker.rng.choice(CONFIGS)}], "builds": builds}
