"""The api process over HTTP: the gate every request passes, the REST of the core's components, the dashboard's files.

Owns what is common to all requests: ids, authentication, limits, security headers, errors as JSON. Decides nothing.
"""
