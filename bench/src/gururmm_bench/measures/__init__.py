"""The benchmarks, one file each. Every one takes a running stack and returns figures; none changes another's result."""
