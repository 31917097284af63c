"""One prediction, from the body of a request to the body of the answer."""
