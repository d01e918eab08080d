# ruff: noqa: INP001  # scripts, not a package
"""What the frozen agent starts with."""

import sys

from gururmm_agent.__main__ import main

sys.exit(main())
