"""Which differences of two images count, and in which words."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import pytest

from cachesim.confirm.image_diff import EntryKind, ImageContents, ImageEntry, What, compare_images, normalised_config
from cachesim.confirm.image_expected import ProjectDifference
from cachesim.confirm.image_read import entries_of_tar
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of_bytes
from cachesim.project.state import ProjectState

FILE = ImageEntry(EntryKind.FILE, 0o644, size=3, digest="aa" * 32)
FOLDER = ImageEntry(EntryKind.FOLDER, 0o755)
IMAGE = ImageContents({"User": "www", "Env PATH": "/bin"},
                      {"/app": FOLDER, "/app/main": FILE, "/bin": FOLDER, "/bin/sh": replace(FILE, mode=0o755)})


def changed(path: str, entry: ImageEntry | None, image: ImageContents = IMAGE) -> ImageContents:
    entries = {k: v for k, v in image.entries.items() if k != path}
    return replace(image, entries={**entries, path: entry} if entry is not None else entries)


def test_equal_images() -> None:
    diff = compare_images(IMAGE, replace(IMAGE))
    assert diff.same and diff.first == "" and (diff.files, diff.bytes) == (2, 6)


@pytest.mark.parametrize(("entry", "sentence"), [
    (replace(FILE, size=4, digest="bb" * 32),
     "/app/main: content differs: a file of 3 bytes (sha256 aaaaaaaaaaaa) in A, a file of 4 bytes (sha256 bbbbbbbbbbbb) "
     "in B"),
    (replace(FILE, digest="bb" * 32),
     "/app/main: content differs: a file of 3 bytes (sha256 aaaaaaaaaaaa) in A, a file of 3 bytes (sha256 bbbbbbbbbbbb) "
     "in B"),
    (replace(FILE, mode=0o755), "/app/main: mode differs: 0644 in A, 0755 in B"),
    (replace(FILE, gid=7), "/app/main: owner differs: 0:0 in A, 0:7 in B"),
    (replace(FILE, xattrs=(("security.capability", "x"),)),
     "/app/main: attributes differ: not set in A, security.capability='x' in B"),
    (ImageEntry(EntryKind.LINK, 0o777, link="sh"), "/app/main: kind differs: a file of 3 bytes in A, a link in B"),
    (None, "/app/main: a file of 3 bytes in A, missing in B"),
])
def test_one_difference(entry: ImageEntry | None, sentence: str) -> None:
    diff = compare_images(IMAGE, changed("/app/main", entry))
    assert (diff.total, diff.first) == (1, sentence)


def test_links_and_devices() -> None:
    link, device = ImageEntry(EntryKind.LINK, 0o777, link="a"), ImageEntry(EntryKind.DEVICE, 0o600, device="c 1:3")
    a = changed("/l", link, changed("/d", device))
    b = changed("/l", replace(link, link="b"), changed("/d", replace(device, device="c 1:5")))
    assert [d.sentence for d in compare_images(a, b).differences] == [
        "/d: device differs: c 1:3 in A, c 1:5 in B", "/l: link differs: a in A, b in B"]


def test_a_folder_that_only_one_has_is_one_difference() -> None:
    b = ImageContents(IMAGE.config, {p: e for p, e in IMAGE.entries.items() if not p.startswith("/app")})
    assert [d.sentence for d in compare_images(IMAGE, b).differences] == ["/app: a folder in A, missing in B"]
    assert [d.sentence for d in compare_images(b, IMAGE).differences] == ["/app: a folder in B, missing in A"]


def test_the_configuration_comes_after_the_files() -> None:
    b = replace(changed("/bin/sh", FILE), config={"User": "root", "Cmd": '["x"]'})
    assert [(d.what, d.name) for d in compare_images(IMAGE, b).differences] == [
        (What.MODE, "/bin/sh"), (What.CONFIG, "Cmd"), (What.CONFIG, "Env PATH"), (What.CONFIG, "User")]
    assert compare_images(IMAGE, b).differences[1].sentence == 'the configuration: Cmd differs: not set in A, ["x"] in B'


# -- what two builds of A differ in -----------------------------------------------------------------------------------


def test_what_differs_between_two_builds_of_a_does_not_count() -> None:
    stamp = [replace(FILE, digest=digit * 64) for digit in "123"]
    a, again, b = (changed("/app/stamp", entry) for entry in stamp)
    assert not compare_images(a, b).same
    diff = compare_images(a, b, again)
    assert diff.same and [d.reason for d in diff.ignored] == ["two builds of A differ in it too"]


def test_another_difference_of_a_noisy_file_counts() -> None:
    a, again = changed("/s", replace(FILE, digest="1" * 64)), changed("/s", replace(FILE, digest="2" * 64))
    b = changed("/s", replace(FILE, digest="3" * 64, mode=0o600))
    diff = compare_images(a, b, again)
    assert [d.what for d in diff.differences] == [What.MODE] and [d.what for d in diff.ignored] == [What.CONTENT]


def test_names_made_up_anew_do_not_count_but_one_more_of_them_does() -> None:
    a, again, b = (changed(f"/app/tmp{n}", FILE) for n in (1, 2, 3))
    assert compare_images(a, b, again).same
    more = changed("/app/tmp4", FILE, b)
    assert [d.name for d in compare_images(a, more, again).differences] == ["/app/tmp3", "/app/tmp4"]
    folder = changed("/app/tmp3", FOLDER)
    assert [d.name for d in compare_images(a, folder, again).differences] == ["/app/tmp3"]


def test_a_real_difference_beside_the_noise_is_found() -> None:
    a, again = changed("/s", replace(FILE, digest="1" * 64)), changed("/s", replace(FILE, digest="2" * 64))
    b = changed("/app/main", replace(FILE, digest="4" * 64), changed("/s", replace(FILE, digest="3" * 64)))
    diff = compare_images(a, b, again)
    assert [d.name for d in diff.differences] == ["/app/main"] and diff.ignored_total == 1


# -- reading ----------------------------------------------------------------------------------------------------------


def test_the_configuration_without_order_times_and_our_label() -> None:
    said = {"Os": "linux", "Architecture": "amd64", "Created": "2026", "Id": "sha256:1", "Config": {
        "Env": ["B=2", "A=1", "E="], "Labels": {"x": "y", "cachesim.run": "abc"}, "Cmd": ["sh", "-c", "x"],
        "Entrypoint": None, "WorkingDir": "/", "ExposedPorts": {"80/tcp": {}, "443/tcp": {}}, "User": ""}}
    assert normalised_config(said) == {
        "Os": "linux", "Architecture": "amd64", "Env A": "1", "Env B": "2", "Env E": '""', "Label x": "y",
        "Cmd": '["sh", "-c", "x"]', "ExposedPorts": "443/tcp, 80/tcp"}
    turned = {**said, "Created": "2027", "Config": {**said["Config"], "Env": ["A=1", "E=", "B=2"]}}  # type: ignore[dict-item]
    assert normalised_config(turned) == normalised_config(said)


def test_an_archive_as_a_stream() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        def add(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **fields: object) -> None:
            item = tarfile.TarInfo(name)
            item.type, item.size = kind, len(data)
            for key, value in fields.items():
                setattr(item, key, value)
            archive.addfile(item, io.BytesIO(data))
        add(".dockerenv")
        add(".cachesim-nonce", data=b"x")
        add("./app/", tarfile.DIRTYPE, mode=0o1777, uid=5, gid=6)
        add("app/f", data=b"abc", mode=0o4755, pax_headers={"SCHILY.xattr.security.capability": "\1", "mtime": "1.5"})
        add("app/hard", tarfile.LNKTYPE, linkname="app/f")
        add("app/soft", tarfile.SYMTYPE, linkname="../x", mode=0o777)
        add("null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)
    buffer.seek(0)
    found = entries_of_tar(buffer)
    file = ImageEntry(EntryKind.FILE, 0o4755, size=3, xattrs=(("security.capability", "\1"),),
                      digest="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert found == {
        "/app": ImageEntry(EntryKind.FOLDER, 0o1777, 5, 6), "/app/f": file, "/app/hard": file,
        "/app/soft": ImageEntry(EntryKind.LINK, 0o777, link="../x"),
        "/null": ImageEntry(EntryKind.DEVICE, 0o666, device="c 1:3")}


# -- what tells the projects themselves apart -------------------------------------------------------------------------


def image_of(files: dict[str, bytes]) -> ImageContents:
    folders = {f"/app/{path}".rpartition("/")[0]: FOLDER for path in files}
    return ImageContents({}, {**folders, **{f"/app/{path}": replace(FILE, digest=digest_of_bytes(data))
                                            for path, data in files.items()}})


def reasons(a: dict[str, bytes], b: dict[str, bytes], left: dict[str, bytes], right: dict[str, bytes]) -> list[str]:
    """Compare images that hold `left` and `right`, of projects with the files `a` and `b`."""
    states = [ProjectState(f["Dockerfile"].decode(), ContextSnapshot.of(f)) for f in (a, b)]
    diff = compare_images(image_of(left), image_of(right), None, ProjectDifference(*states).reason)
    return [*(d.name for d in diff.differences), *(f"{d.name}: {d.reason}" for d in diff.ignored)]


A = {"Dockerfile": b"FROM a", "f": b"1", "docs/x": b"2", "docs/y": b"3"}


def test_the_dockerfile_itself_and_the_ignore_file_do_not_count() -> None:
    b = {**A, "Dockerfile": b"FROM b", ".dockerignore": b"nothing"}
    itself = "the image holds the Dockerfile or ignore file itself"
    assert reasons(A, b, A, b) == [f"/app/.dockerignore: {itself}", f"/app/Dockerfile: {itself}"]
    assert reasons(A, b, A, {**b, "f": b"9"})[0] == "/app/f"
    assert reasons(A, b, A, {**b, "Dockerfile": b"FROM c"})[0] == "/app/Dockerfile"


def test_what_a_new_ignore_file_leaves_out_does_not_count() -> None:
    b = {**A, ".dockerignore": b"docs\n.dockerignore\n"}
    kept = {k: v for k, v in A.items() if not k.startswith("docs")}
    assert reasons(A, b, A, kept) == ["/app/docs: the ignore file of B leaves it out"]
    assert reasons(b, A, kept, A) == ["/app/docs: the ignore file of A leaves it out"]
    made = {**A, "docs/made": b"4"}         # a RUN made it: it is missing for another reason
    assert reasons(A, b, made, kept) == ["/app/docs"]
    assert reasons(A, A, A, kept) == ["/app/docs"]
