"""The service that answers predictions: one bundle or several, four request shapes, one contract."""
