"""``python -m fastguard``: the command line."""

import sys

from fastguard.cli import main

if __name__ == "__main__":
    sys.exit(main())
