"""A model that learns what people corrected, and what that changed: for better, for worse, and where."""
