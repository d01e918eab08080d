"""The database's schema `core`, moved forward by Alembic. The SQL files in `versions/` are the schema's text."""
