"""What makes the runtime cheap and durable: repairs of Rasa, the store of conversations."""
