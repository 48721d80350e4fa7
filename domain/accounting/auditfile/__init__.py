"""XML Auditfile Financieel 3.2."""
