"""Payment providers behind one port: Mollie, Stripe, and the platform's own page."""
