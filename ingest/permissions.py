"""Whose what runs leave in the data folder is, and who may read it: its owner, or a
chosen group too."""

import os
import pwd
import stat
from pathlib import Path

from ingest.errors import ConfigError

OWNER_ONLY = 0o077
OWNER_AND_GROUP = 0o027


def umask_for(data_dir: Path) -> int:
    """The umask of a run: 0600 and 0700, or 0640 and 0750 where a group was chosen."""
    is_chosen = data_dir.is_dir() and is_for_a_group(data_dir.stat().st_mode)
    return OWNER_AND_GROUP if is_chosen else OWNER_ONLY


def refuse_root_of_others(data_dir: Path) -> None:
    """Let root run nothing in the folder of somebody else.

    A run makes databases, logs and folders in many places, by dbt and dlt too: its
    owner's next run could not open them.

    Raises:
        ConfigError: it is somebody else's.
    """
    owner = data_dir.stat().st_uid
    if os.geteuid() == 0 and owner != 0:
        name = user_name(owner)
        raise ConfigError(
            f"{data_dir} belongs to {name}, and root would leave files in it that "
            f"{name} may not read.",
            f"Run it as that user: `runuser -u {name} -- .venv/bin/pathways ...`; or, "
            f"where root is to run it from now on, `chown -R root {data_dir}`.",
            code="CFG-008",
        )


def user_name(number: int) -> str:
    """A user's name; the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def give_to_owner(descriptor: int, folder: Path) -> None:
    """Make a file that root opened in a folder that folder's owner's.

    Root works in anybody's folder. What it left there as its own, the runs and readers
    that the folder belongs to could not open any more.
    """
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def is_for_a_group(mode: int) -> bool:
    """Whether a folder's mode says that its group reads what is made in it: 2750.

    Group bits alone are what most systems give any folder. The set-group-ID bit is set
    on purpose, and needed anyway: without it new files belong to another group.
    """
    wanted = stat.S_ISGID | stat.S_IRGRP | stat.S_IXGRP
    refused = stat.S_IWGRP | stat.S_IRWXO
    return mode & wanted == wanted and not mode & refused
