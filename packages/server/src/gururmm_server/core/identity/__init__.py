"""Who is asking and what they may do: people, roles, sign-in, sessions, invitations, one-use tickets.

Owns core.users, msp_users, tenant_users, user_sessions, invitations and stream_tickets. Refuses to know what a
permission protects: routes declare the permission that they need, and a test refuses a route that declares none.
"""
