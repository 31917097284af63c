"""The web application: everything that is not a prediction."""
