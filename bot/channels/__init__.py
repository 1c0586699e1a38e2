"""The ways people reach the assistant. Nothing beyond this folder knows a platform's types."""
