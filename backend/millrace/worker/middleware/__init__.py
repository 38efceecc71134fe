"""The concerns around a handler, one a file: `(attempt, next) -> Outcome`. Their order stands in `attempt.py`."""
