"""Named lines for work, and the workers that serve them."""
