"""What upsets a day that was planned, the plan that repairs it, and what is offered to those whom it lets down."""
