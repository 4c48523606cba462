"""Proposals: what each rewrite does, what it must not do, and that the text around it stays."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cachesim.advise.proposal import Proposal, Risk, propose
from cachesim.context.snapshot import ContextSnapshot
from cachesim.errors import Cancelled
from cachesim.progress import Progress
from cachesim.project.mix import EditMix, mix_by_hand
from cachesim.project.state import ProjectState

LOCK = '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/%s": {"hasInstallScript": %s}}}'


def made(text: str, files: Mapping[str, str], mix: str = "source 70, manifest 10, docs 20", args: tuple[str, ...] = (),
         ) -> tuple[Proposal, ...]:
    """Propose for a project of these files."""
    data = {path: content.encode() for path, content in files.items()} | {"Dockerfile": text.encode()}
    context = ContextSnapshot.of(data)
    state = ProjectState(text, context)
    edits: EditMix = mix_by_hand(mix, context).with_args(args)
    return propose(state, edits, read=data.get)


def safe(proposals: tuple[Proposal, ...]) -> str:
    """The text of the best safe one; "" if there is none."""
    return next((p.text for p in proposals if p.risk is Risk.SAFE), "")


PIP = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\nCMD python app.py\n"
NODE = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD node index.js\n"


@pytest.mark.parametrize(("text", "files", "copied"), [
    (PIP, {"requirements.txt": "flask"}, "COPY requirements.txt ./"),
    (PIP, {"requirements.txt": "-r base.txt\n-c req/limits.txt", "base.txt": "flask", "req/limits.txt": "flask<4"},
     "COPY requirements.txt base.txt ./\nCOPY req/limits.txt ./req/"),
    (PIP.replace("COPY . .", "ADD --chown=1000 . /app/"), {"requirements.txt": "flask"},
     "COPY --chown=1000 requirements.txt /app/"),
    (NODE, {"package.json": "{}", "package-lock.json": LOCK % ("express", "false"), ".npmrc": "x=y"},
     "COPY package.json package-lock.json .npmrc ./"),
    (NODE, {"package.json": "{}", "package-lock.json": LOCK % ("esbuild", "true")}, "COPY package.json package-lock.json ./"),
    (NODE.replace("ci", "ci --ignore-scripts"), {"package.json": '{"scripts": {"prepare": "tsc"}}', "package-lock.json": "{}"},
     "COPY package.json package-lock.json ./"),
])
def test_manifests_go_first(text: str, files: dict[str, str], copied: str) -> None:
    found = safe(made(text, {**files, "app.py": "1", "index.js": "1", "README.md": "x"}))
    install = next(line for line in text.split("\n") if line.startswith("RUN"))
    copy = next(line for line in text.split("\n") if line.startswith(("COPY", "ADD")))
    assert f"WORKDIR /app\n{copied}\n{install}\n{copy}\n" in found


@pytest.mark.parametrize(("text", "files"), [
    (PIP.replace("-r requirements.txt", "-e ."), {"setup.py": "", "requirements.txt": ""}),
    (PIP.replace("-r requirements.txt", "."), {"setup.py": "", "requirements.txt": ""}),
    (PIP, {"requirements.txt": "-e .\nflask"}),
    (PIP, {"requirements.txt": "./libs/a\nflask", "libs/a/setup.py": ""}),
    (PIP, {"requirements.txt": "a @ file:./libs/a", "libs/a/setup.py": ""}),
    (PIP, {"requirements.txt": "-r ${EXTRA}.txt"}),
    (PIP.replace("pip", "python -m pip"), {"requirements.txt": "flask", "types.py": ""}),
    (PIP.replace("COPY", "ENV PIP_CONSTRAINT=limits.txt\nCOPY"), {"requirements.txt": "flask", "limits.txt": ""}),
    (NODE, {"package.json": '{"scripts": {"postinstall": "node x.js"}}', "package-lock.json": LOCK % ("a", "false")}),
    (NODE, {"package.json": '{"scripts": {"prepare": "husky"}}', "package-lock.json": LOCK % ("a", "false")}),
    (NODE, {"package.json": "{}", "package-lock.json": LOCK % ("@prisma/client", "true")}),
    (NODE, {"package.json": "{}", "package-lock.json": LOCK % ("a", "false"), "binding.gyp": "{}"}),
    (NODE, {"package.json": '{"dependencies": {"a": "file:./a"}}', "package-lock.json": LOCK % ("a", "false")}),
    (NODE, {"package.json": "{}", "package-lock.json": '{"lockfileVersion": 1}'}),
    (NODE, {"package.json": "{}"}),
    (NODE, {"package.json": "{", "package-lock.json": LOCK % ("a", "false")}),
    (NODE, {"package.json": "{}", "package-lock.json": LOCK % ("a", "false"), "node_modules/b/index.js": ""}),
    (NODE.replace("npm ci", "npm install"), {"package.json": "{}", "package-lock.json": LOCK % ("a", "false")}),
    (NODE.replace("RUN npm", "RUN ./configure && npm"), {"package.json": "{}", "package-lock.json": LOCK % ("a", "false")}),
    (NODE.replace("RUN npm", "RUN sed -i s/a/b/ package.json\nRUN npm"),
     {"package.json": "{}", "package-lock.json": LOCK % ("a", "false")}),
])
def test_an_install_that_may_read_sources_stays_below_them(text: str, files: dict[str, str]) -> None:
    proposals = made(text, {**files, "app.py": "1", "index.js": "1", "README.md": "x"})
    assert safe(proposals) == ""
    assert all(p.check for p in proposals)


def test_what_manifests_name_binds_where_the_table_knows_nothing_of_it() -> None:
    """The order is good already: no copy of what the install needs may sink below it."""
    requirements = ("FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nCOPY base.txt .\n"
                    "RUN pip install --no-cache-dir -r requirements.txt\nCOPY app.py .\n")
    files = {"requirements.txt": "-r base.txt", "base.txt": "flask", "app.py": ""}
    assert safe(made(requirements, files, "base.txt 50, requirements.txt 10, source 40")) == ""
    restore = ("FROM sdk:8\nWORKDIR /r\nCOPY a.sln .\nCOPY a/a.csproj a/\nRUN dotnet restore a.sln\nCOPY . .\n")
    solution = {"a.sln": 'Project("{X}") = "a", "a\\a.csproj", "{Y}"\n', "a/a.csproj": "<Project/>", "p.cs": ""}
    assert safe(made(restore, solution, "a/a.csproj 90, source 10")) == ""
    source = "FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nCOPY setup.py .\nRUN pip install -r requirements.txt\n"
    assert safe(made(source, {"requirements.txt": "-e .", "setup.py": ""}, "setup.py 100")) == ""


def test_a_check_is_no_licence_to_break_the_build() -> None:
    """What only may be is offered between a RUN and a COPY, not over ENV PATH or the RUN that makes the environment."""
    venv = ("FROM python:3.12\nWORKDIR /usr/src/app\nCOPY . .\nRUN python -m venv /venv\nENV PATH=/venv/bin:$PATH\n"
            "RUN pip install -r requirements.txt\n")
    for proposal in made(venv, {"requirements.txt": "flask", "app.py": ""}):
        lines = proposal.text.splitlines()
        assert lines.index("RUN python -m venv /venv") < lines.index("ENV PATH=/venv/bin:$PATH") < next(
            n for n, line in enumerate(lines) if "pip install" in line)
    for arg in ("", "ARG TARGETARCH\n"):
        restore = (f"FROM sdk:8\n{arg}WORKDIR /r\nCOPY *.csproj .\nRUN dotnet restore -a $TARGETARCH\nCOPY . .\n"
                   "RUN dotnet publish\n")
        for proposal in made(restore, {"a.csproj": "<Project/>", "a.cs": ""}, "a.csproj 90, source 10"):
            assert proposal.text.index("COPY *.csproj") < proposal.text.index("dotnet restore")


def test_a_script_stays_below_the_single_files_of_the_folder_that_it_works_on() -> None:
    text = ("FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY src src\nCOPY tsconfig.json .\n"
            "RUN npm run build\n")
    files = {"package.json": "{}", "package-lock.json": LOCK % ("a", "false"), "tsconfig.json": "{}", "src/a.ts": ""}
    for proposal in made(text, files, "tsconfig.json 90, src/a.ts 10"):
        assert proposal.text.index("COPY tsconfig.json") < proposal.text.index("npm run build")


def test_prisma_gets_its_schema() -> None:
    files = {"package.json": "{}", "package-lock.json": LOCK % ("@prisma/client", "true"), "index.js": "1",
             "prisma/schema.prisma": "x"}
    found = next(p for p in made(NODE, files) if p.rule == "manifest-first")
    assert found.risk is Risk.CHECK and "schema.prisma" in found.text[:found.text.index("RUN npm ci")]


WORKSPACE = {"pyproject.toml": '[project]\nname = "a"\n[tool.uv.sources]\nb = { workspace = true }\n'
                               '[tool.uv.workspace]\nmembers = ["libs/*"]\n',
             "uv.lock": "version = 1\n", "libs/b/pyproject.toml": '[project]\nname = "b"\n', "libs/b/b.py": ""}
MIX = {"mix.exs": "defmodule A do\n  def project, do: [deps: [{:x, \"~> 1\"}]]\nend\n", "mix.lock": "%{}",
       "config/config.exs": "import Config\n", "lib/a.ex": ""}


@pytest.mark.parametrize(("run", "files", "copied"), [
    ("uv sync --frozen --no-install-workspace", WORKSPACE, ["pyproject.toml uv.lock", "libs/b/pyproject.toml"]),
    ("uv sync --frozen", WORKSPACE, []),
    ("mix deps.get --check-locked", MIX, ["mix.exs mix.lock"]),
    ("mix deps.get --check-locked", {**MIX, "mix.exs": 'File.read!("VERSION")', "VERSION": "1"}, []),
    ("mix deps.get --check-locked", {**MIX, "mix.exs": '[{:b, path: "libs/b"}]'}, []),
    ("deno cache --frozen deps.ts", {"deps.ts": 'export * from "jsr:@x/y"\nimport "./more.ts"', "more.ts": "", "deno.lock": "{}"},
     ["deps.ts more.ts deno.lock", "deno.lock deps.ts more.ts"]),
    ("deno cache --frozen deps.ts", {"deps.ts": "await import(name)", "deno.lock": "{}"}, []),
    ("deno cache --frozen deps.ts", {"deps.ts": "", "deno.json": '{"imports": {"x": "./src/x.ts"}}', "deno.lock": "{}"}, []),
])
def test_workspaces_and_manifests_that_are_programs(run: str, files: dict[str, str], copied: list[str]) -> None:
    text = f"FROM base\nWORKDIR /app\nCOPY . .\nRUN {run}\nCMD x\n"
    found = safe(made(text, {**files, "app.py": "1"}, "app.py 90, source 10"))
    assert bool(found) is bool(copied)
    if copied:
        above = found[:found.index(f"RUN {run}")]
        assert {name for line in copied for name in line.split()} == {
            name for line in above.splitlines() if line.startswith("COPY") for name in line.split()[1:-1]}


def test_a_pnpm_workspace_brings_the_manifest_of_each_package() -> None:
    files = {"package.json": "{}", "pnpm-lock.yaml": "lockfileVersion: '9.0'\n", "apps/web/package.json": "{}",
             "apps/web/a.ts": "",
             "pnpm-workspace.yaml": "packages:\n  - 'apps/*'   # all\n\n  - libs/*\ncatalog: {}\n", "libs/u/package.json": "{}"}
    text = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN pnpm install --frozen-lockfile --ignore-scripts\nCMD x\n"
    found = safe(made(text, files, "apps/web/a.ts 100"))
    above = found[:found.index("RUN pnpm")]
    assert "apps/web/package.json" in above and "libs/u/package.json" in above and "a.ts" not in above


def test_a_doubt_is_said_with_what_to_check() -> None:
    proposals = made(NODE, {"package.json": "{}", "package-lock.json": LOCK % ("@prisma/client", "true"), "index.js": "1"})
    found = next(p for p in proposals if p.rule == "manifest-first")
    assert found.risk is Risk.CHECK
    assert "the install script of @prisma/client might read the sources" in found.check
    assert found.saving > 0.5


def test_what_never_changes_is_lifted_with_its_comment_and_newlines() -> None:
    text = ("# syntax=docker/dockerfile:1\r\nFROM busybox:1.36\r\nWORKDIR /app\r\nCOPY . .\r\n\r\n# folders\r\n"
            "RUN mkdir -p /data \\\r\n    && chmod 0700 /data\r\nCMD cat x\r\n")
    found = safe(made(text, {"app.py": "1", "README.md": ""}))
    assert found == ("# syntax=docker/dockerfile:1\r\nFROM busybox:1.36\r\nWORKDIR /app\r\n# folders\r\n"
                     "RUN mkdir -p /data \\\r\n    && chmod 0700 /data\r\nCOPY . .\r\n\r\nCMD cat x\r\n")


def test_build_arguments_sink_to_their_use_and_labels_go_along() -> None:
    text = ("FROM busybox:1.36\nARG SHA\nLABEL revision=$SHA\nRUN mkdir -p /data\nCOPY app.py /app.py\n"
            "RUN echo $SHA > /sha\n")
    proposals = made(text, {"app.py": "1", "README.md": ""}, args=("SHA",))
    best = proposals[0]
    lines = best.text.splitlines()
    assert best.risk is Risk.SAFE and best.saving > 0.3
    assert lines.index("RUN mkdir -p /data") < lines.index("ARG SHA") < lines.index("LABEL revision=$SHA")
    assert lines.index("ARG SHA") < lines.index("RUN echo $SHA > /sha")
    assert sorted(lines) == sorted(text.splitlines())


@pytest.mark.parametrize("text", [
    "FROM busybox:1.36\nCOPY . /app\nRUN cat /app/app.py > /x\n",                       # reads what is copied
    "FROM busybox:1.36\nCOPY . /app\nRUN mystery\n",                                    # nobody knows
    "FROM busybox:1.36\nCOPY . /app\nRUN mkdir -p /app/data\n",                         # makes a folder among it
    "FROM busybox:1.36\nRUN echo a > /app.py\nCOPY app.py /\n",                         # is replaced by it
    "FROM busybox:1.36\nCOPY . /app\n",
])
def test_what_has_to_stay_stays(text: str) -> None:
    assert safe(made(text, {"app.py": "1", "README.md": "", "data/x": "1"})) == ""


def test_unused_files_are_kept_out_only_with_a_check_and_not_if_somebody_names_them() -> None:
    text = "FROM python:3.12\nCOPY . /app\nRUN mystery\n"
    files = {"app.py": "1", "README.md": "x", ".dockerignore": "*.log"}
    found = next(p for p in made(text, files) if p.rule == "ignore-unused")
    assert found.files == ((".dockerignore", "*.log\nREADME.md\n"),) and found.text == text
    assert found.risk is Risk.CHECK and "README.md" in found.check
    named = {**files, "pyproject.toml": 'readme = "README.md"'}
    assert [p for p in made(text, named, "docs 100") if p.rule == "ignore-unused"] == []


def test_a_cache_mount_is_a_guess_and_says_what_is_gone() -> None:
    text = PIP.replace(" --no-cache-dir", "").replace("COPY . .", "COPY requirements.txt app.py ./")
    found = next(p for p in made(text, {"requirements.txt": "-e .", "app.py": ""}) if p.rule == "cache-mount")
    assert "RUN --mount=type=cache,target=/root/.cache/pip pip install" in found.text
    assert found.risk is Risk.CHECK and "guess" in found.why and "/root/.cache/pip" in found.check
    assert not any(p.rule == "cache-mount" for p in made(PIP, {"requirements.txt": "-e .", "app.py": ""}))


def test_safe_ones_are_combined_and_the_best_comes_first() -> None:
    text = PIP.replace("RUN pip", "RUN mkdir -p /data && touch /data/x\nRUN pip")
    proposals = made(text, {"requirements.txt": "flask", "app.py": "1", "README.md": ""})
    assert proposals[0].rule == "all-safe" and proposals[0].risk is Risk.SAFE
    savings = [p.saving for p in proposals]
    assert savings == sorted(savings, reverse=True)
    assert proposals[0].text.splitlines()[-2:] == ["COPY . .", "CMD python app.py"]
    assert proposals[0].before == proposals[1].before


def test_a_broken_file_gets_no_proposal_and_a_search_can_be_cancelled() -> None:
    assert made("FROM x\nCOPY nothing /\nRUN a\n", {"a.py": "1"}) == ()
    assert made("NONSENSE\n", {"a.py": "1"}) == ()
    progress = Progress()
    progress.cancel()
    data = {"Dockerfile": PIP.encode(), "requirements.txt": b"flask", "app.py": b"1"}
    context = ContextSnapshot.of(data)
    with pytest.raises(Cancelled):
        propose(ProjectState(PIP, context), mix_by_hand("source 1", context), read=data.get, progress=progress)


GO = ("FROM golang:1.23-alpine\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\n"
      "RUN go build -o /bin/api ./cmd/api\nEXPOSE 80\nENTRYPOINT [\"/bin/api\"]\n")
GO_FILES = {"go.mod": "module a\n", "go.sum": "", "cmd/api/main.go": "package main\n"}


def stages(text: str) -> list[Proposal]:
    return [p for p in made(text, GO_FILES, "cmd/api/main.go 100") if p.rule == "build-stage"]


def test_a_program_that_needs_no_library_gets_a_stage_of_its_own() -> None:
    found, = stages(GO)
    assert found.text == (
        "FROM golang:1.23-alpine AS build\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\n"
        "COPY . .\nRUN go build -o /bin/api ./cmd/api\n\nFROM golang:1.23-alpine\nENV CGO_ENABLED=0\nWORKDIR /src\n"
        "COPY --from=build /bin/api /bin/api\nEXPOSE 80\nENTRYPOINT [\"/bin/api\"]\n")
    assert found.risk is Risk.CHECK and "opens none of those files" in found.check
    assert found.leaves == sum(len(data) for data in (*GO_FILES.values(), GO)) and "4 files of the context" in found.why
    assert found.saving > -0.1
    named, = stages(GO.replace("alpine\n", "alpine AS api\n"))
    assert named.text.startswith("FROM golang:1.23-alpine AS build\n") and "\nFROM golang:1.23-alpine AS api\n" in named.text


@pytest.mark.parametrize(("old", "new"), [
    ("CGO_ENABLED=0", "CGO_ENABLED=1"),                                          # may need a library of the image
    ('["/bin/api"]', '["/bin/other"]'), ('["/bin/api"]', "/bin/api"), ('["/bin/api"]', '["sh", "-c", "/bin/api"]'),
    ("EXPOSE 80", "COPY go.mod /etc/"), ("EXPOSE 80", "RUN adduser -D app"), ("EXPOSE 80", "VOLUME /data"),
    ("EXPOSE 80", "USER app"), ("EXPOSE 80", "HEALTHCHECK CMD wget -q localhost"), ("EXPOSE 80", "ONBUILD COPY . /x"),
    ("-o /bin/api", "-o /bin/"), ("RUN go build", "RUN true || go build"), ("./cmd/api\n", "./cmd/api && strip /bin/api\n"),
    ("go build -o /bin/api", "make"), ("-o /bin/api", "-o $OUT"),
])
def test_no_stage_where_something_is_not_known(old: str, new: str) -> None:
    assert old in GO and stages(GO.replace(old, new)) == []
