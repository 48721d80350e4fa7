"""What runs later: arq jobs on a schedule. No GraphQL, no HTTP; imports the domain, never the API."""
