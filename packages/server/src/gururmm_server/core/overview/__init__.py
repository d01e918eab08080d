"""Mission Control's numbers: how many machines, how well they are, and what needs somebody now.

Owns no table: it counts what other components own. Refuses to write.
"""
