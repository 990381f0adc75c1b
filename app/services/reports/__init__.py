"""Reports: drafts, submission, review, validation, reading."""
