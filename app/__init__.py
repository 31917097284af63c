"""The service that answers predictions: one or several models, four request formats, one contract."""
