"""Events between processes on Redis pub/sub: what was committed is told to whoever watches. Nothing here is kept."""
