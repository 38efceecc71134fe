"""`millrace manage migrate`: brings the database to the newest schema."""

import sys

from millrace.errors import DatabaseUnavailable
from millrace.settings import load_settings
from millrace.store.database import Database
from millrace.store.migrate import upgrade


def main() -> int:
    """Apply every migration that the database lacks."""
    database = Database(load_settings().database_url)
    try:
        upgrade(database)
    except DatabaseUnavailable as error:
        print(f"millrace: {error.message}", file=sys.stderr)
        return 1
    finally:
        database.close()
    return 0
