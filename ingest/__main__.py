"""`python -m ingest` is `pathways`."""

from ingest.cli import main

if __name__ == "__main__":
    main()
