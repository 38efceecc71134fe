"""Who uses Millrace: accounts, their roles and how they sign in."""
