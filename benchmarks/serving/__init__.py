"""The service under load and under attack, beside the same model behind a plain application."""
