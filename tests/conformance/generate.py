"""Which builds has nobody thought of yet? Random scenarios in the recordings' format, the same for the same seed."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tests.conformance.generate_files import FOLDERS, IGNORES, LINKS, SUFFIXES, archive
from tests.conformance.generate_lines import BROKEN, Lines
from tests.conformance.generate_projects import BUILDKIT_ONLY, PROJECTS, project

__all__ = ["scenario"]

Json = dict[str, Any]

STYLES = ("crlf", "bom", "escape", "check", "blank first", "both", "no end")

CHECKS = ("error=true", "error=true", "error=true;experimental=all", "skip=UndefinedVar;error=true",
          "skip=JSONArgsRecommended,UndefinedVar,ConsistentInstructionCasing;error=1", "error=true;skip=all", "skip=WorkdirRelativePath", "error=true;",
          "skip=StageNameCasing,FromAsCasing,LegacyKeyValueFormat,SecretsUsedInArgOrEnv,WorkdirRelativePath,UndefinedVar;error=true")

CONFIGS = (
    ["ENV PATH=/bin", 'CMD ["sh"]'],
    ["ENV PATH=/bin", "ENV FOO=bar BAR=/from/base", "WORKDIR /home", "LABEL from=base"],
    ["ENV PATH=/bin", "ENV FOO=base", "USER root"],
    ["ENV PATH=/bin", "ONBUILD RUN echo onb > /onb.txt", "ONBUILD ENV ONB=1"],
    ["ENV PATH=/bin", "ONBUILD COPY . /onb/", "WORKDIR /w/"],
    ["ENV PATH=/bin", "USER 0:6", "WORKDIR /w", "ONBUILD WORKDIR sub", "ONBUILD ARG A0=onb"],
    ["ENV PATH=/bin", "ONBUILD COPY --from=base:1 /etc/marker /onb/", "ONBUILD RUN --mount=type=tmpfs,target=/t true"],
    ["ENV PATH=/bin", "ENV EMPTY= V0=${PATH}", "EXPOSE 80", "VOLUME /data", "ENTRYPOINT [\"x\"]", "WORKDIR /opt/../w"],
)


class _Maker(Lines):
    def __init__(self, seed: int, engine: str, store: str) -> None:
        super().__init__(f"{seed} {engine} {store}", engine)
        self.store = store
        self.stages: list[list[str]] = []
        self.head: list[str] = []
        self.dockerfile = "build/app.Dockerfile" if self.chance(.1) else "Dockerfile"
        self.check = ""
        self.style = {s for s in STYLES if self.chance(.07)}
        if engine == "classic":
            self.style -= {"escape"}

    def build_stages(self) -> None:
        if self.chance(.25):
            self.head.append(self.rng.choice(("ARG BASE=base:1", "ARG G=gg", "ARG G=gg H=${G}x", "ARG TARGETARCH", "ARG BASE=${BASE:-base:1} G",
                                               "ARG P=linux/amd64", "ARG G=${V9:-x}\nARG G=${G}y", "ARG SOURCE_DATE_EPOCH=0", "ARG G=$TARGETARCH-${BUILDOS}", "ARG TARGETPLATFORM=linux/amd64",
                                               "ARG BUILDPLATFORM TARGETOS=linux G", "ARG BASE=${V9:-other}:1", "# words\nARG G=1 G=${G}2")))
        count = self.rng.choice((1, 1, 1, 2, 2, 3, 4))
        for i in range(count):
            base = self.rng.choice(("base:1", "base:1", "other:1", "scratch" if i < count - 1 else "base:1"))
            if any("BASE=" in h for h in self.head) and self.chance(.5):
                base = "${BASE}"
            if self.names and self.chance(.3):
                base = self.rng.choice(self.names)
            if self.chance(.06):
                base = "--platform=" + self.rng.choice(("linux/amd64", "$BUILDPLATFORM", "${TARGETPLATFORM}", "linux", "linux/amd64/v2",
                                                           "${P:-linux/amd64}")) + " " + base
            name = self.rng.choice((f"dep{i}", f"s-{i}", "", "Final")) if i < count - 1 else self.rng.choice(("", "final"))
            lines = [f"FROM {base}" + (self.rng.choice((" AS ", " AS ", " as ", "  As ")) + name if name else "")]
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

    def break_(self) -> None:
        """Ask the linter to end the build, or put a line in that cannot be, or both."""
        if self.engine == "buildkit" and self.chance(.6):
            self.check = self.rng.choice(CHECKS)
        if not self.check or self.chance(.3):
            stage = self.rng.choice(self.stages)
            stage.insert(self.rng.randint(1, len(stage)), self.rng.choice(BROKEN))

    def take_project(self) -> None:
        """Begin with a project as people publish them, in place of random lines."""
        names = [n for n in PROJECTS if self.engine == "buildkit" or not BUILDKIT_ONLY.search(PROJECTS[n])]
        self.head, self.stages, files = project(self.rng.choice(names))
        self.style &= {"crlf", "no end"} if self.chance(.2) else set()
        for stage in self.stages:
            stage[:] = [re.sub(r"SUM\((\w+)\)", lambda m: hashlib.sha256(m[1].encode() + b"\n").hexdigest(), line) for line in stage]
            name = re.search(r"\sas\s+(\S+)$", stage[0], re.IGNORECASE)
            self.names += [name[1]] if name else []
        for path, entry in files.items():
            if entry.get("text") == "TAR":
                entry = {"base64": archive(("t/a", self.word()), ("t/b", "b"))}
            self.files[path] = entry
        if self.dockerfile != "Dockerfile" and self.chance(.5):
            self.files[f"{self.dockerfile}.dockerignore"] = {"text": "*.md\n"}

    def text(self) -> str:
        """The Dockerfile, spelled in the scenario's style."""
        text = "\n\n".join("\n".join(lines) for lines in self.stages) + "\n"
        text = "".join(line + "\n" for line in self.head) + text
        if "escape" in self.style:
            text = text.replace("\\\n", "`\n")
        directives = [f"# check={self.check}\n"] if self.check else [line for style, line in (("check", "# check=skip=all\n"), ("escape", "#escape = `\n"), ("both", "# Check=error=false\n"))
                      if style in self.style and not (style == "both" and "check" in self.style)]
        text = ("\n" if "blank first" in self.style else "") + "".join(directives) + text
        if "no end" in self.style:
            text = text.rstrip("\n")
        if "crlf" in self.style:
            text = text.replace("\n", "\r\n")
        return ("\ufeff" if "bom" in self.style else "") + text

    # -- edits ------------------------------------------------------------------------------------------------------

    def edit(self) -> tuple[str, Json, Json]:
        """What the person does: words, files, options."""
        r = self.rng
        kind = r.choice(("file", "file", "file", "touch", "chmod", "add", "delete", "rename", "insert", "drop", "swap", "change", "change",
                         "run text", "space", "option", "option", "option", "nothing", "ignore", "case", "same", "style", "link", "folder",
                         "stage", "own ignore", "broken"))
        path = self.some_file()
        match kind:
            case "file" if "text" in self.files.get(path, {}):
                return f"edit {path}", {path: {**self.files[path], "text": self.files[path]["text"] + self.word() + "\n"}}, {}
            case "touch" if path in self.files:
                return f"touch {path}", {path: self.files[path]}, {}
            case "chmod" if path in self.files:
                return f"chmod {path}", {path: {**self.files[path], "mode": r.choice(("600", "755", "664", "644", "4755"))}}, {}
            case "add":
                name = f"{r.choice(FOLDERS)}/{self.word()}{r.choice(SUFFIXES)}"
                return f"add {name}", {name: {"text": self.word()}}, {}
            case "delete":
                return f"delete {path}", {path: None}, {}
            case "rename" if path in self.files:
                return f"rename {path}", {path: None, path + "2": self.files[path]}, {}
            case "ignore":
                return "ignore file", {".dockerignore": {"text": r.choice(IGNORES)}}, {}
            case "own ignore":
                name = f"{self.dockerfile}.dockerignore"
                return "ignore file of the Dockerfile", {name: None if name in self.files else {"text": r.choice(IGNORES)}}, {}
            case "link":
                name = r.choice(("link", "link2", "app/in"))
                return f"link {name}", {name: {"symlink": r.choice(LINKS)}}, {}
            case "folder":
                name = r.choice(("app/empty", "src/new", "app", "conf/x"))
                return f"folder {name}", {name: {"dir": True, "mode": r.choice(("755", "755", "700"))}}, {}
            case "style":
                self.style ^= {r.choice([s for s in STYLES if s != "escape" or self.engine == "buildkit"])}
                return "spelling", {self.dockerfile: {"text": self.text()}}, {}
            case "option":
                return self.option()
            case "nothing":
                return "no change", {}, {}
        return self.edit_text(kind)

    def edit_project(self) -> tuple[str, Json, Json]:
        """What people do to a project from day to day."""
        r = self.rng
        kind = r.choice(("file", "file", "file", "file", "umask", "bump", "bump", "command", "command", "move", "move", "comment",
                         "rename stage", "folders", "any", "any", "any", "any", "any"))
        if kind == "umask":
            mode = r.choice(("664", "600", "644"))
            files = {p: {**e, "mode": "775" if mode == "664" and e.get("mode") == "755" else e.get("mode", mode)}
                     for p, e in self.files.items() if ("text" in e or "base64" in e) and p != self.dockerfile}
            return f"cloned again with files of mode {mode}", files, {}
        if kind == "folders":
            found = sorted({p.rsplit("/", 1)[0] for p in self.files if "/" in p and "symlink" not in self.files[p]})
            return "mode of the folders", {p: {"dir": True, "mode": r.choice(("775", "700"))} for p in found[:3]}, {}
        if kind == "rename stage" and self.names:
            old, new = r.choice(self.names), self.word()
            for stage in self.stages:
                stage[:] = [re.sub(rf"(?i)(\bAS\s+|--from=|\bfrom=|^FROM\s+)({re.escape(old)})\b", rf"\g<1>{new}", s) for s in stage]
            self.names = [new if n == old else n for n in self.names]
            return "stage renamed", {self.dockerfile: {"text": self.text()}}, {}
        at = [(s, i) for s in self.stages for i in range(1, len(s))]
        if kind == "bump":
            at = [(s, i) for s, i in at if re.search(r"\d", s[i])] or at
            stage, i = r.choice(at)
            stage[i] = re.sub(r"\d(?!.*\d)", lambda m: str((int(m[0]) + 1) % 10), stage[i], count=1, flags=re.DOTALL)
            return "version", {self.dockerfile: {"text": self.text()}}, {}
        if kind == "command":
            at = [(s, i) for s, i in at if s[i].startswith("RUN ") and "<<" not in s[i] and "[" not in s[i]] or at
            stage, i = r.choice(at)
            stage[i] += r.choice((" && true", f" && echo {self.word()} > /tmp/{self.word()}", " ; true", "\\\n  # words\n  && true"))
            return "command", {self.dockerfile: {"text": self.text()}}, {}
        if kind == "move":
            stage, i = r.choice(at)
            line = stage.pop(i)
            stage.insert(r.randrange(1, len(stage) + 1), line)
            return "line moved", {self.dockerfile: {"text": self.text()}}, {}
        if kind == "comment":
            stage, i = r.choice(at)
            stage[i] = f"# {self.word()}\n{stage[i]}\n"
            return "comment", {self.dockerfile: {"text": self.text()}}, {}
        if kind == "file":
            path = self.some_file()
            if "text" in self.files.get(path, {}):
                more = self.word() if self.files[path]["text"].startswith("#!") or "\n" in self.files[path]["text"] else "\n// x"
                return f"edit {path}", {path: {**self.files[path], "text": f"{self.files[path]['text']}# {more}\n"}}, {}
        return self.edit()

    def edit_text(self, kind: str) -> tuple[str, Json, Json]:
        """Change the Dockerfile."""
        r = self.rng
        stage = r.choice([s for s in self.stages if len(s) > 1])
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
            case "stage":
                number = r.randrange(len(self.stages))
                self.stages.insert(number, [f"FROM base:1 AS new{self.count}", self.instruction()])
            case "broken":
                stage.insert(at, r.choice(BROKEN))
            case _:
                stage[at] = self.instruction()
        return f"{kind} in stage", {self.dockerfile: {"text": self.text()}}, {}

    def option(self) -> tuple[str, Json, Json]:
        """Start the build in another way."""
        r, w = self.rng, self.word()
        choices: list[Json] = [
            {"args": {"A0": w}}, {"args": {"A0": None}}, {"args": {"UNUSED": w}}, {"args": {"HTTP_PROXY": "http://p"}},
            {"no_cache": True}, {"labels": {"l": w}}, {"args": {"G": w}}, {"args": {"A0": ""}}, {"args": {"V0": w, "S": "app"}},
            {"args": {"BASE": "other:1"}}, {"network": "host"}, {"args": {"http_proxy": "p", "no_proxy": "q"}}]
        if self.names:
            choices.append({"target": r.choice((*self.names, self.names[0].upper(), "0"))})
        if self.chance(.05):
            choices.append({"target": "nostage"})
        if self.engine == "buildkit":
            choices += [{"add_hosts": ["h:1.2.3.4"]}, {"platform": "linux/amd64"}, {"secrets": {"tok": w}}, {"ssh": ["default"]},
                        {"add_hosts": ["h:1.2.3.5", "i:::1"]}, {"secrets": {"tok": "fixed"}, "ssh": ["other"]},
                        {"args": {"SOURCE_DATE_EPOCH": "0"}}, {"args": {"BUILDKIT_CACHE_MOUNT_NS": w}}, {"args": {"SOURCE_DATE_EPOCH": "1700000000"}},
                        {"args": {"BUILDKIT_SANDBOX_HOSTNAME": w}}, {"args": {"TARGETARCH": w}}, {"args": {"BUILDKIT_INLINE_CACHE": "1"}},
                        {"args": {"BUILDKIT_MULTI_PLATFORM": "1"}}, {"args": {"TARGETPLATFORM": "linux/amd64"}}, {"platform": "linux/amd64/v2"},
                        {"contexts": {"base:1": "docker-image://other:1"}}, {"contexts": {"extra": "src"}}, {"contexts": {"other:1": "app"}},
                        {"contexts": {"extra": "."}}, {"contexts": {"base": "docker-image://other:1"}}, {"contexts": {"scratch": "app"}},
                        {"contexts": {"base:1": "app"}},
                        {"args": {"N": "default"}}, {"args": {"TARGETSTAGE": w}}, {"args": {"P": "linux/amd64/v2"}},
                        {"args": {"BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1"}}, {"no_cache_filter": ["stage-0", "final", "0"]}]
            if self.names:
                choices += [{"no_cache_filter": [r.choice(self.names)]}, {"contexts": {r.choice(self.names).lower(): "src"}},
                            {"contexts": {r.choice(self.names).lower(): "docker-image://other:1"}},
                            {"no_cache_filter": [n.upper() for n in self.names]}]
        options = r.choice(choices)
        return f"option {options}", {}, options


def scenario(seed: int, engine: str = "buildkit", store: str = "graphdriver", projects: bool = False, broken: bool = False) -> Json:
    """One scenario; `observed` is left out.

    With `projects` it begins with a Dockerfile like those that people publish; `broken` is one build that mostly fails.
    """
    maker = _Maker(seed, engine, store)
    if projects:
        maker.take_project()
    else:
        maker.contexts = engine == "buildkit" and maker.chance(.15)
        maker.files = maker.start_files(maker.dockerfile)
        maker.build_stages()
    if broken:
        maker.break_()
    first = {**maker.files, maker.dockerfile: {"text": maker.text()}}
    maker.files[maker.dockerfile] = first[maker.dockerfile]
    extra: Json = {"contexts": {"extra": "app"}} if maker.contexts else {}
    if maker.dockerfile != "Dockerfile":
        extra["dockerfile"] = maker.dockerfile
    builds: list[Json] = [{"edit": "first build", "files": first, "options": extra}]
    kept: Json = {}                 # options that stay for the builds that follow
    if broken:
        if maker.chance(.3):
            builds[0]["options"] = {**extra, **maker.option()[2]}
        elif engine == "buildkit" and maker.chance(.2):
            builds[0]["options"] = {**extra, "args": {"BUILDKIT_DOCKERFILE_CHECK": maker.rng.choice((*CHECKS, ""))}}
    for _ in range(0 if broken else maker.rng.randint(3, 6)):
        if maker.chance(.12):
            back = {n: first.get(n) for n in maker.files.keys() | first.keys() if maker.files.get(n) != first.get(n)}
            edit, files, options = "back to the first state", back, {}
            kept = {}
        else:
            edit, files, options = maker.edit_project() if projects else maker.edit()
        for name, entry in files.items():
            if entry is None:
                maker.files.pop(name, None)
            else:
                maker.files[name] = entry
        options = {**kept, **options}
        if maker.chance(.3):
            kept = {n: v for n, v in options.items() if n != "no_cache"}
        contexts = {**extra.get("contexts", {}), **options.get("contexts", {})}
        build: Json = {"edit": edit, "files": files, "options": {**extra, **options, **({"contexts": contexts} if contexts else {})}}
        if maker.chance(.07):
            build["move_tags"] = [maker.rng.choice(("base:1", "base:1", "other:1"))]
        builds.append(build)
    return {"name": f"differential-{'project-' if projects else ''}{'broken-' if broken else ''}{engine}-{store}-{seed}", "engine": engine, "store": store,
            "bases": [{"ref": "base:1", "config": CONFIGS[0]}, {"ref": "other:1", "config": maker.rng.choice(CONFIGS)}], "builds": builds}
