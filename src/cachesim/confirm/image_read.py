"""What does an image on an engine hold?

Its configuration is asked for; its files are read from the export of a container that is made for this and never
started, so both image stores give one merged tree. Bytes are hashed as they pass and not kept.
Source: moby v28.5 daemon/initlayer/setup_unix.go: a container gets empty files of its own in /dev and /etc (hosts,
hostname, resolv.conf, mtab), whatever the image has there; these names tell no images apart, nor do they when it runs.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from typing import IO, Any

from cachesim.confirm.engines import ANSWER_WITHIN, EngineChoice
from cachesim.confirm.image_diff import EntryKind, ImageContents, ImageEntry, normalised_config
from cachesim.confirm.isolate import LABEL, NONCE_FILE, run_or_fail
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.errors import Cancelled, EngineError
from cachesim.progress import SILENT, Progress

__all__ = ["entries_of_tar", "image_config", "read_image"]

_CHUNK = 1 << 20
_OURS = frozenset((NONCE_FILE, ".dockerenv"))
_KINDS = {tarfile.DIRTYPE: EntryKind.FOLDER, tarfile.SYMTYPE: EntryKind.LINK, tarfile.CHRTYPE: EntryKind.DEVICE,
          tarfile.BLKTYPE: EntryKind.DEVICE, tarfile.FIFOTYPE: EntryKind.PIPE}
_XATTR = "SCHILY.xattr."


def image_config(choice: EngineChoice, ref: str) -> Script[dict[str, Any]]:
    """All that the engine says of an image.

    Raises:
        EngineError: It does not have it. Cancelled: When nobody waits any more.
    """
    argv = (*choice.client, "image", "inspect", "--format", "{{json .}}", ref)
    said = yield Command(argv, "reading the image's configuration", timeout=ANSWER_WITHIN)
    assert isinstance(said, Finished)
    if said.cancelled:
        raise Cancelled("cancelled")
    try:
        found = json.loads(said.out) if said.ok else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EngineError(argv, said.exit_code, said.error or said.err or "no image")
    return found


def read_image(choice: EngineChoice, ref: str, token: str, number: int = 0, what: str = "") -> Script[ImageContents]:
    """Read an image whole. The container that it takes carries the label of the run and is gone afterwards.

    Args:
        number: Tells the containers of one run apart.
        what: Whose image it is, for people.

    Raises:
        EngineError: The engine refuses, or went away. Cancelled: When nobody waits any more.
    """
    inspected = yield from image_config(choice, ref)
    name = f"cachesim-{token}-{number}"
    system = [str(inspected.get(key) or "") for key in ("Os", "Architecture", "Variant")]
    platform = ("--platform", "/".join(part for part in system if part)) if all(system[:2]) else ()
    # an image of FROM scratch has no command of its own, and none will be started
    argv = (*choice.client, "create", "--name", name, "--label", f"{LABEL}={token}", "--network", "none", *platform,
            ref, "/never-started")
    try:
        yield from run_or_fail(Command(argv, f"opening the image of {what or ref}"))
        export = (*choice.client, "export", name)
        entries = yield Work(lambda progress: _exported(export, progress), f"reading the image of {what or ref}")
    finally:
        yield Command((*choice.client, "rm", "--force", "--volumes", name), "removing the container", cleanup=True,
                      timeout=20)
    assert isinstance(entries, dict)
    return ImageContents(normalised_config(inspected), entries)


def _exported(argv: Sequence[str], progress: Progress) -> dict[str, ImageEntry]:
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                       start_new_session=True)
        except OSError as error:
            raise EngineError(argv, None, error.strerror or str(error)) from error
        with process:
            assert process.stdout is not None
            try:
                trouble, entries = "", {}
                try:
                    entries = entries_of_tar(process.stdout, progress)
                except (tarfile.TarError, EOFError) as error:
                    trouble = f"the archive is damaged ({error})"
                while process.stdout.read(_CHUNK):
                    progress.step(0, 0)
            except BaseException:
                process.kill()
                raise
        if process.returncode or trouble:
            errors.seek(0)
            said = errors.read(1 << 16).decode("utf-8", "replace").strip()
            raise EngineError(argv, process.returncode, said or trouble)
        return entries


def entries_of_tar(stream: IO[bytes], progress: Progress = SILENT) -> dict[str, ImageEntry]:
    """Every path of an archive that comes as a stream, with a leading slash; what the app itself put in is left out.

    Raises:
        tarfile.TarError: It is none, or ends early.
    """
    found: dict[str, ImageEntry] = {}
    done = 0
    with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors="surrogateescape") as archive:
        for item in archive:
            archive.members = []    # type: ignore[attr-defined]  # else every header would be kept
            path = "/".join(part for part in item.name.split("/") if part not in ("", "."))
            if not path or path in _OURS:
                continue
            found[f"/{path}"] = _entry(archive, item, found, progress)
            done += 1
            progress.step(done, 0)
    return found


def _entry(archive: tarfile.TarFile, item: tarfile.TarInfo, found: dict[str, ImageEntry],
           progress: Progress) -> ImageEntry:
    if item.islnk():
        target = "/" + "/".join(part for part in item.linkname.split("/") if part not in ("", "."))
        known = found.get(target)
        return known if known is not None else ImageEntry(EntryKind.LINK, 0, link=item.linkname)
    kind = _KINDS.get(item.type, EntryKind.FILE)
    digest, size = "", 0
    if kind is EntryKind.FILE:
        data, hashed = archive.extractfile(item), hashlib.sha256()
        while data is not None and (chunk := data.read(_CHUNK)):
            hashed.update(chunk)
            size += len(chunk)
            progress.step(size, item.size)
        digest = hashed.hexdigest()
    xattrs = tuple(sorted((name.removeprefix(_XATTR), value) for name, value in item.pax_headers.items()
                          if name.startswith(_XATTR)))
    device = f"{'c' if item.type == tarfile.CHRTYPE else 'b'} {item.devmajor}:{item.devminor}"
    return ImageEntry(kind, 0o777 if kind is EntryKind.LINK else item.mode & 0o7777, item.uid, item.gid, size, digest,
                      item.linkname if kind is EntryKind.LINK else "", device if kind is EntryKind.DEVICE else "",
                      xattrs)
