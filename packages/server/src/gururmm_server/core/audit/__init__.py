"""Who did what, in two hash chains per tenant: `tunnel_audit` for machines, `audit_log` for the product.

Owns the appending and the reading of both, and the meta-audit of every read. Refuses to update or delete, and to let
an action go on whose row could not be written: callers append before they act.
"""
