"""Looking at features: the catalogue of what is installed, the search for look-ahead, pictures of a view."""
