"""Folders on another machine are found by what is mounted where."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from cachesim.project.shares import share_under, shares_among

MOUNTS = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 22 0:5 / /dev rw,nosuid - devtmpfs udev rw
40 22 0:44 / /srv rw,relatime shared:2 - nfs4 filer:/export rw,vers=4.2
41 40 0:45 / /srv/local rw,relatime - xfs /dev/sdb1 rw
50 22 0:50 / /home/eva/with\040space rw - cifs //filer/eva rw
60 22 0:51 / /mnt/far rw - fuse.sshfs eva@far:/ rw
61 22 0:52 / /mnt/crypt rw - fuse.gocryptfs /home/eva/.crypt rw
70 22 0:53 / /mnt/c rw - 9p C:\134 rw
80 22 0:54 / /over rw - nfs filer:/a rw
81 22 0:55 / /over rw - tmpfs none rw
a line that is none
"""


@pytest.mark.parametrize(("folder", "kind"), [
    ("/home/eva/shop", ""), ("/srv", "nfs4"), ("/srv/shop/src", "nfs4"), ("/srv2", ""), ("/srv/local/shop", ""),
    ("/home/eva/with space/shop", "cifs"), ("/mnt/far/shop", "sshfs"), ("/mnt/crypt/shop", ""), ("/mnt/c/shop", "9p"),
    ("/over/shop", ""),
])
def test_the_innermost_and_last_mount_decides(folder: str, kind: str) -> None:
    assert share_under(PurePosixPath(folder), MOUNTS) == kind


def test_links_are_followed(tmp_path: Path) -> None:
    far, near, link = tmp_path / "far", tmp_path / "near", tmp_path / "link"
    far.mkdir()
    near.mkdir()
    link.symlink_to(far)
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:44 / {far} rw - nfs filer:/x rw\n")
    assert shares_among([near, link], mounts) == {link: "nfs"}


def test_a_system_that_does_not_tell_has_none(tmp_path: Path) -> None:
    assert shares_among([tmp_path], tmp_path / "nothing") == {}
