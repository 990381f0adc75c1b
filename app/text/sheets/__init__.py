"""Tables as files: CSV with codes for machines, spreadsheets and CSV for people."""

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
