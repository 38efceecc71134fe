"""Runs attempts: takes deliveries from the broker, claims, calls the handler, settles."""
