"""Pipelines of Rasa beside the project's own, trained and compared in one run."""
