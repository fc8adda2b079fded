"""The audit as a record: a hash-chained decision log, stored and signed audits, their comparison, HTML and cards."""
