"""SQL, the truth: tables, guarded moves, reads. SQLAlchemy Core on SQLite and PostgreSQL."""
