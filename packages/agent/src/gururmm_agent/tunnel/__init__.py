"""What technicians do live: channels of tech sessions.

Owns programs, offsets and windows. Refuses to outlive the session, and to read faster than the server records.
"""
