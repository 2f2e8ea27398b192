"""Runs dbt in a process that ends with the one that started it, however that ends.

Standard input is a pipe that only the parent holds open. A dbt that outlived a killed
run would go on writing to the files that the next run opens.
"""

import os
import signal
import sys
import threading


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from dbt.cli.main import cli

    cli()


if __name__ == "__main__":
    main()
