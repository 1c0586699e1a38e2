"""The office: filing places, telephone and opening hours, working days."""
