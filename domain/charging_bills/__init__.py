"""What charging sessions cost, whom they are billed to, and what a correction changes."""
