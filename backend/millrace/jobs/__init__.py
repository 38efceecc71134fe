"""The domain's heart: what a job is, how it may move, and the one service that moves it."""
