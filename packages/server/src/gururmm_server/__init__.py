"""The GuruRMM server: api, gateway and worker, one program in three processes.

Layers, enforced by import contracts: `__main__` > `bootstrap` (makes processes of components) > `entrypoints` >
`compat` > `core` > `infra` > `settings`.
"""

__version__ = "0.1.0"
