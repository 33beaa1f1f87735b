"""Which disks tell nobody of their changes: what the kernel says of its mounts. For `watching`."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_FROM_ELSEWHERE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "fakeowner", "vboxsf", "prl_fs", "ceph", "afs"}
)
"""Others write to these, and this kernel hears nothing of it. `fakeowner` is Docker Desktop's."""


def silent_devices() -> frozenset[int]:
    """The numbers (`st_dev`) of file systems that others may change unheard; none where none can be told."""
    try:
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return frozenset()  # macOS and Windows have no such file
    silent: set[int] = set()
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields, kind = before.split(), after.partition(b" ")[0].decode(errors="replace")
        if len(fields) < 5:
            continue
        major, _, minor = fields[2].partition(b":")
        if not (major.isdigit() and minor.isdigit()):
            continue
        device = os.makedev(int(major), int(minor))
        # What the root of a container is laid over does not change; other overlays may lie over anything.
        is_laid_over = kind == "overlay" and fields[4] != b"/"
        if kind in _FROM_ELSEWHERE or kind.startswith("fuse.") or is_laid_over:
            silent.add(device)
    return frozenset(silent)
