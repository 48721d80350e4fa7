"""What is sold: articles, prices per entity and partner, and partners' own article numbers."""
