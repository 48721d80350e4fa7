"""Commission of partners: from the tree at order time; earned at payment, reversed by credits, paid monthly."""
