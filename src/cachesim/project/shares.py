"""Does a folder lie on another machine, whose changes nobody is told of?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePath

__all__ = ["share_under", "shares_among"]

_MOUNTS = Path("/proc/self/mountinfo")
_SHARES = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs", "lustre", "ncpfs",
                     "vboxsf", "vmhgfs", "prl_fs", "drvfs"))
_FUSE = ("sshfs", "smb", "nfs", "rclone", "s3fs", "gcsfuse", "davfs", "glusterfs", "ceph", "vmhgfs-fuse", "gvfsd-fuse")


def shares_among(folders: Iterable[Path], mounts: Path = _MOUNTS) -> dict[Path, str]:
    """The folders that lie on a share, each with the name of its file system; none where the system does not tell."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found = {folder: share_under(folder.resolve(), text) for folder in folders}
    return {folder: name for folder, name in found.items() if name}


def share_under(folder: PurePath, mountinfo: str) -> str:
    """The file system of the share that a folder lies on, "" if it lies on this machine.

    Source: proc(5), /proc/pid/mountinfo; of mounts on one place the last one counts.
    """
    best, name = -1, ""
    for line in mountinfo.splitlines():
        before, found, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if not found or len(fields) < 5:
            continue
        place = PurePath(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if len(place.parts) >= best and (folder == place or place in folder.parents):
            best, name = len(place.parts), kind
    own, _, inner = name.partition(".")
    return (inner or own) if name in _SHARES or (own == "fuse" and inner.startswith(_FUSE)) else ""
