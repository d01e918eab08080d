"""The query language: what people write to say which machines they mean, read once and made into one condition.

A room of words, as `access`: it owns no table and names none. Components declare the fields that may be asked for
(`Component.search_fields`), each with a kind of value (`kinds`) over a column of theirs. `docs/howto/search.md` is the
language as people learn it.
"""
