"""One small process that runs all of GuruRMM on one machine: `gururmm up` and `gururmm demo`.

Owns: the order in which processes start, when they count as ready, restarting those that die, stopping all of them
without leaving one behind, the disk guard, and what the terminal shows. Refuses: any work of the product itself; it
starts `python -m gururmm_server …` like anybody else would, and could be replaced by systemd units (deploy/).
"""
