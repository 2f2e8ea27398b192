"""Who may read what runs leave in the data folder: its owner, or a chosen group too."""

import stat
from pathlib import Path

OWNER_ONLY = 0o077
OWNER_AND_GROUP = 0o027


def umask_for(data_dir: Path) -> int:
    """The umask of a run: 0600 and 0700, or 0640 and 0750 where a group was chosen."""
    is_chosen = data_dir.is_dir() and is_for_a_group(data_dir.stat().st_mode)
    return OWNER_AND_GROUP if is_chosen else OWNER_ONLY


def is_for_a_group(mode: int) -> bool:
    """Whether a folder's mode says that its group reads what is made in it: 2750.

    Group bits alone are what most systems give any folder. The set-group-ID bit is set
    on purpose, and needed anyway: without it new files belong to another group.
    """
    wanted = stat.S_ISGID | stat.S_IRGRP | stat.S_IXGRP
    refused = stat.S_IWGRP | stat.S_IRWXO
    return mode & wanted == wanted and not mode & refused
