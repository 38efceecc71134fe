"""Looks after jobs that nobody holds: what is due, what wasn't sent, what a lost worker left behind."""
