"""Who asks, how much they may ask, and what is noticed when somebody guesses."""
