"""Repositories that are not as one would wish: every command says what, where and what to do, and ends as it should."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cachesim
from cachesim.cli.main import main
from tests.history.gitrepo import GitRepo

DOCKERFILE = "FROM base:1\nCOPY req.txt /\nRUN install\nCOPY src /src\nRUN build\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{:064d}\nsize 12345\n"

AGAINST = ("plan", "--against", "HEAD~1", ".")
RANGE = ("plan", "HEAD~1..HEAD", ".")
HISTORY = ("history", ".")
ADVISE = ("advise", ".")
COMPARE = ("compare", "Dockerfile", "Dockerfile")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    repo = GitRepo(tmp_path / "repo")
    repo.commit("Start", {"Dockerfile": DOCKERFILE, "req.txt": "flask\n", "src/a.py": "1\n"})
    for n in range(2, 5):
        repo.commit(f"Edit {n}", {"src/a.py": f"{n}\n"})
    monkeypatch.chdir(repo.folder)
    return repo


def run(*words: str) -> int:
    def no_window(path: Path | None, sample: str | None) -> int:
        raise AssertionError((path, sample))
    return main((words[0], "--offline", *words[1:]), open_window=no_window)


def said(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int) -> str:
    """Run a command that ends so; what it says, without a traceback."""
    assert run(*words) == status, capsys.readouterr()
    found = capsys.readouterr()
    text = found.out + found.err
    assert "Traceback" not in text and "bug" not in text
    assert (status == 2) == ("error: " in found.err)
    return text


def damage(repo: GitRepo, name: str, *, remove: bool = False) -> None:
    """Spoil or remove one loose object."""
    full = repo.git("rev-parse", name).strip()
    file = repo.folder / ".git" / "objects" / full[:2] / full[2:]
    if remove:
        file.unlink()
    else:
        file.chmod(0o644)
        file.write_bytes(b"garbage")


@pytest.mark.parametrize(("words", "status", "wanted"), [
    (AGAINST, 2, "`git fetch --unshallow` brings the rest"),
    (RANGE, 2, "`git fetch --unshallow` brings the rest"),
    (HISTORY, 0, "the clone is shallow, so older commits are missing"),
    (ADVISE, 0, "the usual one, as the clone is shallow"),
    (COMPARE, 0, "the usual one, as the clone is shallow"),
])
def test_a_shallow_clone(repo: GitRepo, tmp_path: Path, words: tuple[str, ...], status: int, wanted: str,
                         monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert wanted in said(capsys, words, status)


@pytest.mark.parametrize("words", [AGAINST, RANGE, HISTORY, ADVISE])
def test_a_bare_repository(repo: GitRepo, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch,
                           capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    monkeypatch.chdir(tmp_path / "bare.git")
    text = said(capsys, words, 2)
    assert "is a bare repository" in text and "git worktree add" in text


@pytest.mark.parametrize("words", [("plan", "--against", "nope"), ("plan", "nope..HEAD"), ("plan", "HEAD~1..nope"),
                                   ("plan", "HEAD~99..HEAD"), ("history", "--revision", "nope"), ("plan", "--against=-x"),
                                   ("history", "--revision=--all"), ("history", "--revision", "")])
def test_a_revision_that_does_not_exist(repo: GitRepo, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, words, 2)
    assert "there is no such revision. `git log --oneline --all` shows" in text or (
        "is no name of a revision" in text)


def test_a_revision_without_the_dockerfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    late = GitRepo(tmp_path / "late")
    late.commit("Before", {"req.txt": "x", "src/a.py": "1"})
    late.commit("Add", {"Dockerfile": DOCKERFILE})
    monkeypatch.chdir(late.folder)
    assert "holds no Dockerfile. It was added later: choose" in said(capsys, AGAINST, 2)
    assert "Before: cannot be built: holds no Dockerfile. Start the range with" in said(capsys, RANGE, 2)
    assert "1 commit could not be built, the newest: " in said(capsys, HISTORY, 0)
    text = said(capsys, ("history", "--revision", "HEAD~1"), 2)
    assert "none of 1 commits could be built" in text and "--revision" in text


def test_a_detached_head_and_a_merge(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("checkout", "-q", "-b", "topic", "HEAD~2")
    repo.commit("Topic", {"src/b.py": "1\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-edit", "topic")
    repo.commit("After", {"src/a.py": "9\n"})
    assert "Merge branch 'topic' (merge)" in said(capsys, ("plan", "HEAD~2..HEAD"), 0)
    assert "5 of 5" in said(capsys, HISTORY, 0)
    assert "topic is no part of" not in said(capsys, ("plan", "topic..main"), 0)
    repo.git("checkout", "-q", "--detach", "HEAD~1")
    for words in (AGAINST, RANGE, HISTORY, ADVISE, COMPARE):
        said(capsys, words, 0)
    assert "of the last 4 commits" in said(capsys, COMPARE, 0)


def test_a_branch_that_parted_before(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("checkout", "-q", "-b", "topic", "HEAD~2")
    repo.commit("Topic", {"req.txt": "django\n"})
    two = said(capsys, ("plan", "main..topic"), 0)
    assert "note: main is no part of the history of topic" in two and "  2      4 " in two
    three = said(capsys, ("plan", "main...topic"), 0)
    assert "note" not in three and "main...topic: 1 commit" in three and "  1      4 " in three
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("Other")
    assert "no commit in common" in said(capsys, ("plan", "main...other"), 2)


def test_a_dockerfile_that_was_renamed(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    (repo.folder / "docker").mkdir()
    repo.git("mv", "Dockerfile", "docker/Dockerfile.app")
    repo.commit("Rename")
    repo.commit("After", {"src/a.py": "9\n"})
    where = ("-f", "docker/Dockerfile.app")
    assert "4 of 5" in said(capsys, ("history", *where), 0)
    text = said(capsys, ("plan", "--against", "HEAD~2", *where), 0)
    assert "src/a.py changed" in text and "3 cached" in text
    assert "2 commits" in said(capsys, ("plan", "HEAD~2..HEAD", *where), 0)


@pytest.mark.parametrize("remove", [False, True], ids=["damaged", "missing"])
@pytest.mark.parametrize("name", ["HEAD~1:src/a.py", "HEAD~1^{tree}", "HEAD~1"])
def test_a_damaged_object(repo: GitRepo, name: str, remove: bool, capsys: pytest.CaptureFixture[str]) -> None:
    damage(repo, name, remove=remove)
    for words in (AGAINST, RANGE):
        text = said(capsys, words, 2)
        assert "missing or damaged" in text or (remove and "there is no such revision" in text), text
    whole = name.endswith(".py")
    text = said(capsys, HISTORY, 0 if whole else 2)
    assert "missing or damaged" in text and ("could not be built, the newest" in text or "git fsck" in text), text
    for words in (ADVISE, COMPARE):
        assert ("git cannot tell" in said(capsys, words, 0)) is not whole
    assert said(capsys, ("plan", "."), 0)


def test_submodules_lfs_pointers_and_links(repo: GitRepo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = repo.git("rev-parse", "HEAD").strip()
    repo.commit("Pointer", {"src/big.bin": POINTER.format(1)})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},src/mod")
    (repo.folder / "src" / "mod").mkdir()
    for link, target in (("l", "a.py"), ("gone", "nowhere"), ("loop", "loop"), ("out", "/etc/passwd")):
        (repo.folder / "src" / link).symlink_to(target)
    repo.git("add", "src/l", "src/gone", "src/loop", "src/out")
    repo.git("commit", "-q", "-m", "Odd ones")
    repo.commit("Pointer again", {"src/big.bin": POINTER.format(2)})
    for words in (HISTORY, ("plan", "HEAD~3..HEAD")):
        text = said(capsys, words, 0)
        assert "big.bin: Git LFS pointers count as" in text and "mod: submodules count as empty folders" in text
    assert "src/big.bin changed" in said(capsys, AGAINST, 0)


def test_a_link_to_a_dockerfile_builds_where_the_link_lies(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({"docker/The.Dockerfile": DOCKERFILE})
    (repo.folder / "Dockerfile").unlink()
    (repo.folder / "Dockerfile").symlink_to("docker/The.Dockerfile")
    assert "fails to build" not in said(capsys, ("compare", "Dockerfile", "docker/The.Dockerfile"), 0)


def test_names_that_no_terminal_should_obey(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    folder = os.fsencode(repo.folder / "src")
    names = (b"new\nline", b"not\xff\xfeutf", b"esc\x1b[31m", b'-q"uote', b"| pipe", b"[x]*")
    for text in (b"1", b"2"):
        for name in names:
            Path(os.fsdecode(folder + b"/" + name)).write_bytes(text)
        repo.commit(f"Odd {text.decode()}")
    for words in (AGAINST, RANGE, HISTORY, ADVISE, COMPARE, (*AGAINST, "--json"), (*HISTORY, "--json"), (*RANGE, "--json"),
                  (*AGAINST, "--format", "markdown")):
        text = said(capsys, words, 0)
        assert "\x1b" not in text and "new\nline" not in text
    text = said(capsys, RANGE, 0)
    assert "6      2 " in text.replace("esc\\x1b", "")


@pytest.mark.parametrize(("words", "status", "wanted"), [
    (AGAINST, 2, "git is not installed"), (RANGE, 2, "git is not installed"), (HISTORY, 2, "git is not installed"),
    (ADVISE, 0, "no git history (git is not installed"), (COMPARE, 0, "no git history (git is not installed"),
    (("plan", "."), 0, "a first build of what is on disk")])
def test_git_is_missing(repo: GitRepo, words: tuple[str, ...], status: int, wanted: str, monkeypatch: pytest.MonkeyPatch,
                        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(repo.folder))
    assert wanted in said(capsys, words, status)


@pytest.mark.parametrize(("make", "wanted"), [
    (lambda folder: None, "is in no git repository"),
    (lambda folder: GitRepo(folder), "nothing was committed yet"),
    (lambda folder: (folder / ".git").write_text("gitdir: /not/there\n"), "is in no git repository"),
    (lambda folder: (folder / ".git").mkdir(), "is in no git repository")], ids=["none", "young", "lost", "empty"])
def test_no_history_at_all(tmp_path: Path, make: Callable[[Path], object], wanted: str, monkeypatch: pytest.MonkeyPatch,
                           capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM base:1\nCOPY . .\n")
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for words in (AGAINST, RANGE, HISTORY):
        assert wanted in said(capsys, words, 2)
    for words in (ADVISE, COMPARE):
        assert wanted in said(capsys, words, 0)


def test_a_large_history_takes_little_memory(tmp_path: Path) -> None:
    """A packed blob of 120 MB in two versions; each is hashed as it comes, none is held."""
    repo = GitRepo(tmp_path / "large")
    repo.git("config", "core.bigFileThreshold", "1m")       # written to a pack at once
    for n in range(2):
        with open(repo.folder / "big.bin", "wb") as file:
            file.truncate(120_000_000)
            file.seek(n)
            file.write(b"1")
        repo.commit(f"Large {n}", {"Dockerfile": "FROM base:1\nCOPY . .\n", "n": str(n)})
    (repo.folder / "big.bin").unlink()
    code = ("import resource, sys\nfrom cachesim.cli.main import main\n"
            "status = main(sys.argv[1:], open_window=None)\n"
            "mine = next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1]\n"
            "print(mine, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
            "sys.exit(status)")
    for words in (("history", "--offline", "."), ("plan", "--offline", "--against", "HEAD~1", ".")):
        done = subprocess.run([sys.executable, "-c", code, *words], cwd=repo.folder, capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONPATH": str(Path(cachesim.__file__).parent.parent)})
        assert done.returncode == 0, done.stderr
        mine, of_git = map(int, done.stdout.split()[-2:])
        assert max(mine, of_git) < 100_000, f"{words}: {mine} KB, git {of_git} KB"
