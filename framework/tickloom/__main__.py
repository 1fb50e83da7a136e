"""Lets ``python -m tickloom`` do what the command ``tickloom`` does."""

from tickloom.cli import main

if __name__ == "__main__":
    main(prog_name="tickloom")
