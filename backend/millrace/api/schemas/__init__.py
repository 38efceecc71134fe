"""The contract with clients: what is asked is loaded by these schemas, what is answered conforms to them."""
