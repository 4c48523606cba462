"""Files of confirmations."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from cachesim.confirm.buildx import RawJsonReader
from cachesim.confirm.match import BuildComparison, Confirmation, Mode, StepComparison, Verdict
from cachesim.confirm.observed import Observation, VertexStatus
from cachesim.confirm.records import (
    Record,
    Tally,
    copy_record,
    load_record,
    read_stream,
    save_record,
)
from cachesim.confirm.stream import StreamFile
from cachesim.errors import InputError, StoreFormatError
from cachesim.graph.model import StepId

DATA = Path(__file__).parents[1] / "data" / "rawjson"


def confirmation() -> Confirmation:
    seen = Observation()
    reader = RawJsonReader()
    for line in (DATA / "graphdriver-failing.jsonl").read_text().splitlines():
        seen.add(reader.feed(line))
    observed = seen.ended(1, 2.5)
    run = next(v for v in observed.vertices if "about to fail" in v.name)
    steps = (StepComparison(StepId(1, 5), 13, run.name, "run", True, "failed", Verdict.NOT_COMPARED, 0.1, "why", "note",
                            "key", run.log),
             StepComparison(None, 0, "[internal] load build context", "", True, "run", Verdict.NOT_COMPARED,
                            internal=True))
    build = BuildComparison("first", steps, observed, "", observed.error, "line 13 failed")
    return Confirmation(Mode.ISOLATED, "engine", 1700000000.5, (build,), ("a note",))


def saved(folder: Path) -> tuple[Path, Record]:
    record = Record(confirmation(), {"engine": "28.5.2"}, ("FROM a\n",), (("docker", "buildx"),))
    path = folder / "x" / "one.confirmation"
    save_record(path, record, [DATA / "graphdriver-failing.jsonl"])
    return path, record


def test_a_record_opens_again_without_an_engine(tmp_path: Path) -> None:
    path, record = saved(tmp_path)
    again = load_record(path)
    assert again.facts == record.facts and again.dockerfiles == record.dockerfiles and again.commands == record.commands
    assert again.confirmation.record == str(path)
    one, two = record.confirmation.builds[0], again.confirmation.builds[0]
    assert two.steps == one.steps and two.problem == one.problem
    assert two.observed == one.observed
    assert again.confirmation.notes == ("a note",) and again.confirmation.started == 1700000000.5
    assert [p.name for p in path.parent.iterdir()] == ["one.confirmation"]


def test_damaged_and_foreign_records(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    broken = tmp_path / "broken"
    broken.write_bytes(path.read_bytes()[:-200])
    for bad in (broken, tmp_path / "missing", DATA / "graphdriver-first.jsonl"):
        with pytest.raises(InputError, match="is not a confirmation record"):
            load_record(bad)
    with zipfile.ZipFile(tmp_path / "new", "w") as archive:
        archive.writestr("confirmation.json", '{"format": 99}')
    with pytest.raises(StoreFormatError):
        load_record(tmp_path / "new")
    with zipfile.ZipFile(tmp_path / "odd", "w") as archive:
        archive.writestr("confirmation.json", '{"format": 1}')
    with pytest.raises(InputError):
        load_record(tmp_path / "odd")


def test_copy(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    copy_record(path, tmp_path / "copy")
    assert load_record(tmp_path / "copy").confirmation.builds[0].label == "first"
    with pytest.raises(InputError):
        copy_record(path, tmp_path / "no" / "such")


def test_streams_from_elsewhere() -> None:
    good = read_stream(DATA / "containerd-again.jsonl")
    assert good.exit_code == 0 and good.seconds > 0
    bad = read_stream(DATA / "graphdriver-failing.jsonl")
    assert bad.exit_code == 1 and "exit code: 3" in bad.error
    plain = read_stream(DATA / "containerd-plainrun.plain.txt")
    assert any(v.name == "[build 2/6] WORKDIR /app" and v.status is VertexStatus.CACHED for v in plain.vertices)


def test_a_history_log_has_few_large_objects(tmp_path: Path) -> None:
    lines = (DATA / "containerd-first.jsonl").read_text().splitlines()
    whole: dict[str, list[object]] = {}
    for line in lines:
        for kind, items in json.loads(line).items():
            whole.setdefault(kind, []).extend(items)
    log = tmp_path / "history.rawjson"
    log.write_text(json.dumps(whole) + "\n")
    one, many = read_stream(log), read_stream(DATA / "containerd-first.jsonl")
    assert {v.name: (v.status, v.log) for v in one.vertices} == {v.name: (v.status, v.log) for v in many.vertices}


@pytest.mark.parametrize("text", ["", "hello\nworld\n", "{}\n"])
def test_a_log_without_progress(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x"
    path.write_text(text)
    with pytest.raises(InputError, match="holds no build progress"):
        read_stream(path)
    with pytest.raises(InputError):
        read_stream(tmp_path / "missing")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(InputError, match="the disk is full"):
        StreamFile(full).write("x" * 100_000)
    stream = StreamFile(full)
    stream.write("little")
    with pytest.raises(InputError, match="the disk is full"):
        stream.close()
    with pytest.raises(InputError, match="No such file"):
        StreamFile(tmp_path / "no" / "such")


def test_streams_without_secrets_are_kept_as_they_are(tmp_path: Path) -> None:
    stream = StreamFile(tmp_path / "s")
    for line in (DATA / "graphdriver-first.jsonl").read_text().splitlines():
        stream.write(line)
    stream.close()
    assert (tmp_path / "s").read_text() == (DATA / "graphdriver-first.jsonl").read_text()


def test_tally() -> None:
    tally = Tally().after(confirmation()).after(confirmation())
    assert Tally.from_json(json.loads(json.dumps(tally.to_json()))) == tally
    assert tally.sentence == "2 builds confirmed, 0 steps: none"
    assert Tally.from_json({"format": 7}) == Tally() == Tally.from_json(None)
    assert Tally(3, {"right": 4, "wrong": 1}).sentence == "3 builds confirmed, 5 steps: 4 right, 1 wrong"
