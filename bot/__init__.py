"""The gateway people talk to. No Rasa import, no sentence about a procedure."""
