"""Uploads and artifacts: their bytes in a folder, what is known of them through the store."""
