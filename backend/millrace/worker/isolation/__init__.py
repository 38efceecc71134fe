"""Runs an attempt in a process of its own: forked for it, spoken to through one socket, and gone when it ends.

`isolated` is the attempt's thread in the worker, `launcher` what it asks for a process, `forkserver` the process that
forks, `child` the one that is forked; `wire` carries all that is said.
"""
