"""From a stored message to a delivered answer: inbox, dispatcher, outbox, rendering."""
