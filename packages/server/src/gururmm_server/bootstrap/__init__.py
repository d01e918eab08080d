"""Makes processes of components: `components` has the one list, then there is one file a kind of process.

Each `run_…` opens what its process needs, serves until SIGTERM, and closes in reverse. Nothing is left half-started: a
`StartError` leaves before anything listens. One file each, so that a gateway never loads the REST frame.
"""
