"""What developers of partners read: the guide, the OpenAPI document, the errors, the GraphQL schema, what changed."""
