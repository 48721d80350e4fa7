"""Mail that waits to be sent: written in the transaction of what it tells, sent by a worker after the commit."""
