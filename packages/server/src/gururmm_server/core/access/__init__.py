"""Who acts, what they may see, and what they may do: the words that every other component uses to say it.

Owns no table. Knows neither FastAPI (except in `doors`) nor sessions: a subject may be a person, an API key, a module
or the system itself.
"""
