"""The job types that come with Millrace: one file each, found by the registry."""
