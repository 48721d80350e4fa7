"""What was agreed with a partner: who pays and who signs."""
