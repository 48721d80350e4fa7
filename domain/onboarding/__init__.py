"""From application to go-live: steps, criteria, documents, tasks, article map, prices, agreement."""
