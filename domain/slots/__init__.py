"""Places in the calendar: offered, held, booked, moved and given back, safe under any concurrency."""
