"""Millrace: a self-hosted platform for background jobs.

The flow in one sentence: the API validates a job and gives it to the jobs service; the service commits it to SQL,
then sends its id to Dramatiq; a worker claims it, runs its handler and settles it through the same service; every
transition is published on Redis and relayed to browsers. The folder names are the words of that sentence.
"""

__version__ = "0.1.0"
