"""Documents that are kept: invoices as PDF/A-3 and UBL, files for banks and tax authorities; none ever changes."""
