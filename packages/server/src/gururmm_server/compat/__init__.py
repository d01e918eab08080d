"""One file per old protocol (`v{N}.py`), which adapts it to current types.

Protocol 2 is the first that this build serves, so there is none yet.
"""
