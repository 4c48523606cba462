"""Reports of proofs: what they conclude, and that they open again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.confirm.image_diff import Difference, ImageDiff, What
from cachesim.confirm.proof_file import load_proof, proof_markdown, proof_object, save_proof
from cachesim.confirm.proof_report import EditRun, ProofReport, ProofRow, ProofSide, RowKind, Times
from cachesim.errors import InputError, StoreFormatError

RUN = EditRun(3, 3, 9.0, 9.5, 10.0, ("[2/4] COPY . .",))
CHEAP = EditRun(1, 1, 0.2, 0.25, 0.9, ("[4/4] COPY . .",))
NOTHING = EditRun(0, 0)
NOISE = Difference(What.CONTENT, "/stamp", "a file of 3 bytes", "a file of 3 bytes", "two builds of A differ in it too")
REPORT = ProofReport(
    False, "Engine 28", 1_700_000_000.0, ProofSide("Dockerfile", "aa", 12.0), ProofSide("Dockerfile | new", "bb", 13.0),
    "stated by hand", ImageDiff(1200, 5000, ignored=(NOISE,), ignored_total=1),
    (ProofRow(RowKind.EDIT, "src/**/*.py", 0.9, RUN, CHEAP), ProofRow(RowKind.EDIT, "a <b> | --> c", 0.1, RUN, RUN),
     ProofRow(RowKind.NO_EDIT, "no edit", 0.0, NOTHING, NOTHING),
     ProofRow(RowKind.MANIFEST, "an edit of the manifest", 0.0, RUN, RUN)), ("A note with --> and <!-- in it.",))
DIFFERENT = ImageDiff(9, 9, (Difference(What.MODE, "/app", "0755", "0700"),), 1)


@pytest.mark.parametrize("name", ["proof.json", "proof.md"])
def test_it_opens_again(tmp_path: Path, name: str) -> None:
    for report in (REPORT, replace(REPORT, image=DIFFERENT, rehearsal=True), replace(REPORT, image=None, rows=(),
                   error="the engine went away", cancelled=True)):
        save_proof(tmp_path / name, report)
        assert load_proof(tmp_path / name) == report


def test_same_and_better() -> None:
    assert (REPORT.exit_code, REPORT.same, REPORT.worse) == (0, True, False)
    assert REPORT.verdict == (
        "Same image: 1,200 files and the configuration are equal but for 1 where two builds of A differ in it too. Over "
        "the mix an edit runs 1.2 steps again with B, 3.0 with A, in 1.2 s instead of 9.5 s: better by 88%.")


def test_a_difference_names_the_first_file() -> None:
    report = replace(REPORT, image=DIFFERENT)
    assert report.exit_code == 1 and report.verdict.startswith(
        "The images differ: /app: mode differs: 0755 in A, 0700 in B.")


def test_worse_in_seconds_though_it_runs_fewer_steps() -> None:
    slow = replace(CHEAP, seconds=20.0)
    report = replace(REPORT, rows=(ProofRow(RowKind.EDIT, "x", 1.0, RUN, slow), *REPORT.rows[2:]))
    assert report.worse and report.exit_code == 1 and report.verdict.endswith("in 20.0 s instead of 9.5 s: worse by 111%.")


def test_seconds_that_hardly_differ_leave_it_to_the_steps() -> None:
    rows = (ProofRow(RowKind.EDIT, "x", 1.0, replace(RUN, seconds=0.2), replace(RUN, observed=4, seconds=0.1)),)
    report = replace(REPORT, rows=(*rows, *REPORT.rows[2:]))
    assert not report.seconds_decide and report.worse and report.exit_code == 1
    assert report.verdict.endswith("runs 4.0 steps again with B, 3.0 with A: worse by 33%. The seconds (0.1 s with B, 0.2 s "
                                   "with A) are too close to tell the two apart.")


def test_a_control_that_fails() -> None:
    stale = replace(REPORT, rows=(*REPORT.rows[:3], ProofRow(RowKind.MANIFEST, "an edit of the manifest", 0.0, RUN,
                                                             NOTHING)))
    assert stale.exit_code == 1 and stale.broken_controls == (
        "B runs nothing again after an edit of the manifest: it would use what is out of date",)
    restless = replace(REPORT, rows=(*REPORT.rows[:2], ProofRow(RowKind.NO_EDIT, "no edit", 0.0, RUN, NOTHING)))
    assert restless.exit_code == 1 and "although nothing was edited" in restless.verdict


def test_a_side_that_does_not_build() -> None:
    b = replace(REPORT, b=replace(REPORT.b, error="no such file"), image=None)
    assert b.exit_code == 1 and b.verdict == "B (Dockerfile | new) does not build: no such file"
    a = replace(REPORT, a=replace(REPORT.a, error="no such file"), image=None)
    assert a.exit_code == 2 and a.verdict == "A (Dockerfile) does not build: no such file"


def test_a_rehearsal_proves_no_contents() -> None:
    report = replace(REPORT, rehearsal=True, image=ImageDiff(), times=Times.NONE)
    assert report.same is None and report.exit_code == 0
    assert "a rehearsal says nothing of files" in report.verdict and " s instead of" not in report.verdict
    assert replace(report, image=DIFFERENT).exit_code == 1
    assert "The configurations differ: " in replace(report, image=DIFFERENT).verdict
    guessed = replace(report, times=Times.ESTIMATED)
    assert "in an estimated 1.2 s instead of 9.5 s" in guessed.verdict


def test_what_could_not_be_done() -> None:
    assert replace(REPORT, cancelled=True).exit_code == 2
    assert replace(REPORT, error="the engine does not answer").exit_code == 2
    assert replace(REPORT, image=None).exit_code == 2


def test_markdown() -> None:
    text = proof_markdown(REPORT)
    assert "| src/**/*.py | 90% | 3 (3) | 1 (1) | 9.5 s (9.0 s) | 0.2 s (0.2 s) |" in text
    assert "| a &lt;b> \\| --> c | 10% |" in text
    assert "| **over the mix** |  | **3.0** | **1.2** | **9.5 s** | **1.2 s** |" in text
    assert "1 differences that do not count" in text and text.count("-->") == text.count("--> c") + text.count("--> and") + 1


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for text, error in (("no json", InputError), ("{}", InputError), ('{"kind": "x"}', InputError),
                        ('{"kind": "cachesim proof", "format": 99}', StoreFormatError)):
        (tmp_path / "p").write_text(text)
        with pytest.raises(error):
            load_proof(tmp_path / "p")
    with pytest.raises(InputError):
        load_proof(tmp_path / "missing.json")


def test_the_object_says_what_it_concludes() -> None:
    value = proof_object(REPORT)
    assert (value["exit"], value["same_image"], value["worse"]) == (0, True, False)
    assert value["expected"]["b"] == {"reruns": 1.2, "seconds": 1.175}
