"""The contract with clients as marshmallow schemas: what is asked is loaded by them, what is answered conforms to them."""
