"""Partners, their Clients, Sites and site codes, and their settings.

Owns core.tenants, tenant_settings, clients, sites and site_codes, and keeps the copies of Client and Site names on
core.agents true. Refuses to know people (identity) or machines (agents): it counts the latter and no more.
"""
