"""What our own processes tell each other and dashboards, of things that are true by now.

Has the messages and subjects (`traffic`), live messages in batches (`live`, heard through `hub`), and the one outlet
for what concerns a machine or a dashboard (`Post`): a service says it with `tx.after_commit(post.…)`, so nothing is
told that is not committed. Owns no table, and is no component: it has no subject of its own. Refuses to be durable:
whoever needs that writes a row or an event.
"""
