"""What is kept on disk: parsed records of market data."""
