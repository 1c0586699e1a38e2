"""Tables of the gateway and migrations of the whole database."""
