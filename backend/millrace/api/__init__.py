"""REST under `/api/v1`: parse, call one verb of a service, dump. One file per resource, statuses in `errors.py`."""
