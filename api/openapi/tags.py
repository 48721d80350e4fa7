"""The parts that the OpenAPI document is divided into."""

TAGS: dict[str, str] = {
    "Orders": "Send orders, ask for their status.",
    "Partners": "What partners send in other ways: mapped webhooks and forms.",
    "Orders by mail": "Mail of partners, handed over by HTTP.",
    "Bulk": "Many records as files of JSON lines, out and in.",
    "GraphQL": "Everything else: one endpoint.",
    "Log in": "Tokens for persons.",
    "OAuth": "Tokens for applications.",
    "Downloads": "Data of an entity as a file that is written while it is read.",
    "Documents": "Files, and whether a document is ours.",
    "Payments": "What payment providers tell, and the pages of a payment link.",
    "Notifications": "What mail providers report, and the pages behind links in mails.",
    "Bank": "Bank statements.",
    "Developers": "This document, the references and the guide.",
    "Operations": "For those who run it.",
}
