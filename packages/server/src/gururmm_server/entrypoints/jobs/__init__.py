"""The worker: events to their stream and feed, and what has to be done by the clock. Decides when, never how."""
