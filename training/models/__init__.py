"""The model: XGBoost's trees, and the bundle that carries them to the server."""
