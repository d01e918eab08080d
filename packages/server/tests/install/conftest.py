"""Tests here that need root are left out for others, and say so; in CI they must run."""

from packages.server.tests.needs_root import left_out

collect_ignore = left_out("test_machines.py", "test_identity.py", "test_own_end.py", "test_way_in.py")
