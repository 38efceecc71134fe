"""`millrace manage openapi`: prints the OpenAPI document."""

from millrace.api.openapi import render


def main() -> int:
    """Print the document."""
    print(render(), end="")
    return 0
