"""Ways in for orders beside our own API: a partner's webhook with its own form, and a hosted form under its brand."""
