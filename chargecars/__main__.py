"""`python -m chargecars`."""

from chargecars.cli import main

if __name__ == "__main__":
    main()
