"""Code that several modules share."""
