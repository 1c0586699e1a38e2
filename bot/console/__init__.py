"""The staff's pages: what waits for them, and what they can do about it."""
