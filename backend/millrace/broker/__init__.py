"""Carries deliveries to workers, by Dramatiq on Redis. It holds hints: one lost or sent twice harms nothing."""
