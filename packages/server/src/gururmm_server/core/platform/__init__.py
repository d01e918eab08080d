"""The Platform's doors: its staff list, make, enter and leave Partners, each act recorded with who and why.

Owns no table: Partners are tenancy's, people are identity's. Refuses to look into a Partner without entering it.
"""
