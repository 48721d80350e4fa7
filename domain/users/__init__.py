"""Who may work with the platform: invitations, memberships, second factors, API keys, applications, providers."""
