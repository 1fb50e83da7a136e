"""Projects for people who write plugins and strategies, from templates that pass their own tests."""
