"""Personal data: masked, limited, shown, erased, and let go of when they are old."""
