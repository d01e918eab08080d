"""What is wrong with a machine, as far as its state says."""

from typing import Literal

ProblemKind = Literal["disk_full", "memory_high", "offline_long", "cloned"]
