"""The process that takes mail of partners over SMTP and LMTP."""
