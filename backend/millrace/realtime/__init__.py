"""What browsers hear: events of the bus, joined and sent over Socket.IO to those who may see them."""
