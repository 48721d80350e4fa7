"""What partners ask of the platform, measured."""
