"""Procedures: records, search, what is known of them on a day."""
