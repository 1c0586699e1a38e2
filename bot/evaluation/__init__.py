"""How well the assistant understands: labelled questions, ways of typing them, figures."""
