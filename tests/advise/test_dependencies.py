"""Tests of advise/dependencies.py: which exchanges are free, possible or refused, and in which words."""

from __future__ import annotations

import pytest

from cachesim.advise.commands import CommandTable
from cachesim.advise.dependencies import MoveKind, MoveVerdict
from cachesim.advise.exchange import Exchanges, judge_move
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.project.state import ProjectState

TABLE = CommandTable.load()
FILES = {"requirements.txt": b"flask", "package.json": b"{}", "src/app.py": b"1", "run.sh": b"#!", "other.txt": b"2"}
FREE, MAY, NO = MoveKind.FREE, MoveKind.MAY_CHANGE, MoveKind.REFUSED


def verdict(upper: str, lower: str, before: str = "", files: dict[str, bytes] = FILES) -> MoveVerdict:
    """Exchange two instructions that stand one above the other."""
    head = f"FROM local/base\n{before}\n" if before else "FROM local/base\n"
    text = f"{head}{upper}\n{lower}\n"
    index = len(parse(head).instructions)
    found = judge_move(ProjectState(text, ContextSnapshot.of(files)), index, index + 1, TABLE)
    back = judge_move(ProjectState(text, ContextSnapshot.of(files)), index + 1, index, TABLE)
    assert (found.kind, found.reason) == (back.kind, back.reason)
    return found


PAIRS = [
    # files
    ("COPY requirements.txt /a/", "COPY package.json /b/", FREE),
    ("COPY requirements.txt /a/x", "COPY package.json /a/x", NO),
    ("COPY requirements.txt /a/", "RUN pip install -r /a/requirements.txt", NO),
    ("COPY package.json /a/", "RUN pip install -r /a/requirements.txt", MAY),
    ("COPY . /a/", "RUN mkdir -p /data", FREE),
    ("COPY src /a/", "RUN rm -rf /a", NO),
    ("COPY --chown=app src /a/", "RUN useradd app", NO),
    ("COPY --chown=1000 src /a/", "RUN useradd app", FREE),
    ("COPY run.sh /usr/local/bin/", "RUN chmod +x /usr/local/bin/run.sh", NO),
    ("COPY . /app/", "RUN apt-get update", FREE),
    ("COPY . /app/", "RUN frobnicate", NO),
    # wildcards: what matches is surely meant
    ("COPY src /a/", "RUN cat /a/*.py > /x", NO),
    ("COPY src /a/", "RUN cat /a/*.sh > /x", MAY),
    ("COPY run.sh /a/x/", "RUN cat /a/* > /x", MAY),
    ("COPY run.sh /a/", "RUN wc -c /a/r*", NO),
    ("RUN echo x > /a/b.txt", "RUN wc -c /a/*", NO),
    # a folder that has to be there
    ("COPY src /a/", "RUN echo x > /a/b.txt", MAY),
    # commands
    ("RUN useradd a", "RUN useradd b", NO),
    ("RUN mkdir -p /a", "RUN mkdir -p /b", FREE),
    ("RUN mkdir -p /a/b", "RUN mkdir -p /a/c", FREE),
    ("RUN touch /a", "RUN rm /a", NO),
    ("RUN apt-get install -y curl", "RUN curl -o /x https://example.org/x", NO),
    # variables
    ("ENV A=1", "ENV B=2", FREE),
    ("ENV A=1", "ENV A=2", NO),
    ("ENV A=1", "ENV B=$A", NO),
    ("ENV A=1", "RUN echo $A", NO),
    ("ENV A=1", "RUN echo hello > /x", FREE),
    ("ENV A=1", "RUN npm run build", MAY),
    ("ENV PIP_INDEX_URL=x", "RUN pip install flask", MAY),
    ("ENV A=1", "RUN frobnicate", NO),
    ("ARG A=1", "RUN echo ${A:-x}", NO),
    ("ENV A=/x", "COPY src $A", NO),
    # what commands run in
    ("USER app", "RUN touch /x", NO),
    ("USER app", "COPY src /x/", FREE),
    ("WORKDIR /w", "RUN touch x", NO),
    ("WORKDIR /w", "RUN touch /x", FREE),
    ("WORKDIR /w", "COPY src .", NO),
    ("SHELL [\"/bin/bash\", \"-c\"]", "RUN touch /x", NO),
    ("SHELL [\"/bin/bash\", \"-c\"]", "CMD run", NO),
    ("SHELL [\"/bin/bash\", \"-c\"]", "CMD [\"run\"]", FREE),
    # configuration
    ("LABEL a=1", "LABEL b=2", FREE),
    ("LABEL a=1", "LABEL a=2", NO),
    ("LABEL a=1", "RUN frobnicate", FREE),
    ("CMD a", "CMD b", NO),
    ("CMD [\"a\"]", "ENTRYPOINT [\"b\"]", FREE),
    ("EXPOSE 1", "EXPOSE 2", FREE),
    ("ONBUILD RUN a", "ONBUILD RUN b", NO),
]


@pytest.mark.parametrize(("upper", "lower", "kind"), PAIRS, ids=[f"{a} | {b}" for a, b, _ in PAIRS])
def test_two_neighbours(upper: str, lower: str, kind: MoveKind) -> None:
    found = verdict(upper, lower)
    assert found.kind is kind, found
    assert bool(found.reason) or kind is FREE
    assert bool(found.check) is (kind is MAY)


def test_the_reasons_are_in_plain_words() -> None:
    assert verdict("COPY requirements.txt .", "RUN pip install -r requirements.txt").reason == (
        "`pip install -r requirements.txt` reads `requirements.txt`, which line 2 brings.")
    assert verdict("ENV A=1", "RUN echo $A").reason == "The ENV of line 2 is used on line 3 ($A)."
    assert verdict("COPY . .", "RUN frobnicate").reason.startswith(
        "Line 3 runs `frobnicate`, which is not in the table of commands")


def test_the_same_file_twice_may_change_places() -> None:
    assert verdict("COPY package.json /a/", "COPY . /a/").kind is FREE
    assert verdict("COPY package.json /a/", "COPY --chown=1 . /a/").kind is NO


def test_what_is_ignored_is_not_brought() -> None:
    command = "RUN pip install --no-deps -r /a/requirements.txt"
    assert verdict("COPY . /a/", command).kind is NO
    assert verdict("COPY . /a/", command, files={**FILES, ".dockerignore": b"requirements.txt"}).kind is MAY


def test_a_folder_is_made_by_the_first() -> None:
    assert verdict("RUN mkdir -p /a", "COPY --chown=1 run.sh /a/").kind is not FREE
    assert verdict("RUN mkdir -p /a", "COPY --chown=1 run.sh /a/", before="WORKDIR /a").kind is FREE
    assert verdict("RUN mkdir -p /a", "COPY --chown=1 run.sh /a/", before="WORKDIR /a\nRUN rm -rf /a").kind is not FREE
    assert verdict("WORKDIR /a", "RUN touch /a/x").kind is not FREE


def test_below_the_working_folder_no_base_image_has_a_folder() -> None:
    found = verdict("COPY src site/", "RUN echo x > site/b.txt", before="WORKDIR /srv")
    assert (found.kind, found.reason) == (NO, "`> site/b.txt` needs the folder /srv/site, which line 3 brings.")
    assert verdict("COPY src site/", "RUN echo x > site/b.txt", before="WORKDIR /srv/site\nWORKDIR /srv").kind is FREE
    assert verdict("COPY src site/", "RUN echo x > b.txt", before="WORKDIR /srv").kind is FREE


def test_links_of_the_file_are_followed() -> None:
    assert verdict("COPY run.sh /srv/x/", "RUN cat /data/x/run.sh").kind is FREE
    assert verdict("COPY run.sh /srv/x/", "RUN cat /data/x/run.sh", before="RUN ln -s /data /srv").kind is NO


def test_stages_and_from_stay() -> None:
    text = "FROM a AS one\nRUN touch /x\nFROM b\nCOPY --from=one /x /x\n"
    state = ProjectState(text, ContextSnapshot.of({}))
    assert judge_move(state, 1, 2, TABLE).reason == "RUN would leave its stage: it cannot be moved across a FROM."
    assert judge_move(state, 0, 1, TABLE).kind is NO


def test_a_move_is_as_free_as_the_least_free_it_passes() -> None:
    text = "FROM a\nCOPY other.txt /o/\nLABEL a=1\nRUN touch /t\nRUN cat /o/other.txt\nRUN frobnicate\n"
    state = ProjectState(text, ContextSnapshot.of(FILES))
    assert [judge_move(state, 1, to, TABLE).kind for to in (2, 3, 4, 5)] == [FREE, FREE, NO, NO]


def test_a_workspace_file_names_what_the_command_alone_does_not() -> None:
    """go.work and a solution name files of other folders: a single move knows that as well as the search does."""
    files = {"svc/go.mod": b"module a\n", "lib/go.mod": b"module b\n", "go.work": b"go 1.22\nuse (\n\t./svc\n\t./lib\n)\n",
             "lib/b.go": b"package b\n"}
    text = ("FROM a\nWORKDIR /src\nCOPY go.work ./\nWORKDIR svc\nCOPY svc/go.mod ./\nCOPY lib/go.mod /src/lib/\n"
            "RUN go mod download\n")
    state = ProjectState(text, ContextSnapshot.of(files))
    moved_below = judge_move(state, 5, 6, TABLE, files.get)
    assert moved_below.kind is NO and "lib/go.mod" in moved_below.reason
    solution = {"app/app.csproj": b"<Project/>", "lib/lib.csproj": b"<Project/>", "shop.sln": (
        b'Project("{1}") = "app", "app\\app.csproj", "{2}"\nEndProject\n'
        b'Project("{1}") = "lib", "lib\\lib.csproj", "{3}"\nEndProject\n')}
    text = ("FROM a\nWORKDIR /src\nCOPY shop.sln ./\nCOPY app/app.csproj app/\nCOPY lib/lib.csproj lib/\n"
            "RUN dotnet restore shop.sln\n")
    state = ProjectState(text, ContextSnapshot.of(solution))
    below = judge_move(state, 4, 5, TABLE, solution.get)
    assert below.kind is NO and "lib.csproj" in below.reason
    assert Exchanges.of(state, TABLE, solution.get).between(4, 5) == below


@pytest.mark.parametrize("text", ["RUN a\nRUN b\n", "COPY . /\nRUN z\nFROM a\nRUN b\nRUN c\n", "FROM \nRUN a\nRUN b\n"])
def test_of_a_file_without_a_first_stage_nothing_is_known(text: str) -> None:
    last = len(parse(text).instructions) - 1
    found = judge_move(ProjectState(text, ContextSnapshot.of(FILES)), last, last - 1, TABLE)
    assert found.kind is MAY and found.reason.startswith("An instruction stands above the first FROM")
