"""The model: XGBoost's trees, and the bundle that the server loads."""
