"""What the staff of the department work with."""
