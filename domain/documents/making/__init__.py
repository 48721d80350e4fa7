"""Makes documents. Loads lxml, Saxon and typst: imported by processes that make documents, never by the API."""
